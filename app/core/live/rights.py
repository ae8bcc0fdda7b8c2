"""
Looking at rights again: who of the streams' owners still has a session, and what they may hear now.

One question for all streams of a process. It does not count as a request: an open stream must not keep a session
awake that nobody uses.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.auth.actors import make_actor
from app.core.auth.permissions import PermissionBook
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import Actor

_AUTH = SessionContext(DbRole.AUTH)
_IN_FORCE = text(
    """
    select s.id, s.user_id, u.full_name, u.kind,
           coalesce((select jsonb_agg(jsonb_build_array(g.party_id, g.roles, g.scope) order by g.party_id)
                       from auth_grant g
                      where g.user_id = u.id and g.valid_from <= :at and (g.valid_to is null or :at < g.valid_to)),
                    '[]'::jsonb) as grants
      from auth_session s join auth_user u on u.id = s.user_id
     where s.id = any(:ids) and s.revoked_at is null
       and :at < s.expires_at and :at < s.last_seen_at + s.idle_for and u.state = 'ACTIVE'
    """
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a stream rests on: the session that opened it, and its owner with the rights of now."""

    session_id: UUID
    actor: Actor


def actors_in_force(
    database: Database, session_ids: Collection[UUID], *, book: PermissionBook, now: datetime
) -> dict[UUID, Standing]:
    """Return the sessions that still hold at ``now``, with their owners' rights; ended ones are missing."""
    if not session_ids:
        return {}
    with database.session(_AUTH) as session:
        rows: Any = session.execute(_IN_FORCE, {"ids": list(session_ids), "at": now})
        return {
            row.id: Standing(
                row.id,
                make_actor(
                    user_id=row.user_id,
                    kind=row.kind,
                    name=row.full_name,
                    grants=row.grants,
                    book=book,
                    session_id=row.id,
                ),
            )
            for row in rows
        }
