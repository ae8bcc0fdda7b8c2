"""
How the platform is: every figure of its operation at one instant, each with a verdict.

One survey serves the page of operations, its export and the metrics, so that they never tell different stories. It is
asked from a web process and rests on what the database and the disk say: a dead worker shows, whatever it wrote last.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.metadata import version
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.auth.permissions import Permission
from app.core.db.backup.record import read_record
from app.core.evidence import read_lag
from app.core.i18n import N_
from app.core.jobs import Tick, read_ticks
from app.core.settings import Settings

VIEW = "operations.view"
RETRY = "operations.job.retry"

PERMISSIONS = (
    Permission(
        VIEW,
        N_("See how the platform runs"),
        "See jobs, timers, queues, storage, backups and versions, without what people wrote.",
        frozenset({"ADMIN"}),
    ),
    Permission(
        RETRY,
        N_("Run failed jobs again"),
        "Give a job that used up its attempts one more.",
        frozenset({"ADMIN"}),
    ),
)


class Verdict(StrEnum):
    """How a figure weighs."""

    GOOD = "good"
    SOON = "soon"
    BAD = "bad"


class Unit(StrEnum):
    """What a figure counts."""

    COUNT = "count"
    SECONDS = "seconds"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; ``value`` is missing when there is nothing to measure, ``soon`` and ``bad`` are its limits."""

    group: str
    code: str
    value: float | None
    unit: Unit = Unit.COUNT
    soon: float | None = None
    bad: float | None = None
    least: bool = False
    missing: Verdict = Verdict.GOOD

    @property
    def verdict(self) -> Verdict:
        """Judge the value by its limits; with ``least`` a small value is the fault."""
        if self.value is None:
            return self.missing
        sign = -1 if self.least else 1
        for limit, verdict in ((self.bad, Verdict.BAD), (self.soon, Verdict.SOON)):
            if limit is not None and sign * self.value >= sign * limit:
                return verdict
        return Verdict.GOOD


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything at one instant."""

    at: datetime
    figures: Sequence[Figure]
    queues: Sequence[Mapping[str, Any]]
    ticks: Sequence[Tick]
    connections: Sequence[tuple[str, int]]
    versions: Mapping[str, str]
    record: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def worst(self) -> Verdict:
        """Return the gravest verdict."""
        found = {figure.verdict for figure in self.figures}
        return next((each for each in (Verdict.BAD, Verdict.SOON) if each in found), Verdict.GOOD)


# A worker that gives no sign of life for so long has lost its jobs; they are freed by the sweep of another one.
_STALLED = "20 seconds"
_JOBS = text(
    f"""
    with job as (
        select j.*, w.id is null or w.last_heartbeat < now() - interval '{_STALLED}' as alone,
               (select min(e.at) from procrastinate_events e where e.job_id = j.id and e.type = 'deferred') as put_at
          from procrastinate_jobs j left join procrastinate_workers w on w.id = j.worker_id
         where j.status in ('todo', 'doing', 'failed')
    )
    select count(*) filter (where status = 'todo' and attempts = 0) as waiting,
           count(*) filter (where status = 'todo' and attempts > 0) as retrying,
           count(*) filter (where status = 'doing' and not alone) as doing,
           count(*) filter (where status = 'doing' and alone) as stalled,
           count(*) filter (where status = 'failed') as failed,
           extract(epoch from now() - min(greatest(put_at, scheduled_at))
             filter (where status = 'todo' and coalesce(scheduled_at, now()) <= now()))::float8 as oldest,
           extract(epoch from now() - min(put_at)
             filter (where status = 'todo' and args ? 'event_id'))::float8 as outbox,
           count(*) filter (where status = 'todo' and args ? 'event_id') as events
      from job
    """  # noqa: S608  the interval is our own
)
_QUEUES = text(
    """
    select j.queue_name as queue, j.task_name as task, count(*) as waiting,
           extract(epoch from now() - min(e.at))::float8 as oldest
      from procrastinate_jobs j
      left join procrastinate_events e on e.job_id = j.id and e.type = 'deferred'
     where j.status = 'todo'
     group by 1, 2 order by 4 desc nulls last, 2 limit 20
    """
)
_WORKERS = text(
    f"""
    select count(*) filter (where last_heartbeat >= now() - interval '{_STALLED}'),
           extract(epoch from now() - max(last_heartbeat))::float8
      from procrastinate_workers
    """  # noqa: S608  the interval is our own
)
_TIMERS = text(
    """
    select count(*), extract(epoch from :now - min(due_at))::float8
      from workflow_timer where due_at <= :now and fired_at is null and cancelled_at is null
    """
)
_RELAY = text("select extract(epoch from :now - max(at))::float8 from live_position")
_DELIVERIES = text(
    """
    select count(*) filter (where state = 'QUEUED'), count(*) filter (where state = 'FAILED'),
           count(*) filter (where state = 'GIVEN_UP' and changed_at > :now - interval '1 day'),
           extract(epoch from :now - min(created_at) filter (where state in ('QUEUED', 'FAILED')))::float8
      from notification_delivery
     where state in ('QUEUED', 'FAILED') or (state = 'GIVEN_UP' and changed_at > :now - interval '1 day')
    """
)
_DATABASE = text(
    """
    select (select sum(pg_total_relation_size(oid))::bigint from pg_class
             where relkind in ('r', 'm') and relnamespace = 'public'::regnamespace),
           current_setting('max_connections')::int,
           current_setting('server_version')
    """
)
_CONNECTIONS = text(
    """
    select coalesce(nullif(application_name, ''), '–'), count(*) from pg_stat_activity
     where datname = current_database() group by 1 order by 2 desc, 1
    """
)
_LAW = text(
    "select count(*), substr(md5(string_agg(content_hash, '' order by content_hash)), 1, 12)"
    "  from law_value where upper_inf(recorded)"
)
_PROCEDURES = text(
    "select code || ' ' || version || ' ' || left(content_hash, 12)"
    "  from workflow_procedure_version where state = 'PUBLISHED' order by code, version"
)
_SCHEMA = text("select version_num from alembic_version")

_DAY, _HOUR = 86_400, 3_600
_MIB = 2**20


def survey(session: Session, settings: Settings, *, now: datetime) -> Survey:
    """Look at everything (role ftz_officer); some twenty small statements, none of which reads a table of dossiers."""
    record = read_record(settings.var)
    connections = [(row[0], row[1]) for row in session.execute(_CONNECTIONS)]
    size, most, server = session.execute(_DATABASE).one()
    used = sum(count for _, count in connections)
    figures = [
        *_of_jobs(session),
        *_of_clocks(session, now),
        *_of_notices(session, now),
        Figure("storage", "database_bytes", size, Unit.BYTES),
        Figure("storage", "database_connections", used, soon=0.8 * most, bad=0.95 * most),
        *_of_disk(settings),
        *_of_backup(record, now),
        *_of_keeping(record, now),
    ]
    return Survey(
        at=now,
        figures=figures,
        queues=[dict(row._mapping) for row in session.execute(_QUEUES)],
        ticks=read_ticks(session, now=now),
        connections=connections,
        versions={**_versions(session), "server": server},
        record=record,
    )


def _of_jobs(session: Session) -> Iterator[Figure]:
    row = session.execute(_JOBS).one()
    alive, silent = session.execute(_WORKERS).one()
    yield Figure("jobs", "workers_alive", alive, bad=0, least=True)
    yield Figure("jobs", "worker_silent_seconds", silent, Unit.SECONDS, 20, 60, missing=Verdict.BAD)
    yield Figure("jobs", "jobs_waiting", row.waiting)
    yield Figure("jobs", "jobs_running", row.doing)
    yield Figure("jobs", "jobs_retrying", row.retrying, soon=1)
    yield Figure("jobs", "jobs_stalled", row.stalled, soon=1)
    yield Figure("jobs", "jobs_failed", row.failed, bad=1)
    yield Figure("jobs", "jobs_oldest_seconds", row.oldest, Unit.SECONDS, 60, 600)
    yield Figure("jobs", "outbox_waiting", row.events)
    yield Figure("jobs", "outbox_lag_seconds", row.outbox, Unit.SECONDS, 60, 600)


def _of_clocks(session: Session, now: datetime) -> Iterator[Figure]:
    due, late = session.execute(_TIMERS, {"now": now}).one()
    unsealed, lag = read_lag(session, now=now)
    yield Figure("clocks", "timers_due", due)
    yield Figure("clocks", "timers_lag_seconds", late, Unit.SECONDS, 90, 120)
    yield Figure("clocks", "sealer_waiting", unsealed)
    yield Figure("clocks", "sealer_lag_seconds", lag if unsealed else None, Unit.SECONDS, 10, 60)
    yield Figure(
        "clocks", "relay_silent_seconds", session.scalar(_RELAY, {"now": now}), Unit.SECONDS, 120, 300,
        missing=Verdict.BAD,
    )  # fmt: skip


def _of_notices(session: Session, now: datetime) -> Iterator[Figure]:
    queued, failed, given_up, oldest = session.execute(_DELIVERIES, {"now": now}).one()
    yield Figure("notices", "deliveries_waiting", queued)
    yield Figure("notices", "deliveries_retrying", failed, soon=1)
    yield Figure("notices", "deliveries_given_up", given_up, soon=1)
    yield Figure("notices", "deliveries_oldest_seconds", oldest, Unit.SECONDS, 600, _HOUR)


def _of_disk(settings: Settings) -> Iterator[Figure]:
    usage = shutil.disk_usage(settings.var)
    yield Figure("storage", "disk_free_bytes", usage.free, Unit.BYTES, 2048 * _MIB, 300 * _MIB, least=True)
    yield Figure("storage", "disk_used_bytes", usage.used, Unit.BYTES)


def _of_backup(record: Mapping[str, Mapping[str, Any]], now: datetime) -> Iterator[Figure]:
    backup, drill = _age(record, "backup", now), _age(record, "drill", now)
    failed = record.get("drill", {}).get("whole") is False
    yield Figure(
        "backup", "backup_age_seconds", backup, Unit.SECONDS, 26 * _HOUR, 3 * _DAY, missing=Verdict.SOON
    )
    yield Figure(
        "backup", "drill_age_seconds", drill, Unit.SECONDS, 35 * _DAY, 100 * _DAY, missing=Verdict.SOON
    )
    yield Figure("backup", "drill_failed", int(failed), bad=1)


def _of_keeping(record: Mapping[str, Mapping[str, Any]], now: datetime) -> Iterator[Figure]:
    erasure, swept = record.get("erasure", {}), record.get("sweep", {})
    late = (2 * _HOUR, _DAY)
    yield Figure("keeping", "erasure_age_seconds", _age(record, "erasure", now), Unit.SECONDS, *late)
    yield Figure("keeping", "erasure_waiting", _count(erasure, "left"), soon=1)
    yield Figure("keeping", "erasure_gone", _count(erasure, "gone"))
    yield Figure("keeping", "sweep_age_seconds", _age(record, "sweep", now), Unit.SECONDS, *late)
    yield Figure("keeping", "sweep_files", _count(swept, "files"))
    yield Figure("keeping", "sweep_leftovers", _count(swept, "leftovers"))


def _count(entry: Mapping[str, Any], name: str) -> float | None:
    value = entry.get(name)
    return value if isinstance(value, int) else None


def _age(record: Mapping[str, Mapping[str, Any]], act: str, now: datetime) -> float | None:
    try:
        return (now - datetime.fromisoformat(str(record[act]["at"]))) / timedelta(seconds=1)
    except (KeyError, TypeError, ValueError):
        return None


def _versions(session: Session) -> dict[str, str]:
    values, law = session.execute(_LAW).one()
    return {
        "platform": version("ftz"),
        "schema": ", ".join(session.scalars(_SCHEMA)),
        "law": f"{values} · {law or '–'}",
        "procedures": "\n".join(session.scalars(_PROCEDURES)),
    }
