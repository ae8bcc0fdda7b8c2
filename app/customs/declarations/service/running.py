"""What a person who runs the gateway may want at once: send, ask, try again. The worker does it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import NotFound
from app.core.evidence import Subject, record
from app.core.jobs import NewJob, defer_jobs
from app.core.kit.actor import SYSTEM, Actor
from app.customs.declarations.models import Unread
from app.customs.declarations.permissions import RUN_GATEWAY

READ, SEND_NOW, TRY_AGAIN = "customs.read", "customs.send_now", "customs.try_again"
_SUBJECT = Subject("gateway")


def ask_now(session: Session, *, actor: Actor, now: datetime) -> None:
    """
    Let the gateway be asked at once, also while it rests, and for every missing notice.

    :raises Forbidden: the actor does not run the gateway.
    """
    _defer(session, NewJob(READ, {"forced": True}, SYSTEM, lock=READ), _SUBJECT, actor, now)


def send_now(session: Session, *, actor: Actor, now: datetime) -> None:
    """Let every message that waits be sent at once; raises as ``ask_now``."""
    _defer(session, NewJob(SEND_NOW, {}, SYSTEM, lock=SEND_NOW), _SUBJECT, actor, now)


def try_again(session: Session, *, unread_id: UUID, actor: Actor, now: datetime) -> None:
    """
    Let a piece be tried again that could not be taken.

    :raises Forbidden: the actor does not run the gateway.
    :raises NotFound: no such piece.
    """
    if session.get(Unread, unread_id) is None:
        raise NotFound
    job = NewJob(TRY_AGAIN, {"unread_id": str(unread_id)}, SYSTEM, lock=READ)
    _defer(session, job, Subject("unread", unread_id), actor, now)


def _defer(session: Session, job: NewJob, subject: Subject, actor: Actor, now: datetime) -> None:
    require(actor, RUN_GATEWAY)
    record(session, "customs:gateway:run", subject=subject, actor=actor, at=now, facts={"job": job.task})
    defer_jobs(session, [job])
