"""Deferring jobs inside the caller's transaction: a rollback leaves no job, a commit wakes the worker."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.telemetry import correlation_id

Argument = str | int | bool | None
DEFAULT_QUEUE = "default"

# A scalar for use inside a larger statement: all jobs of the parameter ``jobs`` in one call. The function is
# SECURITY DEFINER (see ``schema``), so a tenant needs no right on the table of jobs.
DEFER_CALL = """
procrastinate_defer_jobs_v1((
    select array_agg(job)
      from jsonb_populate_recordset(null::procrastinate_job_to_defer_v1, cast(:jobs as jsonb)) job
))
"""
_DEFER = text(f"select {DEFER_CALL}")


@dataclass(frozen=True, slots=True)
class NewJob:
    """
    A job to be run by the worker.

    It carries who caused it, by kind and key only: rights and parties are looked up when it runs, for a delegation
    may have ended meanwhile. The names ``actor_kind``, ``actor_id`` and ``correlation`` are taken.
    """

    task: str
    args: Mapping[str, Argument]
    actor: Actor
    at: datetime | None = None
    queue: str = DEFAULT_QUEUE
    lock: str | None = None
    queueing_lock: str | None = None


def defer(session: Session, task: str, *, args: Sequence[Mapping[str, Argument]], actor: Actor) -> None:
    """
    Defer one job per mapping of arguments, all in one round trip, in the session's transaction.

    :param task: name under which the job is registered.
    :param args: ids and codes only, never rights: whoever may defer could write them.
    """
    defer_jobs(session, [NewJob(task, arguments, actor) for arguments in args])


def defer_jobs(session: Session, jobs: Sequence[NewJob]) -> None:
    """Defer jobs of any kind in one round trip, in the session's transaction."""
    if jobs:
        session.execute(_DEFER, {"jobs": encode_jobs(jobs)})


def encode_jobs(jobs: Sequence[NewJob]) -> str:
    """Return jobs as the ``jobs`` parameter of ``DEFER_CALL``."""
    return json.dumps([_row(job) for job in jobs])


def _row(job: NewJob) -> dict[str, Any]:
    user_id: UUID | None = job.actor.user_id
    return {
        "queue_name": job.queue,
        "task_name": job.task,
        "priority": 0,
        "lock": job.lock,
        "queueing_lock": job.queueing_lock,
        "args": {
            **job.args,
            "actor_kind": job.actor.kind.value,
            "actor_id": None if user_id is None else str(user_id),
            "correlation": correlation_id() or None,
        },
        "scheduled_at": None if job.at is None else job.at.isoformat(),
    }
