"""The working calendar: which days and hours count, as the law of the calendar says. Pure: no database, no clock.

All instants are aware; days and opening hours are local to the zone that is passed in, which must not change its
offset during the year (no daylight saving). Counting outside the days for which the calendar is complete raises
``LawValueMissing``: a missing holiday is never guessed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from itertools import accumulate
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.core.kit.ranges import Period
from app.core.law.book import LawValue, LawValueMissing, Status
from app.core.law.units import WEEKDAYS, Json, Limit, LimitUnit, OpeningPeriod, Text, opening_hours

COMPLETE = "calendar.complete"
WEEK = "calendar.week"
HOURS = "calendar.working_hours"
DAY = "calendar.day"
PREFIX = "calendar."

_MINUTE = timedelta(minutes=1)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class DayException:
    """A day that is off, or worked, against the usual week; ``status`` tells how sure that is."""

    day: date
    works: bool
    status: Status
    note: Text | None


@dataclass(frozen=True)
class WorkCalendar:
    """
    Working days and opening hours over one stretch of days without a gap.

    Working time is a line on which only open time has length: every instant has a position on it, found by bisection
    in the running totals of the working days, so a question costs O(log n) whatever the distance.
    """

    zone: ZoneInfo
    complete: Period
    days: tuple[date, ...]
    hours: tuple[tuple[OpeningPeriod, ...], ...]
    exceptions: tuple[DayException, ...] = ()
    _totals: tuple[timedelta, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        totals = accumulate(map(_open_time, self.hours), initial=_NOTHING)
        object.__setattr__(self, "_totals", tuple(totals))

    @property
    def minutes_per_day(self) -> int:
        """Return the opening time of the calendar's last working day in minutes, to say minutes in days."""
        return _open_time(self.hours[-1]) // _MINUTE if self.hours else 1

    def is_working(self, day: date) -> bool:
        """
        Tell whether a day is a working day.

        :raises LawValueMissing: the calendar is not complete for that day.
        """
        self._require(day)
        return self._index(day) < len(self.days) and self.days[self._index(day)] == day

    def next_open(self, instant: datetime) -> datetime:
        """
        Return the instant itself while the office is open, else the next opening.

        :raises LawValueMissing: the next opening lies beyond the complete days.
        """
        return self._latest(self._position(instant))

    def next_working_day(self, day: date) -> date:
        """
        Return the day itself when it is a working day, else the next one.

        :raises LawValueMissing: the calendar is not complete up to that day.
        """
        self._require(day)
        return self._nth_from(self._index(day))

    def worked_between(self, start: datetime, end: datetime) -> timedelta:
        """
        Return the exact working time from one instant to another, negative when `end` comes first.

        :raises LawValueMissing: an instant lies outside the complete days.
        """
        return self._position(end) - self._position(start)

    def minutes_between(self, start: datetime, end: datetime) -> int:
        """Return the working time between two instants in whole minutes, rounded down (overdue by 30 s is -1)."""
        return self.worked_between(start, end) // _MINUTE

    def add_worked(self, instant: datetime, amount: timedelta) -> datetime:
        """
        Return the earliest instant by which `amount` of working time has passed, the closing time rather than the
        next opening; for a negative amount the latest instant from which that much leads to `instant`.

        :raises LawValueMissing: the result lies beyond the complete days.
        """
        if not amount:
            return instant
        position = self._position(instant) + amount
        return self._earliest(position) if amount > _NOTHING else self._latest(position)

    def add_minutes(self, instant: datetime, minutes: int) -> datetime:
        """Return the instant after so many working minutes; see :meth:`add_worked`."""
        return self.add_worked(instant, minutes * _MINUTE)

    def closing(self, day: date) -> datetime:
        """
        Return the instant at which the office closes on a working day.

        :raises LawValueMissing: the calendar is not complete for that day.
        :raises ValueError: the day is not a working day.
        """
        if not self.is_working(day):
            raise ValueError(f"{day} is not a working day.")
        return self._local(day, self.hours[self._index(day)][-1].closes)

    def due_for_limit(self, accepted_at: datetime, limit: Limit) -> datetime:
        """
        Return the instant at which a time limit that begins with an acceptance is over.

        - calendar days: the day of acceptance is not counted; a last day that is not worked moves to the next working
          day; due at closing time (Civil Code, Art. 147 and 148: assumed, not compared with the text);
        - working days: the count begins at the opening of the first working day after the day of acceptance; due at
          closing time of the last one; a fraction is that part of the following working day, in whole minutes,
          rounded up;
        - working minutes: the count begins at once when the office is open, else at the next opening.

        :raises LawValueMissing: the calendar is not complete for all days that must be counted.
        """
        accepted_on = self._day(accepted_at)
        match limit.unit:
            case LimitUnit.DAY:
                last = accepted_on + timedelta(days=int(limit.amount))
                return self.closing(self.next_working_day(last))
            case LimitUnit.WORKING_DAY:
                return self._after_working_days(accepted_on, limit.amount)
            case LimitUnit.WORKING_MINUTE:
                return self.add_minutes(accepted_at, int(limit.amount))

    def exceptions_between(self, start: datetime, end: datetime) -> tuple[DayException, ...]:
        """Return the days off and make-up days from the day of one instant to that of another, both included."""
        first, last = self._day(start), self._day(end)
        return tuple(found for found in self.exceptions if first <= found.day <= last)

    def _after_working_days(self, accepted_on: date, amount: Decimal) -> datetime:
        whole = int(amount)
        first = bisect_right(self.days, accepted_on)
        if amount == whole:
            return self.closing(self._nth_from(first + whole - 1))
        day = self._nth_from(first + whole)
        minutes = Decimal(_open_time(self.hours[self._index(day)]) // _MINUTE) * (amount - whole)
        part = int(minutes.to_integral_value(ROUND_CEILING))
        return self.add_minutes(self._local(day, time.min), part)

    def _nth_from(self, index: int) -> date:
        if index >= len(self.days):
            raise LawValueMissing(COMPLETE, self._end)
        return self.days[index]

    def _index(self, day: date) -> int:
        return bisect_left(self.days, day)

    def _position(self, instant: datetime) -> timedelta:
        day = self._day(instant)
        index = self._index(day)
        if index == len(self.days) or self.days[index] != day:
            return self._totals[index]
        spans = ((self._local(day, p.opens), self._local(day, p.closes)) for p in self.hours[index])
        passed = (min(max(instant - opens, _NOTHING), closes - opens) for opens, closes in spans)
        return sum(passed, self._totals[index])

    def _earliest(self, position: timedelta) -> datetime:
        """Return the first instant at a position: at the end of a period, its closing time."""
        return self._at(bisect_left(self._totals, position) - 1, position, at_close=True)

    def _latest(self, position: timedelta) -> datetime:
        """Return the last instant at a position: at the end of a period, the next opening."""
        return self._at(bisect_right(self._totals, position) - 1, position, at_close=False)

    def _at(self, index: int, position: timedelta, *, at_close: bool) -> datetime:
        if index < 0:
            raise LawValueMissing(COMPLETE, self.complete.start - timedelta(days=1))
        if index >= len(self.days):
            raise LawValueMissing(COMPLETE, self._end)
        rest = position - self._totals[index]
        day = self.days[index]
        for period in self.hours[index]:
            opens, length = self._local(day, period.opens), _length(period)
            if rest < length or (at_close and rest == length):
                return opens + rest
            rest -= length
        raise AssertionError("A position lies inside its day.")  # pragma: no cover

    def _local(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.zone)

    def _day(self, instant: datetime) -> date:
        if instant.tzinfo is None:
            raise ValueError("Working time is counted between aware instants.")
        day = instant.astimezone(self.zone).date()
        self._require(day)
        return day

    def _require(self, day: date) -> None:
        if not self.complete.contains(day):
            raise LawValueMissing(COMPLETE, day)

    @property
    def _end(self) -> date:
        return self.complete.end or date.max


def build_calendar(values: Iterable[LawValue], *, zone: ZoneInfo, around: date) -> WorkCalendar:
    """
    Build the calendar of the stretch of complete days that holds a given day.

    :param values: the values of all ``calendar.`` keys, as ``law.between(session, "calendar.", start, end)`` gives
        them; what lies outside of them is not complete.
    :param zone: time zone of days and opening hours, without daylight saving.
    :raises LawValueMissing: the calendar is not complete for `around`, or lacks the week or the hours of a day.
    """
    series: dict[str, list[LawValue]] = {COMPLETE: [], WEEK: [], HOURS: [], DAY: []}
    for value in sorted(values, key=lambda found: found.valid.start):
        if value.key in series:
            series[value.key].append(value)
    complete = _stretch([value.valid for value in series[COMPLETE] if value.flag()], around)
    identity = tuple(
        (found.content_hash, found.valid, found.status) for key in series for found in series[key]
    )
    return _built(_Parts(identity, series), zone, complete)


class _Parts:
    """Values with their identity, so that the same calendar is built once in a process."""

    def __init__(self, identity: object, series: Mapping[str, Sequence[LawValue]]) -> None:
        self.identity = identity
        self.series = series

    def __hash__(self) -> int:
        return hash(self.identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Parts) and self.identity == other.identity


@lru_cache(maxsize=16)
def _built(parts: _Parts, zone: ZoneInfo, complete: Period) -> WorkCalendar:
    exceptions = _exceptions(parts.series[DAY], complete)
    special = {found.day: found.works for found in exceptions}
    week = _daily(parts.series[WEEK], complete, WEEK, _weekdays)
    hours = _daily(parts.series[HOURS], complete, HOURS, opening_hours)
    worked = [
        (day, hours[day])
        for day, weekdays in week.items()
        if special.get(day, WEEKDAYS[day.weekday()] in weekdays)
    ]
    return WorkCalendar(
        zone=zone,
        complete=complete,
        days=tuple(day for day, _ in worked),
        hours=tuple(periods for _, periods in worked),
        exceptions=exceptions,
    )


def _stretch(periods: Sequence[Period], around: date) -> Period:
    """Join periods that touch, and return the one that holds a day."""
    start: date | None = None
    end: date | None = None
    for period in periods:
        if period.end is None:
            raise ValueError("The calendar is complete for a stretch of days, never for ever.")
        if start is None or end is None or period.start > end:
            if start is not None and end is not None and start <= around < end:
                break
            start = period.start
        end = period.end
    if start is None or end is None or not start <= around < end:
        raise LawValueMissing(COMPLETE, around)
    return Period(start, end)


def _days_of(period: Period) -> Iterable[date]:
    return (period.start + timedelta(days=n) for n in range(period.days or 0))


_Read = TypeVar("_Read")


def _daily(
    values: Sequence[LawValue], complete: Period, key: str, read: Callable[[Json], _Read]
) -> dict[date, _Read]:
    found: dict[date, _Read] = {}
    for value in values:
        inside = value.valid.intersect(complete)
        if inside is not None:
            found.update(dict.fromkeys(_days_of(inside), read(value.value)))
    missing = next((day for day in _days_of(complete) if day not in found), None)
    if missing is not None:
        raise LawValueMissing(key, missing)
    return dict(sorted(found.items()))


def _weekdays(value: Json) -> frozenset[str]:
    return frozenset(str(day) for day in value) if isinstance(value, list) else frozenset()


def _exceptions(values: Sequence[LawValue], complete: Period) -> tuple[DayException, ...]:
    return tuple(
        DayException(day, value.text() == "WORK", value.status, value.note)
        for value in values
        if (inside := value.valid.intersect(complete)) is not None
        for day in _days_of(inside)
    )


def _length(period: OpeningPeriod) -> timedelta:
    return datetime.combine(date.min, period.closes) - datetime.combine(date.min, period.opens)


def _open_time(periods: Sequence[OpeningPeriod]) -> timedelta:
    return sum(map(_length, periods), _NOTHING)
