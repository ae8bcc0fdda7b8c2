"""Background work of investment: asking the national registry, outside of any transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.jobs import JobRegistry, Run
from app.investment.clients import NationalRegistry, RegistryDown
from app.investment.service import ASK_REGISTRY, project_codes

SCAN = "investment.project_codes"


def register(jobs: JobRegistry, registry: NationalRegistry) -> None:
    """Add the job that asks, and the scan that finds requests whose job was lost."""

    @jobs.job(ASK_REGISTRY, runs_as_system=True)
    def ask(run: Run, *, request_id: str) -> None:
        key = UUID(request_id)
        with run.transaction() as session:
            question = project_codes.question(session, request_id=key)
        if question is None:
            return
        try:
            answer = registry.ask(question)
        except RegistryDown as failure:
            with run.transaction() as session:
                project_codes.note_failure(session, request_id=key, error=failure.code, now=run.now)
            return
        with run.transaction() as session:
            project_codes.take_answer(session, request_id=key, answer=answer, now=run.now)

    @jobs.every_minute(SCAN)
    def scan(session: Session, *, now: datetime) -> None:
        project_codes.ask_overdue(session, now=now)
