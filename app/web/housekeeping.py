"""What ended sessions leave behind: addresses and browsers are personal data, so a job deletes them every hour."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.auth.open_sessions import delete_old
from app.core.db import DbRole, SessionContext
from app.core.jobs import JobRegistry, JobSpec, NewJob, Run, defer_jobs
from app.core.kit.actor import SYSTEM

JOB = "auth.forget_sessions"
MINUTE = 23
KEPT_FOR = timedelta(days=1)
"""Wrong guesses count far shorter, and what happened stays in the evidence log."""


def add_jobs(jobs: JobRegistry) -> None:
    """Register the job and what defers it once an hour."""

    def forget(run: Run) -> None:
        # Officers have no right on sessions, so this cannot be a scan: those run as officers.
        with run.database.transaction(SessionContext(DbRole.WORKER)) as session:
            delete_old(session, before=run.now - KEPT_FOR)

    def plan(session: Session, *, now: datetime) -> None:
        if now.minute == MINUTE:
            defer_jobs(session, [NewJob(JOB, {}, SYSTEM)])

    jobs.add(JobSpec(JOB, forget, runs_as_system=True))
    jobs.every_minute(JOB)(plan)
