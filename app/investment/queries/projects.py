"""Reading projects with what their certificates say."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.investment.models import Certificate


def in_force_of(session: Session, project_ids: Sequence[UUID]) -> dict[UUID, Certificate]:
    """Return the revision in force of each project that has one."""
    rows = session.scalars(
        select(Certificate).where(
            Certificate.project_id.in_(project_ids),
            func.upper_inf(Certificate.valid),
            func.upper_inf(Certificate.recorded),
        )
    )
    return {row.project_id: row for row in rows}


def of_party(session: Session, party_id: UUID, *, limit: int = 20) -> Sequence[Certificate]:
    """Return the certificates of an enterprise that are in force, the newest first."""
    return session.scalars(
        select(Certificate)
        .where(
            Certificate.party_id == party_id,
            func.upper_inf(Certificate.valid),
            func.upper_inf(Certificate.recorded),
        )
        .order_by(Certificate.signed_at.desc(), Certificate.id)
        .limit(limit)
    ).all()
