"""Use cases of identity: accounts and memberships.

Accounts are written under the role ftz_auth only, memberships under ftz_auth or ftz_officer.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, true
from sqlalchemy.orm import Session

from app.core.auth.models import (
    OFFICE_KINDS,
    Membership,
    Party,
    PartyKind,
    User,
    UserState,
)
from app.core.auth.open_sessions import close_sessions
from app.core.auth.password import hash_password, refuse_weak
from app.core.auth.permissions import MEMBER_MANAGE, USER_MANAGE, require
from app.core.auth.roles import ROLES, UserKind
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc


class LoginTaken(Conflict):
    """Another account has this login."""

    code = "auth.login-taken"
    title = "This login is already in use."
    detail = "Another account has the login “%(login)s”."
    hint = "Choose another login, or look for the existing account."


class AlreadyMember(Conflict):
    """The user holds roles in the party in that period already."""

    code = "auth.already-member"
    title = "This person is already a member."
    detail = "The account holds roles there in this period: %(roles)s."
    hint = "End the present membership first, then give the new roles."


class RoleDoesNotFit(Invalid):
    """A role does not exist, or belongs to the other side of the desk."""

    code = "auth.role-does-not-fit"
    title = "This role cannot be given."
    detail = "“%(role)s” is no role for an account of the kind %(kind)s."
    hint = "Choose among: %(choices)s."


class LoginNotUsable(Invalid):
    """A login has other characters than the ones that nobody can confuse."""

    code = "auth.login-not-usable"
    title = "This login cannot be used."
    detail = "A login has 3 to 100 characters: letters a to z without accents, digits and . _ @ + -"
    hint = "Take the e-mail address, or the name without accents."


class PartyDoesNotFit(Invalid):
    """An officer works in an office, a customer acts for an enterprise or a person, never the other way round."""

    code = "auth.party-does-not-fit"
    title = "This account cannot become a member here."
    detail = "An account of the kind %(kind)s cannot be a member of a party of the kind %(party_kind)s."
    hint = "Officers belong to divisions and agencies, customers to enterprises. Open a second account if needed."


class OwnAccount(Conflict):
    """An administrator's own roles and account are for another administrator."""

    code = "auth.own-account"
    title = "This is your own account."
    detail = "Nobody changes the own roles, or locks or resets the own account, through administration."
    hint = "Ask another administrator. Password, second factor and sessions are under “My account”."


PERSON = "PERSON"
"""Role of a person in the party of his or her own."""

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,99}")


def fold_login(login: str) -> str:
    """Return the one spelling of a login: no case, no surrounding space, no compatibility letters."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def is_login(folded: str) -> bool:
    """Tell whether a folded text can be a login."""
    return _LOGIN.fullmatch(folded) is not None


def register_person(
    session: Session,
    *,
    login: str,
    full_name: str,
    kind: UserKind,
    password: str | None,
    language: str,
    actor: Actor,
    now: datetime,
    email: str | None = None,
    initial_until: datetime | None = None,
) -> User:
    """
    Open an account (role ftz_auth). It can do nothing until it is a member of a party.

    :param password: ``None`` for an account that signs in by other means.
    :param initial_until: until when the password serves, once, before the owner has to choose another.
    :raises Forbidden: the actor may open no accounts; who manages colleagues may open customers' accounts.
    :raises LoginNotUsable, LoginTaken, WeakPassword:
    """
    require(actor, USER_MANAGE, *((MEMBER_MANAGE,) if kind is UserKind.CUSTOMER else ()))
    folded = fold_login(login)
    if not is_login(folded):
        raise LoginNotUsable
    if password is not None:
        refuse_weak(password, kind=kind, context=(folded, email or "", full_name))
    if session.scalar(select(User.id).where(User.login == folded)) is not None:
        raise LoginTaken(login=folded)
    user = User(
        id=uuid7(),
        login=folded,
        email=email,
        full_name=nfc(full_name).strip(),
        kind=kind,
        password_hash=hash_password(password) if password is not None else None,
        state=UserState.ACTIVE,
        language=language,
        created_at=now,
        password_changed_at=now if password is not None else None,
        initial_until=initial_until,
    )
    session.add(user)
    # Memberships that follow point to the account.
    session.flush()
    facts = {"kind": kind.value}
    record(session, "auth:user:register", subject=Subject("user", user.id), actor=actor, at=now, facts=facts)
    return user


def add_membership(
    session: Session,
    *,
    party_id: UUID,
    user_id: UUID,
    roles: Collection[str],
    actor: Actor,
    now: datetime,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> Membership:
    """
    Give a user roles in a party for a period (role ftz_auth or ftz_officer).

    :param valid_from: start, included; now when not given.
    :param valid_to: end, not included; ``None`` for no end.
    :raises Forbidden: neither an administrator of accounts, nor of this very party.
    :raises OwnAccount: an officer would give roles to the own account.
    :raises NotFound: no such account or party, or an officer's account that the actor may not manage.
    :raises RoleDoesNotFit, PartyDoesNotFit: it would cross the border between the two sides of the desk.
    :raises AlreadyMember: the user holds roles there in that period.
    """
    manages_all = actor.kind is ActorKind.SYSTEM or actor.may(USER_MANAGE)
    if not manages_all:
        require(actor, MEMBER_MANAGE, party_id=party_id)
    _refuse_own(actor, user_id)
    start = valid_from or now
    kind = session.scalar(select(User.kind).where(User.id == user_id))
    party_kind = session.scalar(select(Party.kind).where(Party.id == party_id))
    if kind is None or party_kind is None or (kind is UserKind.OFFICER and not manages_all):
        raise NotFound
    _refuse_unfit(roles, kind, party_kind)
    overlapping = select(Membership.roles).where(
        Membership.party_id == party_id,
        Membership.user_id == user_id,
        or_(Membership.valid_to.is_(None), Membership.valid_to > start),
        Membership.valid_from < valid_to if valid_to is not None else true(),
    )
    if (held := session.scalar(overlapping.limit(1))) is not None:
        raise AlreadyMember(roles=", ".join(held))
    membership = Membership(
        id=uuid7(),
        party_id=party_id,
        user_id=user_id,
        roles=sorted(set(roles)),
        valid_from=start,
        valid_to=valid_to,
        created_at=now,
        created_by=actor.user_id,
    )
    session.add(membership)
    _record_membership(session, "auth:membership:add", membership, actor=actor, now=now)
    return membership


def end_membership(session: Session, membership_id: UUID, *, actor: Actor, now: datetime) -> None:
    """
    End a membership now (role ftz_auth or ftz_officer). It counts from the user's next request on.

    :raises NotFound: no such membership in force, or not the actor's to end.
    :raises OwnAccount: an officer would change the own roles.
    """
    membership = session.get(Membership, membership_id, with_for_update=True)
    if membership is None or (membership.valid_to is not None and membership.valid_to <= now):
        raise NotFound
    if not actor.may(USER_MANAGE):
        require(actor, MEMBER_MANAGE, party_id=membership.party_id)
    _refuse_own(actor, membership.user_id)
    # A membership that has not begun yet is left an instant that lies before any request.
    membership.valid_to = max(now, membership.valid_from + timedelta(microseconds=1))
    _record_membership(session, "auth:membership:end", membership, actor=actor, now=now)


def set_password(
    session: Session,
    user_id: UUID,
    *,
    password: str,
    actor: Actor,
    now: datetime,
    keep: UUID | None = None,
    initial_until: datetime | None = None,
) -> None:
    """
    Replace a password and end all sessions of the account (role ftz_auth).

    Whoever changes the own password has proved the old one; the caller sees to that.

    :param keep: session that goes on, the one in which the owner changes the password.
    :param initial_until: until when the new password serves, once, before the owner has to choose another.
    :raises Forbidden: another's account, without the permission.
    :raises NotFound, WeakPassword:
    """
    if actor.user_id != user_id:
        require(actor, USER_MANAGE)
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound
    refuse_weak(password, kind=user.kind, context=(user.login, user.email or "", user.full_name))
    user.password_hash = hash_password(password)
    user.password_changed_at = now
    user.initial_until = initial_until
    close_sessions(session, user_id, now=now, keep=keep)
    record(session, "auth:user:set-password", subject=Subject("user", user_id), actor=actor, at=now)


def set_state(session: Session, user_id: UUID, *, state: UserState, actor: Actor, now: datetime) -> None:
    """
    Lock, unlock or close an account (role ftz_auth); locking and closing end its sessions.

    :raises Forbidden: the actor may not manage accounts.
    :raises NotFound: no such account, or it is closed already.
    :raises OwnAccount: the own account.
    """
    require(actor, USER_MANAGE)
    _refuse_own(actor, user_id)
    user = session.get(User, user_id, with_for_update=True)
    if user is None or user.state is UserState.CLOSED:
        raise NotFound
    user.state = state
    if state is not UserState.ACTIVE:
        close_sessions(session, user_id, now=now)
    facts = {"state": state.value}
    record(session, "auth:user:set-state", subject=Subject("user", user_id), actor=actor, at=now, facts=facts)


def names_of(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return full names by key, for pages of officers (ftz_officer, ftz_worker, ftz_auth); one statement."""
    rows = session.execute(select(User.id, User.full_name).where(User.id.in_(set(user_ids))))
    return {row.id: row.full_name for row in rows}


def _refuse_unfit(roles: Collection[str], kind: UserKind, party_kind: PartyKind) -> None:
    if (kind is UserKind.OFFICER) != (party_kind in OFFICE_KINDS):
        raise PartyDoesNotFit(kind=kind.value, party_kind=party_kind.value)
    # The role of a person belongs to the person's own party, and nothing else does.
    fitting = [
        role.code
        for role in ROLES.values()
        if role.kind is kind and (role.code == PERSON) == (party_kind is PartyKind.PERSON)
    ]
    for role in roles:
        if role not in fitting:
            problem = FieldProblem("roles", RoleDoesNotFit.code, RoleDoesNotFit.detail)
            raise RoleDoesNotFit(role=role, kind=kind.value, choices=", ".join(fitting), errors=[problem])


def _refuse_own(actor: Actor, user_id: UUID) -> None:
    if actor.is_officer and actor.user_id == user_id:
        raise OwnAccount


def _record_membership(
    session: Session, tag: str, membership: Membership, *, actor: Actor, now: datetime
) -> None:
    record(
        session,
        tag,
        subject=Subject("membership", membership.id),
        actor=actor,
        at=now,
        party_id=membership.party_id,
        facts={"user": str(membership.user_id), "roles": list(membership.roles)},
    )
