"""Sessions of an account that are open: shown, ended one by one or together, and deleted when they are old."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, true, update
from sqlalchemy.orm import Session

from app.core.auth.models import LoginSession, Throttle
from app.core.auth.permissions import SESSION_REVOKE
from app.core.errors import NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its owner sees it."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str | None
    ip: str | None


def list_sessions(session: Session, user_id: UUID, *, now: datetime) -> list[SessionView]:
    """Return the sessions of a user that are in force, the latest first (role ftz_auth)."""
    rows = session.execute(
        select(
            LoginSession.id,
            LoginSession.created_at,
            LoginSession.last_seen_at,
            LoginSession.expires_at,
            LoginSession.user_agent,
            LoginSession.ip,
        )
        .where(
            LoginSession.user_id == user_id,
            LoginSession.pending.is_(None),
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > now,
            LoginSession.last_seen_at + LoginSession.idle_for > now,
        )
        .order_by(LoginSession.created_at.desc(), LoginSession.id)
    )
    return [SessionView(*row) for row in rows]


def revoke(session: Session, session_id: UUID, *, actor: Actor, now: datetime) -> None:
    """
    End one session, the own one or, with the permission ``session.revoke``, that of another (role ftz_auth).

    Who may not end it reads the same as for a session that does not exist.

    :raises NotFound: no such session in force, or not the actor's to end.
    """
    statement = update(LoginSession).where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
    if not actor.may(SESSION_REVOKE) and actor.kind is not ActorKind.SYSTEM:
        statement = statement.where(LoginSession.user_id == actor.user_id)
    ended = session.execute(statement.values(revoked_at=now).returning(LoginSession.user_id)).one_or_none()
    if ended is None:
        raise NotFound
    facts = {"user": str(ended.user_id), "reason": "revoked"}
    record(
        session,
        "auth:session:close",
        subject=Subject("session", session_id),
        actor=actor,
        at=now,
        facts=facts,
    )


def close_sessions(session: Session, user_id: UUID, *, now: datetime, keep: UUID | None = None) -> int:
    """End the sessions of an account but for one (role ftz_auth); return how many. The caller records why."""
    # The account's new state must be there before its sessions end, so that a sign-in under way does not slip between.
    session.flush()
    ended = session.execute(
        update(LoginSession)
        .where(
            LoginSession.user_id == user_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.id != keep if keep is not None else true(),
        )
        .values(revoked_at=now)
        .returning(LoginSession.id)
    )
    return len(ended.all())


def delete_old(session: Session, *, before: datetime) -> int:
    """
    Delete sessions and attempt counters that ended before an instant (role ftz_worker); return how many sessions.

    What happened stays in the evidence; addresses and browsers are personal data and go.
    """
    gone = session.execute(
        delete(LoginSession).where(LoginSession.expires_at < before).returning(LoginSession.id),
        execution_options={"synchronize_session": False},
    )
    count = len(gone.all())
    session.execute(
        delete(Throttle).where(Throttle.last_at < before), execution_options={"synchronize_session": False}
    )
    return count
