"""Where an exact document number is entered, by its blind index: nothing is opened to find it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.privacy import Read, find
from app.core.workflow.models import Case
from app.core.workflow.personal import HOLDER as CASE
from app.core.workflow.procedures import sealed_names
from app.registry.domain import ID_NUMBER, PERSON_HOLDER, clean_number
from app.registry.models import Enterprise, Representative

QUESTION = "id_number"
"""Code of the question for a document number in the forms of dossiers."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A record that has the number: what reading it means, and what a list says of it."""

    what: Read
    name: str
    owner: str
    role: str
    """``position`` of a representative; empty for an investor of a dossier."""


def people_with(session: Session, number: str) -> list[Finding]:
    """Return the representatives and filed dossiers that have exactly this number. Runs as an officer."""
    found = _representatives(session, _holders(session, ID_NUMBER, clean_number(number), PERSON_HOLDER))
    for name in sorted(sealed_names(session, QUESTION)):
        found += _dossiers(session, name, _holders(session, name, number, CASE))
    return found


def _holders(session: Session, field: str, text: str, kind: str) -> list[UUID]:
    return [each.id for each in find(session, field=field, text=text) if each.kind == kind]


def _representatives(session: Session, ids: list[UUID]) -> list[Finding]:
    rows = session.execute(
        select(
            Representative.id,
            Representative.name,
            Representative.position,
            Enterprise.party_id,
            Enterprise.name_vi,
            Enterprise.tax_code,
        )
        .join(Enterprise, Enterprise.party_id == Representative.party_id)
        .where(Representative.id.in_(ids))
        .order_by(Enterprise.name_vi, Representative.id)
    )
    return [
        Finding(
            Read(PERSON_HOLDER, row.id, row.tax_code or row.name_vi, row.party_id, [ID_NUMBER]),
            row.name, row.name_vi, row.position,
        )
        for row in rows
    ]  # fmt: skip


def _dossiers(session: Session, field: str, ids: list[UUID]) -> list[Finding]:
    """Return filed dossiers: of a draft nobody but its applicant learns anything."""
    rows = session.execute(
        select(Case.id, Case.code, Case.title, Case.party_id, Party.name)
        .join(Party, Party.id == Case.party_id)
        .where(Case.id.in_(ids), Case.submitted_at.is_not(None))
        .order_by(Case.submitted_at, Case.id)
    )
    return [
        Finding(
            Read(CASE, row.id, row.code or "", row.party_id, [field]), row.code or row.title, row.name, ""
        )
        for row in rows
    ]
