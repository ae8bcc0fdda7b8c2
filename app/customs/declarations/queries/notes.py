"""Inspection notes as their firm and officers read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.documents.models import Document
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.customs.declarations.models import Declaration, InspectionComment, InspectionNote, InspectionPhoto
from app.customs.declarations.permissions import FILE
from app.customs.declarations.queries.reach import require_reader

MAX_NOTES = 100


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note in a list; ``corrected_by`` is the newer one that takes its place."""

    id: UUID
    party_id: UUID
    firm: str
    declaration_id: UUID | None
    code: str
    kind: str
    place: str
    found: str
    result: str
    happened_at: datetime
    written_at: datetime
    officer: str
    digest: str
    corrects_id: UUID | None
    corrected_by: UUID | None


@dataclass(frozen=True, slots=True)
class PhotoLine:
    """A photo of a note."""

    document_id: UUID
    title: str
    sha256: str
    latitude: Decimal | None
    longitude: Decimal | None


@dataclass(frozen=True, slots=True)
class CommentLine:
    """What the firm said."""

    text: str
    at: datetime


def notes(
    session: Session, *, party_id: UUID | None = None, declaration_id: UUID | None = None
) -> list[NoteLine]:
    """Return the notes of a firm or a declaration, the newest first."""
    query = _query().order_by(InspectionNote.written_at.desc(), InspectionNote.id.desc()).limit(MAX_NOTES)
    if party_id is not None:
        query = query.where(InspectionNote.party_id == party_id)
    if declaration_id is not None:
        query = query.where(InspectionNote.declaration_id == declaration_id)
    rows = session.execute(query).all()
    newer = _newer(session, [row.InspectionNote.id for row in rows])
    return [_line(row.InspectionNote, row.name, row.code, newer) for row in rows]


def note(session: Session, note_id: UUID, actor: Actor) -> NoteLine:
    """
    Return a note.

    :raises NotFound: there is none, or it is another firm's.
    :raises Forbidden: an officer who may not read declarations.
    """
    require_reader(actor)
    row = session.execute(_query().where(InspectionNote.id == note_id)).one_or_none()
    if row is None or not (actor.is_officer or actor.may(FILE, row.InspectionNote.party_id)):
        raise NotFound
    return _line(row.InspectionNote, row.name, row.code, _newer(session, [note_id]))


def chain(session: Session, found: NoteLine, actor: Actor) -> list[NoteLine]:
    """Return all notes of a correction, the first one first; a note that was never corrected stands alone."""
    before: list[NoteLine] = []
    older = found.corrects_id
    while older is not None and len(before) < MAX_NOTES:
        before.insert(0, note(session, older, actor))
        older = before[0].corrects_id
    after: list[NoteLine] = []
    newer = found.corrected_by
    while newer is not None and len(after) < MAX_NOTES:
        after.append(note(session, newer, actor))
        newer = after[-1].corrected_by
    return [*before, found, *after]


def photos(session: Session, note_id: UUID) -> list[PhotoLine]:
    """Return the photos of a note in their order."""
    rows = session.execute(
        select(InspectionPhoto, Document.title, Document.sha256)
        .join(Document, Document.id == InspectionPhoto.document_id)
        .where(InspectionPhoto.note_id == note_id)
        .order_by(InspectionPhoto.position)
    )
    return [
        PhotoLine(row.document_id, title, sha256, row.latitude, row.longitude) for row, title, sha256 in rows
    ]


def comments(session: Session, note_id: UUID) -> list[CommentLine]:
    """Return what the firm said to a note, the oldest first."""
    rows = session.scalars(
        select(InspectionComment)
        .where(InspectionComment.note_id == note_id)
        .order_by(InspectionComment.at, InspectionComment.id)
    )
    return [CommentLine(each.text, each.at) for each in rows]


def photo_of(session: Session, note_id: UUID, document_id: UUID) -> Document:
    """
    Return the document of a photo of a note.

    :raises NotFound: there is none.
    """
    found = session.scalar(
        select(Document)
        .join(InspectionPhoto, InspectionPhoto.document_id == Document.id)
        .where(InspectionPhoto.note_id == note_id, Document.id == document_id)
    )
    if found is None:
        raise NotFound
    return found


def _query() -> Select[InspectionNote, str, str]:
    return (
        select(InspectionNote, Party.name, Declaration.code)
        .join(Party, Party.id == InspectionNote.party_id)
        .outerjoin(Declaration, Declaration.id == InspectionNote.declaration_id)
    )


def _newer(session: Session, note_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = session.execute(
        select(InspectionNote.corrects_id, InspectionNote.id).where(InspectionNote.corrects_id.in_(note_ids))
    )
    return {corrects_id: key for corrects_id, key in rows if corrects_id is not None}


def _line(row: InspectionNote, firm: str, code: str | None, newer: dict[UUID, UUID]) -> NoteLine:
    return NoteLine(
        id=row.id, party_id=row.party_id, firm=firm, declaration_id=row.declaration_id, code=code or "", kind=row.kind,
        place=row.place, found=row.found, result=row.result, happened_at=row.happened_at, written_at=row.written_at,
        officer=row.officer, digest=row.digest, corrects_id=row.corrects_id, corrected_by=newer.get(row.id),
    )  # fmt: skip
