"""Who judges evidence of commitments."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

CHECK = "investment.commitment.check"

PERMISSIONS = (
    Permission(
        CHECK,
        N_("Check commitments"),
        N_("Confirm evidence of commitments of the special procedure, or return it with the reason."),
        frozenset({"APPRAISER", "HEAD"}),
    ),
)
