"""Papers that are signed by hand: no effect as a print, in force by a scan, or void for good."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.documents import printed, service
from app.core.documents.letters import allocate_number
from app.core.documents.models import Document, DocumentState, Issued, IssuedState, Letter, Medium
from app.core.documents.service import IssuedStateConflict
from app.core.documents.store import FileStore
from app.core.errors import NotFound
from app.core.evidence import Subject
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.ids import uuid7

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
ACTOR = Actor(ActorKind.OFFICER, uuid7(), "lanh.dao")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "documents")


def paper(session: Session, store: FileStore, subject: UUID, content: bytes) -> Document:
    document = service.store_paper(
        session, store=store, pdf=b"%PDF-1.7\n" + content, title="GCN.pdf", kind="PRINT", party_id=uuid7(),
        subject=Subject("case-print", subject), actor=ACTOR, now=NOW,
    )  # fmt: skip
    session.flush()
    return document


def a_print(session: Session, store: FileStore, subject: UUID) -> tuple[Issued, Letter]:
    letter = allocate_number(
        session, office_id=subject, kind="IRC", subject="Giấy chứng nhận", issued_on=date(2026, 11, 20), now=NOW,
        written=lambda number: f"GCN-{number}",
    )  # fmt: skip
    document = paper(session, store, subject, b"print")
    letter.document = document
    issued = printed.issue_print(
        session, document=document, kind="IRC", verification_code=service.new_verification_code(),
        number=letter.text, public={"project_name_vi": "Nhà máy"}, actor=ACTOR, now=NOW,
    )  # fmt: skip
    session.flush()
    return issued, letter


def test_a_print_waits_until_its_signed_sheet_is_filed(officer_session: Session, store: FileStore) -> None:
    subject = uuid7()
    issued, letter = a_print(officer_session, store, subject)
    assert letter.text == "GCN-1"
    assert printed.printed_for(officer_session, subject=Subject("case-print", subject)) is issued
    scan = paper(officer_session, store, uuid7(), b"scan")
    printed.file_signed(officer_session, code=issued.verification_code, scan=scan, actor=ACTOR, now=NOW)
    officer_session.flush()
    assert (issued.state, issued.medium, issued.sha256) == (IssuedState.VALID, Medium.PAPER, scan.sha256)
    assert letter.document is scan, "the register of numbers leads to what is in force"
    assert printed.printed_for(officer_session, subject=Subject("case-print", subject)) is None
    with pytest.raises(IssuedStateConflict):
        printed.file_signed(officer_session, code=issued.verification_code, scan=scan, actor=ACTOR, now=NOW)
    with pytest.raises(IssuedStateConflict):
        printed.void_print(
            officer_session, code=issued.verification_code, reason="Muộn", actor=ACTOR, now=NOW
        )


def test_a_void_print_keeps_its_number_for_ever(officer_session: Session, store: FileStore) -> None:
    subject = uuid7()
    issued, letter = a_print(officer_session, store, subject)
    printed.void_print(officer_session, code=issued.verification_code, reason="Rách", actor=ACTOR, now=NOW)
    officer_session.flush()
    assert (issued.state, letter.void_reason, letter.voided_at) == (IssuedState.VOID, "Rách", NOW)
    assert officer_session.get_one(Document, issued.document_id).state == DocumentState.WITHDRAWN
    again = allocate_number(
        officer_session,
        office_id=subject,
        kind="IRC",
        subject="Lần hai",
        issued_on=date(2026, 11, 20),
        now=NOW,
    )
    assert again.number == letter.number + 1
    for change in (service.revoke, service.amend):
        options = {"replaced_by": None} if change is service.amend else {}
        with pytest.raises(IssuedStateConflict):
            change(
                officer_session, code=issued.verification_code, reason="x", actor=ACTOR, now=NOW, **options
            )


def test_an_unknown_code_is_not_found(officer_session: Session) -> None:
    with pytest.raises(NotFound):
        printed.void_print(
            officer_session, code=service.new_verification_code(), reason="x", actor=ACTOR, now=NOW
        )


def test_the_database_knows_no_electronic_print(officer_session: Session, store: FileStore) -> None:
    issued, _ = a_print(officer_session, store, uuid7())
    with pytest.raises(DBAPIError, match="permission denied"):
        officer_session.execute(
            text("update documents_issued set medium = 'ELECTRONIC' where verification_code = :code"),
            {"code": issued.verification_code},
        )
