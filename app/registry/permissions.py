"""Who may do what in the registry."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

READ = "registry.enterprise.read"
MANAGE = "registry.enterprise.manage"
PROPOSE = "registry.enterprise.propose"

TAKE_OVER = "registry.takeover.run"
FIND_PERSON = "registry.identity.find"

PERMISSIONS = (
    Permission(
        READ,
        N_("Read the registry"),
        N_("See all enterprises with their addresses, representatives and history."),
        frozenset({"INTAKE", "APPRAISER", "HEAD", "LEADER", "AUDITOR"}),
    ),
    Permission(
        MANAGE,
        N_("Keep the registry"),
        N_("Enter enterprises, change their records and decide on what they propose."),
        frozenset({"INTAKE", "APPRAISER", "HEAD"}),
    ),
    Permission(
        PROPOSE,
        N_("Propose changes of the own record"),
        N_("Propose how the own enterprise can be reached; an officer takes it over."),
        frozenset({"ENTERPRISE_ADMIN"}),
    ),
    Permission(
        TAKE_OVER,
        N_("Take records over"),
        N_("Bring enterprises and projects from older files into the registry, and undo a batch."),
        frozenset({"INTAKE", "HEAD"}),
    ),
    Permission(
        FIND_PERSON,
        N_("Find a person by document number"),
        N_("Ask where an exact passport or identity number is entered; each finding is shown to its owner."),
        frozenset({"HEAD", "LEADER", "AUDITOR"}),
    ),
)
