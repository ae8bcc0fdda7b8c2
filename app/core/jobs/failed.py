"""Dead letters and pulse, for the page of operations: what failed, why, and whether the clock still ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.jobs.models import TimerHeartbeat

TICK_TOLERANCE = timedelta(minutes=2)

_FAILED = text(
    """
    select job.id, job.task_name, job.queue_name, job.args, job.attempts,
           failure.at, coalesce(failure.error, '') as error, coalesce(failure.code, '') as code
      from procrastinate_jobs job
      left join lateral (
           select at, error, code from job_failure where job_id = job.id order by attempt desc limit 1
      ) failure on true
     where job.status = 'failed' and job.id < coalesce(cast(:before as bigint), 9223372036854775807)
     order by job.id desc
     limit :limit
    """
)
_RETRY = text("select jobs_retry_failed(cast(:ids as bigint[]))")


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that used up its attempts; ``error`` and ``code`` are those of the last one."""

    id: int
    task: str
    queue: str
    args: dict[str, Any]
    attempts: int
    failed_at: datetime | None
    error: str
    code: str


def failed_jobs(session: Session, *, before: int | None = None, limit: int = 50) -> list[FailedJob]:
    """
    Return dead letters, newest first. Runs as officer or worker role.

    :param before: key of the last one of the page before.
    """
    rows = session.execute(_FAILED, {"before": before, "limit": limit})
    return [FailedJob(*row) for row in rows]


def retry_failed(session: Session, job_ids: Sequence[int]) -> int:
    """Give dead letters one more attempt each; returns how many were still failed. Officer or worker role."""
    return session.scalar(_RETRY, {"ids": list(job_ids)}) or 0


@dataclass(frozen=True, slots=True)
class Tick:
    """The pulse of one minute scan; ``late`` when none succeeded for two minutes."""

    name: str
    ticked_at: datetime | None
    failures: int
    error: str
    late: bool


def read_ticks(session: Session, *, now: datetime) -> list[Tick]:
    """Return the pulse of every scan that ever ran, by name. Officer or worker role."""
    rows = session.scalars(select(TimerHeartbeat).order_by(TimerHeartbeat.name))
    return [
        Tick(
            row.name,
            row.ticked_at,
            row.failures,
            row.error,
            row.ticked_at is None or now - row.ticked_at > TICK_TOLERANCE,
        )
        for row in rows
    ]
