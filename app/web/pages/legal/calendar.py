"""The year as the law counts it: working days, days off and make-up days, and how sure each of them is."""

from calendar import Calendar
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.core import law
from app.core.kit.actor import Actor
from app.core.kit.ranges import Period
from app.core.kit.time import local_day, utcnow
from app.core.law import LawValue
from app.core.law.units import WEEKDAYS, say_word
from app.core.workflow.calendar import COMPLETE, DAY, PREFIX, WEEK
from app.web.legal_permissions import PROPOSE, READ
from app.web.need import Holder
from app.web.pages.legal.views import Wording
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

calendar = router()

Reader = Annotated[Actor, Depends(Holder(READ))]

MONTHS = range(1, 13)
FIRST_YEAR, LAST_YEAR = 1990, 2200


@calendar.get("/law/calendar", name="law-calendar", include_in_schema=False)
def year_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, year: int = 0
) -> Response:
    """Show a year, month by month, and the list of its special days."""
    translator = request_translator(request)
    today = local_day(utcnow(), zone.tz)
    shown = year if FIRST_YEAR <= year <= LAST_YEAR else today.year
    values = law.between(session, PREFIX, date(shown, 1, 1), date(shown + 1, 1, 1))
    wording = Wording(translator, zone.tz, law.instruments(session))
    special = [value for value in values if value.key == DAY]
    view = {
        "title": translator.gettext("Working calendar %(year)s", year=str(shown)),
        "year": shown,
        "months": [_month(shown, month, values, today) for month in MONTHS],
        "weekdays": [(say_word(day, wording.lang), _short(day, wording.lang)) for day in WEEKDAYS],
        "special": [{**wording.value(value), "works": value.value == "WORK"} for value in special],
        "complete": [wording.value(value) for value in values if value.key == COMPLETE and value.flag()],
        "covered": _covered(shown, values),
        "may_propose": actor.may(PROPOSE),
        "previous": f"/law/calendar?year={shown - 1}",
        "next": f"/law/calendar?year={shown + 1}",
        "crumbs": [Crumb(translator.gettext("Legal desk"), "/law")],
    }
    return render(request, "legal/calendar.html", view)


def _month(year: int, month: int, values: Sequence[LawValue], today: date) -> dict[str, Any]:
    weeks = Calendar().monthdatescalendar(year, month)
    return {
        "first": date(year, month, 1),
        "weeks": [
            [_cell(day, values, today) if day.month == month else None for day in week] for week in weeks
        ],
    }


def _cell(day: date, values: Sequence[LawValue], today: date) -> dict[str, Any]:
    """Return a day: off, weekend, work, makeup, or unknown where nobody has entered the calendar."""
    special = _on(values, DAY, day)
    complete = _on(values, COMPLETE, day)
    kind = "makeup" if special and special.value == "WORK" else "off" if special else _usual(day, values)
    known = complete is not None and complete.flag()
    return {
        "day": day,
        "kind": kind if known or special else "unknown",
        "status": special.status.value if special else "",
        "today": day == today,
    }


def _usual(day: date, values: Sequence[LawValue]) -> str:
    week = _on(values, WEEK, day)
    if week is None or not isinstance(week.value, list):
        return "unknown"
    return "work" if WEEKDAYS[day.weekday()] in week.value else "weekend"


def _on(values: Sequence[LawValue], key: str, day: date) -> LawValue | None:
    return next((value for value in values if value.key == key and value.valid.contains(day)), None)


def _covered(year: int, values: Sequence[LawValue]) -> bool:
    """Tell whether the calendar of the whole year was entered."""
    days = Period(date(year, 1, 1), date(year + 1, 1, 1))
    parts = [value.valid.intersect(days) for value in values if value.key == COMPLETE and value.flag()]
    return sum(part.days or 0 for part in parts if part) == days.days


def _short(day: str, lang: str) -> str:
    """Return the head of a column: T2 to CN in Vietnamese, two letters in English."""
    if lang == "vi":
        return "CN" if day == WEEKDAYS[-1] else f"T{WEEKDAYS.index(day) + 2}"
    return say_word(day, lang)[:2]
