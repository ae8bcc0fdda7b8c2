"""The people of an enterprise: who they are, who comes in and who goes, by whoever decides it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text, update
from sqlalchemy.orm import Session

from app.core.auth.models import Invitation, Membership, Party, PartyKind, User, UserState
from app.core.auth.permissions import MEMBER_MANAGE, require
from app.core.auth.roles import ROLES, UserKind
from app.core.auth.service import PERSON, add_membership, end_membership
from app.core.errors import Conflict, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import SYSTEM, Actor

ADMINISTRATOR = "ENTERPRISE_ADMIN"
CUSTOMER_ROLES = tuple(
    role.code for role in ROLES.values() if role.kind is UserKind.CUSTOMER and role.code != PERSON
)
"""Roles that an enterprise gives, in the order of the table."""

# Officers end sessions by a function of the database: their login sees none.
_CLOSE_SESSIONS = text("select auth_close_sessions(:user_id, :at)")


class LastAdministrator(Conflict):
    """Without this person nobody could manage the people of the enterprise."""

    code = "auth.last-administrator"
    title = "This is the last administrator."
    detail = "The enterprise would have nobody left who manages its people."
    hint = "Give another person the role of an administrator first."


@dataclass(frozen=True, slots=True)
class Member:
    """A person who holds roles in an enterprise now."""

    membership_id: UUID
    user_id: UUID
    name: str
    login: str
    roles: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime | None
    usable: bool


def members_of(session: Session, party_id: UUID, *, at: datetime) -> list[Member]:
    """Return the people of a party by name (role ftz_auth or ftz_officer); the caller decides who may see them."""
    rows = session.execute(
        select(
            Membership.id,
            User.id,
            User.full_name,
            User.login,
            Membership.roles,
            Membership.valid_from,
            Membership.valid_to,
            User.state,
        )
        .join(User, User.id == Membership.user_id)
        .where(Membership.party_id == party_id, *_in_force(at))
        .order_by(User.full_name.collate("vi-x-icu"), Membership.id)
    )
    return [
        Member(key, user_id, name, login, tuple(roles), start, end, state is UserState.ACTIVE)
        for key, user_id, name, login, roles, start, end, state in rows
    ]


def administrators_of(session: Session, party_id: UUID, *, at: datetime) -> list[Member]:
    """Return who manages the people of an enterprise now."""
    return [
        each for each in members_of(session, party_id, at=at) if ADMINISTRATOR in each.roles and each.usable
    ]


def change_roles(
    session: Session, membership_id: UUID, *, roles: Collection[str], actor: Actor, now: datetime
) -> UUID:
    """
    Give a person of the own enterprise other roles from now on; the party is returned (role ftz_auth).

    :raises NotFound: no such membership in force, or not in an enterprise that the actor manages.
    :raises LastAdministrator, RoleDoesNotFit:
    """
    held = managed(session, membership_id, actor=actor, now=now)
    if set(roles) == set(held.roles):
        return held.party_id
    if ADMINISTRATOR not in roles:
        _refuse_last(session, held, now=now)
    valid_to = held.valid_to
    end_membership(session, membership_id, actor=actor, now=now)
    # The end must be there before the period is looked at again.
    session.flush()
    add_membership(
        session, party_id=held.party_id, user_id=held.user_id, roles=roles, actor=actor, now=now,
        valid_from=held.valid_to, valid_to=valid_to,
    )  # fmt: skip
    return held.party_id


def remove_member(session: Session, membership_id: UUID, *, actor: Actor, now: datetime) -> Membership:
    """
    End a person's membership in the own enterprise now (role ftz_auth).

    :raises NotFound: no such membership in force, or not in an enterprise that the actor manages.
    :raises LastAdministrator:
    """
    held = managed(session, membership_id, actor=actor, now=now)
    _refuse_last(session, held, now=now)
    end_membership(session, membership_id, actor=actor, now=now)
    return held


def managed_party(party_id: UUID, actor: Actor) -> None:
    """
    Refuse an enterprise that the actor does not manage, as if there were none.

    :raises NotFound:
    """
    if not actor.may(MEMBER_MANAGE, party_id):
        raise NotFound


def managed(session: Session, membership_id: UUID, *, actor: Actor, now: datetime) -> Membership:
    """
    Return a membership in force that the actor manages, held until the commit.

    :raises NotFound: it says the same whether it is another's, over, or none.
    """
    # The whole party is held, so that two administrators cannot remove each other at the same time.
    party_id = session.scalar(select(Membership.party_id).where(Membership.id == membership_id))
    if party_id is None or not actor.may(MEMBER_MANAGE, party_id):
        raise NotFound
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(party_id), 0))))
    held = session.get(Membership, membership_id, with_for_update=True, populate_existing=True)
    if held is None or (held.valid_to is not None and held.valid_to <= now):
        raise NotFound
    return held


def admit(
    session: Session,
    *,
    party_id: UUID,
    user_id: UUID,
    roles: Collection[str],
    need: str,
    actor: Actor,
    now: datetime,
) -> None:
    """
    Give a customer roles in an enterprise by a decision of the desk; what is held there already stays.

    Runs as ftz_officer. Who decided stands in the evidence of the caller's own act.

    :param need: permission under which the desk decides.
    :raises Forbidden, NotFound, PartyDoesNotFit, RoleDoesNotFit:
    """
    require(actor, need)
    earlier = session.scalar(
        select(Membership)
        .where(Membership.party_id == party_id, Membership.user_id == user_id, *_in_force(now))
        .with_for_update()
    )
    held: set[str] = set()
    start = None
    if earlier is not None:
        held = set(earlier.roles)
        if set(roles) <= held:
            return
        end_membership(session, earlier.id, actor=SYSTEM, now=now)
        # The end must be there before the period is looked at again.
        session.flush()
        start = earlier.valid_to
    add_membership(
        session, party_id=party_id, user_id=user_id, roles=held | set(roles), actor=SYSTEM, now=now,
        valid_from=start,
    )  # fmt: skip


def replace_administrators(
    session: Session, party_id: UUID, *, by: UUID, need: str, actor: Actor, now: datetime
) -> list[UUID]:
    """
    End the memberships of the administrators before, and all sessions of theirs; return who they were.

    Runs as ftz_officer, for a representative who has left.

    :param by: the account that takes over; it is left alone.
    :param need: permission under which the desk decides.
    :raises Forbidden:
    """
    require(actor, need)
    gone = [
        each
        for each in members_of(session, party_id, at=now)
        if ADMINISTRATOR in each.roles and each.user_id != by
    ]
    for each in gone:
        end_membership(session, each.membership_id, actor=SYSTEM, now=now)
        # The rights must be gone before the sessions end, so that a sign-in under way does not slip between.
        session.flush()
        ended = session.scalar(_CLOSE_SESSIONS, {"user_id": each.user_id, "at": now})
        subject, facts = Subject("user", each.user_id), {"ended": int(ended or 0)}
        record(session, "auth:user:end-sessions", subject=subject, actor=actor, at=now, facts=facts)
    # What they had promised to others ends with them.
    session.execute(
        update(Invitation)
        .where(
            Invitation.party_id == party_id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
        )
        .values(revoked_at=now),
        execution_options={"synchronize_session": False},
    )
    return [each.user_id for each in gone]


def party_names(session: Session, party_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of enterprises by key, in their order (any role that sees them)."""
    rows = session.execute(
        select(Party.id, Party.name)
        .where(Party.id.in_(party_ids), Party.kind == PartyKind.ENTERPRISE)
        .order_by(Party.name.collate("vi-x-icu"), Party.id)
    )
    return {row.id: row.name for row in rows}


def _refuse_last(session: Session, held: Membership, *, now: datetime) -> None:
    if ADMINISTRATOR not in held.roles:
        return
    others = [
        each for each in administrators_of(session, held.party_id, at=now) if each.membership_id != held.id
    ]
    if not others:
        raise LastAdministrator


def _in_force(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Membership.valid_from <= at, or_(Membership.valid_to.is_(None), Membership.valid_to > at))
