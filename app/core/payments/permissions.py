"""Who pays, who keeps the books, and who decides on refunds."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

PAY = "payment.slip.pay"
READ = "payment.slip.read"
KEEP = "payment.book.keep"
REFUND = "payment.refund.approve"

PERMISSIONS = (
    Permission(
        PAY,
        N_("Pay slips"),
        N_("See the payment slips of the own enterprise, pay them and ask for refunds."),
        frozenset({"ENTERPRISE_ADMIN", "FILER", "SIGNER"}),
    ),
    Permission(
        READ,
        N_("Read payments"),
        N_("See the payment slips of all payers and what was received."),
        frozenset({"TREASURER", "INTAKE", "APPRAISER", "HEAD", "LEADER", "CUSTOMS", "AUDITOR"}),
    ),
    Permission(
        KEEP,
        N_("Keep the payment books"),
        N_(
            "Propose what becomes of unclear payments, compare with the bank's statement, check refund requests."
        ),
        frozenset({"TREASURER", "HEAD"}),
    ),
    Permission(
        REFUND,
        N_("Approve movements of money"),
        N_("Approve or refuse refunds and what becomes of unclear payments, after a colleague's check."),
        frozenset({"HEAD", "LEADER"}),
    ),
)
