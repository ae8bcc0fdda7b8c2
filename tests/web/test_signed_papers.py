"""The pages of a result signed by hand: the signer prints, reception files the scan, everybody sees what it is."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.core.documents.models import Document, Issued
from app.core.kit.time import utcnow
from app.core.settings import DatabaseTarget
from app.core.workflow.models import Case
from app.modules import Platform
from tests.core.documents import files
from tests.faults.people import OFFICER, House, Person, house_on
from tests.investment.dossiers import FILER, Office


@dataclass
class Scene:
    """A house with one certificate that was approved, and its people."""

    house: House
    office: Office
    case_id: UUID

    @property
    def path(self) -> str:
        """The dossier's page."""
        return f"/dossiers/{self.case_id}"

    def row(self) -> Case:
        """The dossier as it stands."""
        with self.house.database.session(OFFICER) as session:
            return session.get_one(Case, self.case_id)

    def issued(self) -> Issued:
        """The newest entry of the certificate among the issued papers."""
        with self.house.database.session(OFFICER) as session:
            query = select(Issued).join(Document, Document.id == Issued.document_id)
            query = query.where(Document.subject_id == self.case_id, Issued.kind == "IRC")
            return session.scalars(query.order_by(Issued.issued_at.desc()).limit(1)).one()

    def take(self, person: Person, action: str, **fields: str) -> int:
        """Take a step with the form of the page."""
        form = {"revision": str(self.row().revision), **fields}
        return person.post(f"{self.path}/actions/{action}", form).status_code

    def upload(self, person: Person, body: bytes, name: str = "da-ky.pdf") -> tuple[int, str]:
        """Send the scan of the signed sheet."""
        answer = person.post(f"{self.path}/signed-paper", files={"scan": (name, body)})
        return answer.status_code, answer.text


@pytest.fixture
def scene(
    ready_target: DatabaseTarget, ready: Database, platform: Platform, test_var: Path
) -> Iterator[Scene]:
    office = Office(ready, platform, utcnow())
    case_id = office.filed()
    office.to_approved(case_id)
    with house_on(ready_target, test_var) as house:
        yield Scene(house, office, case_id)


def faults(text: str) -> set[str]:
    return set(re.findall(r'id="f-([a-z_]+)-error"', text))


def test_the_signer_prints_for_a_reason_and_reception_files(scene: Scene) -> None:
    leader, desk, filer = (scene.house.person(login) for login in ("lanh.dao", "mot.cua", FILER))
    assert "/actions/sign_by_hand" in leader.get(scene.path).text
    assert scene.take(leader, "sign_by_hand", reason="") == 422
    assert scene.take(leader, "sign_by_hand", reason="Mất thiết bị ký số.") == 303
    page = leader.get(scene.path).text
    issued = scene.issued()
    assert issued.number in page
    assert f"/documents/{issued.document_id}" in page
    assert leader.get(f"/documents/{issued.document_id}").content.startswith(b"%PDF-")
    assert scene.row().title in desk.get("/inbox").text, "the new state is work of reception"

    link = desk.get(f"{scene.path}/actions/file_signed_paper")
    assert (link.status_code, link.headers["location"]) == (303, f"{scene.path}/signed-paper")
    empty = scene.upload(desk, b"", name="")
    assert (empty[0], faults(empty[1])) == (422, {"scan"})
    wrong = scene.upload(desk, files.office(), "da-ky.docx")
    assert (wrong[0], faults(wrong[1])) == (422, {"scan"})
    early = desk.post(
        f"{scene.path}/actions/file_signed_paper", {"revision": str(scene.row().revision), "compared": "yes"}
    )
    assert (early.status_code, faults(early.text)) == (422, {"scan"})
    assert 'value="yes" checked' in re.sub(r"\s+", " ", early.text), "what was ticked stays ticked"
    assert scene.upload(desk, files.jpeg(), "da-ky.jpg")[0] == 303
    unticked = desk.post(f"{scene.path}/actions/file_signed_paper", {"revision": str(scene.row().revision)})
    assert (unticked.status_code, faults(unticked.text)) == (422, {"compared"})
    assert scene.take(desk, "file_signed_paper", compared="yes") == 303

    shown = filer.get(scene.path).text
    scan = scene.issued().document_id
    assert f"/documents/{scan}" in shown
    assert f"/documents/{issued.document_id}" not in shown, "the print is the desk's own"
    answer = filer.get(f"/documents/{scan}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert "Mất thiết bị ký số." not in shown
    for path in ("/certificates", f"/certificates/{issued.number}"):
        assert "bản giấy" in desk.get(path).text or "ký trên giấy" in desk.get(path).text


def test_the_applicant_has_neither_print_nor_waiting_scan(scene: Scene) -> None:
    leader, desk, filer = (scene.house.person(login) for login in ("lanh.dao", "mot.cua", FILER))
    scene.take(leader, "sign_by_hand", reason="Chứng thư số hết hạn.")
    assert scene.upload(desk, files.pdf())[0] == 303
    with scene.house.database.session(OFFICER) as session:
        own = select(Document.id).where(
            Document.subject_id == scene.case_id, Document.subject_kind == "case-print"
        )
        found = list(session.scalars(own))
    assert len(found) == 2
    for document_id in found:
        assert filer.get(f"/documents/{document_id}").status_code == 404
        assert desk.get(f"/documents/{document_id}").status_code == 200
    assert filer.get(f"{scene.path}/signed-paper").status_code == 403
    assert scene.issued().number not in filer.get(scene.path).text


def test_who_took_part_in_the_decision_is_told_to_leave_it_to_another(scene: Scene) -> None:
    leader, drafter = scene.house.person("lanh.dao"), scene.house.person("tham.dinh")
    scene.take(leader, "sign_by_hand", reason="Chứng thư số hết hạn.")
    page = drafter.get(f"{scene.path}/signed-paper")
    assert page.status_code == 200
    assert 'name="scan"' not in page.text
    assert 'name="compared"' not in page.text
    assert scene.upload(drafter, files.pdf())[0] == 403
    assert leader.get(f"{scene.path}/signed-paper").status_code == 403


def test_nothing_waits_before_and_after(scene: Scene) -> None:
    leader, desk = scene.house.person("lanh.dao"), scene.house.person("mot.cua")
    assert desk.get(f"{scene.path}/signed-paper").status_code == 409
    scene.take(leader, "sign_by_hand", reason="Chứng thư số hết hạn.")
    scene.take(leader, "void_print", reason="Đã có chứng thư số.")
    assert desk.get(f"{scene.path}/signed-paper").status_code == 409
    assert scene.upload(desk, files.pdf())[0] == 409
    assert scene.take(leader, "sign") == 303


def verify(person: Person, issued: Issued) -> str:
    return person.get(f"/verify/{issued.verification_code}?lang=en", headers={"accept-language": "en"}).text


def test_the_public_page_says_what_the_paper_is_worth_at_each_moment(scene: Scene) -> None:
    leader, desk, anybody = (
        scene.house.person("lanh.dao"),
        scene.house.person("mot.cua"),
        scene.house.visitor(),
    )
    scene.take(leader, "sign_by_hand", reason="Mất thiết bị.")
    first = scene.issued()
    page = verify(anybody, first)
    assert "Not in force yet" in page
    assert first.number in page
    assert first.public["investor_name"] not in page
    scene.take(leader, "void_print", reason="Người ký bị ốm.")
    page = verify(anybody, first)
    assert "Void" in page
    assert "Người ký bị ốm." not in page, "why is the desk's own"
    scene.take(leader, "sign_by_hand", reason="Mất thiết bị.")
    scene.upload(desk, files.pdf())
    scene.take(desk, "file_signed_paper", compared="yes")
    second = scene.issued()
    page = verify(anybody, second)
    for said in (
        "Issued on paper, valid",
        second.number,
        "Phó Trưởng ban",
        "no digital signature",
        second.sha256,
    ):
        assert said in page
    assert second.public["signer"] in page
    assert "file carries no digital signature" not in page, "no list of signatures that are not there"
    body = scene.office.press.store.read(second.sha256)
    known = anybody.post("/verify/file", files={"file": ("scan.pdf", body)})
    assert f"/verify/{second.verification_code}" in known.text


def test_the_register_of_numbers_shows_the_voided_one_with_its_reason(scene: Scene) -> None:
    leader = scene.house.person("lanh.dao")
    scene.take(leader, "sign_by_hand", reason="Mất thiết bị.")
    number = scene.issued().number
    scene.take(leader, "void_print", reason="In lệch trang.")
    scene.take(leader, "sign")
    page = leader.get("/letters?kind=IRC").text
    assert number in page
    assert "In lệch trang." in page
    rows = list(csv.reader(io.StringIO(leader.get("/letters.csv?kind=IRC").text.removeprefix("\ufeff"))))
    assert [(row[4], row[7]) for row in rows[1:]] == [("VALID", ""), ("VOID", "In lệch trang.")]


def test_a_step_on_an_old_page_is_refused_with_the_present_state(scene: Scene) -> None:
    leader = scene.house.person("lanh.dao")
    old = scene.row().revision
    scene.take(leader, "sign_by_hand", reason="Mất thiết bị.")
    answer = leader.post(f"{scene.path}/actions/sign", {"revision": str(old)})
    assert answer.status_code == 409
    twice = leader.post(
        f"{scene.path}/actions/sign_by_hand", {"revision": str(old), "reason": "Mất thiết bị."}
    )
    assert twice.status_code == 303, "the same request again is the same answer"
    with scene.house.database.session(OFFICER) as session:
        assert len(session.scalars(select(Document).where(Document.kind == "PRINT")).all()) == 1


def test_a_scan_that_took_the_place_of_the_compared_one_is_not_filed(scene: Scene) -> None:
    leader, desk = scene.house.person("lanh.dao"), scene.house.person("mot.cua")
    scene.take(leader, "sign_by_hand", reason="Chứng thư số hết hạn.")
    assert scene.upload(desk, files.pdf())[0] == 303

    def seen() -> str:
        found = re.search(
            r'name="scan_seen" value="([0-9a-f-]+)"', desk.get(f"{scene.path}/signed-paper").text
        )
        assert found is not None
        return found.group(1)

    compared = seen()
    assert scene.upload(desk, files.jpeg(), "khac.jpg")[0] == 303
    assert seen() != compared
    assert scene.take(desk, "file_signed_paper", compared="yes", scan_seen=compared) == 409
    assert scene.row().decided_at is None
    assert scene.take(desk, "file_signed_paper", compared="yes", scan_seen=seen()) == 303
