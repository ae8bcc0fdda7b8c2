"""The officers' inbox: what the clock says is first, stands first."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from app.core.kit.actor import Actor
from app.core.kit.pagination import InvalidCursor, decode_cursor, encode_cursor
from app.core.kit.time import local_day, utcnow
from app.core.workflow import inbox, procedures
from app.core.workflow.definition import ClockMode
from app.core.workflow.inbox import CaseLine, Position
from app.core.workflow.permissions import READ
from app.web.clock_view import clock_reader
from app.web.need import Holder
from app.web.render import is_htmx, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

desk_inbox = router()

Reader = Annotated[Actor, Depends(Holder(READ))]

# Which clocks each tab of the inbox shows.
TABS = {
    "open": (ClockMode.RECEPTION, ClockMode.RUN),
    "waiting": (ClockMode.PAUSE,),
    "result": (ClockMode.STOP,),
}


@desk_inbox.get("/inbox", name="inbox", include_in_schema=False)
def inbox_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, tab: str = "open", after: str = ""
) -> Response:
    """Show the open dossiers in the order of their clocks, fifty a page."""
    now = utcnow()
    tab = tab if tab in TABS else "open"
    lines = inbox.inbox(session, clocks=TABS[tab], after=_position(after))
    page, more = lines[: inbox.PAGE_SIZE], len(lines) > inbox.PAGE_SIZE
    reader = clock_reader(session, now=now, zone=zone.tz)
    groups: list[dict[str, Any]] = []
    for line in page:
        name = _group(line, now, zone.tz)
        if not groups or groups[-1]["name"] != name:
            groups.append({"name": name, "rows": []})
        definition = procedures.definition_of(session, line.version_id)
        groups[-1]["rows"].append(
            {
                "id": str(line.id),
                "code": line.code,
                "title": line.title,
                "applicant": line.applicant,
                "procedure": definition.title,
                "catalogue": definition.catalogue,
                "state": definition.states[line.state].title,
                "clock": reader.view(line.clock, line.due_at),
                "since": line.saved_at,
                "mine": line.assigned_to is not None and line.assigned_to == actor.user_id,
                "assigned": line.assigned_to is not None,
            }
        )
    view = {
        "title": request_translator(request).gettext("Inbox"),
        "tab": tab,
        "groups": groups,
        "count": len(page),
        "next": _next(page[-1], tab) if more else "",
    }
    template = (
        "inbox/_rows.html" if is_htmx(request) and request.headers.get("hx-target") == "inbox-rows" else ""
    )
    return render(request, template or "inbox/inbox.html", view)


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
    if not cursor:
        return None
    try:
        due_at, case_id = decode_cursor(cursor, expected=(datetime, UUID))
    except InvalidCursor:
        return None
    if not isinstance(due_at, datetime) or not isinstance(case_id, UUID):
        return None
    return Position(due_at, case_id)
