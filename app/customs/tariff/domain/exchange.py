"""The weekly rule of exchange: the rate of one weekday serves all declarations registered in the following week."""

from collections.abc import Callable
from datetime import date, timedelta

from app.core.kit.ranges import Period

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_WEEK = timedelta(days=7)


def week_of(day: date) -> Period:
    """Return the week of a local day: from its Monday until before the next one."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + _WEEK)


def rate_day(week: date, weekday: str, is_working: Callable[[date], bool]) -> date:
    """
    Return the banking day whose rates serve a week.

    :param week: the Monday from which the rates hold.
    :param weekday: the day of the week before that the law names, THU for example.
    :param is_working: tells a working day; the last one before is taken when the named day is a holiday.
    """
    day = week - _WEEK + timedelta(days=WEEKDAYS.index(weekday))
    while not is_working(day):
        day -= timedelta(days=1)
    return day
