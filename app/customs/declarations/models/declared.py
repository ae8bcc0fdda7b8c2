"""
A declaration, its revisions and lines, what was computed for them, and the goods that a firm declares again.

Who may write what is said by grants and triggers, not by care alone:

- What only the customs authority says (``official_number``, ``channel`` and the times of registration, release and
  clearance) is written by the worker's login when it applies a notice. A firm's own transaction may set these only on
  a row that came in from elsewhere, and only when it makes the row.
- A revision that left DRAFT keeps its header, and its lines can neither be added to, changed nor deleted.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy

QUANTITY = Numeric(20, 2)
VALUE = Numeric(22, 4)
PRICE = Numeric(24, 6)
VND = Numeric(20, 0)


class Declaration(Base):
    """One customs declaration of a firm; its content stands in revisions."""

    __tablename__ = "customs_declaration"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("party_id", "official_number"),
        CheckConstraint("direction in ('IMPORT', 'EXPORT')", name="direction"),
        CheckConstraint(
            "movement in ('ABROAD_TO_ZONE', 'INLAND_TO_ZONE', 'ZONE_TO_ZONE', 'ZONE_TO_ABROAD', 'ZONE_TO_INLAND',"
            " 'CHANGE_OF_USE', 'DESTRUCTION')",
            name="movement",
        ),
        CheckConstraint("origin in ('OURS', 'ELSEWHERE')", name="origin"),
        CheckConstraint(
            "state in ('DRAFT', 'QUEUED', 'SENT', 'REFUSED', 'REGISTERED', 'PAPERS', 'GOODS_CHECK', 'PAYABLE',"
            " 'RELEASED', 'CLEARED', 'CANCELLED')",
            name="state",
        ),
        CheckConstraint("channel in ('GREEN', 'YELLOW', 'RED')", name="channel"),
        CheckConstraint("previous_kind in ('COPY', 'SPLIT', 'CHANGE_OF_USE', 'REPLACES')", name="previous_kind"),
        CheckConstraint("branch_number between 1 and branches", name="branch"),
        Index("ix_customs_declaration_party_id", "party_id", "updated_at", "id"),
        Index("ix_customs_declaration_state", "state", "updated_at", "id"),
        Index("ix_customs_declaration_updated_at", "updated_at", "id"),
        Index("ix_customs_declaration_official_number", "official_number"),
        Index(
            "ix_customs_declaration_folded", "folded", postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        Index(
            "ix_customs_declaration_registered_at", "registered_at",
            postgresql_where=text("registered_at is not null"),
        ),
        Index("ix_customs_declaration_period", text("coalesce(registered_at, created_at)"), "id"),
        Index("ix_customs_declaration_cleared_at", "cleared_at", postgresql_where=text("cleared_at is not null")),
        tenancy(Tenancy.TENANT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(
        ForeignKey("auth_party.id"), comment="firm whose declaration it is"
    )
    code: Mapped[str] = mapped_column(comment="public code, prefix TK; never the official number")
    direction: Mapped[str]
    movement: Mapped[str]
    type_code: Mapped[str] = mapped_column(comment="one of the 40 type codes, for example A11")
    origin: Mapped[str] = mapped_column(
        comment="OURS: sent from here; ELSEWHERE: an official result that came in"
    )
    state: Mapped[str]
    head: Mapped[int] = mapped_column(
        comment="number of the revision that counts; a later one is a pending amendment"
    )
    official_number: Mapped[str | None] = mapped_column(
        comment="12 digits from the authority: 11 identify, the last counts amendments"
    )
    channel: Mapped[str | None]
    registered_at: Mapped[datetime | None] = mapped_column(
        comment="official instant; fixes law, rates and exchange"
    )
    released_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
    agent_party_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth_party.id"), index=True, comment="broker who prepared it under a delegation"
    )
    previous_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("customs_declaration.id"), index=True,
        comment="copied from, first of a split, changed in use from, or replaced: see previous_kind",
    )  # fmt: skip
    previous_kind: Mapped[str | None]
    branch_number: Mapped[int] = mapped_column(
        server_default=text("1"), comment="n of a shipment split by 50 lines"
    )
    branches: Mapped[int] = mapped_column(server_default=text("1"))
    summary: Mapped[str] = mapped_column(
        server_default=text("''"), comment="description of the first line, for lists"
    )
    line_count: Mapped[int] = mapped_column(server_default=text("0"))
    own_reference: Mapped[str] = mapped_column(
        server_default=text("''"), comment="the firm's own number of the file"
    )
    folded: Mapped[str] = mapped_column(
        server_default=text("''"), comment="what a search of the list looks into, folded by the database"
    )
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(comment="optimistic lock: a form says which version it saw")


class Revision(Base):
    """One version of the content: the first, a corrected one after a refusal, or an amendment."""

    __tablename__ = "customs_revision"
    __table_args__ = (
        UniqueConstraint("declaration_id", "number"),
        CheckConstraint("state in ('DRAFT', 'SENT', 'ACCEPTED', 'REFUSED', 'DROPPED')", name="state"),
        CheckConstraint("kind in ('FIRST', 'CORRECTED', 'AMENDMENT')", name="kind"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"))
    number: Mapped[int] = mapped_column(comment="0 is the first")
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(
        comment="SENT from the hand-in on: the content is frozen even while it queues"
    )
    header: Mapped[dict[str, Any]] = mapped_column(comment="texts by field code of the dictionary, as typed")
    reason: Mapped[str] = mapped_column(server_default=text("''"), comment="why it is amended")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    sent_at: Mapped[datetime | None] = mapped_column(comment="when it was handed in for sending")
    sent_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(comment="when the authority accepted or refused it")


class Line(Base):
    """One goods line of a revision; what was typed and is no number stays in ``typed`` until it is corrected."""

    __tablename__ = "customs_line"
    __table_args__ = (
        UniqueConstraint("revision_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("customs_revision.id"))
    number: Mapped[int] = mapped_column(comment="1 to 50 when sent; a draft may be longer until it is split")
    own_code: Mapped[str] = mapped_column(server_default=text("''"))
    hs: Mapped[str] = mapped_column(
        server_default=text("''"), comment="8 digits, or 10 where a sub-line is declared"
    )
    description: Mapped[str] = mapped_column(server_default=text("''"))
    origin: Mapped[str] = mapped_column(
        server_default=text("''"), comment="country of origin, ISO 3166-1 alpha-2"
    )
    scheme: Mapped[str] = mapped_column(server_default=text("''"), comment="scheme claimed: MFN, ACFTA, …")
    origin_proof: Mapped[str] = mapped_column(
        server_default=text("''"), comment="number of the paper of origin"
    )
    quantity: Mapped[Decimal | None] = mapped_column(QUANTITY)
    unit: Mapped[str] = mapped_column(server_default=text("''"))
    quantity2: Mapped[Decimal | None] = mapped_column(QUANTITY)
    unit2: Mapped[str] = mapped_column(server_default=text("''"))
    unit_price: Mapped[Decimal | None] = mapped_column(PRICE)
    value: Mapped[Decimal | None] = mapped_column(VALUE, comment="invoice value in the invoice's currency")
    more: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), comment="rare fields by code")
    typed: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), comment="texts that do not fit their column, by column; only in drafts"
    )


class Assessment(Base):
    """Taxes of a revision: computed here (PRECALCULATED, kept anew while it is a draft) or said by the authority."""

    __tablename__ = "customs_assessment"
    __table_args__ = (
        CheckConstraint("kind in ('PRECALCULATED', 'OFFICIAL')", name="kind"),
        Index("ix_customs_assessment_revision_id", "revision_id", "kind", "computed_at"),
        Index(
            "uq_customs_assessment_precalculated",
            "revision_id",
            unique=True,
            postgresql_where=text("kind = 'PRECALCULATED'"),
        ),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("customs_revision.id"))
    kind: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(
        comment="the tariff's assessment, or the notice by line and tax"
    )
    total: Mapped[Decimal] = mapped_column(VND)
    computed_at: Mapped[datetime]
    known_at: Mapped[datetime | None] = mapped_column(comment="state of the tariff's knowledge that was used")


class Product(Base):
    """Goods that a firm declares again and again, under its own code."""

    __tablename__ = "customs_product"
    __table_args__ = (UniqueConstraint("party_id", "own_code"), tenancy(Tenancy.TENANT))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    own_code: Mapped[str]
    hs: Mapped[str]
    description: Mapped[str]
    unit: Mapped[str]
    unit2: Mapped[str] = mapped_column(server_default=text("''"))
    origin: Mapped[str]
    scheme: Mapped[str] = mapped_column(server_default=text("''"))
    last_price: Mapped[Decimal | None] = mapped_column(PRICE)
    currency: Mapped[str] = mapped_column(server_default=text("''"))
    used_at: Mapped[datetime | None] = mapped_column(comment="when it was last declared")
    updated_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(
        comment="no longer offered; old lines keep what they say"
    )
