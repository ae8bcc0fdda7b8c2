"""
Invitations by e-mail: to become one of the people of an enterprise, or to act for it as a broker or law firm.

The letter proves the address, so a person without an account opens one on the same page. An invitation is for its
address only: a letter that is passed on opens nothing. All of it runs under the role ftz_auth.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.core.auth.delegations import give_delegation
from app.core.auth.membership import ADMINISTRATOR, CUSTOMER_ROLES, managed_party, members_of
from app.core.auth.models import Invitation, Party, User, UserState
from app.core.auth.permissions import MEMBER_MANAGE
from app.core.auth.registration import Post, ensure_person, refuse_email, refuse_name
from app.core.auth.roles import UserKind
from app.core.auth.service import AlreadyMember, add_membership, fold_login, register_person
from app.core.auth.tokens import new_token, token_hash
from app.core.errors import Conflict, DomainError, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor

SERVES_FOR = timedelta(days=7)
DELEGABLE = ("FILER", "SIGNER")
"""Who acts for others manages neither their people nor further delegations: so delegations cannot chain."""

_AGAIN_AFTER = timedelta(minutes=1)
_MOST_A_DAY = 50


class InvitationKind(StrEnum):
    """What is offered: a place among the people, or acting as another enterprise."""

    MEMBER = "MEMBER"
    DELEGATE = "DELEGATE"


class InvitationFaulty(Invalid):
    """The invitation cannot be sent as typed; ``errors`` lists every reason."""

    code = "auth.invitation-faulty"


class TooManyInvitations(Conflict):
    """An enterprise sends more letters a day than anybody needs."""

    code = "auth.too-many-invitations"
    title = "There were too many invitations today."
    detail = "An enterprise sends at most %(count)s invitations a day."
    hint = "Go on tomorrow, or revoke and correct those that were mistyped."


class InvitationOver(DomainError):
    """The invitation is unknown, accepted, revoked or too old."""

    code = "auth.invitation-over"
    status = 410
    title = "This invitation no longer serves."
    detail = "It was accepted already, or revoked, or it is too old."
    hint = "Look into “My zone”; if the enterprise is not there, ask its administrator for a new invitation."


class InvitationForOther(Conflict):
    """Somebody else's invitation."""

    code = "auth.invitation-for-other"
    title = "This invitation is for another address."
    detail = "It was sent to %(email)s; the account that is signed in has another address."
    hint = "Sign in with the account of that address, or ask for an invitation to yours."


class OwnEnterprise(Conflict):
    """An enterprise does not act for itself by a delegation."""

    code = "auth.own-enterprise"
    title = "The enterprise cannot act for itself by a delegation."
    detail = "The enterprise that accepts is the one that invites."
    hint = "Accept for another enterprise, or ask to be invited as one of the people."


@dataclass(frozen=True, slots=True)
class Offer:
    """What an invitation offers; ``id`` comes with the page, so that a double click sends one letter."""

    id: UUID
    party_id: UUID
    kind: InvitationKind
    email: str
    roles: Collection[str]
    scope: Collection[str] = ()
    delegated_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation as its reader sees it."""

    id: UUID
    party_id: UUID
    enterprise: str
    inviter: str
    kind: InvitationKind
    email: str
    roles: tuple[str, ...]
    scope: tuple[str, ...]
    delegated_until: datetime | None
    expires_at: datetime
    has_account: bool


def invite(
    session: Session, offer: Offer, *, post: Post, language: str, actor: Actor, now: datetime
) -> Invitation:
    """
    Invite an address; an earlier invitation of the same kind to it ends. The same key twice sends one letter.

    :raises NotFound: the actor manages no such enterprise.
    :raises InvitationFaulty, AlreadyMember, TooManyInvitations:
    """
    managed_party(offer.party_id, actor)
    known = session.get(Invitation, offer.id)
    if known is not None:
        if known.party_id != offer.party_id:
            raise NotFound
        return known
    email = fold_login(offer.email)
    _refuse_faulty(offer, email, now)
    if offer.kind is InvitationKind.MEMBER:
        _refuse_member(session, offer.party_id, email, now)
    today = session.scalar(
        select(func.count()).where(
            Invitation.party_id == offer.party_id, Invitation.created_at > now - timedelta(days=1)
        )
    )
    if (today or 0) >= _MOST_A_DAY:
        raise TooManyInvitations(count=_MOST_A_DAY)
    session.execute(
        update(Invitation)
        .where(
            Invitation.party_id == offer.party_id, Invitation.email == email, Invitation.kind == offer.kind.value,
            *_open_rows(now),
        )
        .values(revoked_at=now)
    )  # fmt: skip
    invitation = Invitation(
        id=offer.id, party_id=offer.party_id, kind=offer.kind.value, email=email, roles=sorted(set(offer.roles)),
        scope=sorted(set(offer.scope)), delegated_until=offer.delegated_until, token_hash=b"", language=language,
        created_at=now, created_by=actor.user_id, sent_at=now, expires_at=now + SERVES_FOR,
    )  # fmt: skip
    _send(session, invitation, post=post, actor=actor, now=now)
    session.add(invitation)
    _record(session, "send", invitation, actor=actor, now=now)
    return invitation


def send_again(
    session: Session, invitation_id: UUID, *, post: Post, actor: Actor, now: datetime
) -> Invitation:
    """
    Send an open invitation once more, with a new address in the letter and a new end; at most once a minute.

    :raises NotFound: no open invitation of an enterprise that the actor manages.
    """
    invitation = _own(session, invitation_id, actor)
    if invitation.sent_at > now - _AGAIN_AFTER:
        return invitation
    invitation.sent_at, invitation.expires_at = now, now + SERVES_FOR
    _send(session, invitation, post=post, actor=actor, now=now)
    _record(session, "send", invitation, actor=actor, now=now)
    return invitation


def revoke_invitation(session: Session, invitation_id: UUID, *, actor: Actor, now: datetime) -> Invitation:
    """
    End an open invitation.

    :raises NotFound: no open invitation of an enterprise that the actor manages.
    """
    invitation = _own(session, invitation_id, actor)
    invitation.revoked_at = now
    _record(session, "revoke", invitation, actor=actor, now=now)
    return invitation


def invitations_of(session: Session, party_id: UUID, kind: InvitationKind) -> list[Invitation]:
    """Return the invitations of an enterprise that nobody has answered, also those that grew too old."""
    query = (
        select(Invitation)
        .where(
            Invitation.party_id == party_id,
            Invitation.kind == kind.value,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .order_by(Invitation.id.desc())
    )
    return list(session.scalars(query))


def read_invitation(session: Session, token: str, *, now: datetime) -> InvitationView:
    """
    Return what an invitation offers, for who holds the letter.

    :raises InvitationOver:
    """
    found = _open(session, token, now)
    enterprise = session.scalars(select(Party.name).where(Party.id == found.party_id)).one()
    inviter = session.scalar(select(User.full_name).where(User.id == found.created_by)) or ""
    return InvitationView(
        found.id, found.party_id, enterprise, inviter, InvitationKind(found.kind), found.email, tuple(found.roles),
        tuple(found.scope), found.delegated_until, found.expires_at, _account(session, found.email) is not None,
    )  # fmt: skip


def accept_as_new(
    session: Session, token: str, *, full_name: str, password: str, language: str, now: datetime
) -> tuple[Invitation, User]:
    """
    Open the account of the invited address and make it one of the people.

    :raises InvitationOver, InvitationFaulty, WeakPassword, LoginTaken:
    """
    found = _open(session, token, now, lock=True)
    if problems := refuse_name(full_name):
        raise InvitationFaulty(errors=problems)
    user = register_person(
        session, login=found.email, full_name=full_name, kind=UserKind.CUSTOMER, password=password,
        language=language, email=found.email, actor=SYSTEM, now=now,
    )  # fmt: skip
    ensure_person(session, user.id, now=now)
    if found.kind == InvitationKind.MEMBER:
        _join(session, found, user.id, now=now)
    return found, user


def accept(
    session: Session, token: str, *, actor: Actor, now: datetime, for_party: UUID | None = None
) -> Invitation:
    """
    Accept an invitation with the account that is signed in.

    :param for_party: enterprise that is to act, when a delegation is offered.
    :raises InvitationOver, InvitationForOther, AlreadyMember, OwnEnterprise:
    :raises NotFound: the actor does not manage the enterprise that is to act.
    """
    found = _open(session, token, now, lock=True)
    user = session.get(User, actor.user_id)
    if user is None or found.email not in {user.login, (user.email or "").casefold()}:
        raise InvitationForOther(email=found.email)
    if found.kind == InvitationKind.MEMBER:
        _join(session, found, user.id, now=now)
    else:
        _delegate(session, found, for_party, actor=actor, now=now)
    return found


def _join(session: Session, found: Invitation, user_id: UUID, *, now: datetime) -> None:
    add_membership(
        session, party_id=found.party_id, user_id=user_id, roles=found.roles, actor=SYSTEM, now=now
    )
    _accepted(session, found, user_id, now=now)


def _delegate(
    session: Session, found: Invitation, for_party: UUID | None, *, actor: Actor, now: datetime
) -> None:
    if for_party is None:
        raise InvitationFaulty(
            errors=[FieldProblem("for_party", "missing", N_("Say which enterprise is to act."))]
        )
    managed_party(for_party, actor)
    if for_party == found.party_id:
        raise OwnEnterprise
    give_delegation(
        session, party_id=found.party_id, delegate_id=for_party, roles=found.roles, scope=found.scope,
        until=found.delegated_until, given_by=found.created_by, actor=actor, now=now,
    )  # fmt: skip
    assert actor.user_id is not None
    _accepted(session, found, actor.user_id, now=now)


def _accepted(session: Session, found: Invitation, user_id: UUID, *, now: datetime) -> None:
    found.accepted_at, found.accepted_by = now, user_id
    _record(session, "accept", found, actor=SYSTEM, now=now)


def _send(session: Session, invitation: Invitation, *, post: Post, actor: Actor, now: datetime) -> None:
    token = new_token()
    invitation.token_hash = token_hash(token)
    enterprise = session.scalars(select(Party.name).where(Party.id == invitation.party_id)).one()
    kind = "invite" if invitation.kind == InvitationKind.MEMBER else "invite-delegate"
    params = {
        "enterprise": enterprise,
        "inviter": actor.name,
        "token": token,
        "until_at": (now + SERVES_FOR).isoformat(),
    }
    post(session, to=invitation.email, kind=kind, params=params)


def _open(session: Session, token: str, now: datetime, *, lock: bool = False) -> Invitation:
    query = select(Invitation).where(Invitation.token_hash == token_hash(token), *_open_rows(now))
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None or not _still_offered(session, found, now):
        raise InvitationOver
    return found


def _still_offered(session: Session, found: Invitation, now: datetime) -> bool:
    """Tell whether who invited still manages the people of the enterprise."""
    return any(
        each.user_id == found.created_by and ADMINISTRATOR in each.roles
        for each in members_of(session, found.party_id, at=now)
    )


def _own(session: Session, invitation_id: UUID, actor: Actor) -> Invitation:
    found = session.get(Invitation, invitation_id, with_for_update=True)
    closed = found is None or found.accepted_at is not None or found.revoked_at is not None
    if found is None or closed or not actor.may(MEMBER_MANAGE, found.party_id):
        raise NotFound
    return found


def _open_rows(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now)


def _account(session: Session, email: str) -> UUID | None:
    return session.scalar(
        select(User.id)
        .where(
            User.kind == UserKind.CUSTOMER,
            User.state == UserState.ACTIVE,
            (User.login == email) | (func.lower(User.email) == email),
        )
        .limit(1)
    )


def _refuse_member(session: Session, party_id: UUID, email: str, now: datetime) -> None:
    user_id = _account(session, email)
    held = next((each for each in members_of(session, party_id, at=now) if each.user_id == user_id), None)
    if held is not None:
        raise AlreadyMember(roles=", ".join(held.roles))


def _refuse_faulty(offer: Offer, email: str, now: datetime) -> None:
    problems = list(refuse_email(email))
    fitting = CUSTOMER_ROLES if offer.kind is InvitationKind.MEMBER else DELEGABLE
    if not offer.roles or set(offer.roles) - set(fitting):
        problems.append(FieldProblem("roles", "missing", N_("Choose at least one role.")))
    if offer.delegated_until is not None and offer.delegated_until <= now:
        problems.append(FieldProblem("valid_to", "past", N_("The last day lies in the past.")))
    if problems:
        raise InvitationFaulty(errors=problems)


def _record(session: Session, verb: str, invitation: Invitation, *, actor: Actor, now: datetime) -> None:
    record(
        session, f"auth:invitation:{verb}", subject=Subject("invitation", invitation.id), actor=actor, at=now,
        party_id=invitation.party_id, facts={"kind": invitation.kind, "roles": list(invitation.roles)},
        digests={"address": invitation.email},
    )  # fmt: skip
