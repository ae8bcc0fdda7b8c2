"""The legal clock in words and colour: what chips and sentences show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.kit.time import local_day
from app.core.law import LawValueMissing
from app.core.workflow.calendar import WorkCalendar
from app.core.workflow.definition import ClockMode
from app.core.workflow.models import Case, ClockInterval
from app.core.workflow.timekeeping import calendar_of

# A choice of display, no rule of law: amber from two working days before the end.
DUE_SOON_DAYS = 2


@dataclass(frozen=True, slots=True)
class ClockReader:
    """Reads clocks against one calendar at one instant; make one for a page."""

    calendar: WorkCalendar | None
    now: datetime

    def view(self, clock: ClockMode, due_at: datetime | None) -> Mapping[str, Any] | None:
        """
        Return ``state`` for the clock chip, ``minutes`` left (negative when overdue) and ``per_day``.

        None when no clock is involved. ``minutes`` is None when the calendar does not reach that far.
        """
        if clock is ClockMode.OFF or due_at is None:
            return None
        if clock is ClockMode.STOP:
            return {"state": "done", "minutes": None, "per_day": 1, "due_at": due_at}
        minutes = self._left(due_at)
        per_day = self.calendar.minutes_per_day if self.calendar else 1
        if clock is ClockMode.PAUSE:
            state = "paused"
        elif due_at < self.now:
            state = "overdue"
        elif minutes is not None and minutes <= DUE_SOON_DAYS * per_day:
            state = "due_soon"
        else:
            state = "on_time"
        return {"state": state, "minutes": minutes, "per_day": per_day, "due_at": due_at}

    def took(self, start: datetime, end: datetime) -> int | None:
        """Return the working minutes between two instants; None when the calendar does not reach there."""
        if self.calendar is None:
            return None
        try:
            return max(0, self.calendar.minutes_between(start, end))
        except LawValueMissing:
            return None

    def words(self, case: Case, pauses: Sequence[ClockInterval]) -> Mapping[str, Any]:
        """Return what a sentence about a dossier's clock needs: time left, dates, time that the clock stood still."""
        left = None
        if case.clock == ClockMode.RUN and case.due_at is not None and self.calendar is not None:
            left = self._left(case.due_at)
        return {
            "left": left,
            "per_day": self.calendar.minutes_per_day if self.calendar else 1,
            "appointment_at": case.appointment_at,
            "rescheduled_to": case.rescheduled_to,
            "recounted": case.due_at if case.recounted_at is not None else None,
            "paused": sum(self.took(each.started_at, each.ended_at or self.now) or 0 for each in pauses),
        }

    def until(self, due_at: datetime) -> Mapping[str, Any]:
        """Return the view of a deadline that simply runs."""
        view = self.view(ClockMode.RUN, due_at)
        assert view is not None, "a running clock is always shown"
        return view

    def _left(self, due_at: datetime) -> int | None:
        if self.calendar is None:
            return None
        try:
            if due_at < self.now:
                return -self.calendar.minutes_between(due_at, self.now)
            return self.calendar.minutes_between(self.now, due_at)
        except LawValueMissing:
            return None


def clock_reader(session: Session, *, now: datetime, zone: ZoneInfo) -> ClockReader:
    """Return a reader for now; without a calendar in the law data it still tells late from early."""
    try:
        return ClockReader(calendar_of(session, local_day(now, zone), zone), now)
    except LawValueMissing:
        return ClockReader(None, now)
