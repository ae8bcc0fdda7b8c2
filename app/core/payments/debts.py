"""
Debts to customs: tax, late interest and fines that a party owes past their day, and what that stops.

A fee of a procedure is owed as well, but the law of customs that is read here speaks of taxes: it stops nothing here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import Conflict
from app.core.kit.time import local_day
from app.core.law import LawValue, LawValueMissing
from app.core.payments.models import Slip, SlipLine
from app.core.payments.states import LineKind, SlipState

REGISTRATION_AFTER = "payments.debt.registration_after"
CLEARANCE_BLOCKED = "payments.debt.clearance_blocked"
_OF_TAXES = (LineKind.TAX, LineKind.INTEREST, LineKind.FINE)
# What was confirmed as paid elsewhere belongs to no line: it comes off the whole.
_OWED = func.sum(SlipLine.amount - SlipLine.paid) - Slip.outside
# Asked at each hand-in: made once, so that it is not put together anew each time.
_OVERDUE = (
    select(Slip, _OWED.label("owed"))
    .join(SlipLine, SlipLine.slip_id == Slip.id)
    .where(
        Slip.party_id == bindparam("party"),
        Slip.state.in_([SlipState.OPEN, SlipState.PART_PAID]),
        Slip.due_on < bindparam("today"),
        SlipLine.kind.in_(_OF_TAXES),
    )
    .group_by(Slip.id)
    .having(_OWED > 0)
    .order_by(Slip.due_on, Slip.id)
)


class DebtStopsRegistration(Conflict):
    """The law stops new registrations of this party."""

    code = "payments.debt-stops-registration"
    title = "A debt stops new declarations of this firm."
    detail = (
        "Slip %(reference)s was due on %(due)s. After %(days)s days overdue, customs registers nothing new."
    )
    hint = (
        "Pay the slip, or say on its page where it was paid. Once that is confirmed, this can be sent; "
        "nothing that was typed is lost."
    )

    def __init__(self, debts: "Debts", days: int) -> None:
        self.debts = debts
        oldest = debts.stop_registration[0]
        super().__init__(reference=oldest.reference, due=f"{oldest.due_on:%d/%m/%Y}", days=days)


@dataclass(frozen=True, slots=True)
class Debt:
    """
    A slip past its day.

    :ivar outstanding: of the lines that are taxes, interest and fines, less what was confirmed as paid elsewhere,
        without the late interest that runs.
    :ivar days: how long the day has passed, at least 1.
    :ivar stops_registration: it is overdue for longer than the law allows for new registrations.
    :ivar stops_clearance: new declarations do not clear while it stands.
    """

    slip_id: UUID
    reference: str
    subject_kind: str
    subject_id: UUID
    title: dict[str, str]
    due_on: date
    outstanding: Decimal
    days: int
    stops_registration: bool
    stops_clearance: bool


@dataclass(frozen=True, slots=True)
class Debts:
    """All debts of a party on a day, the oldest first, with the law values that judged them."""

    debts: tuple[Debt, ...]
    law: tuple[LawValue, ...]

    @property
    def stop_registration(self) -> tuple[Debt, ...]:
        """Return those that stop the registration of new declarations."""
        return tuple(each for each in self.debts if each.stops_registration)

    @property
    def stop_clearance(self) -> tuple[Debt, ...]:
        """Return those that stop clearance."""
        return tuple(each for each in self.debts if each.stops_clearance)


def blocking_debts(session: Session, *, party_id: UUID, now: datetime, zone: ZoneInfo) -> Debts:
    """
    Return what a party owes past its day; two indexed queries.

    :raises LawValueMissing: the law does not say what debts stop.

    Source: ``payments.debt.*`` in the law, with their articles.
    """
    today = local_day(now, zone)
    book = law.at(session, today)
    longest, clearance = book.days(REGISTRATION_AFTER), book.flag(CLEARANCE_BLOCKED)
    rows = session.execute(_OVERDUE, {"party": party_id, "today": today})
    found = tuple(_debt(row.Slip, row.owed, today, longest, clearance=clearance) for row in rows)
    return Debts(found, book.used())


def stop_for_debts(session: Session, *, party_id: UUID, now: datetime, zone: ZoneInfo) -> None:
    """
    Stop what the law does not let register while a debt stands; where the law data are silent, nothing is stopped.

    :raises DebtStopsRegistration: a debt is overdue for longer than the law allows.
    """
    try:
        found = blocking_debts(session, party_id=party_id, now=now, zone=zone)
    except LawValueMissing:
        return
    if found.stop_registration:
        raise DebtStopsRegistration(found, law.at(session, local_day(now, zone)).days(REGISTRATION_AFTER))


def _debt(slip: Slip, owed: Decimal, today: date, longest: int, *, clearance: bool) -> Debt:
    assert slip.due_on is not None
    days = (today - slip.due_on).days
    return Debt(
        slip_id=slip.id, reference=slip.reference, subject_kind=slip.subject_kind, subject_id=slip.subject_id,
        title=dict(slip.title), due_on=slip.due_on, outstanding=owed, days=days,
        stops_registration=days > longest, stops_clearance=clearance,
    )  # fmt: skip
