"""The vault of a party: its current papers, and which dossiers and other objects use each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.core.documents.models import Document, DocumentFile, DocumentState
from app.core.documents.uses import uses_of
from app.core.workflow import procedures
from app.core.workflow.models import Case
from app.core.workflow.papers.form_signing import PRINT_KIND
from app.core.workflow.papers.models import SCAN_KIND, AttachmentState, CaseComponent

PAGE_SIZE = 50

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Use:
    """What has a paper: a dossier or another object; ``place`` says as which of its papers."""

    href: str
    name: str
    place: Text


@dataclass(frozen=True, slots=True)
class VaultPaper:
    """A paper in the vault."""

    id: UUID
    party_id: UUID
    title: str
    kind: str
    version: int
    size_bytes: int
    media_type: str
    created_at: datetime
    uses: Sequence[Use]


def vault_papers(
    session: Session, *, party_ids: Sequence[UUID], after: tuple[datetime, UUID] | None = None,
    size: int = PAGE_SIZE,
) -> list[VaultPaper]:  # fmt: skip
    """Return the parties' current papers, the newest first; one more than ``size`` when there is a next page."""
    query = (
        select(Document, DocumentFile.size_bytes, DocumentFile.media_type)
        .join(DocumentFile, DocumentFile.sha256 == Document.sha256)
        .where(
            Document.party_id.in_(party_ids),
            Document.state == DocumentState.CURRENT,
            # A print that waits for a signature, or a scan for its pages, is a tool on the way, no paper of the firm.
            Document.kind.not_in((PRINT_KIND, SCAN_KIND)),
        )
        .order_by(Document.created_at.desc(), Document.id.desc())
        .limit(size + 1)
    )
    if after is not None:
        query = query.where(tuple_(Document.created_at, Document.id) < after)
    rows = session.execute(query).all()
    uses = _uses(session, [row.Document.id for row in rows])
    return [
        VaultPaper(
            id=document.id,
            party_id=document.party_id,
            title=document.title,
            kind=document.kind,
            version=document.version,
            size_bytes=size_bytes,
            media_type=media_type,
            created_at=document.created_at,
            uses=uses.get(document.id, ()),
        )
        for document, size_bytes, media_type in rows
    ]


def _uses(session: Session, document_ids: Sequence[UUID]) -> dict[UUID, list[Use]]:
    rows = session.execute(
        select(CaseComponent.document_id, CaseComponent.component, Case)
        .join(Case, Case.id == CaseComponent.case_id)
        .where(CaseComponent.document_id.in_(document_ids), CaseComponent.state == AttachmentState.ATTACHED)
        .order_by(CaseComponent.attached_at, CaseComponent.id)
    )
    found: dict[UUID, list[Use]] = {}
    for document_id, component, case in rows:
        definition = procedures.definition_of(session, case.version_id)
        title = next(
            (each.title for each in definition.components if each.code == component), {"en": component}
        )
        use = Use(f"/dossiers/{case.id}", case.code or case.title, title)
        found.setdefault(document_id, []).append(use)
    for document_id, others in uses_of(session, document_ids).items():
        also = [Use(each.href, each.name, each.place) for each in others]
        found.setdefault(document_id, []).extend(also)
    return found
