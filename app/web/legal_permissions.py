"""Who may do what at the legal desk. It stands here because the law lies below the accounts and knows no roles."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

READ = "law.value.read"
PROPOSE = "law.change.propose"
APPROVE = "law.change.approve"

PERMISSIONS = (
    Permission(
        READ,
        N_("Read the legal desk"),
        "See the values of the law with their sources, their history and the changes that wait.",
        frozenset({"LEGAL", "HEAD", "LEADER", "AUDITOR"}),
    ),
    Permission(
        PROPOSE,
        N_("Propose changes of legal values"),
        "Propose new values, days off and verifications; others approve them.",
        frozenset({"LEGAL"}),
    ),
    Permission(
        APPROVE,
        N_("Decide on changes of legal values"),
        "Approve or reject what others proposed, after comparing it with the official text.",
        frozenset({"LEGAL"}),
    ),
)
