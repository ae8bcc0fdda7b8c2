"""What is read of imports and changes: lists, the rows of a difference, its sums, and what is in force as a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.core.kit.text import fold
from app.customs.tariff.models import (
    TariffGeoGroup,
    TariffGeoGroupMember,
    TariffHeading,
    TariffMeasure,
    TariffScheme,
)
from app.customs.tariff.schedules.models import (
    Effect,
    ImportState,
    TariffChange,
    TariffChangeGroup,
    TariffChangeHeading,
    TariffChangeItem,
    TariffChangeMember,
    TariffImport,
)

PAGE = 50
LISTED = 30
LINE = 8


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of a difference are asked for; empty texts ask for all."""

    effect: str = ""
    chapter: str = ""
    column: str = ""
    word: str = ""

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.effect or self.chapter or self.column or self.word)


def imports(session: Session) -> Sequence[TariffImport]:
    """Return the latest imports, the newest first."""
    order = (TariffImport.created_at.desc(), TariffImport.id)
    return session.scalars(select(TariffImport).order_by(*order).limit(LISTED)).all()


def change_of(session: Session, change_id: UUID) -> TariffChange | None:
    """Return a change of the tariff."""
    return session.get(TariffChange, change_id)


def sums(session: Session, change_id: UUID) -> dict[str, int]:
    """Return how many rates of a change have each effect."""
    rows = session.execute(
        select(TariffChangeItem.effect, func.count())
        .where(TariffChangeItem.change_set_id == change_id)
        .group_by(TariffChangeItem.effect)
    )
    return {row[0]: row[1] for row in rows}


def heading_sums(session: Session, change_id: UUID) -> dict[str, int]:
    """Return how many headings of a change have each effect."""
    rows = session.execute(
        select(TariffChangeHeading.effect, func.count())
        .where(TariffChangeHeading.change_set_id == change_id)
        .group_by(TariffChangeHeading.effect)
    )
    return {row[0]: row[1] for row in rows}


def by_chapter(session: Session, change_id: UUID) -> dict[str, dict[str, int]]:
    """Return the effects on rates by chapter."""
    chapter = func.left(TariffChangeItem.hs8, 2)
    rows = session.execute(
        select(chapter, TariffChangeItem.effect, func.count())
        .where(TariffChangeItem.change_set_id == change_id)
        .group_by(chapter, TariffChangeItem.effect)
        .order_by(chapter)
    )
    found: dict[str, dict[str, int]] = {}
    for code, effect, count in rows:
        found.setdefault(code, {})[effect] = count
    return found


def columns_of(session: Session, change_id: UUID) -> dict[str, dict[str, int]]:
    """Return the effects on rates by column: the scheme of a preference, else the kind."""
    named = _column()
    rows = session.execute(
        select(named, TariffChangeItem.effect, func.count())
        .where(TariffChangeItem.change_set_id == change_id)
        .group_by(named, TariffChangeItem.effect)
        .order_by(named)
    )
    found: dict[str, dict[str, int]] = {}
    for code, effect, count in rows:
        found.setdefault(code, {})[effect] = count
    return found


def items(
    session: Session, change_id: UUID, wanted: Filter, *, page: int = 1, size: int = PAGE
) -> tuple[Sequence[TariffChangeItem], int]:
    """
    Return a page of a difference and how many rows there are, what changes most first.

    Rates that cannot be compared (an amount instead of a percentage) stand before those that can: nobody sees their
    size at a glance.
    """
    chosen = _items(change_id, wanted)
    count = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    rank = case(
        (and_(TariffChangeItem.effect == Effect.CHANGED.value, TariffChangeItem.size.is_(None)), 0),
        (TariffChangeItem.effect == Effect.CHANGED.value, 1),
        (TariffChangeItem.effect == Effect.ENDED.value, 2),
        (TariffChangeItem.effect == Effect.ADDED.value, 3),
        else_=4,
    )
    order = (rank, TariffChangeItem.size.desc().nulls_last(), TariffChangeItem.position)
    found = session.scalars(chosen.order_by(*order).offset((page - 1) * size).limit(size)).all()
    return found, count


def all_items(session: Session, change_id: UUID, wanted: Filter) -> Iterator[TariffChangeItem]:
    """Give every row of a difference in the order of the schedule."""
    return iter(session.scalars(_items(change_id, wanted).order_by(TariffChangeItem.position).limit(300_000)))


def _items(change_id: UUID, wanted: Filter) -> Any:
    query = select(TariffChangeItem).where(TariffChangeItem.change_set_id == change_id)
    if wanted.effect:
        query = query.where(TariffChangeItem.effect == wanted.effect)
    if wanted.chapter:
        query = query.where(TariffChangeItem.hs8.startswith(wanted.chapter, autoescape=True))
    if wanted.column:
        query = query.where(_column() == wanted.column)
    if wanted.word:
        digits = "".join(character for character in wanted.word if character.isdigit())
        named = select(TariffHeading.code).where(
            func.upper_inf(TariffHeading.recorded),
            TariffHeading.folded.contains(fold(wanted.word), autoescape=True),
        )
        written = select(TariffChangeHeading.code).where(
            TariffChangeHeading.change_set_id == change_id,
            TariffChangeHeading.folded.contains(fold(wanted.word), autoescape=True),
        )
        places: list[Any] = [TariffChangeItem.hs8.in_(named), TariffChangeItem.hs8.in_(written)]
        if digits:
            places.append(TariffChangeItem.hs8.startswith(digits[:LINE]))
        query = query.where(or_(*places))
    return query


def _column() -> Any:
    return func.coalesce(func.nullif(TariffChangeItem.scheme, ""), TariffChangeItem.kind)


def headings(session: Session, change_id: UUID, *, limit: int = PAGE) -> Sequence[TariffChangeHeading]:
    """Return the headings that a change renames or ends, before those that it adds."""
    rank = case(
        (TariffChangeHeading.effect == Effect.CHANGED.value, 0),
        (TariffChangeHeading.effect == Effect.ENDED.value, 1),
        else_=2,
    )
    return session.scalars(
        select(TariffChangeHeading)
        .where(TariffChangeHeading.change_set_id == change_id)
        .order_by(rank, TariffChangeHeading.code)
        .limit(limit)
    ).all()


def titles(session: Session, change_id: UUID | None, codes: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """Return the descriptions of lines: as they are known, else as a change brings them."""
    found: dict[str, Mapping[str, str]] = {}
    if change_id is not None:
        brought = select(TariffChangeHeading.code, TariffChangeHeading.title).where(
            TariffChangeHeading.change_set_id == change_id,
            TariffChangeHeading.code.in_(codes),
            TariffChangeHeading.title.is_not(None),
        )
        found = {code: title for code, title in session.execute(brought) if title}
    known = select(TariffHeading.code, TariffHeading.title).where(
        TariffHeading.code.in_(codes), func.upper_inf(TariffHeading.recorded)
    )
    return {**{row[0]: row[1] for row in session.execute(known)}, **found}


def held(session: Session, hs8: str) -> Sequence[TariffMeasure]:
    """Return all rates of a line as they are known now, by kind and date."""
    order = (TariffMeasure.kind, TariffMeasure.scheme, TariffMeasure.geo, func.lower(TariffMeasure.valid))
    return session.scalars(
        select(TariffMeasure)
        .where(TariffMeasure.hs8 == hs8, func.upper_inf(TariffMeasure.recorded))
        .order_by(*order, TariffMeasure.id)
    ).all()


def line_known(session: Session, hs8: str, day: date) -> bool:
    """Tell whether a line of eight digits is in the nomenclature of a day."""
    query = select(TariffHeading.id).where(
        TariffHeading.code == hs8, func.upper_inf(TariffHeading.recorded), TariffHeading.valid.op("@>")(day)
    )
    return session.scalar(query.limit(1)) is not None


def schemes(session: Session) -> Sequence[TariffScheme]:
    """Return the schemes of preference in their order."""
    return session.scalars(select(TariffScheme).order_by(TariffScheme.position, TariffScheme.code)).all()


def geo_groups(session: Session) -> Sequence[TariffGeoGroup]:
    """Return the groups of countries by code."""
    return session.scalars(select(TariffGeoGroup).order_by(TariffGeoGroup.code)).all()


def members_of(session: Session, group: str) -> Sequence[TariffGeoGroupMember]:
    """Return the members of a group as they are known now, with all their days."""
    found = select(TariffGeoGroupMember).where(
        TariffGeoGroupMember.group_code == group, func.upper_inf(TariffGeoGroupMember.recorded)
    )
    order = (TariffGeoGroupMember.country, func.lower(TariffGeoGroupMember.valid))
    return session.scalars(found.order_by(*order)).all()


def member_counts(session: Session, day: date) -> dict[str, int]:
    """Return how many countries are in each group on a day."""
    rows = session.execute(
        select(TariffGeoGroupMember.group_code, func.count())
        .where(func.upper_inf(TariffGeoGroupMember.recorded), TariffGeoGroupMember.valid.op("@>")(day))
        .group_by(TariffGeoGroupMember.group_code)
    )
    return {row[0]: row[1] for row in rows}


def rates_naming(session: Session, group: str) -> int:
    """Return how many rates that are known now name a group."""
    query = select(func.count()).where(TariffMeasure.geo == group, func.upper_inf(TariffMeasure.recorded))
    return session.scalar(query) or 0


def changed_groups(session: Session, change_id: UUID) -> Sequence[TariffChangeGroup]:
    """Return the groups that a change adds."""
    found = select(TariffChangeGroup).where(TariffChangeGroup.change_set_id == change_id)
    return session.scalars(found.order_by(TariffChangeGroup.code)).all()


def changed_members(session: Session, change_id: UUID) -> Sequence[TariffChangeMember]:
    """Return the members that a change adds to groups or takes out."""
    found = select(TariffChangeMember).where(TariffChangeMember.change_set_id == change_id)
    return session.scalars(found.order_by(TariffChangeMember.group_code, TariffChangeMember.country)).all()


def reading(session: Session) -> int:
    """Return how many imports are being read now."""
    query = select(func.count()).where(TariffImport.state == ImportState.READING.value)
    return session.scalar(query) or 0
