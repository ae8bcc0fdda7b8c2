"""From rows to an actor: the grants that memberships and delegations give at one instant."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.auth.clients.tokens import find_actor
from app.core.auth.models import UserState
from app.core.auth.permissions import PermissionBook
from app.core.auth.roles import UserKind
from app.core.errors import DomainError
from app.core.kit.actor import Actor, Grant

# Kept like this in the function auth_resolve too; the view says what a grant is, for both.
_ACTOR_ROW = text(
    """
    select u.full_name, u.kind, u.state,
           (select jsonb_agg(jsonb_build_array(g.party_id, g.roles, g.scope) order by g.party_id)
              from auth_grant g
             where g.user_id = u.id and g.valid_from <= :at and (g.valid_to is null or :at < g.valid_to)) as grants
      from auth_user u
     where u.id = :user_id
    """
)


class AccountNotUsable(DomainError):
    """The account behind an act does not exist, is locked or closed."""

    code = "auth.account-not-usable"
    status = 409
    title = "This account cannot be used."
    detail = "It is locked or closed, or it does not exist."
    hint = "Ask an administrator to look at the account, or let another person act."


def actor_of(session: Session, user_id: UUID, *, book: PermissionBook, at: datetime) -> Actor:
    """
    Return the actor that a user or an API client is at an instant, for jobs that act on behalf of somebody.

    Rights are looked up when the job runs, not when it was ordered: a delegation may have ended meanwhile. Runs under
    the roles ftz_auth, ftz_officer and ftz_worker; one statement finds a user.

    :raises AccountNotUsable: no such user, or the account is locked or closed.
    """
    row = session.execute(_ACTOR_ROW, {"user_id": user_id, "at": at}).one_or_none()
    if row is None and (client := find_actor(session, user_id, book=book, at=at)) is not None:
        return client
    if row is None or row.state != UserState.ACTIVE:
        raise AccountNotUsable
    return make_actor(user_id=user_id, kind=row.kind, name=row.full_name, grants=row.grants or (), book=book)


def make_actor(
    *,
    user_id: UUID,
    kind: str,
    name: str,
    grants: Iterable[Any],
    book: PermissionBook,
    session_id: UUID | None = None,
) -> Actor:
    """
    Make an actor of what the database tells.

    :param grants: triples of party, roles and scope; several of one party are united.
    """
    roles: dict[UUID, frozenset[str]] = {}
    permissions: dict[UUID, frozenset[str]] = {}
    for party, held, scope in grants:
        if not held:
            continue  # a delegation whose roles the member does not hold himself
        allowed = book.resolve(held, scope=scope)
        if scope and not allowed:
            continue  # a delegation whose topics bring nothing must not open the rows of the party
        party_id = UUID(party)
        roles[party_id] = roles.get(party_id, frozenset()) | frozenset(held)
        permissions[party_id] = permissions.get(party_id, frozenset()) | allowed
    return Actor(
        kind=UserKind(kind).actor_kind,
        user_id=user_id,
        name=name,
        grants=tuple(Grant(party_id, roles[party_id], permissions[party_id]) for party_id in roles),
        session_id=session_id,
    )
