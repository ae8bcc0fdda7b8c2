"""The legal clock of a dossier: it runs from acceptance, stands still while the applicant must act, and ends. Pure.

Nothing is stored as a countdown: the appointment is computed once at acceptance, pauses are facts, and every other
figure follows from them at the instant at which somebody asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.workflow.calendar import DayException, WorkCalendar
from app.core.workflow.definition import ClockMode

_MINUTE = timedelta(minutes=1)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Pause:
    """
    A stretch during which the clock stands still; no end means that it still does.

    :raises ValueError: the pause ends before it starts.
    """

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError("A pause ends after it starts.")


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a dossier's time for showing: RUN or PAUSE, with its working minutes so far."""

    mode: ClockMode
    start: datetime
    end: datetime | None
    minutes: int


@dataclass(frozen=True, slots=True)
class ClockReading:
    """
    What the clock says at one instant, with all that explains it.

    Minutes are whole working minutes; ``remaining_minutes`` is negative by as much as the dossier is overdue.
    ``overdue`` compares instants, so a result on the evening of the last day is overdue by no working minute.
    """

    mode: ClockMode
    started_at: datetime
    appointment: datetime
    effective_due: datetime
    read_at: datetime
    used_minutes: int
    paused_minutes: int
    remaining_minutes: int
    overdue: bool
    intervals: tuple[Interval, ...]
    exceptions: tuple[DayException, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """
    The clock of one dossier.

    :param started_at: acceptance.
    :param appointment: the instant promised at acceptance, as ``WorkCalendar.due_for_limit`` gave it then.
    :param pauses: stretches in which the clock stands; overlapping ones count once, what lies before the start or
        after the stop not at all.
    :param stopped_at: when the decision was signed, the dossier refused or withdrawn; None while it is open.
    """

    calendar: WorkCalendar
    started_at: datetime
    appointment: datetime
    pauses: tuple[Pause, ...] = ()
    stopped_at: datetime | None = None

    def effective_due(self, now: datetime) -> datetime:
        """
        Return the appointment moved by exactly the working time that the pauses took up to now.

        While a pause lasts this moves on with the time. Raises ``LawValueMissing`` beyond the calendar.
        """
        return effective_due(self.calendar, self.appointment, self._standing(now))

    def remaining(self, now: datetime) -> int:
        """Return the whole working minutes left, negative when overdue; constant while the clock stands."""
        return self.calendar.minutes_between(self._moment(now), self.effective_due(now))

    def mode(self, now: datetime) -> ClockMode:
        """Tell whether the clock runs, stands or has stopped."""
        if self.stopped_at is not None and self.stopped_at <= now:
            return ClockMode.STOP
        standing = any(pause.start <= now and (pause.end is None or now < pause.end) for pause in self.pauses)
        return ClockMode.PAUSE if standing else ClockMode.RUN

    def explain(self, now: datetime) -> ClockReading:
        """Return the reading at an instant with its intervals and the days off that the count went over."""
        moment, due = self._moment(now), self.effective_due(now)
        paused = sum((self.calendar.worked_between(*pause) for pause in self._standing(now)), _NOTHING)
        used = self.calendar.worked_between(self.started_at, moment) - paused
        return ClockReading(
            mode=self.mode(now),
            started_at=self.started_at,
            appointment=self.appointment,
            effective_due=due,
            read_at=moment,
            used_minutes=used // _MINUTE,
            paused_minutes=paused // _MINUTE,
            remaining_minutes=self.calendar.minutes_between(moment, due),
            overdue=moment > due,
            intervals=tuple(self._intervals(now)),
            exceptions=self.calendar.exceptions_between(self.started_at, max(moment, due)),
        )

    def _moment(self, now: datetime) -> datetime:
        return now if self.stopped_at is None else min(now, self.stopped_at)

    def _standing(self, now: datetime) -> list[tuple[datetime, datetime]]:
        return merged(self.pauses, start=self.started_at, end=self._moment(now))

    def _intervals(self, now: datetime) -> Iterable[Interval]:
        at = self.started_at
        for start, end in self._standing(now):
            if at < start:
                yield self._interval(ClockMode.RUN, at, start, now)
            yield self._interval(ClockMode.PAUSE, start, end, now)
            at = end
        if at < self._moment(now):
            yield self._interval(ClockMode.RUN, at, self._moment(now), now)

    def _interval(self, mode: ClockMode, start: datetime, end: datetime, now: datetime) -> Interval:
        lasts = end == now and mode is self.mode(now)
        return Interval(mode, start, None if lasts else end, self.calendar.minutes_between(start, end))


def effective_due(
    calendar: WorkCalendar, appointment: datetime, pauses: Iterable[tuple[datetime, datetime]]
) -> datetime:
    """Return an appointment moved on by the working time of pauses that do not overlap."""
    paused = sum((calendar.worked_between(start, end) for start, end in pauses), _NOTHING)
    return calendar.add_worked(appointment, paused)


def merged(pauses: Iterable[Pause], *, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the pauses cut to a window, an open one until its end, with overlapping and touching ones joined."""
    found: list[tuple[datetime, datetime]] = []
    for pause in sorted(pauses, key=lambda pause: pause.start):
        begins, ends = max(pause.start, start), min(pause.end or end, end)
        if begins >= ends:
            continue
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return found
