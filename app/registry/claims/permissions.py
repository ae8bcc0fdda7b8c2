"""Who decides about claims."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

DECIDE = "registry.claim.decide"

PERMISSIONS = (
    Permission(
        DECIDE,
        N_("Decide about representatives"),
        N_("Confirm, return or refuse who asks to act for an enterprise, after looking at the papers."),
        frozenset({"INTAKE", "ADMIN"}),
    ),
)
