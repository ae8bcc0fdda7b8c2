"""What others may ask of investment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.investment import queries
from app.investment.clients import Answer, AnswerState
from app.investment.service import project_codes


def invent_project_code(session: Session, *, case_id: UUID, now: datetime) -> None:
    """
    Let a made-up answer of the national registry stand for the demo zone's dossier, marked as simulated.

    Dossiers of the demo zone are told before any program runs, so nobody could answer them.
    """
    request = queries.latest_request(session, case_id)
    if request is None or request.state != "WAITING":
        return
    request.simulated = True
    code = f"98{case_id.int % 10**8:08d}"
    project_codes.take_answer(
        session, request_id=request.id, answer=Answer(AnswerState.ISSUED, code), now=now
    )
