"""
Files that nothing names: uploads that no document came to name, and what broken processes left behind.

A file is there before a row names it, so an unnamed file is not yet a lost one. Two things keep an upload that is under
way from losing it. A file that came, or came again, within the time of grace stays. And whoever is about to name a file
holds it until the transaction ends and sees that it is there (``hold``); nothing that is held is destroyed, and nothing
that is destroyed can be named.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from app.core.db import Base
from app.core.documents.models import Document, DocumentFile, DocumentState
from app.core.documents.store import FileStore, StoredFile
from app.core.errors import DomainError
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor

BATCH = 500
STEP = 100
_OWN = frozenset({DocumentFile.__tablename__, Document.__tablename__})


class FileGone(DomainError):
    """A file was received so long ago that it was swept away before anything named it."""

    code = "documents.file-gone"
    status = 409
    title = "The file is no longer here."
    detail = "It was received long ago and nothing came to use it, so it was removed."
    hint = "Choose the file again and send it once more."


@dataclass(frozen=True, slots=True)
class Swept:
    """How many stored files went, and how many leftovers of broken receptions."""

    files: int = 0
    leftovers: int = 0


def hold(session: Session, file: StoredFile) -> None:
    """
    Keep a stored file from being destroyed until the transaction ends; whoever names a file calls this first.

    :raises FileGone: it is not there any more.
    """
    session.execute(select(func.pg_advisory_xact_lock_shared(_lock_of(file.sha256))))
    if file.path is not None and not file.path.exists():
        raise FileGone


def destroy(session: Session, store: FileStore, sha256: str, *, before: datetime) -> bool:
    """Destroy a file unless it is named, held, or came after ``before``; tell whether it went."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_lock_of(sha256)))):
        return False
    # After the lock: a statement of its own sees what was committed by whoever held the file.
    return not named(session, [sha256]) and store.shred(sha256, before=before)


def named(session: Session, addresses: Collection[str]) -> set[str]:
    """Return which files something names: a document, a batch of records, a legal value with the scan of its page."""
    columns = [
        column
        for table in Base.metadata.sorted_tables
        if table.name not in _OWN
        for column in table.columns
        if column.name == "sha256" or column.name.endswith("_sha256")
    ]
    living = select(Document.sha256).where(
        Document.sha256.in_(addresses), Document.state != DocumentState.ERASED
    )
    others = (select(column).where(column.in_(addresses)) for column in columns)
    return set(session.scalars(union(living, *others)))


def orphans(session: Session, *, store: FileStore, before: datetime) -> Iterator[str]:
    """Yield the files that nothing names and that came before an instant. Nothing is changed. Runs as an officer."""
    stored = store.addresses()
    while addresses := list(islice(stored, BATCH)):
        known = named(session, addresses)
        yield from (each for each in addresses if each not in known and store.came_before(each, before))


def sweep(
    session: Session, *, store: FileStore, before: datetime, actor: Actor, now: datetime, most: int = STEP
) -> Swept:
    """
    Destroy files that nothing names, at most so many in one step, and record how many went. Runs as an officer.

    :param before: files that came, or came again, after this instant stay: an upload may be on its way.
    """
    files = 0
    for sha256 in orphans(session, store=store, before=before):
        files += destroy(session, store, sha256, before=before)
        if files >= most:
            break
    swept = Swept(files, store.clear_leftovers(before=before))
    if swept.files or swept.leftovers:
        record(
            session, "documents:file:sweep", subject=Subject("store"), actor=actor, at=now,
            facts={"files": swept.files, "leftovers": swept.leftovers},
        )  # fmt: skip
    return swept


def _lock_of(sha256: str) -> int:
    return int.from_bytes(bytes.fromhex(sha256)[:8], "big", signed=True)
