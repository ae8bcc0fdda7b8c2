"""Opinions: what an agency is asked, and how it answers; a clerk files answers that came by letter."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.models import Office
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow import consultations
from app.core.workflow.advice import give_opinion
from app.core.workflow.consultations import Verdict
from app.core.workflow.models import Consultation
from app.core.workflow.permissions import ADVISE, RECEIVE
from app.web import dossier_view
from app.web.clock_view import clock_reader
from app.web.forms import PostedForm, text
from app.web.need import Holder, SignedInActor
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentDesk, CurrentZone
from app.web.unit import DbSession, router

opinions = router()

Adviser = Annotated[Actor, Depends(Holder(ADVISE))]

VERDICTS = {
    Verdict.AGREE: N_("Agree"),
    Verdict.AGREE_WITH_CONDITIONS: N_("Agree with conditions"),
    Verdict.DISAGREE: N_("Disagree"),
    Verdict.NOT_CONCERNED: N_("Not concerned"),
}


@opinions.get("/opinions", name="opinions", include_in_schema=False)
def asked_of_me(request: Request, session: DbSession, actor: Adviser, zone: CurrentZone) -> Response:
    """List what the actor's offices are asked and have not answered."""
    reader = clock_reader(session, now=utcnow(), zone=zone.tz)
    rows = [
        {
            "id": str(asked.id),
            "code": case.code,
            "title": case.title,
            "question": asked.question,
            "clock": reader.until(asked.due_at),
        }
        for asked, case in consultations.waiting_for(session, _own_offices(session, actor))
    ]
    view = {"title": request_translator(request).gettext("Opinions asked for"), "rows": rows}
    return render(request, "opinions/list.html", view)


@opinions.get("/opinions/{consultation_id}", name="opinion", include_in_schema=False)
def opinion_page(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, consultation_id: UUID
) -> Response:
    """Show one question with the dossier that it is about."""
    return _opinion(request, session, actor, zone, _visible(session, actor, consultation_id))


@opinions.post("/opinions/{consultation_id}", include_in_schema=False)
def answer(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    desk: CurrentDesk,
    zone: CurrentZone,
    posted: PostedForm,
    consultation_id: UUID,
) -> Response:
    """Write down the answer."""
    asked = _visible(session, actor, consultation_id)
    given = {name: text(posted, name) for name in ("verdict", "opinion", "reference")}
    if given["verdict"] not in set(Verdict):
        problem = FieldProblem("verdict", "missing", N_("Choose one of the answers in the list."))
        return _opinion(request, session, actor, zone, asked, given=given, problems=[problem], status=422)
    try:
        give_opinion(
            desk, session, consultation_id=consultation_id, verdict=Verdict(given["verdict"]),
            opinion=given["opinion"], reference=given["reference"], actor=actor, now=utcnow(),
        )  # fmt: skip
    except DomainError as refusal:
        problems = refusal.errors or [FieldProblem("verdict", refusal.code, refusal.detail, refusal.params)]
        session.rollback()
        asked = _visible(session, actor, consultation_id)
        return _opinion(
            request, session, actor, zone, asked, given=given, problems=problems, status=refusal.status
        )
    target = "/opinions" if _speaks_for(session, actor, asked) else f"/dossiers/{asked.case_id}"
    return RedirectResponse(target, 303)


def _opinion(
    request: Request,
    session: Session,
    actor: Actor,
    zone: Any,
    asked: Consultation,
    *,
    given: dict[str, str] | None = None,
    problems: Any = (),
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    dossier = dossier_view.load(session, asked.case_id, actor, asked=True)
    case = dossier.case
    own = _speaks_for(session, actor, asked)
    view = {
        "title": translator.gettext("Opinion on %(code)s", code=case.code or ""),
        "asked": {
            "id": str(asked.id),
            "office": dossier_view.office_name(zone, asked.office),
            "question": asked.question,
            "silence": asked.silence,
            "asked_at": asked.asked_at,
            "due_at": asked.due_at,
            "answered_at": asked.answered_at,
            "verdict": translator.gettext(VERDICTS[Verdict(asked.verdict)]) if asked.verdict else "",
            "opinion": asked.opinion or "",
            "reference": asked.reference or "",
        },
        "clock": clock_reader(session, now=utcnow(), zone=zone.tz).until(asked.due_at),
        "case": {"title": case.title, "code": case.code, "applicant": dossier.applicant},
        "procedure": dossier.definition.title,
        "answers": dossier_view.answer_sections(dossier, translator.lang),
        "verdicts": [(code.value, translator.gettext(label)) for code, label in VERDICTS.items()],
        "by_letter": not own,
        "given": given or {"verdict": "", "opinion": "", "reference": ""},
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Opinions asked for"), "/opinions")]
        if own
        else [Crumb(case.code or "", f"/dossiers/{case.id}")],
    }
    return render(request, "opinions/opinion.html", view, status=status)


def _visible(session: Session, actor: Actor, consultation_id: UUID) -> Consultation:
    """Return a consultation that the actor's office is asked, or that the actor may file a letter for."""
    asked = session.get(Consultation, consultation_id) if actor.is_officer else None
    if asked is None or not (_speaks_for(session, actor, asked) or actor.may(RECEIVE)):
        raise NotFound
    return asked


def _speaks_for(session: Session, actor: Actor, asked: Consultation) -> bool:
    return asked.office in _own_offices(session, actor)


def _own_offices(session: Session, actor: Actor) -> list[str]:
    ids = [grant.party_id for grant in actor.grants if ADVISE in grant.permissions]
    return list(session.scalars(select(Office.code).where(Office.party_id.in_(ids)).order_by(Office.code)))
