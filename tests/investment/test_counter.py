"""A paper dossier through the counter: scanned, split, certified, filed, received under the clock of all others."""

import io
import json
from collections.abc import Iterator, Mapping
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.documents.models import Document, DocumentState
from app.core.errors import Forbidden, Invalid
from app.core.evidence import EvidenceEntry
from app.core.kit.ids import uuid7
from app.core.workflow import counter, procedures
from app.core.workflow.counter import Presenter
from app.core.workflow.desk import FourEyes
from app.core.workflow.models import Case
from app.core.workflow.papers import components, hand_signing, scans
from app.core.workflow.papers.components import PapersNotOpen
from app.core.workflow.papers.form_signing import form_status
from app.core.workflow.papers.hand_signing import NotCertified
from app.core.workflow.papers.intake import keep_file
from app.core.workflow.papers.models import SCAN_KIND
from app.modules import Platform
from tests.conftest import NOW, TEST_LOGINS, clone
from tests.core.documents import files
from tests.core.workflow.test_scans import many_pages
from tests.investment.dossiers import FILER, Office
from tests.investment.requests import request

INTAKE = "mot.cua"
SIGNER = "Người nộp Thử Nghiệm"
CAME = Presenter("Trần Văn Đưa", "AUTHORISED", "PASSPORT", "C1234567")


@pytest.fixture(scope="module")
def office(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[Office]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield Office(database, platform, NOW)
        database.close()


def begun(office: Office, **changes: object) -> UUID:
    """Begin a dossier at the counter and answer every question."""
    intake, party_id = office.person(INTAKE), office.person(FILER).party_ids[0]
    with office.as_(intake) as session:
        case = counter.begin(
            session, desk=office.platform.desk, case_id=uuid7(), procedure="IRC", party_id=party_id, presenter=CAME,
            actor=intake, now=NOW,
        )  # fmt: skip
        session.flush()  # the draft is locked again by its key
    office.save(case.id, request(**changes), login=INTAKE)
    return case.id


def split(office: Office, case_id: UUID, pages: int, typed: Mapping[str, str]) -> scans.Scan:
    """Scan so many pages and split them."""
    intake, press = office.person(INTAKE), office.press
    kept = keep_file(press.store, stream=io.BytesIO(many_pages(pages)), filename="hồ sơ.pdf")
    with office.as_(intake) as session:
        case = session.get_one(Case, case_id)
        definition = procedures.definition_of(session, case.version_id)
        scan = scans.keep_scan(
            session, press=press, case=case, definition=definition, kept=kept, actor=intake, now=NOW
        )
        assigned = scans.read_ranges(typed, pages=scan.pages, leave_rest=False)
        scans.assign(
            session, case=case, definition=definition, scan=scan, assigned=assigned,
            parts=scans.cut(press, scan, assigned), actor=intake, now=NOW,
        )  # fmt: skip
    return scan


def certify(
    office: Office, case_id: UUID, *, signer: str = SIGNER, compared: bool = True, login: str = INTAKE
) -> None:
    actor = office.person(login)
    with office.as_(actor) as session:
        case = session.get_one(Case, case_id)
        hand_signing.certify_form(
            session, case=case, definition=procedures.definition_of(session, case.version_id), signer=signer,
            compared=compared, actor=actor, now=NOW,
        )  # fmt: skip


def status(office: Office, case_id: UUID) -> str:
    with office.as_(office.person(INTAKE)) as session:
        case = session.get_one(Case, case_id)
        return form_status(session, case, procedures.definition_of(session, case.version_id)).state


def wanting(office: Office, case_id: UUID, action: str, login: str = INTAKE) -> set[str]:
    with pytest.raises(Invalid) as refusal:
        office.take(case_id, login, action)
    return {problem.name for problem in refusal.value.errors}


def entry(office: Office, case_id: UUID, tag: str) -> EvidenceEntry:
    with office.as_(office.person(INTAKE)) as session:
        found = select(EvidenceEntry).where(EvidenceEntry.subject_id == case_id, EvidenceEntry.tag == tag)
        return session.scalars(found).one()


def asked_for(office: Office, case_id: UUID) -> list[str]:
    with office.as_(office.person(INTAKE)) as session:
        case = session.get_one(Case, case_id)
        found = components.slots(session, case, procedures.definition_of(session, case.version_id))
        return [each.component.code for each in found if each.component.mandatory or each.from_form]


def scanned(office: Office, case_id: UUID) -> scans.Scan:
    """Scan the whole dossier, two pages for each paper that is asked for."""
    codes = asked_for(office, case_id)
    typed = {code: f"{2 * place + 1}-{2 * place + 2}" for place, code in enumerate(codes)}
    return split(office, case_id, 2 * len(codes), typed)


def test_the_whole_way_has_the_due_date_of_one_online(office: Office) -> None:
    case_id = begun(office)
    wanted = wanting(office, case_id, "submit")
    assert {"form", "component-FINANCE", "component-PROPOSAL"} <= wanted
    scan = scanned(office, case_id)
    assert wanting(office, case_id, "submit") == {"form"}
    certify(office, case_id)
    office.take(case_id, INTAKE, "submit")
    counter_case = office.take(case_id, INTAKE, "accept").case
    online = office.filed()
    assert counter_case.appointment_at == office.take(online, INTAKE, "accept").case.appointment_at
    with office.as_(office.person(FILER)) as session:
        receipt = session.scalars(
            select(Document).where(Document.subject_id == case_id, Document.kind == "RECEIPT")
        ).one()
        kept = session.get_one(Document, scan.document_id)
    assert receipt.party_id == office.person(FILER).party_ids[0]
    assert (kept.kind, kept.state) == (SCAN_KIND, DocumentState.WITHDRAWN)
    facts = json.loads(entry(office, case_id, "workflow:scan:split").body)["facts"]
    assert sorted(page for pages in facts["pages"].values() for page in pages) == list(
        range(1, scan.pages + 1)
    )
    assert facts["left"] == []


def test_who_typed_does_not_decide(office: Office) -> None:
    case_id = begun(office)
    office.take(case_id, INTAKE, "withdraw", reason="Nộp lại.")
    other = begun(office)
    scanned(office, other)
    certify(office, other)
    office.take(other, INTAKE, "submit")
    with pytest.raises(FourEyes):
        office.take(other, INTAKE, "not_accept", reason="Thiếu giấy tờ.")


def test_a_scan_alone_is_no_signature(office: Office) -> None:
    case_id = begun(office)
    scanned(office, case_id)
    assert status(office, case_id) == "unsigned"
    certify(office, case_id)
    assert status(office, case_id) == "signed"


def test_a_certificate_stands_for_the_answers_and_scans_that_were_compared(office: Office) -> None:
    case_id = begun(office)
    scanned(office, case_id)
    certify(office, case_id)
    office.save(case_id, {"objective": "Sản xuất và kiểm định bo mạch."}, login=INTAKE)
    assert status(office, case_id) == "outdated"
    assert wanting(office, case_id, "submit") == {"form"}
    certify(office, case_id)
    assert status(office, case_id) == "signed"
    later = Office(office.database, office.platform, NOW.replace(hour=NOW.hour + 1))
    later.attach(case_id, "FINANCE", login=INTAKE)
    assert status(office, case_id) == "outdated"


@pytest.mark.parametrize(
    ("signer", "compared", "codes"),
    [("", True, {"signer"}), ("Người Lạ", True, {"signer"}), (SIGNER, False, {"compared"})],
)
def test_what_is_not_said_is_not_certified(
    office: Office, signer: str, compared: bool, codes: set[str]
) -> None:
    case_id = begun(office)
    scanned(office, case_id)
    with pytest.raises(NotCertified) as refusal:
        certify(office, case_id, signer=signer, compared=compared)
    assert {problem.name for problem in refusal.value.errors} == codes
    assert status(office, case_id) == "unsigned"


def test_without_the_scan_of_the_form_nothing_is_certified(office: Office) -> None:
    case_id = begun(office)
    split(office, case_id, 2, {"FINANCE": "1-2"})
    with pytest.raises(NotCertified) as refusal:
        certify(office, case_id)
    assert {problem.name for problem in refusal.value.errors} == {"scan"}


def test_signatures_online_stay_as_strict_as_they_were(office: Office) -> None:
    online = office.draft()
    office.put_papers(online)
    for login in (FILER, INTAKE):
        with pytest.raises(PapersNotOpen):
            certify(office, online, login=login)
    assert "form" in wanting(office, online, "submit", FILER)
    at_counter = begun(office)
    scanned(office, at_counter)
    with pytest.raises(PapersNotOpen):
        certify(office, at_counter, login=FILER)
    assert "form" in wanting(office, at_counter, "submit", FILER)


def test_the_applicant_signs_online_what_the_counter_began(office: Office) -> None:
    case_id = begun(office)
    scanned(office, case_id)
    office.sign(case_id)
    assert office.take(case_id, FILER, "submit").case.state == "submitted"


def test_a_supplement_comes_to_the_counter_too(office: Office) -> None:
    case_id = begun(office)
    scanned(office, case_id)
    certify(office, case_id)
    for login, action in ((INTAKE, "submit"), (INTAKE, "accept"), ("tham.dinh", "take_up")):
        office.take(case_id, login, action)
    gaps = [{"target": "objective", "code": "UNCLEAR", "note": "Nêu rõ sản phẩm."}]
    with pytest.raises(PapersNotOpen):
        certify(office, case_id)
    office.take(case_id, "tham.dinh", "request_supplement", gaps=gaps)
    intake = office.person(INTAKE)
    visit = uuid7()
    for _ in range(2):
        with office.as_(intake) as session:
            counter.note_visit(
                session, case=session.get_one(Case, case_id), visit_id=visit, presenter=CAME, actor=intake, now=NOW
            )  # fmt: skip
    office.save(case_id, {"objective": "Sản xuất bo mạch, 2 triệu sản phẩm."}, login=INTAKE)
    assert wanting(office, case_id, "supplement") == {"form"}
    certify(office, case_id)
    assert office.take(case_id, INTAKE, "supplement").case.state == "in_review"
    with office.as_(intake) as session:
        assert len(counter.visits(session, case_id)) == 2


def test_nobody_comes_for_a_dossier_that_the_desk_has(office: Office) -> None:
    case_id = office.filed()
    intake = office.person(INTAKE)
    with office.as_(intake) as session, pytest.raises(Forbidden):
        counter.note_visit(
            session, case=session.get_one(Case, case_id), visit_id=uuid7(), presenter=CAME, actor=intake, now=NOW
        )  # fmt: skip


def test_only_a_pdf_is_split(office: Office) -> None:
    case_id, intake = begun(office), office.person(INTAKE)
    kept = keep_file(office.press.store, stream=io.BytesIO(files.png(1)), filename="anh.png")
    with office.as_(intake) as session:
        case = session.get_one(Case, case_id)
        definition = procedures.definition_of(session, case.version_id)
        with pytest.raises(scans.NotAScan):
            scans.keep_scan(
                session,
                press=office.press,
                case=case,
                definition=definition,
                kept=kept,
                actor=intake,
                now=NOW,
            )
