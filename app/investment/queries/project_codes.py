"""Reading requests for project codes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.workflow.models import Case
from app.investment.models import CodeLetter, CodeRequest, LetterState
from app.investment.queries.register import of_case
from app.registry import facade as registry

COUNTS = CodeLetter.state.in_((LetterState.ENTERED, LetterState.CONFIRMED, LetterState.DISPUTED))
"""Letters that wait or count: at most one of a dossier, and of a code."""


def latest_request(session: Session, case_id: UUID) -> CodeRequest | None:
    """Return the newest request of a dossier, None when none was made."""
    return session.scalar(
        select(CodeRequest).where(CodeRequest.case_id == case_id).order_by(CodeRequest.number.desc()).limit(1)
    )


def known_code(session: Session, case: Case) -> str:
    """Return the code that the registry gave to the dossier's project, also by letter; empty while there is none."""
    if case.base_id is not None:
        adjusted = of_case(session, case.base_id)
        project = registry.project_card(session, adjusted.project_id) if adjusted else None
        if project is not None and project.code:
            return project.code
    letter = live_letter(session, case.id)
    if letter is not None and letter.state != LetterState.ENTERED:
        return letter.code
    given = session.scalar(
        select(CodeRequest.code).where(CodeRequest.case_id == case.id, CodeRequest.code.is_not(None))
    )
    return given or ""


def live_letter(session: Session, case_id: UUID) -> CodeLetter | None:
    """Return the letter of a dossier that waits for its second officer, counts or is disputed."""
    return session.scalar(select(CodeLetter).where(CodeLetter.case_id == case_id, COUNTS))


def letters_of(session: Session, case_id: UUID) -> Sequence[CodeLetter]:
    """Return all letters of a dossier, the latest first."""
    return session.scalars(
        select(CodeLetter)
        .where(CodeLetter.case_id == case_id)
        .order_by(CodeLetter.entered_at.desc(), CodeLetter.id)
    ).all()


def letter_of(session: Session, case_id: UUID, letter_id: UUID) -> CodeLetter | None:
    """Return a letter of a dossier."""
    return session.scalar(select(CodeLetter).where(CodeLetter.case_id == case_id, CodeLetter.id == letter_id))


def dossier_of_letter(session: Session, letter_id: UUID) -> UUID | None:
    """Return the dossier of a letter."""
    return session.scalar(select(CodeLetter.case_id).where(CodeLetter.id == letter_id))
