"""Writing the index. It runs as officer: a tenant reads its part and writes none."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.kit.text import nfc
from app.core.search.documents import SearchDocument, SearchProvider, folded_text
from app.core.search.models import SharedDocument, TenantDocument

_BATCH = 500
_Table = type[SharedDocument] | type[TenantDocument]


def refresh(session: Session, provider: SearchProvider, keys: Collection[str]) -> None:
    """Make the documents of some keys anew; what is no longer there leaves the index."""
    seen = index(session, provider, provider.documents(session, keys))
    if gone := set(keys) - seen:
        table = _table(provider)
        session.execute(delete(table).where(table.kind == provider.kind, table.key.in_(gone)))


def refresh_party(session: Session, provider: SearchProvider, party_id: UUID) -> None:
    """Make all documents of a party anew: they show its name."""
    if provider.shared:
        return
    own = select(TenantDocument.key).where(
        TenantDocument.party_id == party_id, TenantDocument.kind == provider.kind
    )
    for keys in _batches(session.scalars(own).all()):
        refresh(session, provider, keys)


def reindex(session: Session, provider: SearchProvider) -> int:
    """Make all documents of a kind anew and return how many there are."""
    # The seen keys are few bytes each; the table keeps what readers find meanwhile.
    seen = index(session, provider, provider.documents(session, None))
    table = _table(provider)
    known = set(session.scalars(select(table.key).where(table.kind == provider.kind)))
    for keys in _batches(known - seen):
        session.execute(delete(table).where(table.kind == provider.kind, table.key.in_(keys)))
    return len(seen)


def is_empty(session: Session) -> bool:
    """Tell whether nothing of any party has been indexed yet, as after an upgrade from a version without search."""
    return not session.scalar(select(exists(select(TenantDocument.key))))


def index(session: Session, provider: SearchProvider, documents: Iterable[SearchDocument]) -> set[str]:
    """
    Write documents of a kind, new or known, and return their keys.

    :raises ValueError: a document of a party's kind has no party, or a shared one has.
    """
    seen: set[str] = set()
    table = _table(provider)
    for batch in _batches(documents):
        rows = [_row(provider, document) for document in batch]
        statement = insert(table).values(rows)
        new = {name: statement.excluded[name] for name in rows[0] if name not in {"kind", "key"}}
        session.execute(statement.on_conflict_do_update(index_elements=["kind", "key"], set_=new))
        seen.update(document.key for document in batch)
    return seen


def _table(provider: SearchProvider) -> _Table:
    return SharedDocument if provider.shared else TenantDocument


def _row(provider: SearchProvider, document: SearchDocument) -> dict[str, Any]:
    if provider.shared != (document.party_id is None):
        raise ValueError(f"{provider.kind} {document.key}: whose is it?")
    row: dict[str, Any] = {
        "kind": provider.kind,
        "key": document.key,
        "code": document.code,
        "title": nfc(document.title),
        "title_en": nfc(document.title_en),
        "detail": nfc(document.detail),
        "folded": folded_text(document),
        "url": document.url,
        "at": document.at,
    }
    owner: UUID | None = document.party_id
    return row if owner is None else {**row, "party_id": owner}


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    waiting = iter(items)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
