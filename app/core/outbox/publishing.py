"""
Publishing: events are collected during the transaction and leave in one statement just before the commit.

That statement inserts all event rows and defers one job per registered handler. So a use case that publishes costs
one round trip however many events and handlers there are, and rows and jobs commit with the change or not at all.
A savepoint that is rolled back takes the events published inside it along.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.orm import Session, SessionTransaction

from app.core.jobs.deferring import DEFER_CALL, NewJob, encode_jobs
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox.events import DomainEvent, to_payload
from app.core.outbox.registry import HandlerRegistry

_PENDING = "outbox.pending"
_INSERT = """
insert into outbox_event (id, name, at, actor_kind, actor_id, party_id, payload)
select id, name, at, actor_kind, actor_id, party_id, payload
  from jsonb_populate_recordset(null::outbox_event, cast(:events as jsonb))
"""
_INSERT_ONLY = text(_INSERT)
_INSERT_AND_DEFER = text(f"with events as ({_INSERT}) select {DEFER_CALL}")


class NoHandlersInstalled(RuntimeError):
    """Nobody told the process which handlers there are, so an event would reach none of them."""


@dataclass(frozen=True, slots=True)
class Published:
    """An event that waits for the commit."""

    id: UUID
    event: DomainEvent
    actor: Actor
    at: datetime
    party_id: UUID | None
    transaction: SessionTransaction | None


class _Installed:
    registry: HandlerRegistry | None = None


def install(registry: HandlerRegistry) -> None:
    """Set the handlers of this process; called once by the composition root, before any session is used."""
    _Installed.registry = registry


@contextmanager
def installed(registry: HandlerRegistry) -> Iterator[HandlerRegistry]:
    """Set the handlers of this process for the length of a block (tests)."""
    before = _Installed.registry
    _Installed.registry = registry
    try:
        yield registry
    finally:
        _Installed.registry = before


def publish(
    session: Session, event: DomainEvent, *, actor: Actor, at: datetime, party_id: UUID | None = None
) -> UUID:
    """
    Tell the rest of the platform what happened, with the session's commit, and return the event's key.

    :param party_id: whose matter it is, when it is one party's.
    :raises NoHandlersInstalled: the composition root has not installed a registry.
    :raises UnfitEvent: the event's class breaks the rules of events.
    """
    if _Installed.registry is None:
        raise NoHandlersInstalled("Call outbox.install(registry) in the composition root before publishing.")
    to_payload(event)  # an unfit class shows here, at the caller, not at the commit
    # The transaction is begun here if it has not been, so that it is known where the event belongs.
    current = session.get_nested_transaction() or session.get_transaction() or session.begin()
    published = Published(uuid7(), event, actor, at, party_id, current)
    session.info.setdefault(_PENDING, []).append(published)
    return published.id


def pending(session: Session) -> tuple[Published, ...]:
    """Return the events that wait for the session's commit, in the order of publishing."""
    return tuple(session.info.get(_PENDING, ()))


def send_pending(session: Session) -> None:
    """Write the waiting events and defer their jobs now; the commit does it by itself."""
    waiting = session.info.pop(_PENDING, None)
    registry = _Installed.registry
    if not waiting:
        return
    if registry is None:
        raise NoHandlersInstalled("The handlers were taken away between publish and commit.")
    jobs = [
        NewJob(handler.task, {"event_id": str(item.id)}, item.actor)
        for item in waiting
        for handler in registry.for_event(item.event.name)
    ]
    events = json.dumps([_row(item) for item in waiting])
    if jobs:
        session.execute(_INSERT_AND_DEFER, {"events": events, "jobs": encode_jobs(jobs)})
    else:
        session.execute(_INSERT_ONLY, {"events": events})


def _row(item: Published) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "name": item.event.name,
        "at": item.at.isoformat(),
        "actor_kind": item.actor.kind.value,
        "actor_id": _text(item.actor.user_id),
        "party_id": _text(item.party_id),
        "payload": to_payload(item.event),
    }


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


@sqlalchemy_event.listens_for(Session, "before_commit")
def _send_before_commit(session: Session) -> None:
    # SQLAlchemy calls this for released savepoints too; their events wait for the whole.
    if not session.in_nested_transaction():
        send_pending(session)


@sqlalchemy_event.listens_for(Session, "after_soft_rollback")
def _forget_rolled_back(session: Session, rolled_back: SessionTransaction) -> None:
    waiting = session.info.get(_PENDING)
    if waiting:
        session.info[_PENDING] = [item for item in waiting if not _within(item.transaction, rolled_back)]


@sqlalchemy_event.listens_for(Session, "after_transaction_end")
def _forget_ended(session: Session, ended: SessionTransaction) -> None:
    # A session that is closed without a commit fires no rollback event, and may be used again.
    if ended.parent is None:
        session.info.pop(_PENDING, None)


def _within(inner: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while inner is not None and inner is not outer:
        inner = inner.parent
    return inner is outer
