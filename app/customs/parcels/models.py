"""
Tables of low-value parcels. The party of a row is the operator who sent it.

Orders, payments, waybills and returns are added and never changed: a correction is a row of the next revision, and the
highest one counts. So it does not matter in which order they come. Buyers stand in sealed columns, and as digests where
they are compared or counted.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy

# The rows are written before their batch, whose counts say what became of them.
_BATCH = partial(ForeignKey, "parcels_batch.id", deferrable=True, initially="DEFERRED")


class Batch(Base):
    """One call or file with messages of one kind; ``faults`` name the first rows that were not taken."""

    __tablename__ = "parcels_batch"
    __table_args__ = (
        Index("ix_parcels_batch_party_id", "party_id", "at"),
        CheckConstraint("message in ('ORDER', 'PAYMENT', 'WAYBILL', 'RETURN')", name="message"),
        CheckConstraint("source in ('API', 'FILE')", name="source"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    message: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    taken: Mapped[int]
    known: Mapped[int]
    changed: Mapped[int]
    faulty: Mapped[int]
    faults: Mapped[list[Any]] = mapped_column(comment="row, number, outcome and faults; never other content")


class Vault(Base):
    """The holder of one key for the buyers whose messages an operator sent in one month; erased as a whole."""

    __tablename__ = "parcels_vault"
    __table_args__ = (
        UniqueConstraint("party_id", "month"),
        Index("ix_parcels_vault_month", "month"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    month: Mapped[date] = mapped_column(comment="its first day")
    erased_at: Mapped[datetime | None]


class Order(Base):
    """An order of one revision."""

    __tablename__ = "parcels_order"
    __table_args__ = (
        UniqueConstraint("party_id", "order_no", "revision"),
        Index("ix_parcels_order_batch_id", "batch_id"),
        Index("ix_parcels_order_vault_id", "vault_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    batch_id: Mapped[UUID] = mapped_column(_BATCH())
    vault_id: Mapped[UUID] = mapped_column(ForeignKey("parcels_vault.id"))
    order_no: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    platform: Mapped[str] = mapped_column(Text)
    items: Mapped[list[Any]]
    currency: Mapped[str] = mapped_column(CHAR(3))
    freight: Mapped[Decimal]
    insurance: Mapped[Decimal]
    discount: Mapped[Decimal]
    goods: Mapped[Decimal] = mapped_column(comment="quantity times price, less the discount")
    total: Mapped[Decimal] = mapped_column(comment="goods, freight and insurance")
    ordered_at: Mapped[datetime]
    buyer: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="sealed")
    buyer_name: Mapped[bytes] = mapped_column(LargeBinary, comment="keyed digest, to compare names")
    buyer_key: Mapped[bytes] = mapped_column(
        LargeBinary,
        comment="keyed digest of the identity paper, else of platform and reference, to count by buyer",
    )
    content_hash: Mapped[bytes] = mapped_column(LargeBinary, comment="keyed digest of the row as it came")


class Payment(Base):
    """A payment of one revision."""

    __tablename__ = "parcels_payment"
    __table_args__ = (
        UniqueConstraint("party_id", "payment_no", "revision"),
        Index("ix_parcels_payment_order_no", "party_id", "order_no"),
        Index("ix_parcels_payment_batch_id", "batch_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    batch_id: Mapped[UUID] = mapped_column(_BATCH())
    payment_no: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    order_no: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(CHAR(3))
    paid_at: Mapped[datetime]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class Waybill(Base):
    """A waybill of one revision."""

    __tablename__ = "parcels_waybill"
    __table_args__ = (
        UniqueConstraint("party_id", "waybill_no", "revision"),
        Index("ix_parcels_waybill_order_no", "party_id", "order_no"),
        Index("ix_parcels_waybill_batch_id", "batch_id"),
        Index("ix_parcels_waybill_vault_id", "vault_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    batch_id: Mapped[UUID] = mapped_column(_BATCH())
    vault_id: Mapped[UUID] = mapped_column(ForeignKey("parcels_vault.id"))
    waybill_no: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    order_no: Mapped[str] = mapped_column(Text)
    weight_kg: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    sender_country: Mapped[str] = mapped_column(CHAR(2))
    declared: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(CHAR(3))
    flight: Mapped[str] = mapped_column(Text)
    arrives_at: Mapped[datetime]
    consignee: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="sealed")
    consignee_name: Mapped[bytes] = mapped_column(LargeBinary, comment="keyed digest")
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class WaybillShare(Base):
    """A further order in the parcel of a waybill, with what the waybill declares for it."""

    __tablename__ = "parcels_waybill_share"
    __table_args__ = (
        Index("ix_parcels_waybill_share_order_no", "party_id", "order_no"),
        tenancy(Tenancy.TENANT),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), primary_key=True)
    waybill_no: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    order_no: Mapped[str] = mapped_column(Text, primary_key=True)
    declared: Mapped[Decimal]


class Return(Base):
    """Goods of an order that go back, of one revision."""

    __tablename__ = "parcels_return"
    __table_args__ = (
        UniqueConstraint("party_id", "return_no", "revision"),
        Index("ix_parcels_return_order_no", "party_id", "order_no"),
        Index("ix_parcels_return_batch_id", "batch_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    batch_id: Mapped[UUID] = mapped_column(_BATCH())
    return_no: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    order_no: Mapped[str] = mapped_column(Text)
    whole: Mapped[bool]
    amount: Mapped[Decimal] = mapped_column(comment="price of the goods that go back, currency of the order")
    reason: Mapped[str] = mapped_column(Text)
    returned_at: Mapped[datetime]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


def _folded() -> Mapped[str]:
    return mapped_column(
        Text, server_default="", comment="the number as a search compares it, folded by the database"
    )


class Parcel(Base):
    """What the messages about one order say together; made anew from them whenever one arrives."""

    __tablename__ = "parcels_parcel"
    __table_args__ = (
        UniqueConstraint("party_id", "order_no"),
        Index("ix_parcels_parcel_day", "party_id", "day", "state", "id"),
        Index("ix_parcels_parcel_zone_day", "day", "state"),
        Index("ix_parcels_parcel_order_no", "order_no"),
        Index("ix_parcels_parcel_waybill_no", "waybill_no"),
        Index(
            "ix_parcels_parcel_order_folded",
            "order_folded",
            postgresql_ops={"order_folded": "text_pattern_ops"},
        ),
        Index(
            "ix_parcels_parcel_waybill_folded",
            "waybill_folded",
            postgresql_ops={"waybill_folded": "text_pattern_ops"},
        ),
        CheckConstraint("state in ('WAITING', 'MISMATCH', 'MATCHED', 'LISTED', 'RETURNED')", name="state"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    order_no: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[Any]] = mapped_column(comment="codes with their figures")
    day: Mapped[date] = mapped_column(
        comment="local day of arrival, or of the first message until one is known"
    )
    waybill_no: Mapped[str | None] = mapped_column(Text)
    flight: Mapped[str | None] = mapped_column(Text)
    arrives_at: Mapped[datetime | None]
    currency: Mapped[str | None] = mapped_column(CHAR(3))
    goods: Mapped[Decimal | None]
    total: Mapped[Decimal | None]
    weight_kg: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    buyer_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    listed: Mapped[bool] = mapped_column(comment="stands on a list that was closed")
    returned: Mapped[Decimal] = mapped_column(comment="price of the goods that went back")
    first_at: Mapped[datetime]
    judged_at: Mapped[datetime]
    order_folded: Mapped[str] = _folded()
    waybill_folded: Mapped[str] = _folded()


class ParcelList(Base):
    """A low-value list of one flight that was closed; a correction is a list of its own that names the first one."""

    __tablename__ = "parcels_list"
    __table_args__ = (
        UniqueConstraint("code"),
        Index("ix_parcels_list_party_id", "party_id", "closed_at"),
        Index("ix_parcels_list_closed_at", "closed_at"),
        Index("ix_parcels_list_corrects_id", "corrects_id"),
        Index("ix_parcels_list_waiting", "id", postgresql_where=sql("state in ('SENT', 'REGISTERED')")),
        Index("ix_parcels_list_posted", "tax_posted_at", postgresql_where=sql("state = 'RELEASED'")),
        CheckConstraint(
            "state in ('CLOSED', 'SENT', 'REGISTERED', 'REFUSED', 'RELEASED', 'CLEARED')", name="state"
        ),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    code: Mapped[str] = mapped_column(Text)
    day: Mapped[date] = mapped_column(comment="local day of arrival")
    flight: Mapped[str] = mapped_column(Text)
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("parcels_list.id"))
    state: Mapped[str] = mapped_column(Text)
    law_day: Mapped[date] = mapped_column(comment="whose law, rates and exchange were applied")
    law: Mapped[list[Any]] = mapped_column(comment="values of the law that were used")
    parcels: Mapped[int]
    weight_kg: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    customs_value: Mapped[Decimal]
    duty: Mapped[Decimal]
    vat: Mapped[Decimal]
    closed_at: Mapped[datetime]
    closed_by: Mapped[UUID | None]
    sent_at: Mapped[datetime | None] = mapped_column(comment="when the gateway had it")
    official_number: Mapped[str | None] = mapped_column(Text, comment="of the authority, by the gateway only")
    answered_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    official_vat: Mapped[Decimal | None] = mapped_column(comment="tax of the authority's notice")
    tax_reference: Mapped[str | None] = mapped_column(Text)
    tax_posted: Mapped[Decimal | None] = mapped_column(comment="what the authority entered as paid")
    tax_posted_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]


class ListLine(Base):
    """A parcel on a list with its figures as they were closed; only the authority's answer is added."""

    __tablename__ = "parcels_line"
    __table_args__ = (
        UniqueConstraint("list_id", "number"),
        Index("ix_parcels_line_party_id", "party_id"),
        Index("ix_parcels_line_parcel_id", "parcel_id"),
        CheckConstraint("answer in ('NONE', 'ACCEPTED', 'REFUSED', 'HELD', 'RELEASED')", name="answer"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    list_id: Mapped[UUID] = mapped_column(ForeignKey("parcels_list.id"))
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey("parcels_parcel.id"))
    number: Mapped[int]
    order_no: Mapped[str] = mapped_column(Text)
    waybill_no: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    hs: Mapped[str] = mapped_column(Text)
    weight_kg: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    currency: Mapped[str] = mapped_column(CHAR(3))
    total: Mapped[Decimal] = mapped_column(comment="what was paid, in the currency of the order")
    exchange: Mapped[Decimal] = mapped_column(Numeric(20, 6))
    customs_value: Mapped[Decimal]
    exemption: Mapped[str] = mapped_column(Text)
    duty: Mapped[Decimal]
    vat_rates: Mapped[str] = mapped_column(Text)
    vat: Mapped[Decimal]
    goods: Mapped[list[Any]] = mapped_column(comment="arithmetic by kind of goods")
    answer: Mapped[str] = mapped_column(Text)
    answer_note: Mapped[str] = mapped_column(Text)


class ListDispatch(Base):
    """
    A message about a list to customs: the list, a correction, or that its tax was paid.

    Its key is the message id, however often it is tried. A correction travels under the code of the list that it
    corrects; ``subject`` keeps the payments of a list apart and is empty for the list itself.
    """

    __tablename__ = "parcels_dispatch"
    __table_args__ = (
        UniqueConstraint("list_id", "subject"),
        Index("ix_parcels_dispatch_party_id", "party_id"),
        Index("ix_parcels_dispatch_queued", "next_at", postgresql_where=sql("state = 'QUEUED'")),
        Index(
            "ix_parcels_dispatch_payment",
            "list_id",
            postgresql_where=sql("kind = 'PAYMENT' and state in ('QUEUED', 'SENT', 'ACKNOWLEDGED')"),
        ),
        CheckConstraint("kind in ('DECLARE', 'AMEND', 'PAYMENT')", name="kind"),
        CheckConstraint("(kind = 'PAYMENT') = (payment is not null)", name="payment"),
        CheckConstraint("(kind = 'PAYMENT') = (subject <> '')", name="subject"),
        CheckConstraint("state in ('QUEUED', 'SENT', 'ACKNOWLEDGED', 'POSTED', 'FAILED')", name="state"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    list_id: Mapped[UUID] = mapped_column(ForeignKey("parcels_list.id"))
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    queued_at: Mapped[datetime]
    queued_by: Mapped[UUID | None]
    first_tried_at: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(comment="not tried again before")
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int]
    error: Mapped[str] = mapped_column(Text, comment="why the last try failed, a short code")
    sha256: Mapped[str | None] = mapped_column(Text, comment="of the document as it was sent")
    subject: Mapped[str] = mapped_column(
        Text, server_default="", comment="which payment; empty: the list itself"
    )
    payment: Mapped[dict[str, Any] | None] = mapped_column(comment="reference, amount, day, transaction")


class ListNotice(Base):
    """A notice of customs about a list as it came; ``list_id`` is the first list, also for its corrections."""

    __tablename__ = "parcels_notice"
    __table_args__ = (
        UniqueConstraint("gateway_id"),
        UniqueConstraint("list_id", "sequence"),
        Index("ix_parcels_notice_party_id", "party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    gateway_id: Mapped[str] = mapped_column(Text)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    list_id: Mapped[UUID] = mapped_column(ForeignKey("parcels_list.id"))
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    reply_to: Mapped[str] = mapped_column(Text, comment="our message that it answers; empty: none")
    official_at: Mapped[datetime] = mapped_column(comment="as the authority dated it")
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None] = mapped_column(comment="empty while an earlier one is missing")
    body: Mapped[dict[str, Any]]


class BuyerYear(Base):
    """How much of one operator's listed goods went to one buyer in a year; shown, and bound to no limit in force."""

    __tablename__ = "parcels_buyer_year"
    __table_args__ = (
        Index("ix_parcels_buyer_year_orders", "year", "orders"),
        Index("ix_parcels_buyer_year_buyer_key", "buyer_key", "year"),
        tenancy(Tenancy.TENANT),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    buyer_key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    orders: Mapped[int]
    customs_value: Mapped[Decimal]
