"""Tables of changes of the tariff: what a change does, and the imports that made some of them. For officers only."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Numeric
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.kit.ids import uuid7
from app.customs.tariff.models import SLOT


class ImportState(StrEnum):
    """How far the import of a schedule is. A finished one is proposed or given up; a stopped one changed nothing."""

    READING = "READING"
    STOPPED = "STOPPED"
    CANCELLED = "CANCELLED"
    COMPARED = "COMPARED"
    PROPOSED = "PROPOSED"


class Coverage(StrEnum):
    """What a file is silent about: nothing, the chapters that it does not name, or the lines that it does not name."""

    WHOLE = "WHOLE"
    CHAPTERS = "CHAPTERS"
    LINES = "LINES"


class Effect(StrEnum):
    """What an item does to a line: a rate or heading is new, another, no more, or the same from another source."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    ENDED = "ENDED"
    RESTATED = "RESTATED"


class TariffChange(Base):
    """A change of the tariff in the making; once it is proposed, the change set of the same key holds it."""

    __tablename__ = "tariff_change"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, comment="the key of its change set to come"
    )
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(comment="user; empty for the platform itself")


class TariffImport(Base):
    """A file with a schedule, how far its reading is, and what was found."""

    __tablename__ = "tariff_import"
    __table_args__ = (
        CheckConstraint("state in ('READING', 'STOPPED', 'CANCELLED', 'COMPARED', 'PROPOSED')", name="state"),
        CheckConstraint("coverage in ('WHOLE', 'CHAPTERS', 'LINES')", name="coverage"),
        CheckConstraint("status in ('CITED', 'ASSUMED')", name="status"),
        CheckConstraint("valid_to > valid_from", name="valid"),
        Index("ix_tariff_import_state", "state", "created_at"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(
        ForeignKey("tariff_change.id"), primary_key=True, comment="the key of its change and change set"
    )
    profile: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    workbook: Mapped[bool]
    sheet: Mapped[str] = mapped_column(comment="the sheet that is meant; empty where only one can be")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(comment="first day on which it no longer holds")
    coverage: Mapped[str]
    restates: Mapped[bool] = mapped_column(comment="rates that stay the same cite the new source")
    instrument_id: Mapped[str | None] = mapped_column(comment="may be an instrument that the change adds")
    instrument: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="the instrument to be added"
    )
    article: Mapped[str | None]
    annex: Mapped[str | None]
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str]
    state: Mapped[str]
    rows_done: Mapped[int]
    rows_total: Mapped[int]
    cancel_asked: Mapped[bool]
    faults: Mapped[list[Any]] = mapped_column(comment="what stopped the file, place by place")
    warnings: Mapped[list[Any]] = mapped_column(comment="what is worth knowing and stopped nothing")
    refusal: Mapped[dict[str, Any]] = mapped_column(comment="why the file as a whole was refused")
    counts: Mapped[dict[str, Any]] = mapped_column(comment="lines, rates and unchanged rates by chapter")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    finished_at: Mapped[datetime | None]


class TariffChangeItem(Base):
    """One step of a change: on these days this place of the schedule has this rate, or none any more."""

    __tablename__ = "tariff_change_item"
    __table_args__ = (
        CheckConstraint("effect in ('ADDED', 'CHANGED', 'ENDED', 'RESTATED')", name="effect"),
        CheckConstraint("(effect = 'ENDED') = (expr is null)", name="expr"),
        CheckConstraint("hs8 ~ '^[0-9]{8}$'", name="hs8"),
        CheckConstraint("not isempty(valid) and not lower_inf(valid)", name="valid"),
        CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name="status"),
        # One place has one wish for each day: the pages look a line up, and taking force joins by the slot.
        Index("ix_tariff_change_item_slot", "change_set_id", "slot"),
        Index("ix_tariff_change_item_size", "change_set_id", "size"),
        tenancy(Tenancy.SYSTEM),
    )

    change_set_id: Mapped[UUID] = mapped_column(ForeignKey("tariff_change.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    effect: Mapped[str]
    hs8: Mapped[str]
    subline10: Mapped[str]
    kind: Mapped[str]
    scheme: Mapped[str]
    geo: Mapped[str]
    variant: Mapped[str]
    slot: Mapped[str] = mapped_column(Computed(SLOT, persisted=True))
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    expr: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    conditions: Mapped[dict[str, Any]]
    instrument_id: Mapped[str | None] = mapped_column(comment="may be an instrument that the set adds")
    article: Mapped[str | None]
    annex: Mapped[str | None]
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    was: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="what held on the first of these days, for people"
    )
    size: Mapped[Decimal | None] = mapped_column(
        Numeric(20, 6),
        comment="points of percent between before and after; empty where they cannot be compared",
    )


class TariffChangeHeading(Base):
    """One step of a change: on these days a line of the nomenclature reads so, or is no more."""

    __tablename__ = "tariff_change_heading"
    __table_args__ = (
        CheckConstraint("effect in ('ADDED', 'CHANGED', 'ENDED')", name="effect"),
        CheckConstraint("(effect = 'ENDED') = (title is null)", name="title"),
        CheckConstraint("code ~ '^([0-9]{2}){1,5}$'", name="code"),
        CheckConstraint("not isempty(valid) and not lower_inf(valid)", name="valid"),
        CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name="status"),
        tenancy(Tenancy.SYSTEM),
    )

    change_set_id: Mapped[UUID] = mapped_column(ForeignKey("tariff_change.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    effect: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    title: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    unit: Mapped[str]
    folded: Mapped[str]
    status: Mapped[str]
    was: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="title and unit before"
    )


class TariffChangeGroup(Base):
    """A group of countries that a change adds."""

    __tablename__ = "tariff_change_group"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z][A-Z0-9_]{2,19}$'", name="code"),
        CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name="status"),
        tenancy(Tenancy.SYSTEM),
    )

    change_set_id: Mapped[UUID] = mapped_column(ForeignKey("tariff_change.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]] = mapped_column(comment="in vi and en")
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class TariffChangeMember(Base):
    """A country that is in a group on these days by a change, or no more."""

    __tablename__ = "tariff_change_member"
    __table_args__ = (
        CheckConstraint("effect in ('ADDED', 'ENDED', 'RESTATED')", name="effect"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint("not isempty(valid) and not lower_inf(valid)", name="valid"),
        CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name="status"),
        tenancy(Tenancy.SYSTEM),
    )

    change_set_id: Mapped[UUID] = mapped_column(ForeignKey("tariff_change.id"), primary_key=True)
    group_code: Mapped[str] = mapped_column(primary_key=True, comment="may be a group that the set adds")
    country: Mapped[str] = mapped_column(primary_key=True, comment="ISO 3166-1 alpha-2")
    effect: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    instrument_id: Mapped[str | None] = mapped_column(comment="may be an instrument that the set adds")
    article: Mapped[str | None]
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


def _unlogged() -> dict[str, Any]:
    return {**tenancy(Tenancy.SYSTEM), "prefixes": ["UNLOGGED"]}


class TariffStagedRate(Base):
    """A rate of a file while it is compared. Rows live within one transaction: nobody else ever sees one."""

    __tablename__ = "tariff_staged_rate"
    __table_args__ = _unlogged()

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    hs8: Mapped[str]
    slot: Mapped[str]
    kind: Mapped[str]
    scheme: Mapped[str]
    geo: Mapped[str]
    variant: Mapped[str]
    days: Mapped[Range[date]] = mapped_column(DATERANGE)
    expr: Mapped[dict[str, Any]]
    mark: Mapped[str]


class TariffStagedHeading(Base):
    """A heading of a file while it is compared."""

    __tablename__ = "tariff_staged_heading"
    __table_args__ = _unlogged()

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]]
    unit: Mapped[str]
    folded: Mapped[str]


class TariffStagedColumn(Base):
    """A column of a file while it is compared: which rates it speaks about, for which days."""

    __tablename__ = "tariff_staged_column"
    __table_args__ = _unlogged()

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    scheme: Mapped[str]
    geo: Mapped[str]
    variant: Mapped[str]
    days: Mapped[Range[date]] = mapped_column(DATERANGE)
