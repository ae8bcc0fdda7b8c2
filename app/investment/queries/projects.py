"""Reading projects with what their certificates say."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.workflow import procedures
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
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


def option_texts(definition: Definition) -> dict[str, Mapping[str, str]]:
    """Return what all options are called, as ``field:code`` and for columns ``field.column:code``."""
    questions = {code: field.options for code, field in definition.fields().items()}
    columns = {
        f"{code}.{part.code}": part.options
        for code, field in definition.fields().items()
        for part in field.fields
    }
    return {
        f"{name}:{option.code}": option.label
        for name, options in {**questions, **columns}.items()
        for option in options
    }


def words_of(session: Session, row: Certificate) -> dict[str, Mapping[str, str]]:
    """Return the words of the procedure that a certificate came from; none where its dossier is not the reader's."""
    case = session.get(Case, row.case_id)
    return option_texts(procedures.definition_of(session, case.version_id)) if case else {}
