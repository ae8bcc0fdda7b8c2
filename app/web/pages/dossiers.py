"""Dossiers: one's own list, check answers, the dossier's page and its actions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.auth.models import Membership, Party, User
from app.core.documents.models import Document
from app.core.errors import Conflict, DomainError, Invalid
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.core.workflow import inbox, procedures
from app.core.workflow.assignment import REASSIGN
from app.core.workflow.desk import StalePage
from app.core.workflow.models import Case
from app.core.workflow.papers.signed_on_paper import COMPARED
from app.core.workflow.permissions import FILE
from app.core.workflow.standing_in import ONLINE
from app.web import counter_view, dossier_view, papers_view, personal
from app.web.catalogue import ShortNames, short_names
from app.web.clock_view import ClockReader, clock_reader
from app.web.dossier_view import Dossier
from app.web.forms import PostedForm, needed_key, text, whole
from app.web.identity import confirm_first
from app.web.limit_view import limit_of_dossier, limits_view
from app.web.need import CustomerActor, SignedInActor
from app.web.pages.personal import personal_view
from app.web.pages.signed_papers import hand_paper_view, show_signed_paper
from app.web.pages.steps import needs_page, read_input, show_step
from app.web.panels import DOSSIER, MY_ZONE, panels_of
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentDesk, CurrentZone
from app.web.unit import DbSession, router

dossiers = router()

SUBJECT_KIND = "case"


@dossiers.get("/my", name="my", include_in_schema=False)
def my_zone(
    request: Request,
    session: DbSession,
    actor: CustomerActor,
    zone: CurrentZone,
    party: str = "",
    after: str = "",
    done: str = "",
) -> Response:
    """Show an applicant what waits, what runs, and what can be started; for all enterprises, or for one of them."""
    now = utcnow()
    reader = clock_reader(session, now=now, zone=zone.tz)
    parties = _fileable(session, actor)
    chosen = next((each["id"] for each in parties if each["id"] == party), "")
    last = needed_key(after) if after else None
    lines = inbox.of_party(
        session, party_ids=[UUID(chosen)] if chosen else actor.party_ids, after=last, size=inbox.PAGE_SIZE + 1
    )
    shown = lines[: inbox.PAGE_SIZE]
    called = short_names(request)
    startable = [
        {"code": found.code, "title": found.title, "short": called.of(found)}
        for found in procedures.catalogue(session, local_day(now, zone.tz))
    ]
    assert actor.user_id is not None
    view = {
        "title": request_translator(request).gettext("My zone"),
        "rows": [_own_row(session, line, reader, called) for line in shown],
        "first": f"/my?party={chosen}" if after else "",
        "next": f"/my?party={chosen}&after={shown[-1].id}" if len(lines) > len(shown) else "",
        "startable": startable,
        "parties": parties,
        "party": chosen,
        "done": done,
        "panels": panels_of(request, session, actor, kind=MY_ZONE, object_id=actor.user_id),
        "first_steps": request.app.state.first_steps,
    }
    return render(request, "dossiers/my.html", view)


def _own_row(
    session: Session, line: inbox.CaseLine, reader: ClockReader, called: ShortNames
) -> dict[str, Any]:
    """Return a dossier as its applicant's list shows it."""
    definition = procedures.definition_of(session, line.version_id)
    state = definition.states[line.state]
    return {
        "id": str(line.id),
        "code": line.code,
        "title": line.title,
        "applicant": line.applicant,
        "procedure": called.of(definition),
        "state": state.title,
        "waits_for_me": state.waits_for == "APPLICANT" and not state.final,
        "clock": reader.view(line.clock, line.due_at),
        "saved_at": line.saved_at,
        "at_counter": line.channel != ONLINE,
    }


@dossiers.get("/dossiers/new", name="new-dossier", include_in_schema=False)
def start_page(
    request: Request, session: DbSession, actor: CustomerActor, zone: CurrentZone, procedure: str
) -> Response:
    """Tell before the start what the procedure asks for and how long it takes."""
    today = local_day(utcnow(), zone.tz)
    _, definition = procedures.in_force(session, procedure, today)
    if definition.begins_at:
        return RedirectResponse(definition.begins_at, 303)
    view = {
        "title": request_translator(request).gettext("Before you start"),
        "definition": definition.model_dump(mode="json"),
        "limits": limits_view(definition, law.at(session, today)),
        "parties": _fileable(session, actor),
        "case_id": str(uuid7()),
        "crumbs": _crumbs(request),
    }
    return render(request, "dossiers/new.html", view)


@dossiers.post("/dossiers", include_in_schema=False)
def open_dossier(
    request: Request, session: DbSession, actor: CustomerActor, desk: CurrentDesk, posted: PostedForm
) -> Response:
    """Open a draft; the key comes with the page, so a double click opens one."""
    case = desk.open(
        session,
        case_id=needed_key(text(posted, "case_id")),
        procedure=text(posted, "procedure"),
        party_id=needed_key(text(posted, "party_id")),
        actor=actor,
        now=utcnow(),
    )
    return RedirectResponse(f"/dossiers/{case.id}", 303)


@dossiers.get("/dossiers/{case_id}", name="dossier", include_in_schema=False)
def dossier_page(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    zone: CurrentZone,
    case_id: UUID,
    done: str = "",
) -> Response:
    """Show everything about a dossier; while it is with the applicant, the task list of its form."""
    return _dossier(request, session, actor, zone, dossier_view.load(session, case_id, actor), done=done)


@dossiers.post("/dossiers/{case_id}/actions/{action}", include_in_schema=False)
def act(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    desk: CurrentDesk,
    zone: CurrentZone,
    posted: PostedForm,
    case_id: UUID,
    action: str,
) -> Response:
    """Take an action; a refusal shows the dossier's present state with what to do, and keeps what was typed."""
    revision = whole(posted, "revision")
    dossier = dossier_view.load(session, case_id, actor)
    chosen = dossier.definition.action(action)
    if dossier_view.is_signature(dossier.definition, action):
        session.rollback()  # no connection is held while a password is hashed
        if page := confirm_first(request, posted):
            return page
        dossier = dossier_view.load(session, case_id, actor)
    given = read_input(chosen, dossier.definition, zone, posted) if chosen else {}
    try:
        desk.perform(
            session, case_id=case_id, action=action, revision=revision, actor=actor, now=utcnow(), input=given
        )
    except (Invalid, Conflict) as refusal:
        session.rollback()
        dossier = dossier_view.load(session, case_id, actor)
        if chosen is not None and COMPARED in chosen.input and not isinstance(refusal, StalePage):
            return show_signed_paper(
                request, session, dossier, given=given, problems=refusal.errors, refusal=_refusal(request, refusal),
                status=refusal.status,
            )  # fmt: skip
        if chosen is not None and needs_page(chosen) and not isinstance(refusal, StalePage):
            return show_step(
                request, dossier, chosen, zone, given=given, problems=refusal.errors,
                refusal=_refusal(request, refusal), status=refusal.status,
            )  # fmt: skip
        return _dossier(request, session, actor, zone, dossier, refusal=refusal, given=given, asked=action)
    return RedirectResponse(f"/dossiers/{case_id}?done={action}", 303)


def _dossier(
    request: Request,
    session: Session,
    actor: Actor,
    zone: Any,
    dossier: Dossier,
    *,
    done: str = "",
    refusal: DomainError | None = None,
    given: Mapping[str, str] | None = None,
    asked: str = "",
) -> Response:
    lang = request_translator(request).lang
    case, definition = dossier.case, dossier.definition
    shown = personal.for_reader(session, dossier, actor)
    reader = clock_reader(session, now=utcnow(), zone=zone.tz)
    view = {
        "title": case.title or request_translator(request).gettext("New dossier"),
        **_facts(dossier, zone),
        "basis": dossier_view.basis_view(session, definition),
        "limit": limit_of_dossier(session, case, definition, now=reader.now, zone=zone.tz),
        "clock": dossier_view.clock_of(session, dossier, reader),
        "filling": dossier_view.fillable(dossier, actor),
        "at_counter": dossier_view.fillable(dossier, actor) and actor.is_officer,
        "reader_is_officer": actor.is_officer,
        "counter": counter_view.visits_view(session, case, named=shown.state in {"own", "shown"}),
        "tasks": [
            {**task, "href": f"/dossiers/{case.id}/form/{task['code']}"}
            for task in dossier_view.sections(dossier)
        ],
        "answers": dossier_view.answer_sections(dossier, lang, shown.answers),
        "personal": personal_view(request, dossier, shown),
        "gaps": dossier_view.gaps(session, dossier),
        "consultations": dossier_view.consultations(session, dossier, zone, reader)
        if actor.is_officer
        else [],
        "actions": dossier_view.actions(dossier),
        "timeline": dossier_view.timeline(dossier, _names(session, actor, dossier), reader),
        "hand_paper": hand_paper_view(session, dossier, actor),
        "papers": _papers(session, case.id),
        "components": papers_view.components_view(session, case, definition, actor),
        "form_paper": papers_view.form_view(session, case, definition, actor),
        "panels": panels_of(request, session, actor, kind=DOSSIER, object_id=case.id),
        "done": done,
        "taken": _taken(dossier, done),
        "refusal": _refusal(request, refusal) if refusal else None,
        "problems": refusal.errors if refusal else (),
        "problem_links": dossier_view.problem_links(dossier, refusal.errors if refusal else ()),
        "given": given or {},
        "asked": asked,
        "crumbs": _crumbs(request, case, actor),
    }
    return render(request, "dossiers/dossier.html", view, status=refusal.status if refusal else 200)


def _taken(dossier: Dossier, done: str) -> Any:
    """Return what the step is called that was just taken; None where the newest step is another one meanwhile."""
    newest = dossier.history[-1].action if dossier.history else ""
    action = dossier.definition.action(done) if done and done == newest else None
    return action.title if action else None


def _facts(dossier: Dossier, zone: Any) -> dict[str, Any]:
    """Return what the dossier, its procedure and its state are called and when what happened."""
    case, definition = dossier.case, dossier.definition
    state = definition.states[case.state]
    return {
        "case": {
            "id": str(case.id),
            "code": case.code,
            "revision": case.revision,
            "office": dossier_view.office_name(zone, case.office),
            "appointment_at": case.appointment_at,
            "rescheduled_to": case.rescheduled_to,
            "submitted_at": case.submitted_at,
            "accepted_at": case.accepted_at,
            "decided_at": case.decided_at,
            "saved_at": case.saved_at,
            "applicant": dossier.applicant,
        },
        "procedure": {
            "title": definition.title,
            "version": definition.version,
        },
        "state": {"title": state.title, "text": state.text, "final": state.final, "code": case.state},
    }


def _fileable(session: Session, actor: Actor) -> list[dict[str, str]]:
    """Return the parties for which the actor may file; ``own`` is empty for those reached by a delegation only."""
    ids = [grant.party_id for grant in actor.grants if FILE in grant.permissions]
    own = set(
        session.scalars(
            select(Membership.party_id).where(
                Membership.party_id.in_(ids), Membership.user_id == actor.user_id
            )
        )
    )
    rows = session.execute(
        select(Party.id, Party.name).where(Party.id.in_(ids)).order_by(Party.name, Party.id)
    )
    return [{"id": str(row.id), "name": row.name, "own": "yes" if row.id in own else ""} for row in rows]


def _names(session: Session, actor: Actor, dossier: Dossier) -> dict[UUID, str]:
    """Return who took the steps, for officers; an applicant sees the office, not the person."""
    if not actor.is_officer:
        return {}
    ids = {event.actor_id for event in dossier.history if event.actor_id is not None}
    for event in dossier.history:
        if event.action == REASSIGN:
            ids |= {UUID(event.input["from"]), UUID(event.input["to"])}
    rows = session.execute(select(User.id, User.full_name).where(User.id.in_(ids)))
    return {row.id: row.full_name for row in rows}


def _papers(session: Session, case_id: UUID) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Document)
        .where(Document.subject_kind == SUBJECT_KIND, Document.subject_id == case_id)
        .order_by(Document.created_at, Document.id)
    )
    return [
        {"id": str(row.id), "title": row.title, "kind": row.kind, "at": row.created_at, "sha256": row.sha256}
        for row in rows
    ]


def _refusal(request: Request, refusal: DomainError) -> dict[str, str]:
    translate = request_translator(request).gettext
    return {name: translate(getattr(refusal, name), **refusal.params) for name in ("title", "detail", "hint")}


def _crumbs(request: Request, case: Case | None = None, actor: Actor | None = None) -> list[Crumb]:
    if actor is not None and actor.is_officer:
        if case is not None and case.submitted_at is None:
            return [Crumb(request_translator(request).gettext("Counter"), "/counter")]
        return [Crumb(request_translator(request).gettext("Inbox"), "/inbox")]
    return [Crumb(request_translator(request).gettext("My zone"), "/my")]
