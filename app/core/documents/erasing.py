"""
Erasing files: documents lose their bytes and the sender's title; row, hash and every entry of the evidence log stay.

Two steps, so that a crash between them leaves nothing half: the transaction marks documents as erased, and what no
living document names any more is then destroyed on the disk. The second step may be repeated at any time.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from app.core.documents.models import Document, DocumentState, Issued, Letter
from app.core.documents.store import FileStore
from app.core.documents.sweeping import destroy
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor

NO_TITLE = "–"


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
        gone += store.exists(sha256) and destroy(session, store, sha256, before=before)
    return gone


def documents_of(session: Session, *, kind: str, ids: Collection[UUID]) -> list[UUID]:
    """Return the keys of documents by what they belong to."""
    return list(
        session.scalars(
            select(Document.id).where(Document.subject_kind == kind, Document.subject_id.in_(ids))
        )
    )
