"""Who may do what with personal data. It stands here because privacy lies below the accounts and knows no roles."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

READ = "privacy.data.read"
SUPERVISE = "privacy.data.supervise"

PERMISSIONS = (
    Permission(
        READ,
        N_("Read personal data for a stated purpose"),
        "Open covered personal data outside of the handling of a dossier; each reading is shown to their owner.",
        frozenset({"INTAKE", "APPRAISER", "HEAD", "LEADER", "AUDITOR"}),
    ),
    Permission(
        SUPERVISE,
        N_("Supervise readings of personal data"),
        "See who read which personal data, for which purpose and on which paper it rested.",
        frozenset({"AUDITOR", "LEADER"}),
    ),
)
