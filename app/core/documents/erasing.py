"""
Erasing files: documents lose their bytes and the sender's title; row, hash and every entry of the evidence log stay.

Two steps, so that a crash between them leaves nothing half: the transaction marks documents as erased, and what no
living document names any more is then destroyed on the disk. The second step may be repeated at any time.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, union
from sqlalchemy.orm import Session, aliased

from app.core.db import Base
from app.core.documents.models import Document, DocumentFile, DocumentState, Issued, Letter
from app.core.documents.store import FileStore
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor

NO_TITLE = "–"
_OWN = frozenset({DocumentFile.__tablename__, Document.__tablename__})


def erase_documents(session: Session, *, ids: Collection[UUID], actor: Actor, now: datetime) -> int:
    """
    Mark documents as erased and record each; return how many. The caller knows why. Runs as an officer.

    What the authority issued is not erased with a dossier: those are left out.
    """
    issued = exists().where(Issued.document_id == Document.id)
    letter = exists().where(Letter.document_id == Document.id)
    found = session.scalars(
        select(Document)
        .where(Document.id.in_(ids), Document.state != DocumentState.ERASED, ~issued, ~letter)
        .order_by(Document.id)
        .with_for_update(of=Document)
    ).all()
    for document in found:
        document.state, document.title = DocumentState.ERASED, NO_TITLE
        record(
            session, "documents:document:erase", subject=Subject("document", document.id), actor=actor, at=now,
            party_id=document.party_id, facts={"sha256": document.sha256},
        )  # fmt: skip
    return len(found)


def shred_erased(session: Session, *, store: FileStore, before: datetime) -> int:
    """
    Destroy the files that only erased documents name; return how many went.

    :param before: files that came, or came again, after this instant wait for the next time: an upload that is under
        way keeps its file before a document names it.
    """
    living = aliased(Document)
    still = exists().where(living.sha256 == Document.sha256, living.state != DocumentState.ERASED)
    query = select(Document.sha256).where(Document.state == DocumentState.ERASED, ~still).distinct()
    gone = 0
    for sha256 in session.scalars(query.order_by(Document.sha256)).all():
        if store.exists(sha256) and not _named_elsewhere(session, sha256):
            gone += store.shred(sha256, before=before)
    return gone


def _named_elsewhere(session: Session, sha256: str) -> bool:
    """Tell whether another table names a file: an import keeps its own, a legal value the scan of its page."""
    columns = [
        column
        for table in Base.metadata.sorted_tables
        if table.name not in _OWN
        for column in table.columns
        if column.name == "sha256" or column.name.endswith("_sha256")
    ]
    named = union(*(select(column).where(column == sha256) for column in columns))
    return session.execute(named.limit(1)).first() is not None


def documents_of(session: Session, *, kind: str, ids: Collection[UUID]) -> list[UUID]:
    """Return the keys of documents by what they belong to."""
    return list(
        session.scalars(
            select(Document.id).where(Document.subject_kind == kind, Document.subject_id.in_(ids))
        )
    )
