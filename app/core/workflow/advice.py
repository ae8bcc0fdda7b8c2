"""Opinions of agencies as they reach a dossier: the answer, and the step that the last answer brings about."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.workflow import consultations
from app.core.workflow.consultations import Verdict
from app.core.workflow.desk import Desk
from app.core.workflow.models import Case, Consultation

CONSULTED = "consulted"


def give_opinion(
    desk: Desk,
    session: Session,
    *,
    consultation_id: UUID,
    verdict: Verdict,
    opinion: str,
    actor: Actor,
    now: datetime,
    reference: str = "",
) -> Consultation:
    """
    Write down an agency's answer; when it was the last one waited for, the dossier goes on.

    Raises what :func:`consultations.answer` raises.
    """
    asked = consultations.answer(
        session,
        consultation_id=consultation_id,
        verdict=verdict,
        opinion=opinion,
        actor=actor,
        now=now,
        reference=reference,
    )
    session.flush()  # whether all have answered is asked of the database
    if consultations.all_closed(session, asked.case_id):
        case = session.get_one(Case, asked.case_id)
        desk.take_if_possible(session, case=case, action=CONSULTED, now=now)
    return asked
