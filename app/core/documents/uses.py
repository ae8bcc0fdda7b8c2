"""
Uses of a paper by objects that are no dossiers: noted where a module attaches it, ended where it lets go.

The components of a dossier are uses of their own kind (``app.core.workflow.papers``), which see to themselves; both
together decide whether a paper is still needed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from app.core.documents.models import Document, DocumentUse
from app.core.evidence import Subject
from app.core.kit.ids import uuid7

Text = Mapping[str, str]


def note_use(
    session: Session, *, document_id: UUID, party_id: UUID, subject: Subject, name: str, href: str, place: Text,
    now: datetime,
) -> DocumentUse:  # fmt: skip
    """
    Note that an object uses a paper of a party.

    :param name: public code of the object.
    :param place: which paper of the object it is, by language.
    """
    if subject.id is None:
        raise ValueError("A paper is used by something that exists: the subject needs an id.")
    use = DocumentUse(
        id=uuid7(), party_id=party_id, document_id=document_id, subject_kind=subject.kind, subject_id=subject.id,
        name=name, href=href, place=dict(place), since=now,
    )  # fmt: skip
    session.add(use)
    return use


def end_use(session: Session, *, document_id: UUID, subject: Subject, now: datetime) -> None:
    """Note that an object no longer uses a paper; nothing happens where it did not."""
    session.execute(
        update(DocumentUse)
        .where(
            DocumentUse.document_id == document_id,
            DocumentUse.subject_kind == subject.kind,
            DocumentUse.subject_id == subject.id,
            DocumentUse.ended_at.is_(None),
        )
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )


def in_use() -> ColumnElement[bool]:
    """Return the condition that an object uses a document now, for queries over documents."""
    return exists().where(DocumentUse.document_id == Document.id, DocumentUse.ended_at.is_(None))


def is_used(session: Session, document_id: UUID) -> bool:
    """Tell whether an object uses a paper now."""
    query = exists().where(DocumentUse.document_id == document_id, DocumentUse.ended_at.is_(None))
    return bool(session.scalar(select(query)))


def uses_of(session: Session, document_ids: Collection[UUID]) -> dict[UUID, list[DocumentUse]]:
    """Return the uses of papers that have not ended, the oldest first."""
    rows = session.scalars(
        select(DocumentUse)
        .where(DocumentUse.document_id.in_(document_ids), DocumentUse.ended_at.is_(None))
        .order_by(DocumentUse.since, DocumentUse.id)
    )
    found: dict[UUID, list[DocumentUse]] = {}
    for row in rows:
        found.setdefault(row.document_id, []).append(row)
    return found


def times_used(session: Session, document_id: UUID) -> int:
    """Return by how many objects a paper has been used so far, those that let go of it included."""
    query = select(func.count(DocumentUse.subject_id.distinct())).where(
        DocumentUse.document_id == document_id
    )
    return session.scalar(query) or 0
