"""
What is exchanged with customs: messages out, notices in, the queue's position, differences and statutory clocks.

Notices and clocks are written by the worker's login alone: nobody in the platform can make the authority say something.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy

VND = Numeric(20, 0)
MESSAGES = "'DECLARE', 'AMEND', 'CANCEL', 'DOCUMENTS', 'ANSWER', 'PAYMENT'"


class Dispatch(Base):
    """
    A message to customs. Its key is the message id: it stays the same however often the message is tried.

    ``subject`` names what the message is about, so that the same thing is not said twice.
    """

    __tablename__ = "customs_dispatch"
    __table_args__ = (
        UniqueConstraint("declaration_id", "kind", "subject"),
        CheckConstraint(f"kind in ({MESSAGES})", name="kind"),
        CheckConstraint("state in ('QUEUED', 'SENT', 'ACKNOWLEDGED', 'FAILED')", name="state"),
        Index("ix_customs_dispatch_queued", "next_at", postgresql_where=text("state = 'QUEUED'")),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"))
    revision_id: Mapped[UUID | None] = mapped_column(ForeignKey("customs_revision.id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(
        comment="revision, slip, notice or own key that the message is about"
    )
    content: Mapped[dict[str, Any]] = mapped_column(comment="what the message says beside its revision")
    state: Mapped[str]
    queued_at: Mapped[datetime] = mapped_column(
        comment="when it was handed in; stands also while the gateway is down"
    )
    queued_by: Mapped[UUID | None]
    first_tried_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(comment="not tried again before")
    sent_at: Mapped[datetime | None] = mapped_column(comment="when the gateway was known to have it")
    attempts: Mapped[int]
    error: Mapped[str] = mapped_column(comment="why the last try failed, a short code")
    sha256: Mapped[str | None] = mapped_column(comment="of the document as it was sent")


class Notice(Base):
    """A notice of customs as it came. ``applied_at`` is empty while an earlier one is missing."""

    __tablename__ = "customs_notice"
    __table_args__ = (
        UniqueConstraint("gateway_id"),
        UniqueConstraint("declaration_id", "sequence"),
        CheckConstraint("outcome in ('', 'APPLIED', 'IMPOSSIBLE')", name="outcome"),
        Index("ix_customs_notice_waiting", "declaration_id", postgresql_where=text("applied_at is null")),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    gateway_id: Mapped[str]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"))
    dispatch_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("customs_dispatch.id"), index=True, comment="our message that it answers"
    )
    sequence: Mapped[int] = mapped_column(comment="1, 2, 3 … of its declaration")
    kind: Mapped[str]
    official_at: Mapped[datetime] = mapped_column(comment="as the authority dated it")
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(
        comment="IMPOSSIBLE: kept and shown, but the state does not allow it"
    )
    body: Mapped[dict[str, Any]]
    asks: Mapped[int] = mapped_column(
        server_default=text("0"), comment="how often those before it were asked for while it waited"
    )
    asked_at: Mapped[datetime | None] = mapped_column(comment="when they were last asked for")


class Unread(Base):
    """
    What the gateway said and nobody could take: as it came, with why. It stops none of the other notices.

    It is TAKEN when it could be read after all or came again in order, ASIDE when somebody decided that it says
    nothing.
    """

    __tablename__ = "customs_unread"
    __table_args__ = (
        UniqueConstraint("sha256"),
        CheckConstraint("state in ('OPEN', 'TAKEN', 'ASIDE')", name="state"),
        Index("ix_customs_unread_open", "received_at", postgresql_where=text("state = 'OPEN'")),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(comment="of the body: the same piece again is the same row")
    raw: Mapped[bytes] = mapped_column(comment="as it came")
    code: Mapped[str] = mapped_column(comment="why it was not taken, a short code")
    message: Mapped[str]
    gateway_id: Mapped[str] = mapped_column(comment="empty where it cannot be told")
    reference: Mapped[str] = mapped_column(comment="empty where it cannot be told")
    sequence: Mapped[int | None]
    declaration_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("customs_declaration.id"), index=True, comment="where the reference is one of ours"
    )
    received_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(comment="how often it was tried to be read")
    tried_at: Mapped[datetime]
    state: Mapped[str]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(comment="why it was set aside")


class OfficialResult(Base):
    """What somebody brought in of a declaration made elsewhere: one result as it came, and what it changed."""

    __tablename__ = "customs_result"
    __table_args__ = (
        UniqueConstraint("declaration_id", "number"),
        UniqueConstraint("declaration_id", "sha256"),
        CheckConstraint("outcome in ('FIRST', 'CHANGED', 'OLDER')", name="outcome"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"))
    number: Mapped[int] = mapped_column(comment="1, 2, 3 … in the order in which they came")
    sha256: Mapped[str] = mapped_column(comment="of the content: the same result again is the same row")
    content: Mapped[str] = mapped_column(comment="the result alone, in the documented form")
    said_at: Mapped[datetime | None] = mapped_column(comment="the latest instant that it carries")
    brought_at: Mapped[datetime]
    brought_by: Mapped[UUID | None]
    outcome: Mapped[str] = mapped_column(comment="OLDER: kept, and nothing changed by it")
    changes: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, comment="what it changed: field, line, before, after"
    )


class Feed(Base):
    """How far the gateway's queue has been read, and whether it answers; one row."""

    __tablename__ = "customs_feed"
    __table_args__ = (CheckConstraint("id = 1", name="one"), tenancy(Tenancy.SHARED))

    id: Mapped[int] = mapped_column(primary_key=True)
    cursor: Mapped[str]
    read_at: Mapped[datetime | None] = mapped_column(comment="when the gateway last answered")
    failed_at: Mapped[datetime | None] = mapped_column(
        comment="since when it has not; empty while it answers"
    )
    error: Mapped[str]
    simulated: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="the gateway is a simulator; pages say so"
    )
    failures: Mapped[int] = mapped_column(
        server_default=text("0"), comment="readings without an answer since it last answered"
    )
    next_at: Mapped[datetime | None] = mapped_column(comment="while it is silent: not asked again before")


class Difference(Base):
    """One tax of one line where our pre-calculation and the authority's notice disagree."""

    __tablename__ = "customs_difference"
    __table_args__ = (
        UniqueConstraint("assessment_id", "line", "tax"),
        CheckConstraint("state in ('OPEN', 'EXPLAINED')", name="state"),
        Index("ix_customs_difference_found_at", "found_at"),
        Index("ix_customs_difference_open", "declaration_id", postgresql_where=text("state = 'OPEN'")),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"), index=True)
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("customs_assessment.id"))
    line: Mapped[int] = mapped_column(comment="0: of the declaration as a whole")
    tax: Mapped[str]
    ours: Mapped[Decimal | None] = mapped_column(VND, comment="empty: we had no such tax")
    official: Mapped[Decimal | None] = mapped_column(VND, comment="empty: the authority has no such tax")
    our_base: Mapped[Decimal | None] = mapped_column(Numeric(22, 4))
    official_base: Mapped[Decimal | None] = mapped_column(Numeric(22, 4))
    our_rate: Mapped[str]
    official_rate: Mapped[str]
    found_at: Mapped[datetime]
    state: Mapped[str]
    explanation: Mapped[str]
    explained_at: Mapped[datetime | None]
    explained_by: Mapped[UUID | None]


class Clock(Base):
    """One statutory time limit of a declaration, the firm's or the authority's."""

    __tablename__ = "customs_clock"
    __table_args__ = (
        CheckConstraint("whose in ('FIRM', 'AUTHORITY')", name="whose"),
        Index(
            "uq_customs_clock_running", "declaration_id", "kind", unique=True,
            postgresql_where=text("met_at is null and cancelled_at is null"),
        ),
        Index(
            "ix_customs_clock_due", "due_at",
            postgresql_where=text("met_at is null and cancelled_at is null and told_at is null"),
        ),
        Index("ix_customs_clock_met", "met_at", postgresql_where=text("met_at is not null")),
        Index("ix_customs_clock_kind", "kind", "started_at"),
        Index("ix_customs_clock_declaration_id", "declaration_id", "started_at"),
        tenancy(Tenancy.TENANT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"))
    kind: Mapped[str]
    whose: Mapped[str]
    law: Mapped[dict[str, Any]] = mapped_column(
        comment="the limit as it stood in the law when the clock began"
    )
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(
        comment="empty: limit or calendar is missing in the law data"
    )
    met_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None] = mapped_column(
        comment="what it waited for is not to come any more"
    )
    told_at: Mapped[datetime | None] = mapped_column(comment="when people were told that it has run out")


class ClockFigure(Base):
    """Figures of all clocks of a kind in a month, without any firm: what the public board shows."""

    __tablename__ = "customs_clock_figure"
    __table_args__ = (tenancy(Tenancy.SHARED),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True, comment="YYYY-MM in the zone's time")
    whose: Mapped[str]
    ended: Mapped[int]
    in_time: Mapped[int]
    median_minutes: Mapped[int | None] = mapped_column(comment="from start to end, by the wall clock")
    counted_at: Mapped[datetime]
