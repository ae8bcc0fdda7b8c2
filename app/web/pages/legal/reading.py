"""What the legal desk reads of the law beyond the book of a day: whole lists, histories, and how changes stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.core import law
from app.core.errors import NotFound
from app.core.law import ChangeItem, ChangeState, Expected, Instrument, LawChangeSet, LawValue
from app.core.law.models import LawApproval, LawChangeItem, LawKey, LawValueRow
from app.core.law.queries import current, to_value
from app.core.law.source import instrument_of
from app.core.law.units import Text
from app.core.settings import ROOT

_CURRENT = func.upper_inf(LawValueRow.recorded)
DECIDED_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Coming:
    """What changes on a day to come; no value means that the key has none from that day on."""

    day: date
    key: str
    value: LawValue | None
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A stored value on both time axes, with the change set that brought it."""

    value: LawValue
    known_from: datetime
    known_to: datetime | None
    change_set_id: UUID


@dataclass(frozen=True, slots=True)
class Decision:
    """A change set with how many changes and approvals it has."""

    change_set: LawChangeSet
    items: int
    approvals: int


def all_titles(session: Session) -> dict[str, Text]:
    """Return the words for people of every key, by key."""
    rows = session.execute(select(LawKey.key, LawKey.title).order_by(LawKey.key))
    return {row.key: row.title for row in rows}


def title_of(session: Session, key: str) -> Text:
    """
    Return the words for people of a key.

    :raises NotFound: there is no such key.
    """
    found = law.titles(session, [key]).get(key)
    if found is None:
        raise NotFound
    return found


def values_on(session: Session, day: date) -> dict[str, LawValue]:
    """Return every value that holds on a day as it is known now, by key."""
    holds = LawValueRow.valid.op("@>")(day)
    rows = session.scalars(select(LawValueRow).where(holds, _CURRENT).order_by(LawValueRow.key))
    return {row.key: to_value(row) for row in rows}


def coming(session: Session, day: date, *, keys: Iterable[str] | None = None) -> list[Coming]:
    """List what begins or ends after a day, nearest first, with what the release announces as expected."""
    later = func.lower(LawValueRow.valid) > day
    query = select(LawValueRow).where(later, _CURRENT)
    following = aliased(LawValueRow)
    followed = (
        select(following.id)
        .where(
            following.key == LawValueRow.key,
            func.upper_inf(following.recorded),
            func.lower(following.valid) == func.upper(LawValueRow.valid),
        )
        .exists()
    )
    ends = select(LawValueRow.key, func.upper(LawValueRow.valid).label("day")).where(
        func.upper(LawValueRow.valid) > day, _CURRENT, ~followed, LawValueRow.unit != "day_kind"
    )
    wanted = None if keys is None else set(keys)
    found = [Coming(value.valid.start, value.key, value) for value in map(to_value, session.scalars(query))]
    found += [Coming(row.day, row.key, None) for row in session.execute(ends)]
    found += [Coming(each.start, each.key, each.value, True) for each in _announced() if each.start > day]
    kept = [each for each in found if wanted is None or each.key in wanted]
    return sorted(kept, key=lambda each: (each.day, each.key, each.expected))


@cache
def _announced() -> tuple[Expected, ...]:
    """Return what the files of this release announce; they do not change while it runs."""
    return law.load_yaml(law.law_files(ROOT / "app")).expected


def history(session: Session, key: str) -> list[Known]:
    """Return all that was ever known of a key: latest days first, and for the same days the latest knowledge first."""
    rows = session.scalars(
        select(LawValueRow)
        .where(LawValueRow.key == key)
        .order_by(
            func.lower(LawValueRow.valid).desc(), func.lower(LawValueRow.recorded).desc(), LawValueRow.id
        )
    )
    return [
        Known(to_value(row), row.recorded.lower, row.recorded.upper, row.change_set_id)
        for row in rows
        if row.recorded.lower is not None
    ]


def timeline(session: Session, key: str) -> tuple[LawValue, ...]:
    """Return the values of a key as they are known now, by date."""
    return current(session, [key])[key]


def held_before(
    session: Session, keys: Iterable[str], instant: datetime
) -> Mapping[str, tuple[LawValue, ...]]:
    """Return what was known of some keys just before an instant."""
    asked = sorted(set(keys))
    known = func.tstzrange(func.lower(LawValueRow.recorded), func.upper(LawValueRow.recorded), "(]")
    rows = session.scalars(
        select(LawValueRow)
        .where(LawValueRow.key.in_(asked), known.op("@>")(instant))
        .order_by(LawValueRow.key, func.lower(LawValueRow.valid))
    )
    found: dict[str, list[LawValue]] = {key: [] for key in asked}
    for row in rows:
        found[row.key].append(to_value(row))
    return {key: tuple(values) for key, values in found.items()}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a change set: the item, the words for its key, and what it replaces."""

    item: ChangeItem
    title: Text
    before: tuple[LawValue, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a change set changes; ``cited`` holds all instruments that its sources may name."""

    steps: list[Step]
    instruments: list[tuple[Instrument, bool]]
    cited: dict[str, Instrument]


def content_of(session: Session, made: LawChangeSet) -> Content:
    """Return what a set changes against what is in force; of a decided one against what was just before."""
    items = law.items_of(session, made.id)
    keys = {item.key for item in items}
    instant = made.in_force_at or made.decided_at
    held = current(session, keys) if instant is None else held_before(session, keys, instant)
    titles, known = law.titles(session, keys), law.instruments(session)
    steps = [
        Step(
            item,
            titles.get(item.key, {"en": item.key}),
            tuple(value for value in held[item.key] if value.valid.overlaps(item.period)),
        )
        for item in sorted(items, key=lambda item: (item.key, item.period.start))
    ]
    told = [instrument_of(raw) for raw in made.instruments]
    added = [(each, instant is None and each.id not in known) for each in told]
    return Content(steps, added, known | {each.id: each for each in told})


def waiting(session: Session) -> list[Decision]:
    """Return the change sets that wait for approval, oldest first."""
    return _counted(session, law.open_change_sets(session))


def waiting_for(session: Session, key: str) -> Sequence[LawChangeSet]:
    """Return the change sets that wait and would change a key."""
    touched = select(LawChangeItem.change_set_id).where(LawChangeItem.key == key)
    open_ones = LawChangeSet.state == ChangeState.PROPOSED
    return session.scalars(
        select(LawChangeSet).where(open_ones, LawChangeSet.id.in_(touched)).order_by(LawChangeSet.id)
    ).all()


def decided(session: Session, *, before: UUID | None) -> tuple[list[Decision], UUID | None]:
    """Return decided change sets, latest first, and the key from which the next page goes on."""
    query = select(LawChangeSet).where(LawChangeSet.state != ChangeState.PROPOSED)
    order = (LawChangeSet.decided_at, LawChangeSet.id)
    if before is not None and (last := session.get(LawChangeSet, before)) is not None and last.decided_at:
        query = query.where(tuple_(*order) < tuple_(last.decided_at, last.id))
    found = session.scalars(
        query.order_by(*(column.desc() for column in order)).limit(DECIDED_SHOWN + 1)
    ).all()
    more = found[DECIDED_SHOWN - 1].id if len(found) > DECIDED_SHOWN else None
    return _counted(session, found[:DECIDED_SHOWN]), more


def _counted(session: Session, sets: Sequence[LawChangeSet]) -> list[Decision]:
    ids = [each.id for each in sets]
    items = _counts(session, LawChangeItem, ids)
    approvals = _counts(session, LawApproval, ids)
    return [
        Decision(each, each.content_count or items.get(each.id, 0), approvals.get(each.id, 0))
        for each in sets
    ]


def _counts(
    session: Session, table: type[LawChangeItem] | type[LawApproval], ids: Sequence[UUID]
) -> dict[UUID, int]:
    grouped = (
        select(table.change_set_id, func.count())
        .where(table.change_set_id.in_(ids))
        .group_by(table.change_set_id)
    )
    return {row[0]: row[1] for row in session.execute(grouped)}
