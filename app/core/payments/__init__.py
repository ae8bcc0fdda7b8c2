"""
Payments: slips, what the bank tells, settlement, debts, refunds.

A room that demands money opens a slip and hears ``payments.slip.paid``::

    slip = open_slip(
        session, party_id=firm, subject=SlipSubject("declaration", id, {"vi": …, "en": …}, "/declarations/…"),
        notice=official_number, lines=[LineDraft("VAT", LineKind.TAX, {"vi": …, "en": …}, Decimal("1500000"))],
        due_on=day, zone=zone, actor=actor, now=now,
    )

Nothing here settles a slip but the bank's own word: a signed callback, or its statement. What was paid elsewhere is a
record beside it, which two officers stand for (``outside``).
"""

from app.core.payments.debts import Debt, Debts, DebtStopsRegistration, blocking_debts, stop_for_debts
from app.core.payments.demanding import Latest, demand, demanded_of, withdraw
from app.core.payments.events import (
    EntrySuspended,
    RefundMoved,
    SlipCancelled,
    SlipExceeded,
    SlipOpened,
    SlipPaid,
    SlipPartPaid,
)
from app.core.payments.lowering import demand_less
from app.core.payments.queries import SlipLineView, SlipView, find_slip, slip_of, slips_of
from app.core.payments.slips import LineDraft, SlipDiffers, SlipSubject, cancel_slip, open_slip
from app.core.payments.states import LineKind, SlipState

__all__ = [
    "Debt",
    "DebtStopsRegistration",
    "Debts",
    "EntrySuspended",
    "Latest",
    "LineDraft",
    "LineKind",
    "RefundMoved",
    "SlipCancelled",
    "SlipDiffers",
    "SlipExceeded",
    "SlipLineView",
    "SlipOpened",
    "SlipPaid",
    "SlipPartPaid",
    "SlipState",
    "SlipSubject",
    "SlipView",
    "blocking_debts",
    "cancel_slip",
    "demand",
    "demand_less",
    "demanded_of",
    "find_slip",
    "open_slip",
    "slip_of",
    "slips_of",
    "stop_for_debts",
    "withdraw",
]
