"""The list of values of a day with its export, and the page of one key with its history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.i18n.formats import parse_date
from app.core.kit.actor import Actor
from app.core.kit.text import fold
from app.core.kit.time import local_day, utcnow
from app.core.law import LawValue, Status
from app.core.law.units import Text
from app.web.exports import csv_response
from app.web.legal_permissions import PROPOSE, READ
from app.web.need import Holder
from app.web.pages.legal import reading
from app.web.pages.legal.views import KEY_OF_DAYS, Wording
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

listing = router()

Reader = Annotated[Actor, Depends(Holder(READ))]

PAGE_ROWS = 200
COMING_SHOWN = 8
MISSING = "MISSING"
# What nobody has verified comes first: that is the work of this desk.
_ORDER = {Status.ASSUMED: 0, Status.CITED: 2, Status.VERIFIED: 3}
_MISSING_ORDER = 1
GROUPS = {
    "calendar": N_("Calendar"),
    "investment": N_("Investment"),
    "ioc": N_("Board"),
    "onestop": N_("One-stop desk"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for in the list; ``problems`` names what could not be read of it."""

    q: str
    status: str
    instrument: str
    day: date
    day_text: str
    problems: tuple[FieldProblem, ...]

    def query(self, **more: str) -> str:
        """Return the part of an address that asks for the same, with some of it changed."""
        asked = {"q": self.q, "status": self.status, "instrument": self.instrument, "day": self.day_text}
        return urlencode({name: value for name, value in {**asked, **more}.items() if value})


@dataclass(frozen=True, slots=True)
class Line:
    """One key on the day: its value, None when it has none."""

    key: str
    title: Text
    value: LawValue | None

    @property
    def status(self) -> str:
        """The status by which it is filtered."""
        return self.value.status.value if self.value else MISSING


def asked_of(q: str, status: str, instrument: str, day: str, *, today: date) -> Asked:
    """Read what was asked; a day that cannot be read is said, and today is shown instead."""
    problems: tuple[FieldProblem, ...] = ()
    wanted = today
    if day.strip():
        try:
            wanted = parse_date(day)
        except ValueError as error:
            problems = (FieldProblem("day", "date", str(error)),)
    known = status if status in {*Status, MISSING} else ""
    return Asked(q.strip()[:200], known, instrument[:100], wanted, day.strip()[:20], problems)


def lines_of(session: Session, asked: Asked) -> list[Line]:
    """Return the lines that were asked for whatever their status, those of a group together, unverified first."""
    values = reading.values_on(session, asked.day)
    words = fold(asked.q).split()
    lines = [
        Line(key, title, values.get(key))
        for key, title in reading.all_titles(session).items()
        if _speaks_of(words, key, title)
    ]
    if asked.instrument:
        lines = [each for each in lines if each.value and each.value.instrument == asked.instrument]
    return sorted(lines, key=lambda each: (_prefix(each.key), _rank(each.value), each.key))


def _speaks_of(words: Sequence[str], key: str, title: Text) -> bool:
    text = fold(" ".join((key.replace("_", " "), key, *title.values())))
    return all(word in text for word in words)


def _prefix(key: str) -> str:
    return key.partition(".")[0]


def _rank(value: LawValue | None) -> int:
    return _ORDER[value.status] if value else _MISSING_ORDER


@listing.get("/law", name="law", include_in_schema=False)
def law_list(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    q: str = "",
    status: str = "",
    instrument: str = "",
    day: str = "",
    start: int = 0,
) -> Response:
    """List the values of a day."""
    translator = request_translator(request)
    today = local_day(utcnow(), zone.tz)
    asked = asked_of(q, status, instrument, day, today=today)
    wording = Wording(translator, zone.tz, law.instruments(session))
    found = lines_of(session, asked)
    kept = [each for each in found if asked.status in ("", each.status)]
    start = max(0, min(start, len(kept)))
    shown = kept[start : start + PAGE_ROWS]
    coming = reading.coming(session, today)
    titles = reading.all_titles(session)
    view = {
        "title": translator.gettext("Legal desk"),
        "asked": {
            "q": asked.q,
            "status": asked.status,
            "instrument": asked.instrument,
            "day": asked.day_text,
        },
        "day": asked.day,
        "is_today": asked.day == today,
        "problems": asked.problems,
        "status_tabs": _tabs(asked, found, translator),
        "instruments": wording.instrument_options(),
        "groups": _groups(shown, wording, translator),
        "total": len(kept),
        "start": start,
        "previous": f"/law?{asked.query(start=str(start - PAGE_ROWS))}" if start else "",
        "next": f"/law?{asked.query(start=str(start + PAGE_ROWS))}" if start + PAGE_ROWS < len(kept) else "",
        "shown": len(shown),
        "export": f"/law/export.csv?{asked.query()}",
        "may_propose": actor.may(PROPOSE),
        "coming": [wording.coming(each, titles) for each in coming[:COMING_SHOWN]],
        "coming_total": len(coming),
        "waiting": len(law.open_change_sets(session)),
        "filtered": bool(asked.q or asked.status or asked.instrument),
    }
    return render(request, "legal/list.html", view, status=422 if asked.problems else 200)


def _tabs(asked: Asked, found: Sequence[Line], translator: Any) -> list[dict[str, Any]]:
    names = {
        Status.ASSUMED: N_("Assumed"),
        Status.CITED: N_("Cited"),
        Status.VERIFIED: N_("Verified"),
        MISSING: N_("No value"),
        "": N_("All statuses"),
    }
    return [
        {
            "title": translator.gettext(name),
            "href": f"/law?{asked.query(status=code)}",
            "active": asked.status == code,
            "count": sum(code in ("", each.status) for each in found),
        }
        for code, name in names.items()
    ]


def _groups(lines: Sequence[Line], wording: Wording, translator: Any) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        row = {
            "key": line.key,
            "title": line.title,
            "href": f"/law/{line.key}",
            "value": wording.value(line.value) if line.value else None,
            "usual": line.key == KEY_OF_DAYS,
        }
        groups.setdefault(_prefix(line.key), []).append(row)
    return [
        {"name": translator.gettext(GROUPS[prefix]) if prefix in GROUPS else prefix, "rows": rows}
        for prefix, rows in groups.items()
    ]


@listing.get("/law/export.csv", name="law-export", include_in_schema=False)
def export(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    q: str = "",
    status: str = "",
    instrument: str = "",
    day: str = "",
) -> Response:
    """Send the same list as a table for spreadsheets."""
    translator = request_translator(request)
    asked = asked_of(q, status, instrument, day, today=local_day(utcnow(), zone.tz))
    wording = Wording(translator, zone.tz, law.instruments(session))
    lines = [each for each in lines_of(session, asked) if asked.status in ("", each.status)]
    header = [translator.gettext(name) for name in _COLUMNS]
    rows = (_cells(line, wording, translator) for line in lines)
    return csv_response(f"law-{asked.day.isoformat()}.csv", header, rows)


_COLUMNS = (
    N_("Key"), N_("What it is"), N_("Value"), N_("Value as stored"), N_("Unit"), N_("First day"), N_("Last day"),
    N_("Status"), N_("Source"), N_("Instrument"), N_("Note"), N_("Content hash"),
)  # fmt: skip


def _cells(line: Line, wording: Wording, translator: Any) -> list[str]:
    title = line.title.get(translator.lang) or line.title.get("en", "")
    value = line.value
    if value is None:
        return [line.key, title, *[""] * (len(_COLUMNS) - 2)]
    said = wording.value(value)
    last = value.valid.last_day
    return [
        line.key, title, said["said"], json.dumps(value.value, ensure_ascii=False), value.unit,
        value.valid.start.isoformat(), last.isoformat() if last else "", value.status.value,
        said["source"], value.instrument or "", said["note"], value.content_hash,
    ]  # fmt: skip


@listing.get("/law/{key}", name="law-key", include_in_schema=False)
def law_key(request: Request, session: DbSession, actor: Reader, zone: CurrentZone, key: str) -> Response:
    """Show one key: what holds, what comes, and all that was ever known of it."""
    title = reading.title_of(session, key)
    translator = request_translator(request)
    today = local_day(utcnow(), zone.tz)
    wording = Wording(translator, zone.tz, law.instruments(session))
    rows = [wording.known(each, today) for each in reading.history(session, key)]
    view: Mapping[str, Any] = {
        "title": title.get(translator.lang) or title["en"],
        "key": key,
        "rows": rows,
        "now": next((row for row in rows if row["place"] == "now"), None),
        "today": today,
        "coming": [wording.coming(each, {key: title}) for each in reading.coming(session, today, keys=[key])],
        "waiting": [wording.head(each) for each in reading.waiting_for(session, key)],
        "may_propose": actor.may(PROPOSE),
        "is_days": key == KEY_OF_DAYS,
        "crumbs": [Crumb(translator.gettext("Legal desk"), "/law")],
    }
    return render(request, "legal/key.html", view)
