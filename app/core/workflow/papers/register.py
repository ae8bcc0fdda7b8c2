"""The register of outgoing letters, as officers look it up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.orm import Session

from app.core.documents.models import Document, Issued, Letter

PAGE_SIZE = 50
EXPORT_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class LetterLine:
    """A row of the register; ``state`` is what the paper is worth now."""

    id: UUID
    number: str
    kind: str
    issued_at: datetime
    subject: str
    document_id: UUID | None
    verification_code: str | None
    state: str | None
    medium: str | None
    voided_at: datetime | None
    void_reason: str | None


def letters(
    session: Session, *, year: int | None = None, kind: str = "", after: tuple[datetime, UUID] | None = None,
    size: int = PAGE_SIZE,
) -> list[LetterLine]:  # fmt: skip
    """Return registered letters, the newest first; one more than ``size`` when there is a next page."""
    query = _query(year, kind)
    if after is not None:
        query = query.where(tuple_(Letter.issued_at, Letter.id) < after)
    return [_line(row) for row in session.execute(query.limit(size + 1))]


def all_letters(session: Session, *, year: int | None = None, kind: str = "") -> Iterator[LetterLine]:
    """Yield the register for an export, the newest first."""
    for row in session.execute(_query(year, kind).limit(EXPORT_LIMIT)):
        yield _line(row)


def years(session: Session) -> list[int]:
    """Return the years in which letters were issued, the newest first."""
    return list(session.scalars(select(Letter.year).distinct().order_by(Letter.year.desc())))


def _query(year: int | None, kind: str) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            Letter.id, Letter.text, Letter.kind, Letter.issued_at, Letter.subject, Letter.document_id,
            Issued.verification_code, Issued.state, Issued.medium, Letter.voided_at, Letter.void_reason,
        )
        .outerjoin(Document, Document.id == Letter.document_id)
        .outerjoin(Issued, Issued.document_id == Document.id)
        .order_by(Letter.issued_at.desc(), Letter.id.desc())
    )  # fmt: skip
    if year is not None:
        query = query.where(Letter.year == year)
    return query.where(Letter.kind == kind) if kind else query


def _line(row: Row[Any]) -> LetterLine:
    values: tuple[Any, ...] = tuple(row)
    return LetterLine(*values)
