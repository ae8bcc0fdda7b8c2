"""An enterprise proposes new contact data; an officer decides."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from app.core.errors import Conflict, DomainError, Invalid
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.registry import service
from app.registry.pages.enterprise import crumbs_of, visible_card
from app.registry.pages.record_forms import Keeper
from app.registry.queries import EnterpriseCard
from app.registry.service.proposals import CONTACT
from app.web.forms import PostedForm, needed_key, text, whole_number
from app.web.need import CustomerActor
from app.web.render import error_texts, render, request_translator
from app.web.unit import DbSession, router

deciding = router()


@deciding.get("/enterprises/{enterprise_id}/proposals", name="new-proposal", include_in_schema=False)
def proposal_page(
    request: Request, session: DbSession, actor: CustomerActor, enterprise_id: UUID
) -> Response:
    """Show the contact data as a form."""
    card = visible_card(session, actor, enterprise_id)
    given = {**{name: getattr(card, name) or "" for name in CONTACT}, "note": "", "key": str(uuid7())}
    return _form(request, actor, card, given)


@deciding.post("/enterprises/{enterprise_id}/proposals", include_in_schema=False)
def propose(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, enterprise_id: UUID
) -> Response:
    """Send a proposal; the key comes with the page, so sending it twice sends one."""
    card = visible_card(session, actor, enterprise_id)
    given = {name: text(posted, name).strip() for name in (*CONTACT, "note", "key")}
    try:
        service.propose_contact(
            session, proposal_id=needed_key(given["key"]), party_id=enterprise_id,
            values={name: given[name] for name in CONTACT}, note=given["note"], actor=actor, now=utcnow(),
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        session.rollback()
        return _form(request, actor, card, given, refusal=refusal)
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=proposed", 303)


@deciding.post("/enterprises/{enterprise_id}/proposals/{proposal_id}/withdrawal", include_in_schema=False)
def withdraw(
    session: DbSession, actor: CustomerActor, posted: PostedForm, enterprise_id: UUID, proposal_id: UUID
) -> Response:
    """Take the own proposal back."""
    visible_card(session, actor, enterprise_id)
    service.take_back(session, proposal_id=proposal_id, party_id=enterprise_id, actor=actor, now=utcnow())
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=withdrawn", 303)


@deciding.post("/enterprises/{enterprise_id}/proposals/{proposal_id}", include_in_schema=False)
def decide(
    request: Request,
    session: DbSession,
    actor: Keeper,
    posted: PostedForm,
    enterprise_id: UUID,
    proposal_id: UUID,
) -> Response:
    """Take a proposal over, or refuse it with the reason."""
    card = visible_card(session, actor, enterprise_id)
    try:
        service.decide(
            session, proposal_id=proposal_id, party_id=enterprise_id, accept=text(posted, "verdict") == "accept",
            revision=whole_number(text(posted, "revision")), answer=text(posted, "answer"), actor=actor, now=utcnow(),
        )  # fmt: skip
    except Invalid as refusal:
        session.rollback()
        return _answer_form(request, actor, card, proposal_id, text(posted, "answer"), refusal)
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=decided", 303)


def _form(
    request: Request,
    actor: Actor,
    card: EnterpriseCard,
    given: Mapping[str, str],
    *,
    refusal: DomainError | None = None,
) -> Response:
    translator = request_translator(request)
    problems = refusal.errors if refusal else ()
    view: dict[str, Any] = {
        "title": translator.gettext("Propose new contact data"),
        "action": f"/enterprises/{card.party_id}/proposals",
        "back": f"/enterprises/{card.party_id}",
        "given": given,
        "problems": problems,
        "refusal": error_texts(translator, refusal) if refusal and not problems else None,
        "crumbs": crumbs_of(translator, actor, card),
    }
    return render(request, "registry/proposal_form.html", view, status=refusal.status if refusal else 200)


def _answer_form(
    request: Request, actor: Actor, card: EnterpriseCard, proposal_id: UUID, answer: str, refusal: DomainError
) -> Response:
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Answer the proposal"),
        "action": f"/enterprises/{card.party_id}/proposals/{proposal_id}",
        "back": f"/enterprises/{card.party_id}",
        "revision": card.revision,
        "answer": answer,
        "problems": refusal.errors,
        "crumbs": crumbs_of(translator, actor, card),
    }
    return render(request, "registry/answer_form.html", view, status=refusal.status)
