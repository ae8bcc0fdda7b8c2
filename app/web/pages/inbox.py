"""The officers' inbox: what the clock says is first, stands first."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import User
from app.core.i18n import localise
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import local_day, utcnow
from app.core.workflow import inbox, procedures, substitution
from app.core.workflow.definition import ClockMode
from app.core.workflow.inbox import CaseLine, Part, Position
from app.core.workflow.permissions import READ
from app.web.catalogue import short_names
from app.web.clock_view import ClockReader, clock_reader
from app.web.exports import csv_response
from app.web.need import Holder
from app.web.render import is_htmx, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

desk_inbox = router()

Reader = Annotated[Actor, Depends(Holder(READ))]

# Which clocks each tab of the whole desk shows; "mine" shows what waits for the reader's own next step.
TABS = {
    "open": (ClockMode.RECEPTION, ClockMode.RUN),
    "waiting": (ClockMode.PAUSE,),
    "result": (ClockMode.STOP,),
}
MINE = "mine"
# A spreadsheet of more lines than this is asked for with a filter, not as a whole.
MOST_EXPORTED = 2_000


@desk_inbox.get("/inbox", name="inbox", include_in_schema=False)
def inbox_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, tab: str = "", after: str = ""
) -> Response:
    """Show the open dossiers in the order of their clocks, fifty a page; first those that wait for the reader."""
    now = utcnow()
    part = inbox.part_of(session, actor)
    tab = _tab(tab, part)
    lines = _lines(session, actor, tab, part, after=_position(after), size=inbox.PAGE_SIZE)
    page, more = lines[: inbox.PAGE_SIZE], len(lines) > inbox.PAGE_SIZE
    reader = clock_reader(session, now=now, zone=zone.tz)
    names, stood_in, called = _names(session, page), _stood_in(session, actor), short_names(request)
    groups: list[dict[str, Any]] = []
    for line in page:
        name = _group(line, now, zone.tz)
        if not groups or groups[-1]["name"] != name:
            groups.append({"name": name, "rows": []})
        short = called.of(procedures.definition_of(session, line.version_id))
        groups[-1]["rows"].append({**_row(session, line, actor, reader, names, stood_in), "short": short})
    view = {
        "title": request_translator(request).gettext("Inbox"),
        "tab": tab,
        "has_part": bool(part),
        "groups": groups,
        "count": len(page),
        "next": _next(page[-1], tab) if more else "",
    }
    template = (
        "inbox/_rows.html" if is_htmx(request) and request.headers.get("hx-target") == "inbox-rows" else ""
    )
    return render(request, template or "inbox/inbox.html", view)


@desk_inbox.get("/inbox.csv", name="inbox-csv", include_in_schema=False)
def inbox_as_csv(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, tab: str = ""
) -> Response:
    """Send a tab of the inbox as a table."""
    reader = request_translator(request)
    part = inbox.part_of(session, actor)
    tab = _tab(tab, part)
    lines = _lines(session, actor, tab, part, after=None, size=MOST_EXPORTED)[:MOST_EXPORTED]
    names, called = _names(session, lines), short_names(request)
    header = [
        reader.gettext(label)
        for label in (
            "Code",
            "Subject",
            "Applicant",
            "Procedure",
            "State",
            "Return date",
            "Since",
            "Assigned to",
        )
    ]
    rows = [
        [
            line.code or "", line.title, line.applicant, localise(called.of(definition), reader.lang)[0],
            localise(definition.states[line.state].title, reader.lang)[0],
            _local(line.due_at, zone.tz), _local(line.saved_at, zone.tz),
            names.get(line.assigned_to, "") if line.assigned_to else "",
        ]
        for line in lines
        for definition in (procedures.definition_of(session, line.version_id),)
    ]  # fmt: skip
    return csv_response(f"inbox-{tab}.csv", header, rows)


def _tab(asked: str, part: Part) -> str:
    """Return the tab to show: who takes no next step anywhere begins with the whole desk."""
    if asked in TABS or (asked == MINE and part):
        return asked
    return MINE if part else "open"


def _lines(
    session: Session, actor: Actor, tab: str, part: Part, *, after: Position | None, size: int
) -> list[CaseLine]:
    if tab != MINE:
        return inbox.inbox(session, clocks=TABS[tab], after=after, size=size)
    assert actor.user_id is not None, "officers are people"
    user_ids = [actor.user_id, *_stood_in(session, actor)]
    return inbox.of_officer(session, user_ids=user_ids, part=part, after=after, size=size)


def _stood_in(session: Session, actor: Actor) -> frozenset[UUID]:
    """Return the absent colleagues for whom an officer stands in now."""
    if actor.user_id is None:
        return frozenset()
    found = substitution.stands_in_for(session, actor.user_id, at=utcnow())
    return frozenset(each.user_id for each in found)


def _row(
    session: Session,
    line: CaseLine,
    actor: Actor,
    reader: ClockReader,
    names: Mapping[UUID, str],
    stood_in: Collection[UUID],
) -> dict[str, Any]:
    definition = procedures.definition_of(session, line.version_id)
    return {
        "id": str(line.id),
        "code": line.code,
        "title": line.title,
        "applicant": line.applicant,
        "procedure": definition.title,
        "state": definition.states[line.state].title,
        "clock": reader.view(line.clock, line.due_at),
        "due_at": line.due_at if line.clock is not ClockMode.STOP else None,
        "since": line.saved_at,
        "mine": line.assigned_to is not None and line.assigned_to == actor.user_id,
        "assigned": names.get(line.assigned_to, "") if line.assigned_to else "",
        "stands_in": line.assigned_to in stood_in,
    }


def _names(session: Session, lines: Sequence[CaseLine]) -> dict[UUID, str]:
    """Return the names of the officers to whom the dossiers are assigned."""
    ids = {line.assigned_to for line in lines if line.assigned_to is not None}
    if not ids:
        return {}
    return {
        row.id: row.full_name
        for row in session.execute(select(User.id, User.full_name).where(User.id.in_(ids)))
    }


def _local(at: datetime | None, tz: ZoneInfo) -> str:
    return at.astimezone(tz).strftime("%Y-%m-%d %H:%M") if at else ""


def _group(line: CaseLine, now: datetime, tz: Any) -> str:
    """Return the heading under which a line stands: overdue, today, week, later."""
    if line.due_at is None or line.clock is ClockMode.STOP:
        return "none"
    today, due = local_day(now, tz), local_day(line.due_at, tz)
    if line.due_at < now:
        return "overdue"
    if due == today:
        return "today"
    return "week" if due <= today + timedelta(days=7) else "later"


def _next(last: CaseLine, tab: str) -> str:
    assert last.due_at is not None, "open dossiers have a due date"
    return f"/inbox?tab={tab}&after={encode_cursor((last.due_at, last.id))}"


def _position(cursor: str) -> Position | None:
    found = position(cursor, datetime, UUID)
    return None if found is None else Position(*found)
