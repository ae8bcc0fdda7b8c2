"""What administrators see of accounts and offices, and do to them. All of it runs under the role ftz_auth."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, any_, cast, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.auth import totp
from app.core.auth.models import Membership, Office, Party, PartyKind, Totp, User, UserState
from app.core.auth.open_sessions import close_sessions
from app.core.auth.permissions import SESSION_REVOKE, USER_MANAGE, require
from app.core.auth.roles import UserKind
from app.core.auth.service import OwnAccount, set_password
from app.core.errors import NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.text import fold

PAGE_SIZE = 50
# An initial password that nobody took up dies, so that a forgotten note opens nothing.
INITIAL_FOR = timedelta(days=7)
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
_GROUPS, _GROUP = 4, 5
_VIETNAMESE = "vi-x-icu"


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts a list shows; empty fields do not narrow it."""

    query: str = ""
    office_id: UUID | None = None
    role: str = ""
    state: UserState | None = None
    kind: UserKind | None = None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as a line of the list; ``belongs`` names offices or enterprises with the roles held there now."""

    id: UUID
    login: str
    full_name: str
    kind: UserKind
    state: UserState
    second_factor: bool
    belongs: tuple[tuple[dict[str, str], tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class AccountView:
    """Everything about an account that an administrator may know."""

    id: UUID
    login: str
    full_name: str
    email: str | None
    kind: UserKind
    state: UserState
    language: str
    created_at: datetime
    password_changed_at: datetime | None
    initial_until: datetime | None


@dataclass(frozen=True, slots=True)
class MembershipLine:
    """Roles of an account in a party for a period; ``name`` by language."""

    id: UUID
    name: dict[str, str]
    roles: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime | None

    def state(self, at: datetime) -> str:
        """Tell whether it lies ahead, is in force or is over: ``ahead``, ``now``, ``over``."""
        if self.valid_from > at:
            return "ahead"
        return "now" if self.valid_to is None or at < self.valid_to else "over"


@dataclass(frozen=True, slots=True)
class OfficeLine:
    """An office and how many people hold roles there now."""

    id: UUID
    code: str
    kind: PartyKind
    name: dict[str, str]
    symbol: str
    members: int


def list_accounts(
    session: Session,
    wanted: AccountFilter,
    *,
    at: datetime,
    after: tuple[str, UUID] | None = None,
    size: int = PAGE_SIZE,
) -> list[AccountLine]:
    """
    Return accounts in Vietnamese order of names; one more than ``size`` when there is a next page.

    Each word of the query must occur in name, login or address; accents and Đ are forgiven.

    :param after: full name and key of the last line of the page before.
    """
    name = User.full_name.collate(_VIETNAMESE)
    query = (
        select(User.id, User.login, User.full_name, User.kind, User.state, Totp.confirmed_at)
        .outerjoin(Totp, Totp.user_id == User.id)
        .where(*_conditions(wanted, at))
        .order_by(name, User.id)
        .limit(size + 1)
    )
    if after is not None:
        query = query.where(tuple_(name, User.id) > after)
    rows = session.execute(query).all()
    belongs = _belongs(session, [row.id for row in rows], at)
    return [
        AccountLine(
            row.id,
            row.login,
            row.full_name,
            row.kind,
            row.state,
            row.confirmed_at is not None,
            tuple(belongs.get(row.id, ())),
        )
        for row in rows
    ]


def find_account(session: Session, user_id: UUID) -> AccountView:
    """
    Return an account.

    :raises NotFound:
    """
    row = session.execute(
        select(
            User.id,
            User.login,
            User.full_name,
            User.email,
            User.kind,
            User.state,
            User.language,
            User.created_at,
            User.password_changed_at,
            User.initial_until,
        ).where(User.id == user_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return AccountView(**row._asdict())


def memberships_of(session: Session, user_id: UUID) -> list[MembershipLine]:
    """Return all memberships of an account, the latest first."""
    rows = session.execute(
        select(
            Membership.id,
            Office.name,
            Party.name,
            Membership.roles,
            Membership.valid_from,
            Membership.valid_to,
        )
        .join(Party, Party.id == Membership.party_id)
        .outerjoin(Office, Office.party_id == Membership.party_id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.valid_from.desc(), Membership.id)
    )
    return [
        MembershipLine(key, _names(office, party), tuple(roles), start, end)
        for key, office, party, roles, start, end in rows
    ]


def membership_owner(session: Session, membership_id: UUID) -> UUID:
    """
    Return whose a membership is.

    :raises NotFound:
    """
    owner = session.scalar(select(Membership.user_id).where(Membership.id == membership_id))
    if owner is None:
        raise NotFound
    return owner


def list_offices(session: Session, *, at: datetime) -> list[OfficeLine]:
    """Return the authority, its divisions and the agencies, each with the number of its people."""
    members = (
        select(func.count(func.distinct(Membership.user_id)))
        .where(Membership.party_id == Office.party_id, *_in_force(at))
        .scalar_subquery()
    )
    rows = session.execute(
        select(Office.party_id, Office.code, Office.kind, Office.name, Office.symbol, members).order_by(
            Office.kind, Office.code
        )
    )
    order = {PartyKind.AUTHORITY: 0, PartyKind.DIVISION: 1, PartyKind.AGENCY: 2}
    return sorted((OfficeLine(*row) for row in rows), key=lambda line: (order[line.kind], line.code))


def officers_by_role(session: Session, *, at: datetime) -> dict[str, list[tuple[UUID, str]]]:
    """Return the officers who hold each role now, by key and name, in the order of the names."""
    rows = session.execute(
        select(User.id, User.full_name, Membership.roles)
        .join(Membership, Membership.user_id == User.id)
        .where(User.kind == UserKind.OFFICER, User.state == UserState.ACTIVE, *_in_force(at))
        .order_by(User.full_name.collate(_VIETNAMESE), User.id)
    )
    found: dict[str, list[tuple[UUID, str]]] = {}
    for user_id, name, roles in rows:
        for role in roles:
            if (user_id, name) not in found.setdefault(role, []):
                found[role].append((user_id, name))
    return found


def note_certificate(session: Session, user_id: UUID, *, actor: Actor, now: datetime) -> None:
    """
    Record that an account was given a development certificate.

    :raises Forbidden: the actor may not manage accounts.
    """
    require(actor, USER_MANAGE)
    record(session, "auth:user:certify", subject=Subject("user", user_id), actor=actor, at=now)


def new_initial_password() -> str:
    """Make a password to hand over once: 98 random bits in letters that nobody confuses."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def issue_password(session: Session, user_id: UUID, *, actor: Actor, now: datetime) -> str:
    """
    Give an account a new initial password and end its sessions; return it, readable this once.

    :raises Forbidden, NotFound, OwnAccount:
    """
    require(actor, USER_MANAGE)
    _refuse_self(actor, user_id)
    password = new_initial_password()
    set_password(session, user_id, password=password, actor=actor, now=now, initial_until=now + INITIAL_FOR)
    return password


def reset_second_factor(session: Session, user_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """
    Take away a lost second factor and end the account's sessions; tell whether there was one.

    Where the policy demands one, the owner sets up a new device at the next sign-in.

    :raises Forbidden, NotFound, OwnAccount:
    """
    require(actor, USER_MANAGE)
    _refuse_self(actor, user_id)
    find_account(session, user_id)
    had = totp.remove(session, user_id, actor=actor, now=now)
    close_sessions(session, user_id, now=now)
    return had


def end_sessions(
    session: Session, user_id: UUID, *, actor: Actor, now: datetime, keep: UUID | None = None
) -> int:
    """
    End all sessions of an account but for one; return how many ended.

    :raises Forbidden: another's, without the permission ``session.revoke``.
    """
    if actor.user_id != user_id:
        require(actor, SESSION_REVOKE)
    ended = close_sessions(session, user_id, now=now, keep=keep)
    facts = {"ended": ended}
    record(
        session, "auth:user:end-sessions", subject=Subject("user", user_id), actor=actor, at=now, facts=facts
    )
    return ended


def set_language(session: Session, user_id: UUID, *, language: str, actor: Actor, now: datetime) -> None:
    """
    Note the language in which the platform writes to a person.

    :raises NotFound:
    """
    user = session.get(User, user_id)
    if user is None or actor.user_id != user_id:
        raise NotFound
    user.language = language
    facts = {"language": language}
    record(
        session, "auth:user:set-language", subject=Subject("user", user_id), actor=actor, at=now, facts=facts
    )


def _conditions(wanted: AccountFilter, at: datetime) -> list[ColumnElement[bool]]:
    text = func.lower(func.unaccent(User.full_name + " " + User.login + " " + func.coalesce(User.email, "")))
    found = [cast(text, Text).contains(word, autoescape=True) for word in fold(wanted.query).split()]
    if wanted.state is not None:
        found.append(User.state == wanted.state)
    if wanted.kind is not None:
        found.append(User.kind == wanted.kind)
    if wanted.office_id is not None or wanted.role:
        held = and_(Membership.user_id == User.id, *_in_force(at))
        if wanted.office_id is not None:
            held = and_(held, Membership.party_id == wanted.office_id)
        if wanted.role:
            held = and_(held, literal(wanted.role) == any_(Membership.roles))
        found.append(exists().where(held))
    return found


def _in_force(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Membership.valid_from <= at,
        or_(Membership.valid_to.is_(None), Membership.valid_to > at),
    )


def _belongs(session: Session, user_ids: Sequence[UUID], at: datetime) -> dict[UUID, list[Any]]:
    rows = session.execute(
        select(Membership.user_id, Office.name, Party.name, Membership.roles)
        .join(Party, Party.id == Membership.party_id)
        .outerjoin(Office, Office.party_id == Membership.party_id)
        .where(Membership.user_id.in_(user_ids), *_in_force(at))
        .order_by(Party.name, Membership.id)
    )
    found: dict[UUID, list[Any]] = {}
    for user_id, office, party, roles in rows:
        found.setdefault(user_id, []).append((_names(office, party), tuple(roles)))
    return found


def _names(office: dict[str, str] | None, party: str) -> dict[str, str]:
    return office or {"vi": party, "en": party}


def _refuse_self(actor: Actor, user_id: UUID) -> None:
    if actor.user_id == user_id:
        raise OwnAccount
