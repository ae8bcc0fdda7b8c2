"""Looking into the schedule: one heading, its place in the nomenclature, searching by code or words, timelines."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, true
from sqlalchemy.orm import Session

from app.core.kit.ranges import Period
from app.core.kit.text import fold
from app.core.law.models import LawInstrument
from app.customs.tariff.domain.expressions import Expression, parse
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.models import (
    TariffExchangeRate,
    TariffGeoGroup,
    TariffGeoGroupMember,
    TariffHeading,
    TariffMeasure,
    TariffScheme,
)

LINE_DIGITS = 8
_OPEN = func.upper_inf
_SCHEME_CODES = select(TariffScheme.code)


@dataclass(frozen=True, slots=True)
class Heading:
    """A code of the nomenclature on a day."""

    code: str
    title: dict[str, str]
    unit: str
    status: str
    valid: Period


@dataclass(frozen=True, slots=True)
class Scheme:
    """A treatment with the papers that prove origin for it."""

    code: str
    title: dict[str, str]
    schedule_code: str
    papers: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """One row of the schedule as a page lists it."""

    id: UUID
    subline10: str
    kind: Kind
    scheme: str
    geo: str
    variant: str
    valid: Period
    recorded_from: datetime
    recorded_to: datetime | None
    expr: Expression
    conditions: dict[str, Any]
    act: str
    article: str
    annex: str
    status: str
    note: dict[str, str] | None


def heading(session: Session, code: str, day: date) -> Heading | None:
    """Return a code of the nomenclature as it holds on a day."""
    query = _headings(day).where(TariffHeading.code == code)
    row = session.execute(query).one_or_none()
    return _heading(row) if row else None


def lineage(session: Session, code: str, day: date) -> list[Heading]:
    """Return what a code belongs to, chapter first, the code itself last, as far as the schedule has it."""
    codes = [code[:digits] for digits in range(2, len(code) + 1, 2)]
    rows = session.execute(_headings(day).where(TariffHeading.code.in_(codes)).order_by(TariffHeading.code))
    return [_heading(row) for row in rows]


def below(session: Session, code: str, day: date) -> list[Heading]:
    """Return all codes below one; below the empty code, the chapters."""
    query = _headings(day).order_by(TariffHeading.code)
    if not code:
        return [_heading(row) for row in session.execute(query.where(func.length(TariffHeading.code) == 2))]  # noqa: PLR2004
    return [_heading(row) for row in session.execute(query.where(_under(code), TariffHeading.code != code))]


def search_headings(
    session: Session, asked: str, day: date, *, limit: int = 20, lines_only: bool = False
) -> list[Heading]:
    """
    Find codes by their digits or by words in Vietnamese or English; accents and case do not matter.

    :param asked: digits with or without points, or words; every word must be there, each may be cut short.
    :param lines_only: only lines that goods are declared under (8 or 10 digits).
    """
    query = _headings(day).order_by(TariffHeading.code).limit(limit)
    if lines_only:
        query = query.where(func.length(TariffHeading.code) >= LINE_DIGITS)
    digits = re.sub(r"[\s.]", "", asked)
    if digits.isascii() and digits.isdigit():
        return [_heading(row) for row in session.execute(query.where(_under(digits[:10])))]
    words = fold(asked).split()
    if not words:
        return []
    held = and_(*(TariffHeading.folded.contains(f" {word}", autoescape=True) for word in words[:8]))
    return [_heading(row) for row in session.execute(query.where(held))]


def folded_words(code: str, title: dict[str, str]) -> str:
    """Return code and titles as a search compares them, a space before each word."""
    return " " + fold(" ".join((code, title.get("vi", ""), title.get("en", ""))))


def measure_lines(session: Session, hs8: str, day: date | None) -> list[MeasureLine]:
    """Return the rows of a line that hold on a day; with no day, every row that was ever recorded."""
    query = (
        select(TariffMeasure, LawInstrument.number)
        .outerjoin(LawInstrument, LawInstrument.id == TariffMeasure.instrument_id)
        .where(TariffMeasure.hs8 == hs8)
        .order_by(
            TariffMeasure.kind, TariffMeasure.scheme, TariffMeasure.geo, TariffMeasure.subline10,
            TariffMeasure.variant, func.lower(TariffMeasure.valid), func.lower(TariffMeasure.recorded),
        )
    )  # fmt: skip
    if day is not None:
        query = query.where(*_holds(TariffMeasure.valid, day), _OPEN(TariffMeasure.recorded))
    return [_line(row.TariffMeasure, row.number) for row in session.execute(query)]


def schemes(session: Session) -> dict[str, Scheme]:
    """Return all treatments by code, in their order."""
    rows = session.scalars(select(TariffScheme).order_by(TariffScheme.position, TariffScheme.code))
    return {
        row.code: Scheme(row.code, row.title, row.schedule_code, tuple(row.papers), row.status)
        for row in rows
    }


def scheme_codes(session: Session) -> frozenset[str]:
    """Return the codes of all treatments."""
    return frozenset(session.scalars(_SCHEME_CODES))


def group_titles(session: Session) -> dict[str, dict[str, str]]:
    """Return the words for people of all groups."""
    return {row.code: row.title for row in session.execute(select(TariffGeoGroup.code, TariffGeoGroup.title))}


def members(session: Session, day: date) -> dict[str, list[str]]:
    """Return the countries of all groups on a day."""
    rows = session.execute(
        select(TariffGeoGroupMember.group_code, TariffGeoGroupMember.country)
        .where(TariffGeoGroupMember.valid.contains(day), _OPEN(TariffGeoGroupMember.recorded))
        .order_by(TariffGeoGroupMember.group_code, TariffGeoGroupMember.country)
    )
    found: dict[str, list[str]] = {}
    for group, country in rows:
        found.setdefault(group, []).append(country)
    return found


def rate_of_exchange(session: Session, currency: str, day: date) -> TariffExchangeRate | None:
    """Return the rate of a currency for declarations registered on a day."""
    rate = TariffExchangeRate
    return session.scalars(
        select(rate).where(rate.currency == currency, rate.valid.contains(day), _OPEN(rate.recorded))
    ).one_or_none()


def _headings(day: date) -> Select[Any]:
    found = TariffHeading
    return select(found.code, found.title, found.unit, found.status, found.valid).where(
        *_holds(found.valid, day), _OPEN(found.recorded)
    )


def _holds(valid: Any, day: date) -> tuple[ColumnElement[bool], ...]:
    """Tell which rows hold on a day without the operator of ranges: see ``_HOLDS`` of the facts."""
    return func.lower(valid) <= day, func.coalesce(func.upper(valid) > day, true())


def _under(code: str) -> ColumnElement[bool]:
    return TariffHeading.code.startswith(code, autoescape=True)


def _heading(row: Row[Any]) -> Heading:
    return Heading(row.code, row.title, row.unit, row.status, _period(row.valid))


def _line(row: TariffMeasure, act: str | None) -> MeasureLine:
    begun = row.recorded.lower
    if begun is None:
        raise ValueError("A recorded row has a first instant.")
    return MeasureLine(
        id=row.id, subline10=row.subline10, kind=Kind(row.kind), scheme=row.scheme, geo=row.geo, variant=row.variant,
        valid=_period(row.valid), recorded_from=begun, recorded_to=row.recorded.upper, expr=parse(row.expr),
        conditions=row.conditions, act=act or "", article=row.article or "", annex=row.annex or "", status=row.status,
        note=row.note,
    )  # fmt: skip


def _period(days: Any) -> Period:
    return Period(days.lower, days.upper)
