"""Reading requests for project codes."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.workflow.models import Case
from app.investment.models import CodeRequest
from app.investment.queries.register import of_case
from app.registry import facade as registry


def latest_request(session: Session, case_id: UUID) -> CodeRequest | None:
    """Return the newest request of a dossier, None when none was made."""
    return session.scalar(
        select(CodeRequest).where(CodeRequest.case_id == case_id).order_by(CodeRequest.number.desc()).limit(1)
    )


def known_code(session: Session, case: Case) -> str:
    """Return the code that the registry gave to the dossier's project; empty while there is none."""
    if case.base_id is not None:
        adjusted = of_case(session, case.base_id)
        project = registry.project_card(session, adjusted.project_id) if adjusted else None
        if project is not None and project.code:
            return project.code
    given = session.scalar(
        select(CodeRequest.code).where(CodeRequest.case_id == case.id, CodeRequest.code.is_not(None))
    )
    return given or ""
