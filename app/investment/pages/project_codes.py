"""The project code on a dossier's page: its state, live, and asking again after a refusal."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, Forbidden, Invalid, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.models import Case
from app.core.workflow.permissions import REVIEW
from app.investment import queries
from app.investment.pages.code_letters import letter_summary
from app.investment.service import project_codes
from app.web.dossier_view import is_others_draft, require_reader
from app.web.forms import PostedForm, text
from app.web.need import SignedInActor
from app.web.render import render
from app.web.unit import DbSession, router

code_pages = router()

LONGEST_REMARK = 1000


def code_panel(session: Session, actor: Actor, case_id: UUID) -> Mapping[str, Any]:
    """Return the state of the newest request; officers also see why it waits or was refused."""
    request = queries.latest_request(session, case_id)
    if request is None:
        return {}
    return {
        "case_id": str(case_id),
        "state": request.state,
        "code": request.code,
        "since": request.requested_at,
        "answered_at": request.answered_at,
        "simulated": request.simulated,
        "officer": actor.is_officer,
        "error": request.error if actor.is_officer else "",
        "attempts": request.attempts,
        "next_at": request.next_at,
        "reason": request.reason if actor.is_officer else "",
        "reason_code": request.reason_code,
        "remark": request.content.get("remark", "") if actor.is_officer else "",
        "may_ask": actor.is_officer and actor.may(REVIEW),
        "letter": letter_summary(session, actor, case_id),
    }


@code_pages.get("/dossiers/{case_id}/project-code", name="project-code", include_in_schema=False)
def project_code(request: Request, session: DbSession, actor: SignedInActor, case_id: UUID) -> Response:
    """Show the state of the request alone, for the page that is already open."""
    _visible(session, actor, case_id)
    return render(request, "investment/_code_state.html", {"panel": code_panel(session, actor, case_id)})


@code_pages.post("/dossiers/{case_id}/project-code", include_in_schema=False)
def ask_again(session: DbSession, actor: SignedInActor, posted: PostedForm, case_id: UUID) -> Response:
    """Ask the registry once more, with an explanation."""
    _visible(session, actor, case_id)
    if not (actor.is_officer and actor.may(REVIEW)):
        raise Forbidden(permission=REVIEW)
    remark = text(posted, "remark").strip()
    if not remark or len(remark) > LONGEST_REMARK:
        reason = N_(
            "Write what was mended or why the registry can give the code now, in at most 1000 characters."
        )
        raise Invalid(errors=[FieldProblem("remark", "missing", reason)])
    project_codes.ask_again(session, case_id=case_id, remark=remark, actor=actor, now=utcnow())
    return RedirectResponse(f"/dossiers/{case_id}#panel-project-code", 303)


def _visible(session: Session, actor: Actor, case_id: UUID) -> None:
    require_reader(actor)
    case = session.get(Case, case_id)
    if case is None or is_others_draft(case, actor):
        raise NotFound
