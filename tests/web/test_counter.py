"""Reception at the counter: whom it serves, what it may enter for them, and what it may not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import Response
from sqlalchemy import select, text, update

from app.core.auth.models import Office
from app.core.auth.roles import UserKind
from app.core.auth.service import add_membership, register_person
from app.core.db.cluster import PrivateCluster
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.personal import MASK, Cover, reveal
from app.core.kit.time import utcnow
from app.core.privacy import Reading
from app.core.search import reindex
from app.core.workflow import counter, retention
from app.core.workflow.models import Case, Visit
from tests.conftest import clone
from tests.core.documents import files
from tests.core.workflow.test_scans import many_pages
from tests.faults.people import AUTH, OFFICER, House, Person, answers_for, draft, filed, house_on
from tests.faults.procedure import CODE, PROBE

PASSWORD = "ein ganz eigenes Kennwort"
CAME = {
    "came_by": "COUNTER",
    "presenter": "Trần Văn Đưa",
    "standing": "AUTHORISED",
    "identity": "PASSPORT",
    "identity_number": "c 1234567",
}


@pytest.fixture(scope="module")
def house(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    var: Path = tmp_path_factory.mktemp("var")
    with clone(cluster, ready_template) as target, house_on(target, var) as opened:
        _engage(opened, "quay.hai", "CUSTOMS", "INTAKE")
        _engage(opened, "hai.vai", "INTAKE", "INTAKE", "LEADER")
        _engage(opened, "khach@vidu.example", "", "FILER")
        with opened.database.transaction(OFFICER) as session:
            for provider in opened.app.state.search:
                if provider.kind == "enterprise":
                    reindex(session, provider)
        yield opened


def _engage(house: House, login: str, office: str, *roles: str) -> None:
    """Give somebody an account: in an office, or in the enterprise of the first demo person."""
    with house.database.transaction(OFFICER) as session:
        party = session.scalar(select(Office.party_id).where(Office.code == office))
    with house.database.transaction(AUTH) as session:
        user = register_person(
            session, login=login, full_name=f"Người {login}", kind=UserKind.OFFICER if office else UserKind.CUSTOMER,
            password=PASSWORD, language="vi", actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
        session.flush()  # the membership refers to the account
        add_membership(
            session, party_id=party or house.party_of("nop.hoso"), user_id=user.id, roles=list(roles), actor=SYSTEM,
            now=utcnow(),
        )  # fmt: skip


@pytest.fixture(scope="module")
def intake(house: House) -> Person:
    return house.person("mot.cua")


def other(house: House, login: str) -> Person:
    person = house.visitor()
    assert person.sign_in(login, PASSWORD).status_code == 303
    return person


def begin(house: House, person: Person, **changes: str) -> UUID:
    case_id = uuid7()
    form = {"case_id": str(case_id), "procedure": CODE, "party_id": str(house.party_of("nop.hoso")), **CAME}
    answer = person.post("/counter", {**form, **changes})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/dossiers/{case_id}"
    return case_id


def fill(person: Person, case_id: UUID) -> None:
    for section in PROBE.sections:
        assert person.get(f"/dossiers/{case_id}/form/{section.code}").status_code == 200
        answer = person.post(
            f"/dossiers/{case_id}/form/{section.code}", {**answers_for(section, "Quay"), "then": "list"}
        )
        assert answer.status_code == 303, answer.text


def row(house: House, case_id: UUID) -> Case:
    with house.database.session(OFFICER) as session:
        return session.get_one(Case, case_id)


def faults(text: str) -> set[str]:
    return set(re.findall(r'id="f-([a-z_]+)-error"', text))


def evidence(house: House, case_id: UUID, tag: str) -> list[EvidenceEntry]:
    with house.database.session(OFFICER) as session:
        found = select(EvidenceEntry).where(EvidenceEntry.subject_id == case_id, EvidenceEntry.tag == tag)
        return list(session.scalars(found))


class TestWho:
    @pytest.mark.parametrize("login", ["nop.hoso", "tham.dinh", "quan.tri"])
    def test_only_reception_comes_in(self, house: House, login: str) -> None:
        person = house.person(login)
        for path in ("/counter", f"/counter/new?party={house.party_of('nop.hoso')}"):
            assert person.get(path).status_code == 403
        assert person.post("/counter", {"party_id": str(uuid7())}).status_code == 403

    def test_reception_has_it_in_the_menu(self, house: House, intake: Person) -> None:
        assert 'href="/counter"' in intake.get("/inbox").text
        assert 'href="/counter"' not in house.person("tham.dinh").get("/inbox").text

    @pytest.mark.parametrize("typed", ["sao bien", "khach@vidu.example", "KHACH@VIDU.EXAMPLE"])
    def test_an_applicant_is_found(self, house: House, intake: Person, typed: str) -> None:
        page = intake.get("/counter", params={"q": typed}).text
        assert f"/counter/new?party={house.party_of('nop.hoso')}" in page

    @pytest.mark.parametrize("typed", ["không có ai như thế", "khach@vidu"])
    def test_who_is_not_registered_is_served_too(self, intake: Person, typed: str) -> None:
        page = intake.get("/counter", params={"q": typed}).text
        assert "/counter/new?party=" not in page
        assert 'href="/enterprises/new"' in page

    def test_the_record_of_an_enterprise_leads_to_the_counter(self, house: House, intake: Person) -> None:
        party = house.party_of("nop.hoso")
        assert f"/counter/new?party={party}" in intake.get(f"/enterprises/{party}").text
        assert "/counter/new" not in house.person("tham.dinh").get(f"/enterprises/{party}").text

    def test_an_office_is_no_applicant(self, house: House, intake: Person) -> None:
        office = house.party_of("tham.dinh")
        assert intake.get("/counter/new", params={"party": str(office)}).status_code == 404
        form = {"case_id": str(uuid7()), "procedure": CODE, "party_id": str(office), **CAME}
        assert intake.post("/counter", form).status_code == 404


class TestBegin:
    def test_who_came_and_who_typed_is_kept(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake)
        case = row(house, case_id)
        assert (case.channel, case.desk_id) == ("COUNTER", house.party_of("mot.cua"))
        with house.database.session(OFFICER) as session:
            (visit,) = session.scalars(select(Visit).where(Visit.case_id == case_id))
        assert (reveal(visit.presenter), visit.standing, visit.identity) == (
            {"name": "Trần Văn Đưa"}, "AUTHORISED", "PASSPORT",
        )  # fmt: skip
        (entry,) = evidence(house, case_id, "workflow:visit:note")
        assert entry.actor_id == visit.by
        assert "1234567" not in entry.body
        assert "Đưa" not in entry.body

    def test_the_name_is_sealed_and_shown_for_a_purpose_only(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake)
        with house.database.session(OFFICER) as session:
            stored = session.scalar(
                text("select presenter::text from workflow_visit where case_id = :id"), {"id": case_id}
            )
            assert "Đưa" not in str(stored)
        assert "Trần Văn Đưa" in intake.get(f"/dossiers/{case_id}").text
        assert "Trần Văn Đưa" in house.person("nop.hoso").get(f"/dossiers/{case_id}").text
        with house.database.transaction(OFFICER) as session:
            session.get_one(Case, case_id).submitted_at = utcnow()
        page = house.person("truong.phong").get(f"/dossiers/{case_id}").text
        assert "Đưa" not in page
        assert MASK in page
        with house.database.session(OFFICER) as session:
            read = session.scalars(select(Reading).where(Reading.object_id == case_id)).all()
        assert {tuple(each.fields) for each in read} == {("presenter",)}

    def test_the_name_goes_with_the_dossier(self, house: House, intake: Person) -> None:
        case_id, now = begin(house, intake), utcnow()
        saved_at = row(house, case_id).saved_at
        due = retention.Due(retention.Rule.DRAFT, case_id, house.party_of("nop.hoso"), "", saved_at, "0" * 64)
        with house.database.transaction(OFFICER) as session:
            assert retention.erase(session, [due], actor=SYSTEM, now=now).keys == 1
        with house.database.session(OFFICER) as session:
            (visit,) = counter.visits(session, case_id)
        assert visit.presenter["name"].cover is Cover.ERASED
        assert "Đưa" not in intake.get(f"/dossiers/{case_id}").text

    def test_names_that_were_kept_in_plain_are_sealed(self, house: House, intake: Person) -> None:
        kept, erased = begin(house, intake), begin(house, intake)
        with house.database.transaction(OFFICER) as session:
            session.execute(
                update(Visit).where(Visit.case_id.in_([kept, erased])).values(presenter={"name": "Bà Cũ"})
            )
            session.get_one(Case, erased).erased_at = utcnow()
        with house.database.transaction(OFFICER) as session:
            assert counter.seal_names(session, now=utcnow()) == 2
            assert counter.seal_names(session, now=utcnow()) == 0
        with house.database.session(OFFICER) as session:
            (visit,), (empty,) = counter.visits(session, kept), counter.visits(session, erased)
            assert reveal(visit.presenter) == {"name": "Bà Cũ"}
            assert visit.presenter["name"].cover is Cover.OPEN
            assert empty.presenter == {}

    def test_sending_it_twice_begins_one(self, house: House, intake: Person) -> None:
        key = str(uuid7())
        begun = {begin_with(house, intake, key) for _ in range(2)}
        assert begun == {f"/dossiers/{key}"}
        with house.database.session(OFFICER) as session:
            assert len(session.scalars(select(Visit).where(Visit.case_id == UUID(key))).all()) == 1

    def test_all_that_is_wanting_is_told_and_nothing_typed_is_lost(
        self, house: House, intake: Person
    ) -> None:
        form = {"case_id": str(uuid7()), "party_id": str(house.party_of("nop.hoso")), "presenter": "Bà Quên"}
        answer = intake.post("/counter", form)
        assert answer.status_code == 422
        assert faults(answer.text) == {"came_by", "procedure", "standing", "identity", "identity_number"}
        assert 'value="Bà Quên"' in answer.text

    def test_who_holds_no_result_cannot_have_one_changed(self, house: House, intake: Person) -> None:
        party = str(house.party_of("nop.hoso"))
        page = intake.get("/counter/new", params={"party": party}).text
        assert 'value="IRC"' in page
        assert 'value="IRC_ADJUST' not in page
        assert "không có Giấy chứng nhận nào đang có hiệu lực" in page
        for value in ("IRC_ADJUST", "IRC_ADJUST/GCN-2026-000001-0", "IRC/x", "NOTHING/x"):
            form = {"case_id": str(uuid7()), "party_id": party, **CAME, "procedure": value}
            answer = intake.post("/counter", form)
            assert (answer.status_code, faults(answer.text)) == (422, {"procedure"}), value

    def test_papers_by_post_come_with_the_sender_and_the_number_of_the_item(
        self, house: House, intake: Person
    ) -> None:
        case_id = begin(house, intake, came_by="POST", mail_number=" ec 123 456 789 vn ")
        case = row(house, case_id)
        assert (case.channel, case.desk_id) == ("POST", house.party_of("mot.cua"))
        with house.database.session(OFFICER) as session:
            (visit,) = session.scalars(select(Visit).where(Visit.case_id == case_id))
        assert (visit.came_by, visit.mail_number) == ("POST", "EC123456789VN")
        assert (visit.standing, visit.identity) == (None, None), "nobody showed anything"
        (entry,) = evidence(house, case_id, "workflow:visit:note")
        assert "EC123456789VN" not in entry.body
        fill(intake, case_id)
        for person in (intake, house.person("nop.hoso")):
            text = person.get(f"/dossiers/{case_id}").text
            assert ("Qua bưu chính công ích" in text, "EC123456789VN" in text) == (True, True)

    @pytest.mark.parametrize(
        ("changes", "wanting"),
        [
            ({"came_by": "POST"}, {"mail_number"}),
            ({"came_by": "POST", "presenter": ""}, {"mail_number", "presenter"}),
            ({"came_by": "ONLINE"}, {"came_by"}),
            ({"came_by": "COUNTER", "identity": "", "mail_number": "EC1"}, {"identity"}),
        ],
    )
    def test_each_way_asks_for_its_own(
        self, house: House, intake: Person, changes: dict[str, str], wanting: set[str]
    ) -> None:
        form = {
            "case_id": str(uuid7()),
            "procedure": CODE,
            "party_id": str(house.party_of("nop.hoso")),
            **CAME,
        }
        answer = intake.post("/counter", {**form, **changes})
        assert (answer.status_code, faults(answer.text)) == (422, wanting)

    def test_it_stands_in_the_list_until_it_is_filed(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake)
        assert f"/dossiers/{case_id}" in intake.get("/counter").text
        fill(intake, case_id)
        submit = intake.post(f"/dossiers/{case_id}/actions/submit", {"revision": "1"})
        assert submit.headers["location"] == f"/dossiers/{case_id}?done=submit"
        assert f"/dossiers/{case_id}" not in intake.get("/counter").text


class TestFilling:
    def test_the_same_form_and_rules_as_online(self, house: House, intake: Person) -> None:
        mine, theirs = begin(house, intake), draft(house.person("nop.hoso"), "nop.hoso")
        filer = house.person("nop.hoso")
        for person, case_id in ((intake, mine), (filer, theirs)):
            answer = person.post(f"/dossiers/{case_id}/actions/submit", {"revision": "1"})
            assert answer.status_code == 422
        wanting = [
            re.findall(r'href="[^"]*#f-([a-z_]+)"', person.get(f"/dossiers/{case_id}").text)
            for person, case_id in ((intake, mine), (filer, theirs))
        ]
        assert wanting[0] == wanting[1]

    def test_the_applicant_sees_it_and_where_it_came_from(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake)
        fill(intake, case_id)
        filer = house.person("nop.hoso")
        assert "nhập tại quầy" in filer.get("/my").text
        assert "Trần Văn Đưa" in filer.get(f"/dossiers/{case_id}").text
        assert f"/dossiers/{case_id}" not in house.person("hoshi").get("/my").text
        assert house.person("hoshi").get(f"/dossiers/{case_id}").status_code == 404

    def test_who_typed_is_recorded(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake)
        fill(intake, case_id)
        typed = evidence(house, case_id, "workflow:case:type")
        assert {name for entry in typed for name in json.loads(entry.body)["facts"]["answers"]} >= {
            "investor_name",
            "capital",
        }
        assert {entry.actor_id for entry in typed} == set(row(house, case_id).typists)

    def test_another_counter_does_not_see_the_draft(self, house: House, intake: Person) -> None:
        case_id, second = begin(house, intake), other(house, "quay.hai")
        assert f"/dossiers/{case_id}" not in second.get("/counter").text
        for path in ("", "/papers", "/papers/FINANCE", "/form/investor", "/visits", "/form.pdf"):
            assert second.get(f"/dossiers/{case_id}{path}").status_code == 404, path
        section = PROBE.sections[0]
        answer = second.post(f"/dossiers/{case_id}/form/{section.code}", answers_for(section, "Fremd"))
        assert answer.status_code == 404
        assert second.post(f"/dossiers/{case_id}/actions/submit", {"revision": "1"}).status_code == 404

    def test_what_an_applicant_has_not_filed_stays_theirs(self, house: House, intake: Person) -> None:
        theirs = draft(house.person("nop.hoso"), "nop.hoso")
        for path in ("", "/papers", "/form/investor", "/form.pdf"):
            assert intake.get(f"/dossiers/{theirs}{path}").status_code == 404, path

    def test_what_came_online_is_not_filled_in_at_the_counter(self, house: House, intake: Person) -> None:
        online = filed(house.person("nop.hoso"), "nop.hoso", mark="Tuyến")
        section = PROBE.sections[0]
        assert intake.get(f"/dossiers/{online}/form/{section.code}").status_code == 403
        answer = intake.post(f"/dossiers/{online}/form/{section.code}", answers_for(section, "Quay"))
        assert answer.status_code == 403
        taken = intake.post(f"/dossiers/{online}/actions/withdraw", {"revision": "2", "reason": "x"})
        assert taken.status_code == 403


def begin_with(house: House, person: Person, key: str) -> str:
    form = {"case_id": key, "procedure": CODE, "party_id": str(house.party_of("nop.hoso")), **CAME}
    return person.post("/counter", form).headers["location"]


class TestPaper:
    def scan(self, person: Person, case_id: UUID, body: bytes, name: str = "ho-so.pdf") -> Response:
        files = {"scan": (name, body, "application/pdf")}
        return person.post(f"/dossiers/{case_id}/scan", files=files)

    def waiting(self, person: Person, case_id: UUID) -> str:
        found = re.search(r'name="document_id" value="([^"]+)"', person.get(f"/dossiers/{case_id}/scan").text)
        assert found
        return found[1]

    def test_a_scan_is_split_once_however_often_it_is_sent(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake, procedure="IRC")
        assert self.scan(intake, case_id, many_pages(5)).status_code == 303
        form = {"document_id": self.waiting(intake, case_id), "pages-REQUEST": "1-2", "pages-FINANCE": "3-5"}
        for ending in ("?done=split", ""):
            answer = intake.post(f"/dossiers/{case_id}/scan/split", form)
            assert answer.headers["location"] == f"/dossiers/{case_id}/papers{ending}"
        page = intake.get(f"/dossiers/{case_id}/papers").text
        assert page.count("request-tr-1-2.pdf") == page.count("finance-tr-3-5.pdf") == 1

    def test_faults_stand_beside_their_papers_and_nothing_typed_is_lost(
        self, house: House, intake: Person
    ) -> None:
        case_id = begin(house, intake, procedure="IRC")
        self.scan(intake, case_id, many_pages(5))
        form = {"document_id": self.waiting(intake, case_id), "pages-REQUEST": "1-9", "pages-FINANCE": "mot"}
        answer = intake.post(f"/dossiers/{case_id}/scan/split", form)
        assert answer.status_code == 422
        assert set(re.findall(r'id="f-pages-([A-Z_]+)-error"', answer.text)) == {"REQUEST", "FINANCE"}
        assert 'value="1-9"' in answer.text
        assert 'value="mot"' in answer.text
        left = intake.post(
            f"/dossiers/{case_id}/scan/split", {**form, "pages-REQUEST": "1", "pages-FINANCE": "3"}
        )
        assert faults(left.text) == {"leave_rest"}
        assert "tr-1.pdf" not in intake.get(f"/dossiers/{case_id}/papers").text

    @pytest.mark.parametrize(("name", "body"), [("anh.png", files.png(1)), ("a.pdf", b"MZ" + b"\0" * 99)])
    def test_what_has_no_pages_is_refused(self, house: House, intake: Person, name: str, body: bytes) -> None:
        case_id = begin(house, intake, procedure="IRC")
        answer = self.scan(intake, case_id, body, name)
        assert answer.status_code in {409, 415, 422}
        assert faults(answer.text) == {"scan"}
        assert faults(intake.post(f"/dossiers/{case_id}/scan").text) == {"scan"}

    def test_a_later_scan_takes_the_place_of_one_that_waits(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake, procedure="IRC")
        self.scan(intake, case_id, many_pages(5))
        first = self.waiting(intake, case_id)
        self.scan(intake, case_id, many_pages(7))
        assert self.waiting(intake, case_id) != first
        assert self.scan(intake, case_id, many_pages(7)).status_code == 303

    @pytest.mark.parametrize("path", ["scan", "certify"])
    def test_nobody_else_touches_the_papers(self, house: House, intake: Person, path: str) -> None:
        case_id = begin(house, intake, procedure="IRC")
        self.scan(intake, case_id, many_pages(2))
        target = f"/dossiers/{case_id}/{path}"
        assert intake.get(target).status_code == 200
        for person, status in (
            (house.person("nop.hoso"), 403),
            (house.person("tham.dinh"), 403),
            (other(house, "quay.hai"), 404),
        ):
            assert person.get(target).status_code == status
            assert person.post(target, {"signer": "x", "compared": "yes"}).status_code == status

    def test_what_came_online_is_neither_scanned_nor_certified(self, house: House, intake: Person) -> None:
        online = filed(house.person("nop.hoso"), "nop.hoso", mark="Tuyến")
        for path in ("scan", "certify"):
            assert intake.get(f"/dossiers/{online}/{path}").status_code == 409

    def test_what_is_not_said_is_not_certified(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake, procedure="IRC")
        answer = intake.post(f"/dossiers/{case_id}/certify")
        assert answer.status_code == 422
        assert faults(answer.text) == {"scan", "signer", "compared"}

    def test_the_scan_is_no_paper_of_the_vault(self, house: House, intake: Person) -> None:
        case_id = begin(house, intake, procedure="IRC")
        self.scan(intake, case_id, many_pages(3), "ca-ho-so.pdf")
        assert "ca-ho-so.pdf" not in house.person("nop.hoso").get("/vault").text
