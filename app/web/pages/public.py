"""What needs no account: the start page, the catalogue, tracking and verification."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, RedirectResponse

from app.core import law
from app.core.auth.clients.scopes import SCOPES
from app.core.auth.clients.tokens import TOKEN_LIFE
from app.core.kit.codes import InvalidCode, parse_code, parse_verification_code
from app.core.kit.time import local_day, utcnow
from app.core.workflow import procedures
from app.core.workflow.models import Tally, Tracking
from app.web.catalogue import read_catalogue
from app.web.dossier_view import basis_view
from app.web.limit_view import limits_view, stated_limit
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import CurrentActor, DbSession, router

public = router()


@public.get("/", name="start", include_in_schema=False)
def start(request: Request, session: DbSession, actor: CurrentActor, zone: CurrentZone) -> Response:
    """Show the four doors and the figures of today in one quiet line."""
    translator = request_translator(request)
    title = translator.gettext("%(zone)s online", zone=zone.name[translator.lang])
    doors = [
        {
            "title": translator.gettext(door.title),
            "text": translator.gettext(door.text),
            "href": door.href,
            "icon": door.icon,
        }
        for door in request.app.state.doors
    ]
    view = {
        "title": title,
        "lead": translator.gettext("File, follow and verify with the zone authority, on any device."),
        "doors": doors,
        "figures": _figures(session, translator),
        "as_of": "",
    }
    return render(request, "pages/start.html", view)


def _figures(session: Session, translator: Any) -> list[dict[str, str]]:
    received, decided = session.execute(select(func.sum(Tally.received), func.sum(Tally.decided))).one()
    return [
        {"value": str(received), "label": translator.gettext("dossiers received")},
        {"value": str(decided), "label": translator.gettext("results issued")},
    ]


@public.get("/procedures", name="procedures", include_in_schema=False)
def catalogue(request: Request, session: DbSession, actor: CurrentActor, zone: CurrentZone) -> Response:
    """List the procedures in force today with their time limit and basis."""
    today = local_day(utcnow(), zone.tz)
    book = law.at(session, today)
    rows = []
    for definition in procedures.catalogue(session, today):
        rows.append(
            {
                "code": definition.code,
                "catalogue": definition.catalogue,
                "title": definition.title,
                "purpose": definition.purpose,
                "limits": limits_view(definition, book),
                "basis": basis_view(session, definition),
            }
        )
    view = {
        "title": request_translator(request).gettext("Procedures"),
        "rows": rows,
        "may_start": not actor.is_officer,
        "later": _not_online(session, request.app.state.catalogue, {str(row["code"]) for row in rows}),
    }
    return render(request, "pages/procedures.html", view)


def _not_online(session: Session, files: Sequence[Path], online: Collection[str]) -> list[dict[str, Any]]:
    """Return the procedures of the catalogues that cannot be filed here yet, with basis and form."""
    known = law.instruments(session)
    found = []
    for entry in (each for file in files for each in read_catalogue(file)):
        if entry.get("online") in online:
            continue
        instrument = known.get(entry["basis"]["instrument"])
        found.append(
            {
                "code": entry["code"],
                "title": entry["title"],
                "form": entry["form"],
                "result": entry["result"],
                "basis": instrument.number if instrument else entry["basis"]["instrument"],
                "article": entry["basis"].get("article", ""),
                "assumed": entry["basis"]["status"] == "ASSUMED",
            }
        )
    return found


@public.get("/track", name="track", include_in_schema=False)
def track(request: Request, session: DbSession, zone: CurrentZone, code: str = "") -> Response:
    """Tell the state of a dossier to whoever knows its code: no name, no content."""
    translator = request_translator(request)
    view: dict[str, Any] = {
        "title": translator.gettext("Track a dossier"),
        "code": code,
        "found": None,
        "fault": "",
    }
    if code:
        try:
            row = session.get(Tracking, str(parse_code(code)))
        except InvalidCode:
            view["fault"] = translator.gettext(
                "This is no dossier code: its last character does not fit the others. Check it against the receipt."
            )
        else:
            view["found"] = _tracked(session, row, zone.tz) if row else None
            view["fault"] = "" if row else translator.gettext("No dossier has this code.")
    return render(request, "pages/track.html", view, status=404 if view["fault"] else 200)


def _tracked(session: Session, row: Tracking, zone: ZoneInfo) -> dict[str, Any]:
    definition = procedures.definition_of(session, row.version_id)
    state = definition.states[row.state]
    return {
        "code": row.code,
        "procedure": definition.title,
        "state": state.title,
        "text": state.text,
        "national": row.national,
        "submitted_at": row.submitted_at,
        "accepted_at": row.accepted_at,
        "appointment_at": row.appointment_at,
        "limit": stated_limit(session, definition, row.limit_code, day=local_day(row.accepted_at, zone))
        if row.accepted_at
        else None,
        "decided_at": row.decided_at,
    }


@public.get("/verify", name="verify", include_in_schema=False)
def verify_form(request: Request, code: str = "") -> Response:
    """Ask for a verification code and go to its page."""
    translator = request_translator(request)
    view = {"title": translator.gettext("Verify a document"), "code": code, "fault": ""}
    if code:
        try:
            return RedirectResponse(f"/verify/{parse_verification_code(code)}", 303)
        except InvalidCode:
            view["fault"] = translator.gettext(
                "This is no verification code. It has 26 characters and a check character; compare it with the paper."
            )
    return render(request, "pages/verify.html", view, status=404 if view["fault"] else 200)


@public.get("/healthz", include_in_schema=False)
def healthz(session: DbSession) -> JSONResponse:
    """Tell that this process answers and reaches the database."""
    session.execute(select(1))
    return JSONResponse({"status": "ok"})


@public.get("/developers", name="developers", include_in_schema=False)
def developers(request: Request) -> Response:
    """Tell programmers how to begin with the API."""
    view = {
        "title": request_translator(request).gettext("For developers"),
        "origin": request.app.state.settings.origin,
        "scopes": [(each.code, each.title, each.description) for each in SCOPES.values()],
        "minutes": int(TOKEN_LIFE.total_seconds()) // 60,
    }
    return render(request, "pages/developers.html", view)
