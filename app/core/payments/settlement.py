"""
Settlement: which part of which payment settles which line, and the state that follows. Pure.

The plan depends on the set of payments only, never on the order in which they were heard of: payments count in the
order in which the bank booked them, lines in the order of their priority. So callbacks that come late, twice or in
another order lead to the same end.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.core.payments.states import SlipState

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Due:
    """A line to be settled; ``amount`` above zero, lower ``priority`` first, then ``number``."""

    id: UUID
    number: int
    priority: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Received:
    """A payment; ``transaction_id`` orders those that the bank booked at the same instant."""

    id: UUID
    transaction_id: str
    booked_at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a payment that settles a line."""

    payment_id: UUID
    line_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How a slip stands after all payments.

    :ivar excess: received and not needed by any line; what was refunded of it is not taken off yet.
    :ivar settled_by: the payment that settled the slip; None while something is owed, and for a cancelled slip.
    """

    shares: tuple[Share, ...]
    paid: Decimal
    excess: Decimal
    settled_by: Received | None


def settle(lines: Sequence[Due], payments: Sequence[Received], *, cancelled: bool = False) -> Plan:
    """
    Share payments out over lines.

    :param cancelled: nothing is owed any more, so that everything is excess.
    """
    received = sum((each.amount for each in payments), ZERO)
    if cancelled:
        return Plan((), ZERO, received, None)
    queue = deque(sorted(lines, key=lambda line: (line.priority, line.number)))
    owed = {line.id: line.amount for line in lines}
    shares: list[Share] = []
    settled_by = None
    for payment in sorted(payments, key=lambda each: (each.booked_at, each.transaction_id)):
        left = payment.amount
        while left > 0 and queue:
            line = queue[0]
            part = min(left, owed[line.id])
            shares.append(Share(payment.id, line.id, part))
            left -= part
            owed[line.id] -= part
            if not owed[line.id]:
                queue.popleft()
                settled_by = None if queue else payment
    paid = sum((share.amount for share in shares), ZERO)
    return Plan(tuple(shares), paid, received - paid, settled_by)


def state_of(
    *, total: Decimal, paid: Decimal, received: Decimal, refunded: Decimal, cancelled: bool
) -> SlipState:
    """Return the state of a slip that has received and given back so much."""
    if cancelled:
        return SlipState.REFUNDED if received and refunded == received else SlipState.CANCELLED
    if paid == total:
        return SlipState.PAID
    return SlipState.PART_PAID if paid else SlipState.OPEN
