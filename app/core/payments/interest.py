"""
Late interest, as a pre-calculation with its arithmetic. Pure.

What is owed in the end is what the authority's own notice says; this tells a payer beforehand what to expect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.kit.time import local_day
from app.core.payments.settlement import Due, Received, settle
from app.core.payments.states import LineKind

RATE = "payments.interest.daily"
BEARING = frozenset({LineKind.TAX})
_WHOLE = Decimal(1)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in which the same sum was late: ``base`` × ``rate`` % × ``days`` = ``amount``, rounded half up to dong."""

    first: date
    last: date
    days: int
    base: Decimal
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class LateInterest:
    """The stretches of one slip, the oldest first, and their sum."""

    stretches: tuple[Stretch, ...]

    @property
    def total(self) -> Decimal:
        """Return the sum of what is shown."""
        return sum((each.amount for each in self.stretches), Decimal(0))


def late_interest(
    lines: Sequence[tuple[Due, LineKind]], payments: Sequence[Received], *, due_on: date | None, today: date,
    rate: Decimal, zone: ZoneInfo,
) -> LateInterest:  # fmt: skip
    """
    Compute the interest of a slip up to yesterday, or up to the day before it was settled.

    Each day after ``due_on`` that begins with something owed on bearing lines counts; the day of a payment does not
    count for what it settled. How days are counted and rounded was not read in a text (ASSUMED, see the law value).

    :param rate: percent a day.
    """
    if due_on is None:
        return LateInterest(())
    bearing = {due.id for due, kind in lines if kind in BEARING}
    total = sum((due.amount for due, _ in lines if due.id in bearing), Decimal(0))
    paid = _paid_by_day([due for due, _ in lines], payments, bearing, zone)
    marks = sorted({due_on, *(day for day in paid if due_on < day < today)})
    stretches: list[Stretch] = []
    for start, end in zip(marks, [*marks[1:], today], strict=True):
        base = total - sum((amount for day, amount in paid.items() if day <= start), Decimal(0))
        # A day counts when it begins late: from the day after ``start`` up to ``end``, whose payment came that day.
        days = (end - start).days - (1 if start == due_on else 0)
        first = date.fromordinal(start.toordinal() + (1 if start == due_on else 0))
        if base > 0 and days > 0:
            amount = (base * rate * days / _HUNDRED).quantize(_WHOLE, ROUND_HALF_UP)
            last = date.fromordinal(first.toordinal() + days - 1)
            stretches.append(Stretch(first, last, days, base, rate, amount))
    return LateInterest(tuple(stretches))


def _paid_by_day(
    dues: Sequence[Due], payments: Sequence[Received], bearing: set[UUID], zone: ZoneInfo
) -> dict[date, Decimal]:
    """Return how much of the bearing lines was settled on which local day."""
    booked: dict[UUID, datetime] = {each.id: each.booked_at for each in payments}
    paid: dict[date, Decimal] = {}
    for share in settle(dues, payments).shares:
        if share.line_id in bearing:
            day = local_day(booked[share.payment_id], zone)
            paid[day] = paid.get(day, Decimal(0)) + share.amount
    return paid
