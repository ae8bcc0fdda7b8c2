"""Timelines of one key: what holds when, how a change cuts into it, and how two of them differ. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from typing import Generic, TypeVar

from app.core.evidence.canonical import canonical_json
from app.core.kit.ranges import Period
from app.core.law.book import LawValue, Status

# Stands for "no end" while days are compared; no law holds until then.
_FOR_EVER = date.max


class Action(StrEnum):
    """What an item of a change does to the days that it names."""

    SET = "SET"
    END = "END"


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """
    One step of a change: on these days the key has this value (SET), or no value any more (END).

    Whatever held on those days gives way; what held before and after them stays.
    """

    action: Action
    key: str
    period: Period
    value: LawValue | None = None

    def __post_init__(self) -> None:
        if (self.action is Action.SET) != (self.value is not None):
            raise ValueError("A value is named when one is set, and only then.")
        if self.value is not None and (self.value.key != self.key or self.value.valid != self.period):
            raise ValueError("An item and its value name the same key and the same days.")


def set_value(value: LawValue) -> ChangeItem:
    """Make the item that puts a value in force on its days."""
    return ChangeItem(Action.SET, value.key, value.valid, value)


def end_value(key: str, period: Period) -> ChangeItem:
    """Make the item that leaves a key without a value on some days."""
    return ChangeItem(Action.END, key, period)


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Cut(Generic[Row]):
    """What a change does to the stored rows of one key: rows to close, rest pieces and new values to write."""

    closed: tuple[Row, ...]
    rests: tuple[tuple[Row, Period], ...]
    added: tuple[LawValue, ...]


def cut(rows: Iterable[tuple[Period, Row]], items: Sequence[ChangeItem]) -> Cut[Row]:
    """
    Lay the items of one key over its current rows, in order.

    A row that loses days is closed; the pieces that it keeps are written anew with the same content. A row that
    keeps all its days is left alone. A later item wins over an earlier one.
    """
    pieces: list[tuple[Period, Row | None, LawValue | None]] = [(period, row, None) for period, row in rows]
    before = [(period, row) for period, row, _ in pieces if row is not None]
    for item in items:
        pieces = [
            (rest, row, value) for period, row, value in pieces for rest in without(period, item.period)
        ]
        if item.value is not None:
            pieces.append((item.period, None, item.value))
    kept = [(period, row) for period, row, _ in pieces if row is not None]
    closed = tuple(row for period, row in before if (period, row) not in kept)
    rests = tuple((row, period) for period, row in kept if (period, row) not in before)
    added = tuple(replace(value, valid=period) for period, _, value in pieces if value is not None)
    return Cut(closed, rests, added)


def without(period: Period, taken: Period) -> Iterator[Period]:
    """Yield the parts of a period, at most two, that lie outside another."""
    if not period.overlaps(taken):
        yield period
        return
    if period.start < taken.start:
        yield Period(period.start, taken.start)
    if taken.end is not None and (period.end is None or taken.end < period.end):
        yield Period(taken.end, period.end)


def plan(
    old: Sequence[LawValue], new: Sequence[LawValue], current: Sequence[LawValue], *, key: str
) -> tuple[ChangeItem, ...]:
    """
    List the items by which a newer source of one key changes what is in force.

    Only days on which the source itself changed (`old` to `new`) are touched, so that values which an
    installation entered for itself stay; and of those only the days on which `current` does not agree yet.
    """
    items: list[ChangeItem] = []
    for period in _spans(old, new, current):
        was, wanted, held = (_on(values, period.start) for values in (old, new, current))
        if _agree(was, wanted) or _agree(held, wanted):
            continue
        item = end_value(key, period) if wanted is None else set_value(replace(wanted, valid=period))
        if items and _continues(items[-1], item):
            item = _joined(items.pop(), item)
        items.append(item)
    return tuple(items)


def fingerprint(values: Iterable[LawValue]) -> str:
    """Return a hash of timelines with their days and status: equal when and only when nothing has moved."""
    rows = sorted(
        (v.key, v.valid.start.isoformat(), str(v.valid.end), v.content_hash, v.status.value) for v in values
    )
    return sha256(canonical_json([list(row) for row in rows])).hexdigest()


def _spans(*timelines: Sequence[LawValue]) -> Iterator[Period]:
    edges = sorted({edge for values in timelines for v in values for edge in (v.valid.start, _end(v.valid))})
    for start, end in pairwise(edges):
        yield Period(start, None if end == _FOR_EVER else end)


def _end(period: Period) -> date:
    return period.end or _FOR_EVER


def _on(values: Sequence[LawValue], day: date) -> LawValue | None:
    return next((value for value in values if value.valid.contains(day)), None)


def _agree(held: LawValue | None, wanted: LawValue | None) -> bool:
    if held is None or wanted is None:
        return held is wanted
    # What officers verified is not lowered again by a source that merely cites or assumes the same content.
    same_trust = held.status is wanted.status or held.status is Status.VERIFIED
    return held.content_hash == wanted.content_hash and same_trust


def _continues(first: ChangeItem, second: ChangeItem) -> bool:
    if first.period.end != second.period.start or first.action is not second.action:
        return False
    if first.value is None or second.value is None:
        return True
    return replace(first.value, valid=second.value.valid) == second.value


def _joined(first: ChangeItem, second: ChangeItem) -> ChangeItem:
    period = Period(first.period.start, second.period.end)
    value = replace(first.value, valid=period) if first.value is not None else None
    return ChangeItem(first.action, first.key, period, value)
