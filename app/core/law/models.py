"""Tables of the law. All are public reference (SHARED); what is in force is append-only by trigger."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.kit.ids import uuid7


class Origin(StrEnum):
    """Where a change of the law came from."""

    YAML = "YAML"
    IMPORT = "IMPORT"
    SCREEN = "SCREEN"


class ChangeState(StrEnum):
    """The state of a change set."""

    PROPOSED = "PROPOSED"
    IN_FORCE = "IN_FORCE"
    REJECTED = "REJECTED"


VALUES = "law.values"
"""The kind of content that the kernel keeps itself; modules name their own (``app.core.law.contents``)."""

_CURRENT = text("upper_inf(recorded)")


class LawInstrument(Base):
    """A law, decree, circular or decision that values cite."""

    __tablename__ = "law_instrument"
    __table_args__ = (
        CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name="status"),
        CheckConstraint("in_force_to > in_force_from", name="in_force"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[str] = mapped_column(primary_key=True, comment="Short name used by sources: decree-96-2026")
    kind: Mapped[str] = mapped_column(comment="LAW, RESOLUTION, DECREE, CIRCULAR or DECISION")
    number: Mapped[str] = mapped_column(comment="Official number")
    title: Mapped[dict[str, Any]] = mapped_column(comment="Title in vi and en")
    issued_on: Mapped[date | None]
    in_force_from: Mapped[date | None]
    in_force_to: Mapped[date | None] = mapped_column(comment="First day on which it no longer holds")
    status: Mapped[str] = mapped_column(comment="How far these facts can be trusted")
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class LawKey(Base):
    """A name under which values stand, with the words for people."""

    __tablename__ = "law_key"
    __table_args__ = (
        CheckConstraint(r"key ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$'", name="key"),
        tenancy(Tenancy.SHARED),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]] = mapped_column(comment="What the value is, in vi and en")


class LawChangeSet(Base):
    """A set of changes that takes force as a whole, or not at all."""

    __tablename__ = "law_change_set"
    __table_args__ = (
        CheckConstraint("origin in ('YAML', 'IMPORT', 'SCREEN')", name="origin"),
        CheckConstraint("state in ('PROPOSED', 'IN_FORCE', 'REJECTED')", name="state"),
        CheckConstraint("(state = 'IN_FORCE') = (in_force_at is not null)", name="in_force_at"),
        CheckConstraint("not superseded or state = 'REJECTED'", name="superseded"),
        CheckConstraint("(content_kind = 'law.values') = (content_count is null)", name="content_count"),
        # One first load of each kind in the life of an installation; everything later needs two officers.
        Index(
            "uq_law_change_set_first_load", "content_kind", unique=True, postgresql_where=text("first_load")
        ),
        Index("ix_law_change_set_state", "state", "proposed_at"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    content_kind: Mapped[str] = mapped_column(comment="What it changes: law.values, or a kind of a module")
    content_count: Mapped[int | None] = mapped_column(
        comment="How many changes of another kind it holds; values are counted by their items"
    )
    origin: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[UUID | None] = mapped_column(comment="User, empty for the platform itself")
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]
    content_hash: Mapped[str] = mapped_column(comment="SHA-256 of all items; approvals bind to it")
    base_hash: Mapped[str] = mapped_column(
        comment="SHA-256 of what was in force for these keys when proposed"
    )
    source: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What the YAML files said, to see what a later release changes"
    )
    instruments: Mapped[list[Any]] = mapped_column(comment="Instruments that this set adds or corrects")
    first_load: Mapped[bool] = mapped_column(comment="Took force without approval: the first load")
    in_force_at: Mapped[datetime | None] = mapped_column(
        unique=True, comment="Recorded time of its values; strictly increasing over all sets"
    )
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(comment="Why it was rejected")
    superseded: Mapped[bool] = mapped_column(comment="Rejected only because a newer proposal replaces it")


class LawChangeItem(Base):
    """One step of a change set."""

    __tablename__ = "law_change_item"
    __table_args__ = (
        CheckConstraint("action in ('SET', 'END')", name="action"),
        CheckConstraint(
            "(action = 'SET') = (value is not null and unit is not null and status is not null)", name="value"
        ),
        tenancy(Tenancy.SHARED),
    )

    change_set_id: Mapped[UUID] = mapped_column(ForeignKey("law_change_set.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str]
    key: Mapped[str] = mapped_column(ForeignKey("law_key.key"), index=True)
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    unit: Mapped[str | None]
    instrument_id: Mapped[str | None] = mapped_column(comment="May be an instrument that this set adds")
    article: Mapped[str | None]
    status: Mapped[str | None]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class LawApproval(Base):
    """One officer's approval of exactly one content."""

    __tablename__ = "law_approval"
    __table_args__ = (
        CheckConstraint("page_image_sha256 ~ '^[0-9a-f]{64}$'", name="page_image_sha256"),
        tenancy(Tenancy.SHARED),
    )

    change_set_id: Mapped[UUID] = mapped_column(ForeignKey("law_change_set.id"), primary_key=True)
    officer_id: Mapped[UUID] = mapped_column(primary_key=True)
    officer_name: Mapped[str]
    at: Mapped[datetime]
    content_hash: Mapped[str]
    page_image_sha256: Mapped[str | None] = mapped_column(
        comment="Image of the official page that was compared"
    )


class LawValueRow(Base):
    """
    A value with two clocks: `valid` (the days on which it is law) and `recorded` (when the platform knew it).

    Append-only: a trigger refuses DELETE, and lets UPDATE only close an open `recorded`.
    """

    __tablename__ = "law_value"
    __table_args__ = (
        ExcludeConstraint(
            ("key", "="), ("valid", "&&"), ("recorded", "&&"), name="ex_law_value_one_at_a_time", using="gist"
        ),
        CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name="status"),
        CheckConstraint("not isempty(valid) and not lower_inf(valid)", name="valid"),
        CheckConstraint("content_hash ~ '^[0-9a-f]{64}$'", name="content_hash"),
        Index("ix_law_value_valid", "valid", postgresql_using="gist", postgresql_where=_CURRENT),
        Index(
            "ix_law_value_key", "key", postgresql_ops={"key": "text_pattern_ops"}, postgresql_where=_CURRENT
        ),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    key: Mapped[str] = mapped_column(ForeignKey("law_key.key"))
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    recorded: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    value: Mapped[Any] = mapped_column(JSONB)
    unit: Mapped[str]
    instrument_id: Mapped[str | None] = mapped_column(ForeignKey("law_instrument.id"), index=True)
    article: Mapped[str | None]
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    content_hash: Mapped[str]
    change_set_id: Mapped[UUID] = mapped_column(
        ForeignKey("law_change_set.id"), index=True, comment="The set that brought this content"
    )
