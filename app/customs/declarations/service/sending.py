"""
Messages to customs: queued in the transaction of the act that wants them, sent by a job after its commit.

A message keeps its key however often it is tried. Before a second try the gateway is asked whether it has the message:
a worker that died between sending and storing must not make the authority hear the same thing twice.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.jobs import NewJob, defer_jobs
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.customs.declarations.domain import lifecycle
from app.customs.declarations.domain.lifecycle import Step
from app.customs.declarations.domain.patience import Patience
from app.customs.declarations.events import DispatchFailed
from app.customs.declarations.models import Declaration, Dispatch
from app.customs.declarations.service import composing, moving
from app.customs.declarations.wire import MessageKind, WireFault, write_declaration

SEND = "customs.send"
_PATIENCE = Patience()
# While a try is on its way nobody else begins one; longer than the client's own limit.
_UNDER_WAY = timedelta(seconds=60)
_BEHIND = timedelta(seconds=5)
_GRACE = timedelta(seconds=30)
_MOST = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that begins. ``ask_first``: the message may have arrived before."""

    dispatch_id: UUID
    content: bytes
    ask_first: bool


def queue(
    session: Session,
    *,
    declaration: Declaration,
    kind: MessageKind,
    subject: str,
    revision_id: UUID | None = None,
    content: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """
    Queue a message; the same subject of the same kind means the same message, however often it is asked for.

    :param subject: key of what the message is about within the declaration.
    :param content: what it says beside the revision: text, answers, papers, payment.
    :returns: the message's key.
    """
    session.flush()  # what the message is about may be new in this transaction
    made: UUID | None = session.scalar(
        insert(Dispatch)
        .values(
            id=uuid7(), party_id=declaration.party_id, declaration_id=declaration.id, revision_id=revision_id,
            kind=kind.value, subject=subject, content=dict(content or {}), state="QUEUED", queued_at=now,
            queued_by=actor.user_id, next_at=now, attempts=0, error="",
        )
        .on_conflict_do_nothing()
        .returning(Dispatch.id)
    )  # fmt: skip
    if made is None:
        return session.scalars(
            select(Dispatch.id).where(
                Dispatch.declaration_id == declaration.id,
                Dispatch.kind == kind.value,
                Dispatch.subject == subject,
            )
        ).one()
    record(
        session, "customs:message:queue", subject=Subject("declaration", declaration.id), actor=actor, at=now,
        party_id=declaration.party_id, facts={"message": str(made), "kind": kind.value},
    )  # fmt: skip
    _defer(session, made, declaration.id, actor=actor, at=None)
    return made


def begin(session: Session, *, dispatch_id: UUID, now: datetime) -> Attempt | None:
    """
    Note that a try begins and return the document; None when there is nothing to send now.

    The note is committed before anything leaves: whoever finds it later knows that the gateway must be asked.
    """
    dispatch = session.get(Dispatch, dispatch_id, with_for_update=True, populate_existing=True)
    if dispatch is None or dispatch.state != "QUEUED" or dispatch.next_at > now:
        return None
    if _has_earlier(session, dispatch):
        dispatch.next_at = now + _BEHIND
        _defer(session, dispatch.id, dispatch.declaration_id, actor=SYSTEM, at=dispatch.next_at)
        return None
    try:
        content = write_declaration(composing.message(session, dispatch))
    except WireFault as fault:
        _fail(session, dispatch, error=f"form-{fault.code}", now=now)
        return None
    ask_first = dispatch.first_tried_at is not None
    dispatch.first_tried_at = dispatch.first_tried_at or now
    dispatch.tried_at, dispatch.next_at = now, now + _UNDER_WAY
    dispatch.attempts += 1
    dispatch.sha256 = hashlib.sha256(content).hexdigest()
    return Attempt(dispatch.id, content, ask_first)


def note_sent(session: Session, *, dispatch_id: UUID, now: datetime) -> None:
    """Note that the gateway has the message."""
    dispatch = _locked(session, dispatch_id)
    if dispatch is None or dispatch.state != "QUEUED":
        return
    dispatch.state, dispatch.sent_at, dispatch.error = "SENT", now, ""
    record(
        session, "customs:message:send", subject=Subject("declaration", dispatch.declaration_id), actor=SYSTEM, at=now,
        party_id=dispatch.party_id,
        facts={"message": str(dispatch.id), "kind": dispatch.kind, "sha256": dispatch.sha256 or ""},
    )  # fmt: skip
    if dispatch.kind == MessageKind.DECLARE:
        declaration = moving.lock(session, dispatch.declaration_id)
        if declaration is not None and lifecycle.find(moving.state_of(declaration), Step.TAKE):
            moving.move(session, declaration, Step.TAKE, now=now)


def note_silence(
    session: Session, *, dispatch_id: UUID, error: str, patience: Patience = _PATIENCE, now: datetime
) -> None:
    """Note that the gateway did not answer, and when the message is tried again."""
    dispatch = _locked(session, dispatch_id)
    if dispatch is None or dispatch.state != "QUEUED":
        return
    dispatch.error, dispatch.next_at = error, now + patience.wait(dispatch.attempts)
    _defer(session, dispatch.id, dispatch.declaration_id, actor=SYSTEM, at=dispatch.next_at)


def note_refusal(session: Session, *, dispatch_id: UUID, error: str, now: datetime) -> None:
    """Note that the gateway will never take the message; the firm is told and may go on from there."""
    dispatch = _locked(session, dispatch_id)
    if dispatch is not None and dispatch.state == "QUEUED":
        _fail(session, dispatch, error=error, now=now)


def send_overdue(session: Session, *, now: datetime) -> None:
    """Defer the job of each waiting message whose own job was lost."""
    lost = session.execute(
        select(Dispatch.id, Dispatch.declaration_id)
        .where(Dispatch.state == "QUEUED", Dispatch.next_at < now - _GRACE)
        .order_by(Dispatch.next_at)
        .limit(_MOST)
    )
    for dispatch_id, declaration_id in lost.all():
        _defer(session, dispatch_id, declaration_id, actor=SYSTEM, at=None)


def send_now(session: Session, *, now: datetime) -> int:
    """Let every waiting message be tried at once, and tell how many; a try that is under way is left alone."""
    chosen = session.execute(
        update(Dispatch)
        .where(
            Dispatch.state == "QUEUED",
            Dispatch.tried_at.is_(None) | (Dispatch.next_at != Dispatch.tried_at + _UNDER_WAY),
        )
        .values(next_at=now)
        .returning(Dispatch.id, Dispatch.declaration_id)
        .execution_options(synchronize_session=False)
    ).all()
    for dispatch_id, declaration_id in chosen:
        _defer(session, dispatch_id, declaration_id, actor=SYSTEM, at=None)
    return len(chosen)


def _fail(session: Session, dispatch: Dispatch, *, error: str, now: datetime) -> None:
    dispatch.state, dispatch.error = "FAILED", error
    record(
        session, "customs:message:fail", subject=Subject("declaration", dispatch.declaration_id), actor=SYSTEM, at=now,
        party_id=dispatch.party_id, facts={"message": str(dispatch.id), "kind": dispatch.kind, "error": error},
    )  # fmt: skip
    declaration = moving.lock(session, dispatch.declaration_id)
    assert declaration is not None, "a message belongs to its declaration"
    if dispatch.kind == MessageKind.DECLARE and lifecycle.find(moving.state_of(declaration), Step.GIVE_BACK):
        moving.move(session, declaration, Step.GIVE_BACK, now=now)
    if dispatch.revision_id is not None:
        moving.decide_revision(session, dispatch.revision_id, accepted=False, at=now)
    failed = DispatchFailed(dispatch.id, declaration.id, declaration.code, dispatch.kind, error)
    publish(session, failed, actor=SYSTEM, at=now, party_id=dispatch.party_id)


def _has_earlier(session: Session, dispatch: Dispatch) -> bool:
    earlier = exists().where(
        Dispatch.declaration_id == dispatch.declaration_id,
        Dispatch.state == "QUEUED",
        (Dispatch.queued_at < dispatch.queued_at)
        | ((Dispatch.queued_at == dispatch.queued_at) & (Dispatch.id < dispatch.id)),
    )
    return bool(session.scalar(select(earlier)))


def _locked(session: Session, dispatch_id: UUID) -> Dispatch | None:
    return session.get(Dispatch, dispatch_id, with_for_update=True, populate_existing=True)


def _defer(
    session: Session, dispatch_id: UUID, declaration_id: UUID, *, actor: Actor, at: datetime | None
) -> None:
    job = NewJob(SEND, {"dispatch_id": str(dispatch_id)}, actor, at=at, lock=f"customs:{declaration_id}")
    defer_jobs(session, [job])
