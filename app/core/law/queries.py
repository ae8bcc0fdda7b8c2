"""The read side: the book of a day, the history of a key, what is in force now, and what waits for approval."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from threading import Lock
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, event, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session, SessionTransaction

from app.core.kit.ranges import Period
from app.core.law.book import LawBook, LawValue, Status, law_value
from app.core.law.models import (
    ChangeState,
    LawApproval,
    LawChangeItem,
    LawChangeSet,
    LawInstrument,
    LawKey,
    LawValueRow,
)
from app.core.law.proposal import Instrument
from app.core.law.timeline import Action, ChangeItem
from app.core.law.units import Json, Text

_MEMO = "law.marker"
_CACHED_DAYS = 128


class _StoredValue(Protocol):
    """The columns that a stored value and a stored item have in common."""

    key: Any
    valid: Any
    value: Any
    unit: Any
    instrument_id: Any
    article: Any
    status: Any
    note: Any
    content_hash: Any


class _Cache:
    """
    Values per day and series, valid for one marker: the change set that took force last.

    A marker is a random id, so what a transaction cached that was rolled back later is never asked for again, and
    several processes need no word between them: each sees in the database which set was last.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._found: OrderedDict[object, tuple[UUID, Any]] = OrderedDict()

    def knows(self, asked: object) -> bool:
        with self._lock:
            return asked in self._found

    def get(self, asked: object, marker: UUID | None) -> Any:
        with self._lock:
            entry = self._found.get(asked)
            if entry is None or entry[0] != marker:
                return None
            self._found.move_to_end(asked)
            return entry[1]

    def put(self, asked: object, marker: UUID | None, found: Any) -> None:
        if marker is None:
            return
        with self._lock:
            self._found[asked] = (marker, found)
            self._found.move_to_end(asked)
            while len(self._found) > self._size:
                self._found.popitem(last=False)


_cache = _Cache(_CACHED_DAYS)

_COLUMNS = (
    LawValueRow.key,
    LawValueRow.valid,
    LawValueRow.value,
    LawValueRow.unit,
    LawValueRow.instrument_id,
    LawValueRow.article,
    LawValueRow.status,
    LawValueRow.note,
    LawValueRow.content_hash,
)
_CURRENT = func.upper_inf(LawValueRow.recorded)


def at(session: Session, day: date, *, known_at: datetime | None = None) -> LawBook:
    """
    Open the book of the law for a day.

    :param day: the local day whose law is asked for.
    :param known_at: aware instant; the book then holds what the platform knew at that time. None: what it knows now.

    Costs one query when the day was not asked before in this process, a cheap look at the last change when it was,
    and none when the same transaction has looked already.
    """
    if known_at is not None:
        then = LawValueRow.recorded.op("@>")(known_at)
        rows = session.execute(select(*_COLUMNS).where(LawValueRow.valid.op("@>")(day), then))
        return LawBook(day, _by_key(map(to_value, rows)), known_at=known_at)
    values: Mapping[str, LawValue] = _cached(
        session, ("day", day), lambda: and_(LawValueRow.valid.op("@>")(day), _CURRENT), _by_key
    )
    return LawBook(day, values)


def count_in_force(session: Session, day: date) -> dict[str, int]:
    """Return how many values hold on a day, by status."""
    rows = session.execute(
        select(LawValueRow.status, func.count())
        .where(LawValueRow.valid.op("@>")(day), _CURRENT)
        .group_by(LawValueRow.status)
    )
    return {str(getattr(status, "value", status)): count for status, count in rows}


def between(session: Session, key: str, start: date, end: date) -> tuple[LawValue, ...]:
    """
    Return the values of a key that hold on any day from `start` until before `end`, by key and date.

    A key that ends in a dot stands for all keys that begin with it: ``calendar.`` is the whole calendar.
    """
    in_time = LawValueRow.valid.op("&&")(Range(start, end, bounds="[)"))
    found: tuple[LawValue, ...] = _cached(
        session, ("between", key, start, end), lambda: and_(_named(key), in_time, _CURRENT), _in_order
    )
    return found


def changed_at(session: Session, key: str) -> datetime | None:
    """Return when values of a key last took force or lost it; a key that ends in a dot stands for all below it."""
    begun, ended = func.lower(LawValueRow.recorded), func.upper(LawValueRow.recorded)
    last: datetime | None = session.scalar(select(func.max(func.greatest(begun, ended))).where(_named(key)))
    return last


def current(session: Session, keys: Iterable[str]) -> dict[str, tuple[LawValue, ...]]:
    """Return the whole timelines of some keys as they are in force, every asked key included."""
    asked = sorted(set(keys))
    found: dict[str, list[LawValue]] = {key: [] for key in asked}
    holds = and_(LawValueRow.key.in_(asked), _CURRENT)
    for value in _in_order(map(to_value, session.execute(select(*_COLUMNS).where(holds)))):
        found[value.key].append(value)
    return {key: tuple(values) for key, values in found.items()}


def forget(session: Session) -> None:
    """Forget what this transaction knows about the last change; for code that has just changed the law."""
    session.info.pop(_MEMO, None)


def instruments(session: Session) -> dict[str, Instrument]:
    """Return all instruments by id."""
    rows = session.scalars(select(LawInstrument).order_by(LawInstrument.id))
    return {
        row.id: Instrument(
            id=row.id,
            kind=row.kind,
            number=row.number,
            title=row.title,
            status=Status(row.status),
            issued_on=row.issued_on,
            in_force_from=row.in_force_from,
            in_force_to=row.in_force_to,
            note=row.note,
        )
        for row in rows
    }


def titles(session: Session, keys: Iterable[str]) -> dict[str, Text]:
    """Return the words for people of some keys."""
    rows = session.execute(select(LawKey.key, LawKey.title).where(LawKey.key.in_(set(keys))))
    return {row.key: row.title for row in rows}


def open_change_sets(session: Session) -> Sequence[LawChangeSet]:
    """Return the change sets that wait for approval, oldest first."""
    waiting = LawChangeSet.state == ChangeState.PROPOSED
    order = (LawChangeSet.proposed_at, LawChangeSet.id)
    return session.scalars(select(LawChangeSet).where(waiting).order_by(*order)).all()


def items_of(session: Session, change_set_id: UUID) -> tuple[ChangeItem, ...]:
    """Return the items of a change set in their order."""
    rows = session.scalars(
        select(LawChangeItem)
        .where(LawChangeItem.change_set_id == change_set_id)
        .order_by(LawChangeItem.position)
    )
    return tuple(_to_item(row) for row in rows)


def approvals_of(session: Session, change_set_id: UUID) -> Sequence[LawApproval]:
    """Return who approved a change set, first approval first."""
    return session.scalars(
        select(LawApproval)
        .where(LawApproval.change_set_id == change_set_id)
        .order_by(LawApproval.at, LawApproval.officer_id)
    ).all()


def to_value(row: "_StoredValue | Row[Any]") -> LawValue:
    """Turn a stored row into the value that readers hold."""
    return LawValue(
        key=row.key,
        value=row.value,
        unit=row.unit,
        valid=to_period(row.valid),
        status=Status(row.status),
        instrument=row.instrument_id,
        article=row.article,
        content_hash=row.content_hash,
        note=row.note,
    )


def to_period(days: Range[date]) -> Period:
    """Turn a stored range of days into a period."""
    if days.lower is None:
        raise ValueError("A value of the law has a first day.")
    return Period(days.lower, days.upper)


def to_range(period: Period) -> Range[date]:
    """Turn a period into a range for the database."""
    return Range(period.start, period.end, bounds="[)")


def _to_item(row: LawChangeItem) -> ChangeItem:
    period = to_period(row.valid)
    if row.action == Action.END:
        return ChangeItem(Action.END, row.key, period)
    value: Json = row.value
    made = law_value(
        key=row.key,
        value=value,
        unit=str(row.unit),
        valid=period,
        status=Status(str(row.status)),
        instrument=row.instrument_id,
        article=row.article,
        note=row.note,
    )
    return ChangeItem(Action.SET, row.key, period, made)


def _named(key: str) -> ColumnElement[bool]:
    if not key.endswith("."):
        return LawValueRow.key == key
    # "/" follows "." in the byte order of the pattern operators, which an index serves whatever the locale.
    return and_(LawValueRow.key.op("~>=~")(key), LawValueRow.key.op("~<~")(key[:-1] + "/"))


def _by_key(values: Iterable[LawValue]) -> Mapping[str, LawValue]:
    return MappingProxyType({value.key: value for value in values})


def _in_order(values: Iterable[LawValue]) -> tuple[LawValue, ...]:
    return tuple(sorted(values, key=lambda value: (value.key, value.valid.start)))


@cache
def _last_change() -> Subquery:
    in_order = LawChangeSet.in_force_at.desc()
    taken = LawChangeSet.in_force_at.is_not(None)
    return select(LawChangeSet.id.label("marker")).where(taken).order_by(in_order).limit(1).subquery()


@cache
def _which_marker() -> Select[Any]:
    return select(_last_change().c.marker)


def _cached(session: Session, asked: object, holds: Callable[[], ColumnElement[bool]], shape: Any) -> Any:
    if _cache.knows(asked):
        found = _cache.get(asked, _marker(session))
        if found is not None:
            return found
    # Marker and values come from one statement, hence from one snapshot.
    last = _last_change()
    query: Select[Any] = select(last.c.marker, *_COLUMNS).select_from(last).outerjoin(LawValueRow, holds())
    rows = session.execute(query).all()
    marker = rows[0].marker if rows else None
    found = shape(to_value(row) for row in rows if row.key is not None)
    _remember(session, marker)
    _cache.put(asked, marker, found)
    return found


def _marker(session: Session) -> UUID | None:
    memo = session.info.get(_MEMO)
    if memo is not None and memo[0] is session.get_transaction() and memo[0] is not None:
        known: UUID | None = memo[1]
        return known
    marker = session.execute(_which_marker()).scalar_one_or_none()
    _remember(session, marker)
    return marker


@event.listens_for(Session, "after_soft_rollback")
def _forget_what_was_undone(session: Session, _transaction: SessionTransaction) -> None:
    forget(session)


def _remember(session: Session, marker: UUID | None) -> None:
    session.info[_MEMO] = (session.get_transaction(), marker)
