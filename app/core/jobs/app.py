"""The procrastinate application: turns a registry into tasks that run under the causing actor's rights."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import procrastinate
import structlog
from procrastinate import jobs as procrastinate_jobs
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
from app.core.errors import DomainError
from app.core.jobs.models import JobFailure, TimerHeartbeat
from app.core.jobs.registry import JobRegistry, JobSpec, Run, ScanFunction
from app.core.kit.actor import SYSTEM, Actor, ActorKind
from app.core.kit.time import utcnow
from app.core.telemetry import get_logger, new_correlation

SYSTEM_CONTEXT = SessionContext(DbRole.OFFICER)
WORKER_CONTEXT = SessionContext(DbRole.WORKER)

PULSE = "jobs.pulse"
_EVERY_MINUTE = "* * * * *"
_FIRST_WAIT_S = 5
_LONGEST_WAIT_S = 900

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """
    What jobs need from outside.

    :ivar resolve: returns the actor with the rights held now; raises when the user is gone.
    """

    database: Database
    resolve: Callable[[UUID], Actor]
    clock: Callable[[], datetime] = utcnow


class Backoff(BaseRetryStrategy):
    """Try again after 5, 10, 20 ... seconds, at most 15 minutes, until ``attempts`` are used up."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate_jobs.Job
    ) -> RetryDecision | None:
        """Return when to try again; None leaves the job failed, a dead letter that people see."""
        if job.attempts + 1 >= self.attempts:
            return None
        return RetryDecision(retry_in={"seconds": min(_FIRST_WAIT_S * 2**job.attempts, _LONGEST_WAIT_S)})


def make_app(registry: JobRegistry, runtime: Runtime, *, pool_size: int = 4) -> procrastinate.App:
    """
    Return an application with all jobs and scans of a registry, connecting as the worker.

    :param pool_size: connections for fetching and finishing jobs; jobs themselves use the runtime's database.
    """
    login = WORK_LOGINS[DbRole.WORKER]
    connector = procrastinate.PsycopgConnector(
        conninfo=runtime.database.target.conninfo(login),
        kwargs={"options": f"-c role={DbRole.WORKER}", "application_name": "ftz:jobs"},
        min_size=1,
        max_size=pool_size,
    )
    app = procrastinate.App(connector=connector)
    for spec in registry.jobs.values():
        app.task(name=spec.name, queue=spec.queue, pass_context=True, retry=Backoff(spec.attempts))(
            _job_task(spec, runtime)
        )
    for name, scan in {PULSE: _no_scan, **registry.scans}.items():
        task_name = f"scan:{name}"
        # The lock keeps two runs apart; the queueing lock keeps missed minutes from piling up.
        task = app.task(name=task_name, lock=task_name, queueing_lock=task_name)(
            _scan_task(name, scan, runtime)
        )
        app.periodic(cron=_EVERY_MINUTE, periodic_id=name)(task)
    return app


def session_context(actor: Actor) -> SessionContext:
    """Return the database context for an actor: officers and the system see all, others their parties only."""
    if actor.kind in {ActorKind.OFFICER, ActorKind.SYSTEM}:
        return SessionContext(DbRole.OFFICER, (), actor.user_id)
    return SessionContext(DbRole.TENANT, actor.party_ids, actor.user_id)


def _job_task(spec: JobSpec, runtime: Runtime) -> Callable[..., None]:
    def task(
        job: procrastinate.JobContext,
        *,
        actor_kind: str,
        actor_id: str | None = None,
        correlation: str | None = None,
        **args: object,
    ) -> None:
        new_correlation(correlation)
        job_id, attempt = job.job.id or 0, job.job.attempts + 1
        with structlog.contextvars.bound_contextvars(task=spec.name, job_id=job_id, attempt=attempt):
            try:
                actor = SYSTEM if spec.runs_as_system else _actor(runtime, ActorKind(actor_kind), actor_id)
                run = Run(actor, session_context(actor), runtime.database, runtime.clock(), job_id, attempt)
                spec.function(run, **args)
            except Exception as error:
                _note_failure(runtime, spec.name, job_id, attempt, error)
                raise

    return task


def _actor(runtime: Runtime, kind: ActorKind, actor_id: str | None) -> Actor:
    if actor_id is not None:
        return runtime.resolve(UUID(actor_id))
    return SYSTEM if kind is ActorKind.SYSTEM else Actor(kind)


def _note_failure(runtime: Runtime, task: str, job_id: int, attempt: int, error: Exception) -> None:
    _log.warning("jobs.attempt_failed", error=_class_name(error), exc_info=error)
    code = error.code if isinstance(error, DomainError) else ""
    try:
        with runtime.database.transaction(WORKER_CONTEXT) as session:
            session.execute(
                insert(JobFailure)
                .values(
                    job_id=job_id,
                    attempt=attempt,
                    task=task,
                    at=runtime.clock(),
                    error=_class_name(error),
                    code=code,
                )
                .on_conflict_do_nothing()
            )
    except Exception as second:
        # The job's own error matters; with the database gone there is nowhere to note it.
        _log.error("jobs.failure_not_noted", error=_class_name(second))


def _no_scan(session: Session, *, now: datetime) -> None:
    """Show that the clock ticks, also where no module scans anything."""


def _scan_task(name: str, scan: ScanFunction, runtime: Runtime) -> Callable[[int], None]:
    def task(timestamp: int) -> None:
        now = runtime.clock()
        try:
            with runtime.database.transaction(SYSTEM_CONTEXT) as session:
                scan(session, now=now)
        except Exception as error:
            # The next minute tries again; a dead letter a minute would only hide the first one.
            _log.error("jobs.scan_failed", scan=name, exc_info=error)
            _beat(runtime, name, now, _class_name(error))
        else:
            _beat(runtime, name, now, None)

    return task


def _beat(runtime: Runtime, name: str, now: datetime, error: str | None) -> None:
    row = TimerHeartbeat
    if error is None:
        new = {"ticked_at": now, "failures": 0, "error": ""}
        change = new
    else:
        new = {"failed_at": now, "failures": 1, "error": error}
        change = {**new, "failures": row.failures + 1}
    statement = insert(row).values(name=name, **new)
    with runtime.database.transaction(WORKER_CONTEXT) as session:
        session.execute(statement.on_conflict_do_update(index_elements=[row.name], set_=change))


def _class_name(error: Exception) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"
