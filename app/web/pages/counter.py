"""The counter: reception enters a dossier for an applicant who came, with the applicant's own form and rules."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.errors import Conflict, FieldProblem, Forbidden, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.workflow import counter, procedures
from app.core.workflow.counter import AtCounter, CameBy, Presenter, VisitFaulty
from app.core.workflow.models import Case
from app.core.workflow.permissions import RECEIVE
from app.web import counter_view, dossier_view
from app.web.forms import PostedForm, needed_key, text
from app.web.need import Holder
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentDesk
from app.web.spec import HeldResults
from app.web.unit import DbSession, router

counter_pages = router()

HOME = "/counter"
ASKED = ("presenter", "standing", "identity", "identity_number", "came_by", "mail_number")
_BLANK = {**dict.fromkeys(("procedure", *ASKED), ""), "came_by": CameBy.DESK.value}
Reception = Annotated[Actor, Depends(Holder(RECEIVE))]


@counter_pages.get(HOME, name="counter", include_in_schema=False)
def counter_page(request: Request, session: DbSession, actor: Reception, q: str = "") -> Response:
    """Find the applicant who stands at the desk, and go on with what was begun."""
    typed = q.strip()
    enough = len(typed) >= counter_view.SHORTEST
    view = {
        "title": request_translator(request).gettext("Counter"),
        "q": typed,
        "asked": bool(typed),
        "enough": enough,
        "found": counter_view.applicants(request, session, typed) if enough else [],
        "most": counter_view.MOST,
        "steps": request.app.state.counter_steps,
        "begun": [
            {
                "id": str(each.id),
                "title": each.title,
                "applicant": each.applicant,
                "procedure": procedures.definition_of(session, each.version_id).title,
                "saved_at": each.saved_at,
            }
            for each in counter.begun_at(session, actor)
        ],
        "most_begun": counter.BEGUN,
    }
    return render(request, "counter/counter.html", view)


@counter_pages.get("/counter/new", name="counter-new", include_in_schema=False)
def new_page(
    request: Request, session: DbSession, actor: Reception, party: str = "", procedure: str = ""
) -> Response:
    """Ask for the procedure and who brings the papers."""
    return _new(request, session, party, given={**_BLANK, "case_id": str(uuid7()), "procedure": procedure})


@counter_pages.post(HOME, include_in_schema=False)
def begin(
    request: Request, session: DbSession, actor: Reception, desk: CurrentDesk, posted: PostedForm
) -> Response:
    """Open a draft for the applicant; the key comes with the page, so a double click opens one."""
    given, presenter = _given(posted, "case_id", "procedure"), _presenter(posted)
    party, problems = text(posted, "party_id"), counter.presenter_problems(presenter)
    offered = counter_view.beginnings(request, session, needed_key(party), case_id=given["case_id"])
    if given["procedure"] not in {value for value, *_ in offered.options}:
        problems.insert(0, FieldProblem("procedure", "missing", N_("Choose the procedure.")))
    if problems:
        return _new(request, session, party, given=given, problems=problems)
    procedure, _, key = given["procedure"].partition("/")
    case_id, now = needed_key(given["case_id"]), utcnow()
    results: HeldResults | None = request.app.state.held_results.get(procedure)

    def opening(at: AtCounter) -> Case:
        assert results is not None, "only then it is asked"
        return results.open(session, desk=desk, key=key, counter=at, case_id=case_id, actor=actor, now=now)

    try:
        case = counter.begin(
            session, desk=desk, case_id=case_id, procedure=procedure, party_id=needed_key(party), presenter=presenter,
            actor=actor, now=now, opening=opening if results else None,
        )  # fmt: skip
    except Conflict as refusal:
        session.rollback()
        problem = FieldProblem("procedure", refusal.code, refusal.detail, refusal.params)
        return _new(request, session, party, given=given, problems=[problem])
    return RedirectResponse(f"/dossiers/{case.id}", 303)


@counter_pages.get("/dossiers/{case_id}/visits", name="dossier-visits", include_in_schema=False)
def visit_page(request: Request, session: DbSession, actor: Reception, case_id: UUID) -> Response:
    """Ask who came again with papers."""
    return _visit(request, session, actor, case_id, given={**_BLANK, "visit_id": str(uuid7())})


@counter_pages.post("/dossiers/{case_id}/visits", include_in_schema=False)
def note_visit(
    request: Request, session: DbSession, actor: Reception, posted: PostedForm, case_id: UUID
) -> Response:
    """Note who came again."""
    dossier = dossier_view.load(session, case_id, actor)
    given = _given(posted, "visit_id")
    try:
        counter.note_visit(
            session, case=dossier.case, visit_id=needed_key(given["visit_id"]), presenter=_presenter(posted),
            actor=actor, now=utcnow(),
        )  # fmt: skip
    except VisitFaulty as refusal:
        session.rollback()
        return _visit(request, session, actor, case_id, given=given, problems=refusal.errors)
    return RedirectResponse(f"/dossiers/{case_id}#visits", 303)


def _new(
    request: Request,
    session: Session,
    party: str,
    *,
    given: Mapping[str, str],
    problems: Sequence[FieldProblem] = (),
) -> Response:
    chosen = counter_view.applicant(session, needed_key(party))
    if chosen is None:
        raise NotFound
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Begin a dossier at the counter"),
        "applicant": chosen,
        "offered": counter_view.beginnings(request, session, needed_key(party), case_id=given["case_id"]),
        "given": given,
        **counter_view.choices(translator),
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Counter"), HOME)],
    }
    return render(request, "counter/new.html", view, status=422 if problems else 200)


def _visit(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: UUID,
    *,
    given: Mapping[str, str],
    problems: Sequence[FieldProblem] = (),
) -> Response:
    dossier = dossier_view.load(session, case_id, actor)
    if not dossier_view.fillable(dossier, actor):
        raise Forbidden(permission=RECEIVE)
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Note who brought the papers"),
        "case_id": str(case_id),
        "applicant": dossier.applicant,
        "given": given,
        **counter_view.choices(translator),
        "problems": problems,
        "crumbs": crumbs(request, dossier.case.title, case_id),
    }
    return render(request, "counter/visit.html", view, status=422 if problems else 200)


def crumbs(request: Request, title: str, case_id: UUID) -> list[Crumb]:
    """Return the way from the counter to a dossier."""
    gettext = request_translator(request).gettext
    return [
        Crumb(gettext("Counter"), HOME),
        Crumb(title or gettext("New dossier"), f"/dossiers/{case_id}"),
    ]


def _given(posted: FormData, *names: str) -> dict[str, Any]:
    return {name: text(posted, name).strip() for name in (*names, *ASKED)}


def _presenter(posted: FormData) -> Presenter:
    return Presenter(*(text(posted, name) for name in ASKED))
