"""The other end of an invitation: who holds the letter sees what is offered, and accepts it."""

from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth import invitations
from app.core.auth.invitations import InvitationKind, InvitationView
from app.core.auth.models import Invitation
from app.core.auth.password import MIN_LENGTH
from app.core.auth.roles import UserKind
from app.core.errors import DomainError
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.time import utcnow
from app.core.notifications.people import DelegationChanged, PeopleChanged
from app.core.outbox import publish
from app.web.admin_form import faults_of, roles_view
from app.web.errors import SignInNeeded
from app.web.forms import PostedForm, text
from app.web.identity import AuthSession
from app.web.pages.account import new_password_problems
from app.web.pages.delegations import topic_titles
from app.web.pages.members import managed_parties
from app.web.render import render, request_translator
from app.web.unit import CurrentActor, router

invitation_pages = router()


@invitation_pages.get("/invitation", name="invitation", include_in_schema=False)
def invitation_page(request: Request, session: AuthSession, actor: CurrentActor, token: str = "") -> Response:
    """Show what is offered, and the way to accept it: sign in, open an account, or one press."""
    return _page(request, session, actor, token)


@invitation_pages.post("/invitation", include_in_schema=False)
def accept(request: Request, session: AuthSession, actor: CurrentActor, form: PostedForm) -> Response:
    """Accept with the account that is signed in."""
    token, now = text(form, "token"), utcnow()
    if actor.user_id is None:
        raise SignInNeeded
    try:
        found = invitations.accept(
            session, token, actor=actor, now=now, for_party=key_of(text(form, "for_party"))
        )
    except DomainError as refusal:
        if refusal.status not in {409, 422}:
            raise
        session.rollback()
        return _page(
            request, session, actor, token, problems=faults_of(refusal, "for_party"), status=refusal.status
        )
    _tell(session, found, actor, key_of(text(form, "for_party")))
    return RedirectResponse("/my?done=joined", 303)


@invitation_pages.post("/invitation/account", include_in_schema=False)
def accept_as_new(request: Request, session: AuthSession, actor: CurrentActor, form: PostedForm) -> Response:
    """Open the account of the invited address; the letter has proved the address."""
    token, now = text(form, "token"), utcnow()
    full_name, language = text(form, "full_name"), request_translator(request).lang
    problems = [each for each in new_password_problems(form) if each.code == "different"]
    try:
        if problems:
            raise invitations.InvitationFaulty(errors=problems)
        found, user = invitations.accept_as_new(
            session, token, full_name=full_name, password=text(form, "password"), language=language, now=now
        )
    except DomainError as refusal:
        if refusal.status not in {409, 422}:
            raise
        session.rollback()
        return _page(
            request, session, actor, token, full_name=full_name, problems=faults_of(refusal, "full_name"),
            status=refusal.status,
        )  # fmt: skip
    if found.kind == InvitationKind.MEMBER:
        _tell(session, found, Actor(actor.kind, user.id, user.full_name), None)
    title = request_translator(request).gettext("The account is open")
    onward = "/my" if found.kind == InvitationKind.MEMBER else f"/invitation?token={quote(token, safe='')}"
    return render(
        request,
        "account/registered.html",
        {"title": title, "login": user.login, "onward": onward, "claims": False},
    )


def _tell(session: Session, found: Invitation, actor: Actor, for_party: Any) -> None:
    now = utcnow()
    assert actor.user_id is not None
    if found.kind == InvitationKind.MEMBER:
        joined = PeopleChanged(found.party_id, actor.user_id, "joined", tuple(found.roles))
        publish(session, joined, actor=actor, at=now, party_id=found.party_id)
    else:
        given = DelegationChanged(found.party_id, for_party, "given")
        publish(session, given, actor=actor, at=now, party_id=found.party_id)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    token: str,
    *,
    full_name: str = "",
    problems: Any = (),
    status: int = 200,
) -> Response:
    offered = invitations.read_invitation(session, token, now=utcnow())
    own = managed_parties(session, actor)
    own.pop(offered.party_id, None)
    view = {
        "title": request_translator(request).gettext(
            "Invitation to act for %(enterprise)s", enterprise=offered.enterprise
        ),
        "offer": _offer(request, offered),
        "token": token,
        "login_href": f"/login?next={quote(f'/invitation?token={token}', safe='')}",
        "signed_in": actor.user_id is not None,
        "officer": actor.is_officer,
        "own": [(str(key), name) for key, name in own.items()],
        "full_name": full_name,
        "shortest": MIN_LENGTH[UserKind.CUSTOMER],
        "problems": problems,
    }
    return render(request, "members/invitation.html", view, status=status)


def _offer(request: Request, offered: InvitationView) -> dict[str, Any]:
    return {
        "enterprise": offered.enterprise,
        "inviter": offered.inviter,
        "email": offered.email,
        "member": offered.kind is InvitationKind.MEMBER,
        "roles": roles_view(request, offered.roles),
        "scope": topic_titles(request, offered.scope),
        "until": offered.delegated_until,
        "expires_at": offered.expires_at,
        "has_account": offered.has_account,
    }
