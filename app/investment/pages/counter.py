"""Adjustments at the counter: which certificates of an applicant can be adjusted, and opening the dossier."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.workflow.counter import AtCounter
from app.core.workflow.desk import Desk
from app.core.workflow.models import Case
from app.investment import queries
from app.investment.service import open_adjustment
from app.web.spec import Held, HeldResults

MOST = 50


def certificates_held(session: Session, party_id: UUID) -> list[Held]:
    """Return the certificates of an applicant that are in force."""
    found = []
    for row in queries.of_party(session, party_id, limit=MOST):
        under_way = queries.open_adjustment(session, project_id=row.project_id)
        taken = (str(under_way.id), under_way.code or under_way.title) if under_way else None
        found.append(Held(row.number, row.content["project_name_vi"], taken))
    return found


def _open(
    session: Session, *, desk: Desk, key: str, counter: AtCounter, case_id: UUID, actor: Actor, now: datetime
) -> Case:
    return open_adjustment(
        session, desk=desk, number=key, case_id=case_id, actor=actor, now=now, counter=counter
    )


COUNTER_RESULTS = HeldResults(
    certificates_held,
    _open,
    N_(
        "The applicant holds no certificate in force. It may stand under another name: look it up by its number, and"
        " begin for its holder."
    ),
    "/certificates",
)
