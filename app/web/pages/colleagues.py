"""Colleagues: who is away, who stands in, and whose dossiers go into other hands."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import DomainError, FieldProblem, Forbidden
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of, uuid7
from app.core.kit.time import utcnow
from app.core.workflow import assignment, substitution
from app.core.workflow.permissions import ASSIGN, READ
from app.core.workflow.substitution import AbsenceLine
from app.web.admin_form import faults_of, read_period, read_texts
from app.web.forms import PostedForm, needed_key
from app.web.need import SignedInActor
from app.web.pages.account import MISSING
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

colleague_pages = router()


async def officer(actor: SignedInActor) -> Actor:
    """
    Return an officer who handles dossiers or assigns them.

    :raises Forbidden: the actor does neither.
    """
    if not (actor.may(READ) or actor.may(ASSIGN)):
        raise Forbidden(permission=READ)
    return actor


Officer = Annotated[Actor, Depends(officer)]


@colleague_pages.get("/colleagues", name="colleagues", include_in_schema=False)
def colleagues_page(
    request: Request, session: DbSession, actor: Officer, person: str = "", done: str = ""
) -> Response:
    """Show the own absences, and to who may assign those of the office."""
    return _page(request, session, actor, whose=key_of(person), done=done)


@colleague_pages.post("/colleagues/absences", include_in_schema=False)
def note(
    request: Request, session: DbSession, actor: Officer, zone: CurrentZone, form: PostedForm
) -> Response:
    """Note an absence and its substitute."""
    now, problems = utcnow(), list[FieldProblem]()
    given = read_texts(form, "absence_id", "person", "substitute", "valid_from", "valid_to")
    whose, substitute = key_of(given["person"]) or actor.user_id, key_of(given["substitute"])
    assert whose is not None
    if substitute is None:
        problems.append(FieldProblem("substitute", "missing", "Choose who stands in."))
    if not given["valid_to"].strip():
        problems.append(FieldProblem("valid_to", "missing", MISSING))
    start, end = read_period(given, zone.tz, now=now, problems=problems)
    status = 422
    if not problems and substitute is not None and end is not None:
        try:
            substitution.note_absence(
                session, absence_id=needed_key(given["absence_id"]), user_id=whose, substitute_id=substitute,
                starts_at=start or now, ends_at=end, actor=actor, now=now,
            )  # fmt: skip
            return RedirectResponse("/colleagues?done=noted", 303)
        except DomainError as refusal:
            problems, status = faults_of(refusal, "substitute"), refusal.status
    return _page(request, session, actor, whose=whose, given=given, problems=problems, status=status)


@colleague_pages.post("/colleagues/absences/{absence_id}/end", include_in_schema=False)
def end(session: DbSession, actor: Officer, form: PostedForm, absence_id: UUID) -> Response:
    """End an absence, or take one back that has not begun."""
    substitution.end_absence(session, absence_id, actor=actor, now=utcnow())
    return RedirectResponse("/colleagues?done=ended", 303)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    *,
    whose: UUID | None,
    given: Mapping[str, str] | None = None,
    problems: Sequence[FieldProblem] = (),
    done: str = "",
    status: int = 200,
) -> Response:
    now, translator = utcnow(), request_translator(request)
    assert actor.user_id is not None
    people = assignment.colleagues(session, actor, at=now) if actor.may(ASSIGN) else []
    names = {each.id: each.name for each in people}
    person = whose if whose in names else actor.user_id
    keys = {*names, actor.user_id}
    noted = substitution.absences(session, keys, at=now)
    counts = assignment.open_counts(session, keys)
    view = {
        "title": translator.gettext("Colleagues and absences"),
        "person": {"id": str(person), "name": names.get(person, actor.name), "own": person == actor.user_id},
        "absences": [_absence(each, each.starts_at <= now) for each in noted],
        "stands_in": [
            _absence(each, True) for each in substitution.stands_in_for(session, actor.user_id, at=now)
        ],
        "substitutes": [
            (str(each.id), f"{each.name} – {each.office[translator.lang]}")
            for each in assignment.successors(session, person, at=now)
        ],
        "people": [
            {
                "id": str(each.id),
                "name": each.name,
                "office": each.office,
                "open": counts.get(each.id, 0),
                "away": next(
                    (_absence(one, True) for one in noted if one.user_id == each.id and one.starts_at <= now),
                    None,
                ),
            }
            for each in people
        ],
        "leads": actor.may(ASSIGN),
        "absence_id": (given or {}).get("absence_id") or str(uuid7()),
        "given": {"substitute": "", "valid_from": "", "valid_to": "", **(given or {})},
        "problems": problems,
        "done": done,
    }
    return render(request, "colleagues/colleagues.html", view, status=status)


def _absence(line: AbsenceLine, present: bool) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "person": line.person,
        "substitute": line.substitute,
        "starts_at": line.starts_at,
        "last": line.ends_at - timedelta(microseconds=1),
        "present": present,
    }
