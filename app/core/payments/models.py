"""
Tables of payments.

What is owed stands on slips; what the bank told stands in messages and entries, exactly as told. A payment is an entry
that belongs to a slip, an allocation is the part of a payment that settles a line. Messages and entries name people
outside, so tenants have no way to them; all else is row-level secured by the payer's party.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.payments.states import (
    ClearingKind,
    ClearingState,
    DifferenceState,
    EntryState,
    LineKind,
    MessageState,
    OutsideState,
    RefundState,
    SlipState,
)


def _one_of(column: str, codes: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} in ({listed})", name=column)


class Slip(Base):
    """One demand for money to one payer, known to banks by its reference."""

    __tablename__ = "payments_slip"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "notice"),
        _one_of("state", SlipState),
        CheckConstraint("currency = 'VND'", name="currency"),
        CheckConstraint("total > 0 and paid >= 0 and paid <= total", name="paid"),
        CheckConstraint("excess >= 0 and refunded >= 0", name="excess"),
        CheckConstraint("released >= 0 and released <= paid", name="released"),
        CheckConstraint("outside >= 0", name="outside"),
        Index("ix_payments_slip_party_id", "party_id", "id"),
        Index("ix_payments_slip_due_on", "due_on", "id", postgresql_where=text("state in ('OPEN', 'PART_PAID')")),
        tenancy(Tenancy.TENANT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="who owes")
    reference: Mapped[str] = mapped_column(Text, unique=True, comment="what the payer writes to the bank")
    subject_kind: Mapped[str] = mapped_column(Text, comment="declaration, case, …")
    subject_id: Mapped[UUID]
    notice: Mapped[str] = mapped_column(Text, comment="key of the notice that demands it, within the subject")
    title: Mapped[dict[str, Any]] = mapped_column(comment="by language: vi, en")
    href: Mapped[str] = mapped_column(Text, comment="path of the subject's page")
    currency: Mapped[str] = mapped_column(Text, server_default="VND")
    total: Mapped[Decimal]
    due_on: Mapped[date | None] = mapped_column(comment="last day without late interest; local day")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text, server_default="OPEN")
    paid: Mapped[Decimal] = mapped_column(server_default="0")
    excess: Mapped[Decimal] = mapped_column(
        server_default="0", comment="received beyond what is demanded, not refunded"
    )
    released: Mapped[Decimal] = mapped_column(
        server_default="0", comment="of what was paid, what the authority no longer demands"
    )
    release_reason: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"), comment="by language; empty where nothing was released"
    )
    refunded: Mapped[Decimal] = mapped_column(server_default="0")
    outside: Mapped[Decimal] = mapped_column(
        server_default="0", comment="confirmed as paid outside the platform; no money that the bank told of"
    )
    round: Mapped[int] = mapped_column(server_default="0", comment="which allocation counts: the latest")
    paid_at: Mapped[datetime | None] = mapped_column(comment="booking of the payment that settled it")
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(Text, server_default="")
    changed_at: Mapped[datetime | None]
    topic: Mapped[str] = mapped_column(
        Text,
        server_default="payment",
        comment="whoever acts for the payer in this topic may pay as well",
    )
    receipt_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents_document.id"), index=True)


class SlipLine(Base):
    """One purpose on a slip, with its place in the budget and in the order of settlement."""

    __tablename__ = "payments_slip_line"
    __table_args__ = (
        UniqueConstraint("slip_id", "number"),
        _one_of("kind", LineKind),
        CheckConstraint("amount > 0 and paid >= 0 and paid <= amount", name="paid"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    slip_id: Mapped[UUID] = mapped_column(ForeignKey("payments_slip.id"))
    number: Mapped[int]
    purpose: Mapped[str] = mapped_column(Text, comment="code of the caller, e.g. of a tax")
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[dict[str, Any]] = mapped_column(comment="by language: vi, en")
    chapter: Mapped[str] = mapped_column(Text, comment="budget chapter; empty where nobody named one")
    sub_item: Mapped[str] = mapped_column(Text, comment="budget sub-item; empty where nobody named one")
    amount: Mapped[Decimal]
    priority: Mapped[int] = mapped_column(comment="lower is settled first")
    paid: Mapped[Decimal] = mapped_column(server_default="0")


class BankMessage(Base):
    """A signed message of the bank, stored before it is acknowledged; it names a person, so its text is sealed."""

    __tablename__ = "payments_message"
    __table_args__ = (
        _one_of("state", MessageState),
        Index("ix_payments_message_open", "received_at", postgresql_where=text("state <> 'DONE'")),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(
        Text, unique=True, comment="the sender's, the same at each delivery"
    )
    key_id: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(comment="text: byte for byte, sealed")
    body_sha256: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Text)
    problem: Mapped[str] = mapped_column(Text, comment="why it was refused, as a code; else empty")
    applied_at: Mapped[datetime | None]


class BankEntry(Base):
    """Money that the bank says it booked for the zone, once for each of its transactions."""

    __tablename__ = "payments_entry"
    __table_args__ = (
        _one_of("state", EntryState),
        CheckConstraint("source in ('CALLBACK', 'STATEMENT')", name="source"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(state = 'APPLIED') = (slip_id is not null)", name="slip"),
        Index("ix_payments_entry_booked_at", "booked_at", "id"),
        Index("ix_payments_entry_suspense", "booked_at", postgresql_where=text("state = 'SUSPENSE'")),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[str] = mapped_column(Text, unique=True, comment="the bank's")
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(Text)
    booked_at: Mapped[datetime] = mapped_column(comment="when the bank booked it; it decides on lateness")
    reference: Mapped[str] = mapped_column(Text, comment="as told, may be wrong or empty")
    payer: Mapped[dict[str, Any]] = mapped_column(comment="name, and remark: the transfer text; both sealed")
    payer_account: Mapped[str] = mapped_column(Text, comment="its last four characters only")
    source: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(Text, comment="of what the bank told")
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Text)
    problem: Mapped[str] = mapped_column(Text, comment="why it is in suspense, as a code; else empty")
    slip_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments_slip.id"), index=True)
    assigned_at: Mapped[datetime | None] = mapped_column(comment="set: an officer found the slip")
    assigned_by: Mapped[UUID | None]
    assign_reason: Mapped[str] = mapped_column(Text)


class Clearing(Base):
    """What one officer wants done with money in suspense, and another approves: a slip is given it, or it goes back."""

    __tablename__ = "payments_clearing"
    __table_args__ = (
        _one_of("kind", ClearingKind),
        _one_of("state", ClearingState),
        CheckConstraint("(kind = 'ASSIGN') = (slip_id is not null)", name="slip"),
        CheckConstraint("state = 'REFUSED' or decided_by is null or decided_by <> asked_by", name="four_eyes"),
        Index("uq_payments_clearing_open", "entry_id", unique=True,
              postgresql_where=text("state in ('ASKED', 'APPROVED')")),
        Index("ix_payments_clearing_entry_id", "entry_id", "asked_at"),
        tenancy(Tenancy.SYSTEM),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("payments_entry.id"))
    kind: Mapped[str] = mapped_column(Text)
    slip_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments_slip.id"), index=True)
    reason: Mapped[str] = mapped_column(Text, comment="how it is known, or why it goes back")
    state: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str] = mapped_column(Text, server_default="", comment="reason of a refusal; else empty")
    done_at: Mapped[datetime | None]
    transaction_id: Mapped[str] = mapped_column(
        Text, server_default="", comment="the bank's, of what went back"
    )
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, server_default="")


class Vault(Base):
    """The holder of one key for the names that the bank told in one month; erased as a whole."""

    __tablename__ = "payments_vault"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(unique=True, comment="its first day")
    erased_at: Mapped[datetime | None]


class Payment(Base):
    """A bank entry that belongs to a slip: what the payer sees of it."""

    __tablename__ = "payments_payment"
    __table_args__ = (
        UniqueConstraint("entry_id"),
        Index("ix_payments_payment_slip_id", "slip_id", "booked_at"),
        Index("ix_payments_payment_booked_at", "booked_at"),
        CheckConstraint("amount > 0", name="amount"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    slip_id: Mapped[UUID] = mapped_column(ForeignKey("payments_slip.id"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("payments_entry.id"))
    transaction_id: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal]
    booked_at: Mapped[datetime]
    taken_at: Mapped[datetime]


class Allocation(Base):
    """The part of a payment that settles a line, in the round of settlement that counts."""

    __tablename__ = "payments_allocation"
    __table_args__ = (
        UniqueConstraint("slip_id", "round", "payment_id", "line_id"),
        CheckConstraint("amount > 0", name="amount"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    slip_id: Mapped[UUID] = mapped_column(ForeignKey("payments_slip.id"))
    round: Mapped[int]
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments_payment.id"), index=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("payments_slip_line.id"), index=True)
    amount: Mapped[Decimal]


class Refund(Base):
    """The payer asks for what was paid beyond the lines; one officer checks, another approves, the bank pays."""

    __tablename__ = "payments_refund"
    __table_args__ = (
        _one_of("state", RefundState),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("decided_by is null or checked_by is null or decided_by <> checked_by", name="four_eyes"),
        Index("uq_payments_refund_open", "slip_id", unique=True,
              postgresql_where=text("state in ('ASKED', 'CHECKED', 'APPROVED')")),
        Index("ix_payments_refund_slip_id", "slip_id", "asked_at"),
        tenancy(Tenancy.TENANT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    slip_id: Mapped[UUID] = mapped_column(ForeignKey("payments_slip.id"))
    amount: Mapped[Decimal]
    reason: Mapped[str] = mapped_column(Text)
    destination: Mapped[dict[str, Any]] = mapped_column(
        comment="bank, account and holder, where the money goes; all sealed"
    )
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text, server_default="ASKED")
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str] = mapped_column(Text, server_default="", comment="reason of a refusal; else empty")
    paid_at: Mapped[datetime | None]
    transaction_id: Mapped[str] = mapped_column(Text, server_default="", comment="the bank's, of the refund")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, server_default="")


class Outside(Base):
    """A payment made elsewhere, or an entry that takes one back: said with a paper, stood for by two officers."""

    __tablename__ = "payments_outside"
    __table_args__ = (
        _one_of("state", OutsideState),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(undoes_id is null) = (document_id is not null)", name="paper"),
        CheckConstraint(
            "state <> 'CONFIRMED' or (recorded_by is not null and decided_by is not null"
            " and decided_by <> recorded_by and decided_by <> asked_by)", name="four_eyes",
        ),
        Index("uq_payments_outside_open", "slip_id", unique=True,
              postgresql_where=text("state in ('ASKED', 'RECORDED')")),
        Index("uq_payments_outside_undone", "undoes_id", unique=True, postgresql_where=text("state <> 'REFUSED'")),
        Index("ix_payments_outside_slip_id", "slip_id", "asked_at"),
        tenancy(Tenancy.TENANT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True, comment="who owes")
    slip_id: Mapped[UUID] = mapped_column(ForeignKey("payments_slip.id"))
    undoes_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("payments_outside.id"),
        index=True,
        comment="the entry that this one takes back; empty: it says a payment",
    )
    amount: Mapped[Decimal]
    paid_on: Mapped[date] = mapped_column(comment="as the paper says")
    place: Mapped[str] = mapped_column(Text, comment="where it was paid")
    paper: Mapped[str] = mapped_column(Text, comment="number of the paper that shows it")
    note: Mapped[str] = mapped_column(Text, comment="in the words of whoever entered it")
    document_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("documents_document.id"), index=True, comment="scan of the paper"
    )
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    state: Mapped[str] = mapped_column(Text, server_default="ASKED")
    recorded_at: Mapped[datetime | None]
    recorded_by: Mapped[UUID | None] = mapped_column(comment="the officer who compared it with the paper")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str] = mapped_column(Text, server_default="", comment="reason of a refusal; else empty")


class Reconciliation(Base):
    """One comparison of a day's statement of the bank with the entries here."""

    __tablename__ = "payments_reconciliation"
    __table_args__ = (Index("ix_payments_reconciliation_day", "day", "at"), tenancy(Tenancy.SYSTEM))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date]
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    bank_count: Mapped[int]
    bank_total: Mapped[Decimal]
    own_count: Mapped[int]
    own_total: Mapped[Decimal]
    differences: Mapped[list[Any]]


class DifferenceItem(Base):
    """One thing in which the bank's statement and the books differ, until somebody has settled it."""

    __tablename__ = "payments_difference"
    __table_args__ = (
        UniqueConstraint("day", "kind", "transaction_id"),
        _one_of("state", DifferenceState),
        Index("ix_payments_difference_open", "day", "id", postgresql_where=text("state = 'OPEN'")),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(Text)
    transaction_id: Mapped[str] = mapped_column(Text)
    bank_amount: Mapped[Decimal | None]
    own_amount: Mapped[Decimal | None]
    found_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID | None] = mapped_column(comment="the officer who looks into it")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(comment="empty: it went by itself")
    note: Mapped[str] = mapped_column(
        Text, server_default="", comment="what became of it, in the owner's words"
    )
