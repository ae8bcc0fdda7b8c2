"""Periods of whole days, half-open: the start belongs to them, the end does not."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self


@dataclass(frozen=True, slots=True, order=False)
class Period:
    """
    The days from `start` until before `end`; no end means for ever.

    A period holds at least one day. Moments are not days: a datetime is refused.
    """

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        for day in (self.start, self.end):
            if day is not None and (isinstance(day, datetime) or not isinstance(day, date)):
                raise TypeError(f"A period is made of dates, not of {type(day).__name__}.")
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"A period ends after it starts: {self.start} to {self.end} holds no day.")

    @classmethod
    def of_days(cls, first: date, last: date) -> Self:
        """Make the period of all days from the first to the last, both included, as laws are worded."""
        return cls(first, last + timedelta(days=1))

    @property
    def last_day(self) -> date | None:
        """The last day inside, None when the period has no end."""
        return None if self.end is None else self.end - timedelta(days=1)

    @property
    def days(self) -> int | None:
        """The number of days, None when the period has no end."""
        return None if self.end is None else (self.end - self.start).days

    def contains(self, day: date) -> bool:
        """
        Tell whether a day lies inside.

        :raises TypeError: a datetime, whose day depends on a time zone.
        """
        if isinstance(day, datetime):
            raise TypeError("Ask for a day, not for a moment: its day depends on the time zone.")
        return self.start <= day and (self.end is None or day < self.end)

    def overlaps(self, other: "Period") -> bool:
        """Tell whether the two share at least one day; periods that only touch do not."""
        return self.intersect(other) is not None

    def intersect(self, other: "Period") -> "Period | None":
        """Return the days that both have, None when there is none."""
        start = max(self.start, other.start)
        ends = [end for end in (self.end, other.end) if end is not None]
        end = min(ends, default=None)
        return None if end is not None and end <= start else Period(start, end)

    def __str__(self) -> str:
        return f"[{self.start}, {self.end or '...'})"
