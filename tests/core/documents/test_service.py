"""Documents, issued papers and letter numbers on a real database, under the application's own roles."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.db import Database, DbRole, SessionContext
from app.core.documents import service
from app.core.documents.letters import allocate_number
from app.core.documents.models import Document, DocumentFile, DocumentState, Issued, IssuedState, Letter
from app.core.documents.refusals import FileTypeUnknown
from app.core.documents.store import FileStore
from app.core.errors import NotFound
from app.core.evidence import EvidenceEntry, Subject
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.ids import uuid7
from tests.core.documents import files

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OFFICER = Actor(ActorKind.OFFICER, user_id=uuid7(), name="Cán bộ")
CUSTOMER = Actor(ActorKind.CUSTOMER, user_id=uuid7(), name="Người nộp")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "documents")


@pytest.fixture
def party_id() -> UUID:
    return uuid7()


def take_in(session: Session, store: FileStore, party_id: UUID, **changes: object) -> Document:
    arguments: dict[str, object] = {
        "stream": io.BytesIO(files.pdf()),
        "filename": "scan.pdf",
        "title": "Báo cáo tài chính",
        "kind": "financial-statement",
        "subject": Subject("case", uuid7()),
        "actor": OFFICER,
        "now": NOW,
        **changes,
    }
    return service.store_document(session, store=store, party_id=party_id, **arguments)  # type: ignore[arg-type]


def put_out(session: Session, store: FileStore, party_id: UUID) -> Issued:
    paper = service.store_paper(
        session,
        store=store,
        pdf=files.pdf(),
        title="Giấy chứng nhận",
        kind="certificate",
        party_id=party_id,
        subject=Subject("certificate", uuid7()),
        actor=OFFICER,
        now=NOW,
    )
    issued = service.issue(
        session,
        document=paper,
        verification_code=service.new_verification_code(),
        number="12/BQL",
        public={"kind": "certificate"},
        actor=OFFICER,
        now=NOW,
    )
    session.flush()  # The tests look at rows, not at objects.
    return issued


class TestStoreDocument:
    def test_file_and_document_are_kept(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        document = take_in(officer_session, store, party_id, title="Ba\u0301o ca\u0301o")
        officer_session.flush()  # The row is read back below.

        found, file = service.file_of(officer_session, document_id=document.id)
        assert found is document
        assert file.media_type == "application/pdf"
        assert store.is_intact(document.sha256)
        assert (document.version, document.state) == (1, DocumentState.CURRENT)
        assert document.title == "Báo cáo", "text is stored composed"

    def test_same_bytes_are_one_file_of_two_documents(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        data = files.pdf()
        first = take_in(officer_session, store, party_id, stream=io.BytesIO(data))
        second = take_in(officer_session, store, uuid7(), stream=io.BytesIO(data), now=LATER)
        officer_session.flush()  # The rows are counted below.

        assert first.sha256 == second.sha256
        file = officer_session.get(DocumentFile, first.sha256)
        assert file is not None
        assert file.stored_at == NOW, "the first time proves that the content existed then"

    def test_refused_file_leaves_nothing(
        self, officer_session: Session, store: FileStore, party_id: UUID, tmp_path: Path
    ) -> None:
        with pytest.raises(FileTypeUnknown):
            take_in(officer_session, store, party_id, stream=io.BytesIO(b"MZ" + b"\0" * 100))

        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        assert officer_session.scalars(select(Document).where(Document.party_id == party_id)).all() == []

    def test_new_version_replaces_the_old_one(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        first = take_in(officer_session, store, party_id)
        second = take_in(officer_session, store, party_id, replaces_id=first.id, now=LATER)
        officer_session.flush()  # The constraints of the table judge the chain.

        assert (first.state, second.state) == (DocumentState.REPLACED, DocumentState.CURRENT)
        assert (second.version, second.replaces_id) == (2, first.id)

    def test_version_is_replaced_once(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        first = take_in(officer_session, store, party_id)
        take_in(officer_session, store, party_id, replaces_id=first.id)

        with pytest.raises(service.DocumentNotCurrent):
            take_in(officer_session, store, party_id, replaces_id=first.id)

    def test_other_party_cannot_be_replaced(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        first = take_in(officer_session, store, party_id)

        with pytest.raises(NotFound):
            take_in(officer_session, store, uuid7(), replaces_id=first.id)

    def test_withdrawn_document_stays_readable(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        document = take_in(officer_session, store, party_id)
        service.withdraw_document(officer_session, document_id=document.id, actor=OFFICER, now=LATER)
        officer_session.flush()  # The row is read back below.

        found, _ = service.file_of(officer_session, document_id=document.id)
        assert found.state == DocumentState.WITHDRAWN

    def test_what_happened_is_recorded_without_names(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        document = take_in(officer_session, store, party_id, title="Hộ chiếu của Nguyễn Văn A")
        officer_session.flush()  # The entry is read back below.

        entries = officer_session.scalars(
            select(EvidenceEntry).where(EvidenceEntry.subject_id == document.id)
        ).all()
        assert [entry.tag for entry in entries] == ["documents:document:store"]
        assert document.sha256 in entries[0].body
        assert "Nguyễn" not in entries[0].body


class TestTenant:
    def test_party_stores_and_reads_its_own(self, tenant_session: Session, store: FileStore) -> None:
        party_id = tenant_session.info["context"].party_ids[0]
        first = take_in(tenant_session, store, party_id, actor=CUSTOMER)
        take_in(tenant_session, store, party_id, actor=CUSTOMER, replaces_id=first.id)
        tenant_session.flush()  # The policies judge the rows.

        assert service.file_of(tenant_session, document_id=first.id)[0].state == DocumentState.REPLACED

    def test_party_cannot_store_for_another(self, tenant_session: Session, store: FileStore) -> None:
        take_in(tenant_session, store, uuid7(), actor=CUSTOMER)

        with pytest.raises(DBAPIError, match="row-level security"):
            tenant_session.flush()  # The policy refuses the row.

    def test_unknown_document_is_not_found(self, tenant_session: Session) -> None:
        with pytest.raises(NotFound):
            service.file_of(tenant_session, document_id=uuid7())

    def test_party_cannot_rewrite_a_document(self, tenant_session: Session, store: FileStore) -> None:
        party_id = tenant_session.info["context"].party_ids[0]
        document = take_in(tenant_session, store, party_id, actor=CUSTOMER)
        tenant_session.flush()  # The row must be there to be changed.

        document.title = "Khác"
        with pytest.raises(DBAPIError, match="permission denied"):
            tenant_session.flush()  # Only the state of a version may change.

    def test_party_cannot_issue(self, tenant_session: Session, store: FileStore) -> None:
        party_id = tenant_session.info["context"].party_ids[0]

        with pytest.raises(DBAPIError, match="permission denied"):
            put_out(tenant_session, store, party_id)


class TestIssued:
    def test_issued_paper_is_found_by_code_and_by_file(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        issued = put_out(officer_session, store, party_id)

        typed = issued.verification_code.lower().replace("-", " ")
        assert service.find_issued(officer_session, code=typed) is issued
        assert issued in service.find_issued_by_file(officer_session, sha256=issued.sha256)
        assert (issued.state, issued.document_id) == (IssuedState.VALID, issued.document.id)

    def test_mistyped_code_is_told_apart_from_unknown(self, officer_session: Session) -> None:
        with pytest.raises(service.VerificationCodeMistyped):
            service.find_issued(officer_session, code="12345")
        with pytest.raises(NotFound):
            service.find_issued(officer_session, code=service.new_verification_code())

    def test_codes_do_not_repeat(self) -> None:
        assert len({service.new_verification_code() for _ in range(1000)}) == 1000

    def test_amended_paper_leads_to_the_new_one(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        old, new = (put_out(officer_session, store, party_id) for _ in range(2))

        service.amend(
            officer_session,
            code=old.verification_code,
            replaced_by=new.verification_code,
            reason="Điều chỉnh lần 1",
            actor=OFFICER,
            now=LATER,
        )
        officer_session.flush()  # The constraints of the table judge the state.

        assert (old.state, old.replaced_by, old.state_at) == (
            IssuedState.AMENDED,
            new.verification_code,
            LATER,
        )

    def test_revoked_is_final(self, officer_session: Session, store: FileStore, party_id: UUID) -> None:
        issued = put_out(officer_session, store, party_id)
        code = issued.verification_code
        service.revoke(officer_session, code=code, reason="Chấm dứt dự án", actor=OFFICER, now=LATER)
        officer_session.flush()  # The constraints of the table judge the state.

        with pytest.raises(service.IssuedStateConflict) as conflict:
            service.amend(officer_session, code=code, replaced_by=None, reason="x", actor=OFFICER, now=LATER)
        assert conflict.value.params == {"state": "REVOKED"}
        with pytest.raises(service.IssuedStateConflict):
            service.revoke(officer_session, code=code, reason="x", actor=OFFICER, now=LATER)

    def test_what_was_issued_cannot_be_rewritten(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        issued = put_out(officer_session, store, party_id)

        issued.public = {"kind": "another"}
        with pytest.raises(DBAPIError, match="permission denied"):
            officer_session.flush()  # Only the state of an issued paper may change.


class TestLetterNumbers:
    def take(self, session: Session, office_id: UUID, **changes: object) -> Letter:
        arguments: dict[str, object] = {
            "kind": "letter",
            "symbol": "BQL-ĐT",
            "subject": "V/v trả lời",
            "issued_on": date(2026, 11, 22),
            "now": NOW,
            **changes,
        }
        return allocate_number(session, office_id=office_id, **arguments)  # type: ignore[arg-type]

    def test_numbers_follow_without_gaps(self, officer_session: Session) -> None:
        office_id = uuid7()
        letters = [self.take(officer_session, office_id) for _ in range(12)]

        assert [letter.number for letter in letters] == list(range(1, 13))
        assert [letters[0].text, letters[11].text] == ["01/BQL-ĐT", "12/BQL-ĐT"]

    def test_each_office_kind_and_year_counts_on_its_own(self, officer_session: Session) -> None:
        office_id = uuid7()
        letters = [
            self.take(officer_session, office_id),
            self.take(officer_session, uuid7()),
            self.take(officer_session, office_id, kind="decision"),
            self.take(officer_session, office_id, issued_on=date(2027, 1, 1)),
        ]

        assert [letter.number for letter in letters] == [1, 1, 1, 1]

    def test_rollback_gives_the_number_back(self, officer_session: Session) -> None:
        office_id = uuid7()
        self.take(officer_session, office_id)
        inner = officer_session.begin_nested()
        self.take(officer_session, office_id)
        inner.rollback()

        assert self.take(officer_session, office_id).number == 2

    def test_no_gaps_under_concurrency(self, database: Database) -> None:
        office_id, clerks, letters = uuid7(), 4, 12

        def work(clerk: int) -> list[int]:
            kept = []
            for turn in range(letters):
                with database.session(SessionContext(DbRole.OFFICER)) as session:
                    number = self.take(session, office_id).number
                    if (clerk + turn) % 3 == 0:
                        session.rollback()
                    else:
                        session.commit()
                        kept.append(number)
            return kept

        with ThreadPoolExecutor(clerks) as pool:
            numbers = [number for kept in pool.map(work, range(clerks)) for number in kept]

        assert sorted(numbers) == list(range(1, clerks * letters * 2 // 3 + 1))

    def test_register_names_the_paper(
        self, officer_session: Session, store: FileStore, party_id: UUID
    ) -> None:
        letter = self.take(officer_session, uuid7())
        letter.document = put_out(officer_session, store, party_id).document
        officer_session.flush()  # The row is read back below.

        row = officer_session.execute(
            text("select document_id, text from documents_letter where id = :id"), {"id": letter.id}
        ).one()
        assert row == (letter.document.id, "01/BQL-ĐT")
