"""Who keeps the rates of exchange."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

EXCHANGE = "tariff.exchange.keep"

PERMISSIONS = (
    Permission(
        EXCHANGE,
        N_("Keep rates of exchange"),
        N_("Enter the customs rates of exchange of a week, and confirm those that a colleague entered."),
        frozenset({"CUSTOMS", "LEGAL"}),
    ),
)
