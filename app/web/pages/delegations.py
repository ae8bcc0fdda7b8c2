"""Delegations: a broker or law firm acts for the own enterprise, and the own one for others."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth import invitations
from app.core.auth.delegations import DelegationLine, delegations_of, end_delegation
from app.core.auth.invitations import DELEGABLE, InvitationKind, Offer
from app.core.auth.membership import managed_party
from app.core.auth.permissions import DELEGATION_GIVE, PermissionBook
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of, uuid7
from app.core.kit.time import utcnow
from app.core.notifications import can_mail
from app.core.notifications.people import DelegationChanged
from app.core.outbox import publish
from app.web.admin_form import faults_of, read_period, read_roles, roles_view
from app.web.forms import PostedForm, text
from app.web.identity import AuthSession, confirm_first
from app.web.need import Holder
from app.web.pages.members import invitation_view, managed_parties, role_choices
from app.web.pages.register import LetterWriter
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import router

delegation_pages = router()

Giver = Annotated[Actor, Depends(Holder(DELEGATION_GIVE))]

# First words of permissions, in words of people; what has no title here shows its code.
TOPICS = {
    "workflow": N_("Dossiers: prepare, sign, file and follow"),
    "registry": N_("Record of the enterprise in the registry"),
    "investment": N_("Investment projects and certificates"),
    "customs": N_("Customs declarations"),
}


@delegation_pages.get("/delegations", name="delegations", include_in_schema=False)
def delegations_page(
    request: Request, actor: Giver, session: AuthSession, party: str = "", done: str = ""
) -> Response:
    """List who acts for the own enterprise, and for whom it acts."""
    return _page(request, session, actor, _chosen(session, actor, party), done=done)


@delegation_pages.post("/delegations", include_in_schema=False)
def offer_delegation(
    request: Request, actor: Giver, session: AuthSession, zone: CurrentZone, form: PostedForm
) -> Response:
    """Offer a broker or law firm to act; it acts from the moment in which it accepts."""
    party_id = key_of(text(form, "party"))
    if party_id is None:
        raise NotFound
    managed_party(party_id, actor)
    if page := confirm_first(request, form):
        return page
    now, language = utcnow(), request_translator(request).lang
    topics = [each for each in form.getlist("scope") if isinstance(each, str) and each in _topics(request)]
    given: dict[str, Any] = {
        "email": text(form, "email"), "roles": read_roles(form), "scope": topics, "valid_from": "",
        "valid_to": text(form, "valid_to"),
    }  # fmt: skip
    problems: list[FieldProblem] = []
    _, until = read_period(given, zone.tz, now=now, problems=problems)
    if not given["valid_to"].strip():
        problems.append(FieldProblem("valid_to", "missing", N_("Say until when it may act.")))
    if not topics:
        problems.append(FieldProblem("scope", "missing", N_("Choose at least one topic.")))
    offer = Offer(
        key_of(text(form, "key")) or uuid7(), party_id, InvitationKind.DELEGATE, given["email"],
        given["roles"], topics, until,
    )  # fmt: skip
    try:
        if problems:
            raise invitations.InvitationFaulty(errors=problems)
        invitations.invite(
            session, offer, post=LetterWriter(language, now), language=language, actor=actor, now=now
        )
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        session.rollback()
        return _page(
            request, session, actor, party_id, given=given, problems=faults_of(refusal, "email"),
            status=refusal.status,
        )  # fmt: skip
    return RedirectResponse(f"/delegations?party={party_id}&done=offered", 303)


@delegation_pages.post("/delegations/{delegation_id}/end", include_in_schema=False)
def end(actor: Giver, session: AuthSession, form: PostedForm, delegation_id: UUID) -> Response:
    """End a delegation at once, by either side."""
    now = utcnow()
    ended = end_delegation(session, delegation_id, actor=actor, now=now)
    changed = DelegationChanged(ended.party_id, ended.delegate_party_id, "ended")
    publish(session, changed, actor=actor, at=now, party_id=ended.party_id)
    return RedirectResponse("/delegations?done=ended", 303)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    party_id: UUID,
    *,
    done: str = "",
    given: dict[str, Any] | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator, now = request_translator(request), utcnow()
    own = managed_parties(session, actor, DELEGATION_GIVE)
    lines = delegations_of(session, [party_id])
    topics = _topics(request)
    view = {
        "title": translator.gettext("Delegations"),
        "party": {"id": str(party_id), "name": own.get(party_id, "")},
        "tabs": [
            {"title": name, "href": f"/delegations?party={key}", "active": key == party_id}
            for key, name in own.items()
        ],
        "given_rows": [_line(request, each, now) for each in lines if each.giver_id == party_id],
        "received_rows": [_line(request, each, now) for each in lines if each.delegate_id == party_id],
        "offers": [
            invitation_view(request, each, now)
            for each in invitations.invitations_of(session, party_id, InvitationKind.DELEGATE)
        ],
        "role_options": role_choices(request, DELEGABLE),
        "topic_options": list(topics.items()),
        "given": given or {"email": "", "roles": ["FILER"], "scope": ["workflow"], "valid_to": ""},
        "key": str(uuid7()),
        "can_mail": can_mail(),
        "done": done,
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("My zone"), "/my")],
    }
    return render(request, "members/delegations.html", view, status=status)


def _line(request: Request, line: DelegationLine, now: Any) -> dict[str, Any]:
    topics = _topics(request)
    return {
        "id": str(line.id),
        "giver": line.giver,
        "delegate": line.delegate,
        "roles": roles_view(request, line.roles),
        "scope": ", ".join(topics.get(each, each) for each in line.scope),
        "valid_from": line.valid_from,
        "valid_to": line.valid_to,
        "revoked_at": line.revoked_at,
        "in_force": line.in_force(now),
    }


def topic_titles(request: Request, scope: Sequence[str]) -> str:
    """Return topics in one line, in the reader's language."""
    topics = _topics(request)
    return ", ".join(topics.get(each, each) for each in scope)


def _topics(request: Request) -> dict[str, str]:
    """Return the topics that a delegate's roles can touch, with their titles."""
    book: PermissionBook = request.app.state.permissions
    codes = {code.partition(".")[0] for code in book.resolve(DELEGABLE)}
    gettext = request_translator(request).gettext
    return {code: gettext(TOPICS[code]) if code in TOPICS else code for code in sorted(codes)}


def _chosen(session: Session, actor: Actor, party: str) -> UUID:
    wanted = key_of(party)
    if wanted is not None:
        managed_party(wanted, actor)
        return wanted
    own = managed_parties(session, actor, DELEGATION_GIVE)
    if not own:
        raise NotFound
    return next(iter(own))
