"""Who prepares, sends and reads declarations. The first word is the topic that a delegation to a broker names."""

from app.core.auth.clients.scopes import DECLARATIONS_READ
from app.core.auth.permissions import Permission
from app.core.i18n import N_

FILE = "customs.declaration.file"
SEND = "customs.declaration.send"
READ = "customs.declaration.read"
INSPECT = "customs.firm.inspect"
SEE_GATEWAY = "customs.gateway.see"
RUN_GATEWAY = "customs.gateway.run"

PERMISSIONS = (
    Permission(
        FILE,
        N_("Prepare declarations"),
        N_("Prepare declarations of the own firm, or of a firm that delegated customs, and follow them."),
        frozenset({"ENTERPRISE_ADMIN", "FILER", "SIGNER"}),
    ),
    Permission(
        SEND,
        N_("Send declarations"),
        N_("Send declarations, amendments and cancellations to customs in the name of the firm."),
        frozenset({"ENTERPRISE_ADMIN", "SIGNER"}),
    ),
    Permission(
        READ,
        N_("Read declarations"),
        N_("See the declarations of all firms of the zone, with their history."),
        frozenset({"CUSTOMS", "LEADER", "AUDITOR"}),
        frozenset({DECLARATIONS_READ}),
    ),
    Permission(
        INSPECT,
        N_("Note inspections"),
        N_("Ask firms about their declarations and write down what an inspection found. It clears nothing."),
        frozenset({"CUSTOMS"}),
    ),
    Permission(
        SEE_GATEWAY,
        N_("See the gateway of customs"),
        N_("See whether the gateway answers, what waits to be sent, and notices that could not be read."),
        frozenset({"ADMIN", "CUSTOMS", "AUDITOR"}),
    ),
    Permission(
        RUN_GATEWAY,
        N_("Run the gateway of customs"),
        N_(
            "Send and ask at once, and try notices again that could not be read. It changes nothing that customs said."
        ),
        frozenset({"ADMIN", "CUSTOMS"}),
    ),
)
