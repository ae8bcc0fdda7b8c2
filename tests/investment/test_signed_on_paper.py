"""A certificate signed by hand: numbered and printed, in force by the scan of the signed sheet, or void."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from app.core.auth.models import Office as OfficeRow
from app.core.auth.service import add_membership
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.documents import service as documents
from app.core.documents.models import Document, Issued, IssuedState, Letter, Medium
from app.core.documents.service import IssuedStateConflict
from app.core.documents.signing import verify_pdf
from app.core.errors import DomainError, Forbidden, Invalid
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.workflow.desk import ActionNotPossible, FourEyes
from app.core.workflow.inbox import part_of
from app.core.workflow.models import Case, CaseEvent
from app.core.workflow.papers.signed_on_paper import (
    PRINT_SUBJECT,
    NotAPicture,
    NothingPrinted,
    SignedScanMissing,
    waiting_paper,
)
from app.investment import queries
from app.investment.commitments.models import Commitment
from app.investment.models import Certificate
from app.investment.procedures import ProjectCodePending
from app.investment.service.adjusting import open_adjustment
from app.ioc import tiles
from app.modules import Platform
from app.web.tiles import Quarter, Scope, Share
from tests.conftest import NOW, TEST_LOGINS, clone
from tests.core.documents import files
from tests.investment.dossiers import FILER, Office
from tests.investment.test_dossier import SPECIAL

OFFICER = SessionContext(DbRole.OFFICER)
AUTH = SessionContext(DbRole.AUTH)
_, FILED_ONLINE, RESULTS = tiles.TILES


@pytest.fixture
def office(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[Office]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield Office(database, platform, NOW)
        database.close()


@pytest.fixture
def printed(office: Office) -> UUID:
    case_id = office.filed()
    office.to_approved(case_id)
    office.print_for_hand(case_id)
    return case_id


def refused(office: Office, case_id: UUID, login: str, action: str, **given: Any) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        office.take(case_id, login, action, **given)
    return refusal.value


def issued_of(office: Office, case_id: UUID) -> list[Issued]:
    with office.database.session(OFFICER) as session:
        query = select(Issued).join(Document, Document.id == Issued.document_id)
        of_case = query.where(Document.subject_id == case_id, Issued.kind == "IRC")
        return list(session.scalars(of_case.order_by(Issued.issued_at)))


def numbers(office: Office) -> list[tuple[int, str, bool]]:
    with office.database.session(OFFICER) as session:
        rows = session.scalars(select(Letter).where(Letter.kind == "IRC").order_by(Letter.number))
        return [(row.number, row.text, row.voided_at is not None) for row in rows]


def certificate_of(office: Office, case_id: UUID) -> Certificate:
    with office.database.session(OFFICER) as session:
        found = queries.of_case(session, case_id)
        assert found is not None
        return found


def state_of(office: Office, case_id: UUID) -> str:
    with office.database.session(OFFICER) as session:
        return session.get_one(Case, case_id).state


def test_the_print_has_number_and_code_and_no_signature(office: Office, printed: UUID) -> None:
    with office.database.session(OFFICER) as session:
        case = session.get_one(Case, printed)
        assert (case.state, case.clock, case.national) == ("hand_signing", "RUN", 4)
        paper = waiting_paper(session, case)
        assert paper is not None
        assert (paper.number, False) == (numbers(office)[0][1], numbers(office)[0][2])
        assert paper.position == "Phó Trưởng ban"
        _, file = documents.file_of(session, document_id=paper.print_id)
        pdf = office.press.store.read(file.sha256)
        assert queries.of_case(session, printed) is None, "nothing is in the register yet"
    text = PdfReader(BytesIO(pdf)).pages[-1].extract_text()
    assert paper.code in text
    assert paper.signer.split(" (")[0] in text
    assert verify_pdf(pdf, trust=office.press.signing.trust(now=NOW), now=NOW) == []
    assert PdfReader(BytesIO(pdf)).get_fields() in (None, {}), "not even an empty field for a signature"
    [entry] = issued_of(office, printed)
    assert (entry.state, entry.medium) == (IssuedState.PRINTED, Medium.PAPER)


def test_the_reason_is_wanted_and_stands_in_history_and_evidence(office: Office) -> None:
    case_id = office.filed()
    office.to_approved(case_id)
    refusal = refused(office, case_id, "lanh.dao", "sign_by_hand", reason="  ")
    assert [each.name for each in refusal.errors] == ["reason"]
    office.print_for_hand(case_id)
    with office.database.session(OFFICER) as session:
        event = session.scalars(select(CaseEvent).where(CaseEvent.action == "sign_by_hand")).one()
        assert event.input["reason"] == "Chứng thư số hết hạn."
        assert not event.visible, "why the authority had to is its own business"
        tags = select(EvidenceEntry.tag).where(EvidenceEntry.subject_id == case_id)
        assert {"workflow:case:sign-by-hand", "investment:certificate:print"} <= set(session.scalars(tags))


def test_no_print_without_the_project_code(office: Office) -> None:
    case_id = office.filed()
    for login, action in (("mot.cua", "accept"), ("tham.dinh", "take_up")):
        office.take(case_id, login, action)
    office.take(case_id, "tham.dinh", "draft_decision", reason="Đủ.")
    office.take(case_id, "truong.phong", "approve")
    refusal = refused(office, case_id, "lanh.dao", "sign_by_hand", reason="Mất thiết bị ký.")
    assert refusal.code == ProjectCodePending.code
    assert numbers(office) == []


def test_the_signed_sheet_brings_it_into_force(office: Office, printed: UUID) -> None:
    day = local_day(office.now, office.platform.zone.tz)
    office.now += timedelta(days=1)
    scan = office.scan_signed(printed)
    assert state_of(office, printed) == "hand_signing", "a scan alone decides nothing"
    office.file_signed(printed)
    row = certificate_of(office, printed)
    assert (row.medium, row.valid.lower, row.number) == (Medium.PAPER, day, numbers(office)[0][1])
    assert row.recorded.lower == office.now, "the register learned it when the sheet was filed"
    [entry] = issued_of(office, printed)
    assert (entry.state, entry.medium, entry.sha256) == (IssuedState.VALID, Medium.PAPER, scan.sha256)
    assert entry.document_id == row.document_id
    with office.as_(office.person(FILER)) as session:
        own = session.scalars(select(Document).where(Document.subject_id == printed, Document.kind == "IRC"))
        assert [each.sha256 for each in own] == [scan.sha256], "the applicant has the scan"
        case = session.get_one(Case, printed)
        assert (case.state, case.national, case.decided_at) == ("decided", 9, office.now)
    office.take(printed, "mot.cua", "release")


def test_it_is_compared_by_declaration_only_with_a_scan(office: Office, printed: UUID) -> None:
    assert (
        refused(office, printed, "mot.cua", "file_signed_paper", compared="yes").code
        == SignedScanMissing.code
    )
    office.scan_signed(printed)
    refusal = refused(office, printed, "mot.cua", "file_signed_paper")
    assert isinstance(refusal, Invalid)
    assert [each.name for each in refusal.errors] == ["compared"]
    assert state_of(office, printed) == "hand_signing"


def give_role(office: Office, login: str, office_code: str, role: str) -> None:
    user_id = office.person(login).user_id
    assert user_id is not None
    with office.database.transaction(OFFICER) as session:
        party_id = session.scalars(select(OfficeRow.party_id).where(OfficeRow.code == office_code)).one()
    with office.database.transaction(AUTH) as session:
        add_membership(session, party_id=party_id, user_id=user_id, roles=[role], actor=SYSTEM, now=NOW)


@pytest.mark.parametrize("login", ["tham.dinh", "truong.phong", "lanh.dao"])
def test_nobody_of_the_decision_files_the_sheet(office: Office, printed: UUID, login: str) -> None:
    give_role(office, login, "INTAKE", "INTAKE")
    with pytest.raises(FourEyes):
        office.scan_signed(printed, login)
    office.scan_signed(printed)
    assert refused(office, printed, login, "file_signed_paper", compared="yes").code == FourEyes.code


def test_who_holds_no_right_files_nothing(office: Office, printed: UUID) -> None:
    for login in ("hai.quan", FILER):
        with pytest.raises(Forbidden):
            office.scan_signed(printed, login)
        assert refused(office, printed, login, "file_signed_paper", compared="yes").status == 403


def test_drafter_and_reviewer_do_not_print(office: Office) -> None:
    case_id = office.filed()
    office.to_approved(case_id)
    give_role(office, "truong.phong", "OFFICE", "LEADER")
    assert refused(office, case_id, "truong.phong", "sign_by_hand", reason="Vội.").code == FourEyes.code


def test_another_scan_takes_the_place_of_one_that_waits(office: Office, printed: UUID) -> None:
    body = files.pdf(Signed="(blurred)")
    first = office.scan_signed(printed, body=body)
    assert office.scan_signed(printed, body=body).id == first.id, "the same file sent twice is one"
    second = office.scan_signed(printed, body=files.pdf(Signed="(clearer)"))
    with office.database.session(OFFICER) as session:
        assert session.get_one(Document, first.id).state == "WITHDRAWN"
        paper = waiting_paper(session, session.get_one(Case, printed))
        assert paper is not None
        assert paper.scan is not None
        assert paper.scan.id == second.id


def test_a_picture_is_taken_and_an_office_file_is_not(office: Office, printed: UUID) -> None:
    with pytest.raises(NotAPicture):
        office.scan_signed(printed, body=files.office(), name="da-ky.docx")
    office.scan_signed(printed, body=files.jpeg(), name="da-ky.jpg")
    office.file_signed(printed)
    with office.database.session(OFFICER) as session:
        document = session.get_one(Document, certificate_of(office, printed).document_id)
        assert document.title.endswith((".jpg", ".jpeg"))


def test_a_voided_print_keeps_its_number_and_the_next_one_signs_electronically(
    office: Office, printed: UUID
) -> None:
    scan = office.scan_signed(printed)
    refusal = refused(office, printed, "lanh.dao", "void_print", reason="")
    assert [each.name for each in refusal.errors] == ["reason"]
    office.take(printed, "lanh.dao", "void_print", reason="In sai khổ giấy.")
    assert state_of(office, printed) == "approved"
    [entry] = issued_of(office, printed)
    assert entry.state == IssuedState.VOID
    with office.database.session(OFFICER) as session:
        assert session.get_one(Document, scan.id).state == "WITHDRAWN"
        letter = session.scalars(select(Letter).where(Letter.kind == "IRC")).one()
        assert letter.void_reason == "In sai khổ giấy."
    office.take(printed, "lanh.dao", "sign")
    row = certificate_of(office, printed)
    assert row.medium == Medium.ELECTRONIC
    assert [(number, void) for number, _, void in numbers(office)] == [(1, True), (2, False)]
    assert row.number == numbers(office)[1][1]
    with pytest.raises(NothingPrinted):
        office.scan_signed(printed)


def test_printed_again_after_voiding(office: Office, printed: UUID) -> None:
    office.take(printed, "lanh.dao", "void_print", reason="Rách khi in.")
    office.print_for_hand(printed)
    office.scan_signed(printed)
    office.file_signed(printed)
    assert certificate_of(office, printed).number == numbers(office)[1][1]
    assert [each.state for each in issued_of(office, printed)].count(IssuedState.VALID) == 1


def test_what_is_in_force_is_voided_no_more_but_revoked(office: Office, printed: UUID) -> None:
    office.scan_signed(printed)
    office.file_signed(printed)
    assert refused(office, printed, "lanh.dao", "void_print", reason="Muộn.").code == ActionNotPossible.code
    code = certificate_of(office, printed).verification_code
    with office.as_(office.person("lanh.dao")) as session:
        documents.revoke(session, code=code, reason="Thu hồi.", actor=office.person("lanh.dao"), now=NOW)
    with office.database.session(OFFICER) as session:
        assert documents.find_issued(session, code=code).state == IssuedState.REVOKED


def test_a_print_can_be_neither_revoked_nor_amended(office: Office, printed: UUID) -> None:
    [entry] = issued_of(office, printed)
    with office.as_(office.person("lanh.dao")) as session, pytest.raises(IssuedStateConflict):
        documents.revoke(
            session, code=entry.verification_code, reason="Sớm.", actor=office.person("lanh.dao"), now=NOW
        )


def test_numbers_are_shared_with_electronic_certificates_without_gaps(office: Office, printed: UUID) -> None:
    other = office.filed()
    office.to_certificate(other)
    assert [number for number, _, _ in numbers(office)] == [1, 2]
    assert certificate_of(office, other).number == numbers(office)[1][1]


def test_an_adjustment_of_a_paper_certificate_and_one_on_paper(office: Office, printed: UUID) -> None:
    office.scan_signed(printed)
    office.file_signed(printed)
    first = certificate_of(office, printed)
    second = adjusted(office, first.number, term_years=60)
    office.take(second, "lanh.dao", "sign")
    row = certificate_of(office, second)
    assert (row.number, row.revision, row.medium) == (first.number, 2, Medium.ELECTRONIC)
    third = adjusted(office, first.number, term_years=65)
    office.print_for_hand(third)
    assert len(numbers(office)) == 1, "an adjusted certificate keeps its number"
    office.take(third, "lanh.dao", "void_print", reason="In lại.")
    assert not numbers(office)[0][2], "the number of the certificate in force is not voided with a print"
    office.print_for_hand(third)
    office.scan_signed(third)
    office.file_signed(third)
    row = certificate_of(office, third)
    assert (row.revision, row.medium) == (3, Medium.PAPER)
    states = {each.verification_code: each.state for each in issued_of(office, printed)}
    assert states[first.verification_code] == IssuedState.AMENDED


def adjusted(office: Office, number: str, **answers: Any) -> UUID:
    filer, case_id = office.person(FILER), uuid7()
    office.now += timedelta(days=1)
    with office.as_(filer) as session:
        open_adjustment(
            session, desk=office.platform.desk, number=number, case_id=case_id, actor=filer, now=office.now
        )
    office.save(
        case_id,
        {"adjust_reason": "Kéo dài.", "implementation": "Đúng tiến độ.", "declaration": True, **answers},
    )
    office.put_papers(case_id)
    office.sign(case_id)
    office.take(case_id, FILER, "submit")
    office.to_approved(case_id)
    return case_id


def test_commitments_follow_a_paper_certificate_too(office: Office) -> None:
    case_id = office.filed(procedure="IRC_SPECIAL", **SPECIAL)
    office.to_approved(case_id)
    office.print_for_hand(case_id)
    with office.database.session(OFFICER) as session:
        assert session.scalars(select(Commitment).where(Commitment.case_id == case_id)).all() == []
    office.scan_signed(case_id)
    office.file_signed(case_id)
    with office.database.session(OFFICER) as session:
        assert len(session.scalars(select(Commitment).where(Commitment.case_id == case_id)).all()) == 3


def test_the_new_state_is_work_of_those_who_may_file(office: Office) -> None:
    with office.database.session(OFFICER) as session:
        for login, has in (("mot.cua", True), ("tham.dinh", True), ("truong.phong", False)):
            assert ("hand_signing" in part_of(session, office.person(login)).free) is has


def test_one_dossier_moves_the_results_tile_both_ways_by_real_steps(office: Office, printed: UUID) -> None:
    scope = Scope(
        Quarter.of(local_day(NOW, office.platform.zone.tz)), NOW + timedelta(days=1), office.platform.zone.tz
    )
    assert share(office, RESULTS, scope) == Share(0, 0)
    office.scan_signed(printed)
    office.file_signed(printed)
    assert share(office, RESULTS, scope) == Share(0, 1), "a result on paper counts against electronic results"
    assert share(office, FILED_ONLINE, scope) == Share(0, 1)
    with office.database.session(OFFICER) as session:
        assert RESULTS.rows is not None
        [line] = RESULTS.rows(session, scope)
        assert line.reason == "Finished without an electronic result"


def test_the_same_dossier_counts_when_it_is_signed_electronically_after_all(
    office: Office, printed: UUID
) -> None:
    scope = Scope(
        Quarter.of(local_day(NOW, office.platform.zone.tz)), NOW + timedelta(days=1), office.platform.zone.tz
    )
    office.take(printed, "lanh.dao", "void_print", reason="Đã có chứng thư số mới.")
    office.take(printed, "lanh.dao", "sign")
    assert share(office, RESULTS, scope) == Share(1, 1)
    assert share(office, FILED_ONLINE, scope) == Share(1, 1)


def share(office: Office, tile: Any, scope: Scope) -> Share:
    with office.database.session(OFFICER) as session:
        found: Share = tile.value(session, scope)
        return found


def test_print_and_waiting_scan_are_no_papers_of_the_dossier(office: Office, printed: UUID) -> None:
    office.scan_signed(printed)
    with office.database.session(OFFICER) as session:
        kinds = session.scalars(
            select(Document.subject_kind).where(
                Document.subject_id == printed, Document.kind.in_(("PRINT", "SIGNED_SCAN"))
            )
        )
        assert set(kinds) == {PRINT_SUBJECT}
