"""Delivery: the job that runs one handler for one event, with effect once."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.db import DbRole, SessionContext
from app.core.jobs import JobRegistry, JobSpec, Run
from app.core.outbox.events import DomainEvent, from_payload
from app.core.outbox.models import OutboxEvent
from app.core.outbox.registry import Handler, HandlerRegistry

# Without a conflict target the statement needs no right to read the inbox.
_CLAIM = text(
    "insert into outbox_inbox (handler, event_id, at) values (:handler, :event_id, :at) on conflict do nothing"
)


class EventLost(LookupError):
    """A job names an event that is not there."""


def add_jobs(registry: HandlerRegistry, jobs: JobRegistry) -> None:
    """Register one job per handler, so that each has its own attempts and its own name among the dead letters."""
    for handler in registry:
        jobs.add(
            JobSpec(
                handler.task,
                _Delivery(handler),
                attempts=handler.attempts,
                runs_as_system=handler.runs_as == "system",
            )
        )


class _Delivery:
    """A handler as a job."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def __call__(self, run: Run, *, event_id: str) -> None:
        key = UUID(event_id)
        event = self._read(run, key)
        with run.transaction() as session:
            if self._claim(session, key, run):
                self._handler.function(session, event, actor=run.actor, now=run.now)

    def _read(self, run: Run, key: UUID) -> DomainEvent:
        # Only the worker may read events: they name matters of every party.
        with run.database.session(SessionContext(DbRole.WORKER)) as session:
            row = session.execute(
                select(OutboxEvent.name, OutboxEvent.payload).where(OutboxEvent.id == key)
            ).one_or_none()
        if row is None or row.name != self._handler.event_class.name:
            raise EventLost(f"{self._handler.name}: there is no {self._handler.event_class.name} {key}.")
        return from_payload(self._handler.event_class, row.payload)

    def _claim(self, session: Session, key: UUID, run: Run) -> bool:
        """Take the event for this handler; a second run waits here for the first and then finds it done."""
        claim = {"handler": self._handler.name, "event_id": key, "at": run.now}
        return session.connection().execute(_CLAIM, claim).rowcount == 1
