"""
Facts about slips, for the rooms whose business is paid here.

``subject_kind`` and ``subject_id`` are those with which the slip was opened, so that a listener knows at once whether
it is concerned.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class SlipOpened(DomainEvent):
    """A payer owes something."""

    name: ClassVar[str] = "payments.slip.opened"

    slip_id: UUID
    reference: str
    subject_kind: str
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class SlipPartPaid(DomainEvent):
    """Money came, not enough for the slip."""

    name: ClassVar[str] = "payments.slip.part_paid"

    slip_id: UUID
    reference: str
    subject_kind: str
    subject_id: UUID
    paid: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class SlipPaid(DomainEvent):
    """The slip is settled; ``transaction_id`` is the bank's, of the payment that settled it."""

    name: ClassVar[str] = "payments.slip.paid"

    slip_id: UUID
    reference: str
    subject_kind: str
    subject_id: UUID
    total: Decimal
    transaction_id: str


@dataclass(frozen=True, slots=True)
class SlipCancelled(DomainEvent):
    """Nothing more is owed on the slip; what was paid waits to be refunded."""

    name: ClassVar[str] = "payments.slip.cancelled"

    slip_id: UUID
    reference: str
    subject_kind: str
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class SlipExceeded(DomainEvent):
    """More was received than the slip asks for; ``excess`` waits to be refunded."""

    name: ClassVar[str] = "payments.slip.exceeded"

    slip_id: UUID
    reference: str
    subject_kind: str
    subject_id: UUID
    excess: Decimal


@dataclass(frozen=True, slots=True)
class EntrySuspended(DomainEvent):
    """Money came whose slip is not known; an officer has to find it."""

    name: ClassVar[str] = "payments.entry.suspended"

    entry_id: UUID
    problem: str


@dataclass(frozen=True, slots=True)
class RefundMoved(DomainEvent):
    """A refund was asked for, checked, approved, refused or paid."""

    name: ClassVar[str] = "payments.refund.moved"

    refund_id: UUID
    slip_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class OutsideMoved(DomainEvent):
    """A payment made elsewhere was said, recorded, confirmed or refused; ``undoes``: the entry takes one back."""

    name: ClassVar[str] = "payments.outside.moved"

    outside_id: UUID
    slip_id: UUID
    state: str
    undoes: bool


@dataclass(frozen=True, slots=True)
class ClearingMoved(DomainEvent):
    """What is to be done with money in suspense was proposed, approved, refused or done."""

    name: ClassVar[str] = "payments.clearing.moved"

    clearing_id: UUID
    entry_id: UUID
    kind: str
    state: str


@dataclass(frozen=True, slots=True)
class ReceiptIssued(DomainEvent):
    """The signed receipt of a paid slip can be had."""

    name: ClassVar[str] = "payments.receipt.issued"

    slip_id: UUID
    reference: str
    subject_kind: str
    subject_id: UUID
