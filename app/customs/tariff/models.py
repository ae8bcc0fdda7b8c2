"""Tables of the tariff. All are public reference (SHARED); what was recorded is append-only by trigger."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Numeric, text
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.kit.ids import uuid7

# One place in the schedule: what may hold one rate only on one day, as known at one instant.
SLOT = "hs8 || '|' || subline10 || '|' || kind || '|' || scheme || '|' || geo || '|' || variant"


def _status() -> CheckConstraint:
    return CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name="status")


def _days() -> CheckConstraint:
    return CheckConstraint("not isempty(valid) and not lower_inf(valid)", name="valid")


class TariffHeading(Base):
    """A line of the nomenclature: chapter (2 digits), heading (4), subheading (6), line (8) or sub-line (10)."""

    __tablename__ = "tariff_heading"
    __table_args__ = (
        ExcludeConstraint(
            ("code", "="),
            ("valid", "&&"),
            ("recorded", "&&"),
            name="ex_tariff_heading_one_at_a_time",
            using="gist",
        ),
        CheckConstraint("code ~ '^([0-9]{2}){1,5}$'", name="code"),
        _days(),
        _status(),
        Index("ix_tariff_heading_code", "code", postgresql_ops={"code": "text_pattern_ops"}),
        Index(
            "ix_tariff_heading_folded",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(comment="2, 4, 6, 8 or 10 digits without points")
    title: Mapped[dict[str, Any]] = mapped_column(comment="in vi and en")
    unit: Mapped[str] = mapped_column(comment="unit of quantity (UN/ECE code), empty where none is asked for")
    folded: Mapped[str] = mapped_column(comment="code and titles as a search compares them")
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    recorded: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    status: Mapped[str]
    change_set_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("law_change_set.id"), index=True, comment="the set that wrote the row; empty: first load"
    )


class TariffMeasure(Base):
    """
    One rate of one line, with two clocks: `valid` (the days on which it is law) and `recorded` (when it was known).

    Append-only: a trigger refuses DELETE, and lets UPDATE only close an open `recorded`. A row carries the change set
    that wrote it, which must be in force; rows without one are those of the first load.
    """

    __tablename__ = "tariff_measure"
    __table_args__ = (
        # Among what is known now; guards let rows end and begin at the latest instant only, so that this is enough.
        ExcludeConstraint(
            (text("hashtextextended(slot, 0)"), "="),
            ("valid", "&&"),
            name="ex_tariff_measure_one_at_a_time",
            using="gist",
            where=text("upper_inf(recorded)"),
        ),
        CheckConstraint("hs8 ~ '^[0-9]{8}$'", name="hs8"),
        CheckConstraint("subline10 = '' or subline10 ~ ('^' || hs8 || '[0-9]{2}$')", name="subline10"),
        CheckConstraint(
            "kind in ('MFN', 'ORDINARY', 'PREFERENCE', 'EXPORT', 'EXPORT_PREFERENCE', 'ANTI_DUMPING',"
            " 'COUNTERVAILING', 'SAFEGUARD', 'EXCISE', 'ENVIRONMENT', 'VAT')",
            name="kind",
        ),
        CheckConstraint(
            "(kind in ('PREFERENCE', 'EXPORT_PREFERENCE')) = (scheme <> '' and geo <> '')", name="scheme"
        ),
        CheckConstraint("jsonb_typeof(expr) = 'object' and expr ? 'op'", name="expr"),
        CheckConstraint("jsonb_typeof(conditions) = 'object'", name="conditions"),
        _days(),
        _status(),
        Index("ix_tariff_measure_hs8", "hs8", "valid"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    hs8: Mapped[str]
    subline10: Mapped[str] = mapped_column(comment="empty: the whole line of 8 digits")
    kind: Mapped[str]
    scheme: Mapped[str] = mapped_column(comment="preference scheme such as ACFTA; else empty")
    geo: Mapped[str] = mapped_column(
        comment="group (tariff_geo_group) or country (ISO 3166) of origin or destination; empty: all"
    )
    variant: Mapped[str] = mapped_column(comment="tells rates of one line apart: OUT_OF_QUOTA, a producer, …")
    slot: Mapped[str] = mapped_column(Computed(SLOT, persisted=True))
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    recorded: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    expr: Mapped[dict[str, Any]] = mapped_column(comment="expression of the rate; numbers are texts")
    conditions: Mapped[dict[str, Any]] = mapped_column(comment="what else must hold: vat_reduction, quota, …")
    instrument_id: Mapped[str | None] = mapped_column(ForeignKey("law_instrument.id"), index=True)
    article: Mapped[str | None]
    annex: Mapped[str | None]
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    change_set_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("law_change_set.id"), index=True, comment="the set that wrote the row; empty: first load"
    )


class TariffScheme(Base):
    """A tariff treatment that a line may claim: MFN, ORDINARY or a preference, with the papers that prove origin."""

    __tablename__ = "tariff_scheme"
    __table_args__ = (_status(), tenancy(Tenancy.SHARED))

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]] = mapped_column(comment="in vi and en")
    schedule_code: Mapped[str] = mapped_column(comment="code on the declaration (B01 …); empty where unknown")
    papers: Mapped[list[Any]] = mapped_column(comment="papers that prove origin, one of them is enough")
    position: Mapped[int]
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class TariffGeoGroup(Base):
    """A group of countries that measures name, for example the members of an agreement."""

    __tablename__ = "tariff_geo_group"
    __table_args__ = (_status(), tenancy(Tenancy.SHARED))

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]] = mapped_column(comment="in vi and en")
    status: Mapped[str]
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class TariffGeoGroupMember(Base):
    """A country in a group, for a time."""

    __tablename__ = "tariff_geo_group_member"
    __table_args__ = (
        ExcludeConstraint(
            ("group_code", "="),
            ("country", "="),
            ("valid", "&&"),
            ("recorded", "&&"),
            name="ex_tariff_geo_group_member_one_at_a_time",
            using="gist",
        ),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        _days(),
        _status(),
        Index("ix_tariff_geo_group_member_country", "country", "group_code"),
        Index("ix_tariff_geo_group_member_group_code", "group_code"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    group_code: Mapped[str] = mapped_column(ForeignKey("tariff_geo_group.code"))
    country: Mapped[str] = mapped_column(comment="ISO 3166-1 alpha-2")
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    recorded: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    status: Mapped[str]
    instrument_id: Mapped[str | None] = mapped_column(ForeignKey("law_instrument.id"), index=True)
    article: Mapped[str | None]
    change_set_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("law_change_set.id"), index=True, comment="the set that wrote the row; empty: first load"
    )


class TariffExchangeSheet(Base):
    """The rates of one week as an officer entered them; a second officer puts them in force or sends them back."""

    __tablename__ = "tariff_exchange_sheet"
    __table_args__ = (
        CheckConstraint("state in ('ENTERED', 'IN_FORCE', 'REFUSED')", name="state"),
        CheckConstraint("(state = 'ENTERED') = (decided_at is null)", name="decided_at"),
        CheckConstraint("state <> 'IN_FORCE' or decided_by <> entered_by", name="second_officer"),
        CheckConstraint("state <> 'REFUSED' or reason <> ''", name="reason"),
        CheckConstraint("extract(isodow from week) = 1", name="week"),
        Index("ix_tariff_exchange_sheet_week", "week", "id"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    week: Mapped[date] = mapped_column(comment="the Monday from which the rates hold")
    rate_day: Mapped[date] = mapped_column(comment="the banking day whose rates they are")
    rates: Mapped[dict[str, Any]] = mapped_column(comment="VND for one unit, by currency; numbers are texts")
    source: Mapped[str] = mapped_column(comment="where the officer read them")
    state: Mapped[str]
    entered_by: Mapped[UUID]
    entered_by_name: Mapped[str]
    entered_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class TariffExchangeRate(Base):
    """A rate of exchange for customs, valid from a Monday until before the next one."""

    __tablename__ = "tariff_exchange_rate"
    __table_args__ = (
        ExcludeConstraint(
            ("currency", "="),
            ("valid", "&&"),
            ("recorded", "&&"),
            name="ex_tariff_exchange_rate_one_at_a_time",
            using="gist",
        ),
        CheckConstraint("currency ~ '^[A-Z]{3}$' and currency <> 'VND'", name="currency"),
        CheckConstraint("rate > 0", name="rate"),
        CheckConstraint("extract(isodow from lower(valid)) = 1", name="week"),
        CheckConstraint("(sheet_id is null) <= (status = 'ASSUMED')", name="sheet"),
        _days(),
        _status(),
        Index("ix_tariff_exchange_rate_currency", "currency", "valid"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    currency: Mapped[str]
    rate: Mapped[Decimal] = mapped_column(Numeric(20, 6), comment="VND for one unit of the currency")
    rate_day: Mapped[date] = mapped_column(comment="the banking day whose rate it is")
    source: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    recorded: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    status: Mapped[str]
    sheet_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tariff_exchange_sheet.id"), index=True, comment="empty: made up for the demo zone"
    )
