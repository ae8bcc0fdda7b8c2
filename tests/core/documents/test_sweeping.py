"""Files that nothing names go after a time of grace; an upload that is under way cannot lose its file."""

import io
import os
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.auth.models import Party, PartyKind
from app.core.db import Database, DbRole, SessionContext
from app.core.db.session import ContextSession
from app.core.documents import service as documents
from app.core.documents.intake import MediaType
from app.core.documents.store import FileStore, StoredFile
from app.core.documents.sweeping import FileGone, Swept, orphans, sweep
from app.core.evidence import EvidenceEntry, Subject
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.privacy import SecretsBox
from tests.conftest import NOW

OFFICER = SessionContext(DbRole.OFFICER)
LONG_AGO, BEFORE = NOW - timedelta(days=9), NOW - timedelta(days=2)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "documents", box=SecretsBox(tmp_path / "documents.key"))


@pytest.fixture
def party(database: Database) -> UUID:
    key = uuid7()
    with database.transaction(SessionContext(DbRole.AUTH)) as session:
        session.add(Party(id=key, kind=PartyKind.ENTERPRISE, name="Công ty Mẫu", created_at=NOW))
    return key


def kept(store: FileStore, content: bytes, *, at: datetime = LONG_AGO) -> StoredFile:
    """Have a file that came at an instant."""
    file = store.put(io.BytesIO(content), limit_bytes=1000)
    os.utime(store.path(file.sha256), (at.timestamp(), at.timestamp()))
    return file


def name(session: ContextSession, file: StoredFile, party: UUID) -> None:
    documents.add_document(
        session, file=file, media_type=MediaType.PDF, title="x", kind="TEST", party_id=party,
        subject=Subject("case", uuid7()), actor=SYSTEM, now=NOW,
    )  # fmt: skip
    session.flush()  # as a page does that shows what was attached


def swept(database: Database, store: FileStore, *, most: int = 100) -> Swept:
    with database.transaction(OFFICER) as session:
        return sweep(session, store=store, before=BEFORE, actor=SYSTEM, now=NOW, most=most)


def test_what_nothing_names_goes_and_is_counted(database: Database, store: FileStore, party: UUID) -> None:
    lost, named, fresh = kept(store, b"1"), kept(store, b"2"), kept(store, b"3", at=NOW)
    with database.transaction(OFFICER) as session:
        name(session, named, party)
    with database.session(OFFICER) as session:
        assert list(orphans(session, store=store, before=BEFORE)) == [lost.sha256]
    assert swept(database, store) == Swept(files=1)
    assert [store.exists(each.sha256) for each in (lost, named, fresh)] == [False, True, True]
    assert swept(database, store) == Swept()
    with database.session(OFFICER) as session:
        (entry,) = session.scalars(select(EvidenceEntry).where(EvidenceEntry.tag == "documents:file:sweep"))
    assert '"files":1' in entry.body


def test_it_goes_in_steps(database: Database, store: FileStore) -> None:
    for number in range(3):
        kept(store, str(number).encode())
    assert [swept(database, store, most=2).files for _ in range(3)] == [2, 1, 0]


def test_leftovers_of_broken_receptions_go_as_well(database: Database, store: FileStore) -> None:
    with store.receive(io.BytesIO(b"%PDF secret"), limit_bytes=100) as incoming:
        left = incoming.path.with_name("tmpbroken")
        incoming.path.rename(left)
    os.utime(left, (NOW.timestamp(), NOW.timestamp()))
    assert swept(database, store) == Swept(), "it may be on its way"
    os.utime(left, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    assert swept(database, store) == Swept(leftovers=1)
    assert not left.exists()


def test_a_file_that_is_being_named_is_held(database: Database, store: FileStore, party: UUID) -> None:
    file = kept(store, b"slow form")
    with database.transaction(OFFICER) as naming:
        name(naming, file, party)
        assert swept(database, store) == Swept()
    assert swept(database, store) == Swept()
    assert store.exists(file.sha256)


def test_a_file_that_was_swept_cannot_be_named(database: Database, store: FileStore, party: UUID) -> None:
    file = kept(store, b"slower form")
    assert swept(database, store) == Swept(files=1)
    with database.session(OFFICER) as naming, pytest.raises(FileGone):
        name(naming, file, party)


def test_a_file_that_comes_again_has_its_time_anew(database: Database, store: FileStore) -> None:
    before = datetime.now(LONG_AGO.tzinfo) - timedelta(hours=1)
    file = kept(store, b"again")
    assert store.came_before(file.sha256, before)
    store.put(io.BytesIO(b"again"), limit_bytes=100)
    assert not store.came_before(file.sha256, before)
