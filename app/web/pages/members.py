"""The people of the own enterprise: who they are, inviting, limiting and removing them."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth import invitations
from app.core.auth.invitations import InvitationKind, Offer
from app.core.auth.membership import (
    CUSTOMER_ROLES,
    change_roles,
    managed,
    managed_party,
    members_of,
    party_names,
    remove_member,
)
from app.core.auth.permissions import MEMBER_MANAGE
from app.core.auth.roles import ROLES
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of, uuid7
from app.core.kit.time import utcnow
from app.core.notifications import can_mail
from app.core.notifications.people import PeopleChanged
from app.core.outbox import publish
from app.web.admin_form import faults_of, read_roles, roles_view
from app.web.forms import PostedForm, text
from app.web.identity import AuthSession, confirm_first
from app.web.need import Holder
from app.web.pages.register import LetterWriter
from app.web.render import Crumb, render, request_translator
from app.web.unit import router

members_pages = router()

Manager = Annotated[Actor, Depends(Holder(MEMBER_MANAGE))]


@members_pages.get("/members", name="members", include_in_schema=False)
def members_page(
    request: Request, actor: Manager, session: AuthSession, party: str = "", done: str = ""
) -> Response:
    """List the people of an enterprise and the invitations under way."""
    return _page(request, session, actor, _chosen(session, actor, party), done=done)


@members_pages.post("/members/invitations", include_in_schema=False)
def invite(request: Request, actor: Manager, session: AuthSession, form: PostedForm) -> Response:
    """Invite an address to become one of the people."""
    party_id = key_of(text(form, "party"))
    if party_id is None:
        raise NotFound
    managed_party(party_id, actor)
    if page := confirm_first(request, form):
        return page
    now, roles, language = utcnow(), read_roles(form), request_translator(request).lang
    given = {"email": text(form, "email"), "roles": roles}
    offer = Offer(
        key_of(text(form, "key")) or uuid7(), party_id, InvitationKind.MEMBER, text(form, "email"), roles
    )
    try:
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
    return _back(party_id, "invited")


@members_pages.post("/invitations/{invitation_id}/again", include_in_schema=False)
def send_again(
    request: Request, actor: Manager, session: AuthSession, form: PostedForm, invitation_id: UUID
) -> Response:
    """Send an invitation once more."""
    now = utcnow()
    post = LetterWriter(request_translator(request).lang, now)
    found = invitations.send_again(session, invitation_id, post=post, actor=actor, now=now)
    return _list_of(found.kind, found.party_id, "again")


@members_pages.post("/invitations/{invitation_id}/revoke", include_in_schema=False)
def revoke(actor: Manager, session: AuthSession, form: PostedForm, invitation_id: UUID) -> Response:
    """End an invitation."""
    found = invitations.revoke_invitation(session, invitation_id, actor=actor, now=utcnow())
    return _list_of(found.kind, found.party_id, "revoked")


@members_pages.get("/members/{membership_id}", name="member", include_in_schema=False)
def member_page(request: Request, actor: Manager, session: AuthSession, membership_id: UUID) -> Response:
    """Show one person of the enterprise, with what may be changed."""
    return _member(request, session, actor, membership_id)


@members_pages.post("/members/{membership_id}/roles", include_in_schema=False)
def limit(
    request: Request, actor: Manager, session: AuthSession, form: PostedForm, membership_id: UUID
) -> Response:
    """Give a person other roles from now on."""
    now, roles = utcnow(), read_roles(form)
    user_id = managed(session, membership_id, actor=actor, now=now).user_id
    if not roles:
        problems = [FieldProblem("roles", "missing", N_("Choose at least one role."))]
        return _member(request, session, actor, membership_id, problems=problems, status=422)
    if page := confirm_first(request, form):
        return page
    try:
        party_id = change_roles(session, membership_id, roles=roles, actor=actor, now=now)
    except DomainError as refusal:
        session.rollback()
        return _member(
            request, session, actor, membership_id, problems=faults_of(refusal, "roles"),
            status=refusal.status,
        )  # fmt: skip
    changed = PeopleChanged(party_id, user_id, "changed", tuple(roles))
    publish(session, changed, actor=actor, at=now, party_id=party_id)
    return _back(party_id, "roles")


@members_pages.post("/members/{membership_id}/remove", include_in_schema=False)
def remove(
    request: Request, actor: Manager, session: AuthSession, form: PostedForm, membership_id: UUID
) -> Response:
    """End a person's membership now."""
    now = utcnow()
    managed(session, membership_id, actor=actor, now=now)
    if page := confirm_first(request, form):
        return page
    try:
        gone = remove_member(session, membership_id, actor=actor, now=now)
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        session.rollback()
        return _member(
            request, session, actor, membership_id, problems=faults_of(refusal, "roles"),
            status=refusal.status,
        )  # fmt: skip
    removed = PeopleChanged(gone.party_id, gone.user_id, "removed")
    publish(session, removed, actor=actor, at=now, party_id=gone.party_id)
    return RedirectResponse("/my", 303) if gone.user_id == actor.user_id else _back(gone.party_id, "removed")


def managed_parties(session: Session, actor: Actor, permission: str = MEMBER_MANAGE) -> dict[UUID, str]:
    """Return the enterprises that an actor manages, by name."""
    return party_names(session, [each.party_id for each in actor.grants if permission in each.permissions])


def invitation_view(request: Request, each: Any, now: Any) -> dict[str, Any]:
    """Return an invitation as a row."""
    return {
        "id": str(each.id),
        "email": each.email,
        "roles": roles_view(request, each.roles),
        "sent_at": each.sent_at,
        "expires_at": each.expires_at,
        "over": each.expires_at <= now,
    }


def _chosen(session: Session, actor: Actor, party: str) -> UUID:
    own, wanted = managed_parties(session, actor), key_of(party)
    if wanted is not None:
        managed_party(wanted, actor)
        return wanted
    if not own:
        raise NotFound
    return next(iter(own))


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
    own = managed_parties(session, actor)
    view = {
        "title": translator.gettext("People of the enterprise"),
        "party": {"id": str(party_id), "name": own.get(party_id, "")},
        "tabs": [
            {"title": name, "href": f"/members?party={key}", "active": key == party_id}
            for key, name in own.items()
        ],
        "rows": [
            {
                "id": str(each.membership_id),
                "name": each.name,
                "login": each.login,
                "roles": roles_view(request, each.roles),
                "since": each.valid_from,
                "me": each.user_id == actor.user_id,
                "usable": each.usable,
            }
            for each in members_of(session, party_id, at=now)
        ],
        "invitations": [
            invitation_view(request, each, now)
            for each in invitations.invitations_of(session, party_id, InvitationKind.MEMBER)
        ],
        "role_options": role_choices(request),
        "given": given or {"email": "", "roles": ["FILER"]},
        "key": str(uuid7()),
        "can_mail": can_mail(),
        "days": invitations.SERVES_FOR.days,
        "done": done,
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("My zone"), "/my")],
    }
    return render(request, "members/members.html", view, status=status)


def _member(
    request: Request,
    session: Session,
    actor: Actor,
    membership_id: UUID,
    *,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator, now = request_translator(request), utcnow()
    held = managed(session, membership_id, actor=actor, now=now)
    person = next(
        each for each in members_of(session, held.party_id, at=now) if each.membership_id == membership_id
    )
    view = {
        "title": person.name,
        "member": {
            "id": str(membership_id),
            "login": person.login,
            "roles": person.roles,
            "since": person.valid_from,
            "until": person.valid_to,
            "me": person.user_id == actor.user_id,
        },
        "enterprise": managed_parties(session, actor).get(held.party_id, ""),
        "role_options": role_choices(request),
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("People of the enterprise"), f"/members?party={held.party_id}")],
    }
    return render(request, "members/member.html", view, status=status)


def role_choices(request: Request, codes: Sequence[str] = CUSTOMER_ROLES) -> list[tuple[str, str, str]]:
    """Return roles of an enterprise with what each is for."""
    lang = request_translator(request).lang
    return [(code, ROLES[code].title[lang], ROLES[code].description[lang]) for code in codes]


def _list_of(kind: str, party_id: UUID, done: str) -> Response:
    if kind == InvitationKind.DELEGATE:
        return RedirectResponse(f"/delegations?party={party_id}&done={done}", 303)
    return _back(party_id, done)


def _back(party_id: UUID, done: str) -> RedirectResponse:
    return RedirectResponse(f"/members?party={party_id}&done={done}", 303)
