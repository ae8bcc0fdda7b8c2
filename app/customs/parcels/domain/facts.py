"""What an operator tells of one order: the order itself, payments, waybills, returns, as they are compared."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Message(StrEnum):
    """The kinds of messages that arrive."""

    ORDER = "ORDER"
    PAYMENT = "PAYMENT"
    WAYBILL = "WAYBILL"
    RETURN = "RETURN"


class Source(StrEnum):
    """How a batch of messages came."""

    API = "API"
    FILE = "FILE"


class Outcome(StrEnum):
    """What became of one row of a batch."""

    TAKEN = "TAKEN"
    KNOWN = "KNOWN"
    CHANGED = "CHANGED"
    FAULTY = "FAULTY"


class ParcelState(StrEnum):
    """Where a parcel stands."""

    WAITING = "WAITING"
    MISMATCH = "MISMATCH"
    MATCHED = "MATCHED"
    LISTED = "LISTED"
    RETURNED = "RETURNED"


@dataclass(frozen=True, slots=True)
class OrderFact:
    """What somebody bought; ``goods`` is quantity times price without freight, ``total`` what is to be paid."""

    currency: str
    goods: Decimal
    total: Decimal
    buyer: bytes
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """What was paid for an order."""

    number: str
    amount: Decimal
    currency: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class WaybillFact:
    """What the carrier brings."""

    number: str
    declared: Decimal
    currency: str
    weight_kg: Decimal
    consignee: bytes
    flight: str
    arrives_at: datetime
    share_kg: Decimal | None = None
    """The order's part of the weight where the parcel holds further orders; ``declared`` is its part of the value."""

    @property
    def part_kg(self) -> Decimal:
        """Return the weight that is the order's."""
        return self.weight_kg if self.share_kg is None else self.share_kg


@dataclass(frozen=True, slots=True)
class ReturnFact:
    """What goes back: the whole parcel, or goods of some value."""

    number: str
    whole: bool
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known of one order; the order in which it came is not part of it."""

    order: OrderFact | None = None
    payments: tuple[PaymentFact, ...] = ()
    waybills: tuple[WaybillFact, ...] = ()
    returns: tuple[ReturnFact, ...] = ()
