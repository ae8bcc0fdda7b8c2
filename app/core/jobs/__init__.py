"""
Background work: jobs deferred in the transaction that wants them, and scans run every minute.

Legal deadlines are rows that a scan looks at, never deferred jobs: pauses and holidays move them.
"""

from app.core.jobs.app import PULSE, Runtime, make_app, session_context
from app.core.jobs.deferring import NewJob, defer, defer_jobs
from app.core.jobs.failed import TICK_TOLERANCE, FailedJob, Tick, failed_jobs, read_ticks, retry_failed
from app.core.jobs.models import JobFailure, TimerHeartbeat
from app.core.jobs.registry import JobRegistry, JobSpec, Run, ScanFunction
from app.core.jobs.schema import apply_schema
from app.core.jobs.worker import JobWorker, WorkerOptions

__all__ = [
    "PULSE",
    "TICK_TOLERANCE",
    "FailedJob",
    "JobFailure",
    "JobRegistry",
    "JobSpec",
    "JobWorker",
    "NewJob",
    "Run",
    "Runtime",
    "ScanFunction",
    "Tick",
    "TimerHeartbeat",
    "WorkerOptions",
    "apply_schema",
    "defer",
    "defer_jobs",
    "failed_jobs",
    "make_app",
    "read_ticks",
    "retry_failed",
    "session_context",
]
