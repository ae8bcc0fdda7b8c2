"""Personal answers over HTTP: sealed in the database, covered for officers, shown for a purpose their owner sees."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from app.core.db.cluster import PrivateCluster
from app.core.documents import service as documents
from app.core.evidence import Subject
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.personal import MASK
from app.core.kit.time import utcnow
from app.core.workflow.papers import scans
from tests.conftest import clone
from tests.core.documents import files
from tests.faults.people import OFFICER, House, Person, house_on

PHONE, EMAIL, NAME = "+84 225 123 987", "bi.mat@saobien.vn", "Nguyễn Kín Đáo"
CONTACT = {"contact_name": NAME, "contact_phone": PHONE, "contact_email": EMAIL, "declaration": "yes"}
SECRETS = (PHONE, EMAIL, NAME)


@dataclass
class Scene:
    """A running application with a draft that has personal answers."""

    house: House
    conninfo: str
    firm: Person
    case_id: UUID

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run a statement as superuser."""
        with psycopg.connect(self.conninfo) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def readings(self) -> list[tuple[object, ...]]:
        """Return who read what, the oldest first."""
        return self.sql("select kind, purpose, note, fields from privacy_reading order by at")

    def assign(self, login: str) -> None:
        """Give the dossier into an officer's hands."""
        self.sql(
            "update workflow_case set assigned_to = (select id from auth_user where login = %s) where id = %s",
            login,
            self.case_id,
        )


@pytest.fixture
def scene(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[Scene]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        firm, key = house.person("nop.hoso"), uuid7()
        form = {"case_id": str(key), "procedure": "IRC", "party_id": str(house.party_of("nop.hoso"))}
        assert firm.post("/dossiers", form).status_code == 303
        assert firm.post(f"/dossiers/{key}/form/contact", {**CONTACT, "then": "list"}).status_code == 303
        scene = Scene(house, cluster.boot_conninfo(target.name), firm, key)
        # Filed as far as officers look: of a draft they see nothing at all.
        scene.sql("update workflow_case set submitted_at = now() where id = %s", key)
        yield scene


def seen(page: str) -> list[str]:
    return [secret for secret in SECRETS if secret in page]


def test_no_column_of_any_table_holds_a_sensitive_answer(scene: Scene) -> None:
    for (table,) in scene.sql("select tablename from pg_tables where schemaname = 'public'"):
        rows = scene.sql(f'select t::text from "{table}" t')  # noqa: S608  names come from the catalogue
        assert not [secret for row in rows for secret in SECRETS if secret in str(row[0])], table
    assert "$sealed" in str(scene.sql("select answers::text from workflow_case"))


def test_the_enterprise_sees_its_own_and_may_change_it(scene: Scene) -> None:
    page = scene.firm.get(f"/dossiers/{scene.case_id}/form/contact").text
    assert seen(page) == list(SECRETS)
    assert seen(scene.firm.get(f"/dossiers/{scene.case_id}").text) == list(SECRETS)
    before = scene.sql("select answers->'contact_phone' from workflow_case")
    changed = {**CONTACT, "contact_email": "moi@saobien.vn", "then": "list"}
    assert scene.firm.post(f"/dossiers/{scene.case_id}/form/contact", changed).status_code == 303
    assert scene.sql("select answers->'contact_phone' from workflow_case") == before, (
        "unchanged: sealed as it was"
    )
    assert "moi@saobien.vn" in scene.firm.get(f"/dossiers/{scene.case_id}").text
    assert scene.readings() == []


def test_dots_that_come_back_leave_the_answer_as_it_was(scene: Scene) -> None:
    dots = {**CONTACT, "contact_phone": MASK, "contact_email": MASK, "then": "list"}
    assert scene.firm.post(f"/dossiers/{scene.case_id}/form/contact", dots).status_code == 303
    assert seen(scene.firm.get(f"/dossiers/{scene.case_id}").text) == list(SECRETS)


def test_whoever_has_the_dossier_in_hand_sees_it_and_is_recorded(scene: Scene) -> None:
    scene.assign("tham.dinh")
    officer = scene.house.person("tham.dinh")
    assert seen(officer.get(f"/dossiers/{scene.case_id}").text) == list(SECRETS)
    assert seen(officer.get(f"/dossiers/{scene.case_id}").text) == list(SECRETS)
    fields = ["contact_email", "contact_name", "contact_phone"]
    assert scene.readings() == [("SHOWN", "HANDLING", "", fields)], "one sitting is one reading"
    tags = scene.sql("select tag, body from evidence_entry where tag like 'personal-data%%'")
    assert [tag for tag, _ in tags] == ["personal-data:case:read"]
    assert not seen(str(tags))


def test_another_officer_sees_dots_until_a_purpose_is_stated(scene: Scene) -> None:
    officer = scene.house.person("truong.phong")
    path = f"/dossiers/{scene.case_id}"
    page = officer.get(path).text
    assert not seen(page)
    assert MASK in page
    assert not seen(officer.get(f"/api/v1{path}").text)
    assert scene.readings() == []
    assert officer.get(f"{path}/personal").status_code == 200
    for wrong in ({}, {"purpose": "HANDLING", "note": "x"}, {"purpose": "INSPECTION", "note": " "}):
        assert officer.post(f"{path}/personal", wrong).status_code == 422
    assert scene.readings() == []
    stated = {"purpose": "INSPECTION", "note": "KH 12/2026"}
    assert officer.post(f"{path}/personal", stated).status_code == 303
    assert seen(officer.get(path).text) == list(SECRETS)
    assert [(kind, purpose, note) for kind, purpose, note, _ in scene.readings()] == [
        ("SHOWN", "INSPECTION", "KH 12/2026")
    ]


def test_a_print_that_an_officer_takes_along_is_an_export(scene: Scene) -> None:
    scene.assign("tham.dinh")
    assert scene.house.person("tham.dinh").get(f"/dossiers/{scene.case_id}/form.pdf").status_code == 200
    assert [reading[0] for reading in scene.readings()] == ["SHOWN", "EXPORTED"]


def test_the_owner_sees_office_role_and_purpose_and_nobody_else_s(scene: Scene) -> None:
    path = f"/dossiers/{scene.case_id}"
    scene.house.person("truong.phong").post(f"{path}/personal", {"purpose": "COMPLAINT", "note": "Đơn số 7"})
    page = scene.firm.get("/account/readings", headers={"accept-language": "vi"}).text
    assert "Giải quyết khiếu nại" in page
    assert "Lãnh đạo phòng" in page
    assert "Trưởng phòng Mẫu" not in page, "the office and the role, not the person"
    assert "Đơn số 7" not in page
    other = scene.house.person("hoshi").get("/account/readings", headers={"accept-language": "vi"}).text
    assert "Giải quyết khiếu nại" not in other


def test_supervisors_see_who_read_and_others_do_not(scene: Scene) -> None:
    scene.house.person("truong.phong").post(
        f"/dossiers/{scene.case_id}/personal", {"purpose": "COMPLAINT", "note": "Đơn số 7"}
    )
    page = scene.house.person("lanh.dao").get("/privacy/readings").text
    assert "Trưởng phòng Mẫu" in page
    assert "Đơn số 7" in page
    assert scene.house.person("tham.dinh").get("/privacy/readings").status_code == 403
    assert scene.firm.get("/privacy/readings").status_code == 403


def test_a_role_without_the_right_cannot_state_a_purpose(scene: Scene) -> None:
    officer = scene.house.person("quan.tri")
    answer = officer.post(f"/dossiers/{scene.case_id}/personal", {"purpose": "COMPLAINT", "note": "x"})
    assert answer.status_code == 403
    assert scene.readings() == []


def test_a_person_takes_along_what_is_held_about_them(scene: Scene) -> None:
    answer = scene.firm.get("/account/my-data")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    content = answer.json()
    assert content["account"]["login"] == "nop.hoso"
    assert [each["answers"]["contact_phone"] for each in content["dossiers"]] == [PHONE]
    other = scene.house.person("hoshi").get("/account/my-data")
    assert not seen(other.text)
    assert scene.sql("select count(*) from evidence_entry where tag = 'personal-data:user:export'") == [(2,)]


def test_the_next_dossier_is_offered_the_values_and_seals_them_anew(scene: Scene) -> None:
    scene.sql("update workflow_case set code = 'HS-1', submitted_at = now() where id = %s", scene.case_id)
    key = uuid7()
    form = {"case_id": str(key), "procedure": "IRC", "party_id": str(scene.house.party_of("nop.hoso"))}
    scene.firm.post("/dossiers", form)
    page = scene.firm.get(f"/dossiers/{key}/form/contact").text
    assert seen(page) == list(SECRETS)
    scene.firm.post(f"/dossiers/{key}/form/contact", {**CONTACT, "then": "list"})
    keys = scene.sql("select distinct answers->'contact_phone'->'$sealed'->>'k' from workflow_case")
    assert len(keys) == 2


class TestPapers:
    """Files that an applicant handed in hold passports and accounts: what an officer takes along is recorded."""

    @pytest.fixture
    def paper(self, scene: Scene) -> str:
        sent = {"files": ("ho-chieu.pdf", files.pdf(A="(1)"), "application/pdf")}
        answer = scene.firm.post(f"/dossiers/{scene.case_id}/papers/FINANCE", {}, files=sent)
        if answer.status_code != 303:  # the scene calls the dossier filed; papers are put in before
            scene.sql("update workflow_case set submitted_at = null where id = %s", scene.case_id)
            answer = scene.firm.post(f"/dossiers/{scene.case_id}/papers/FINANCE", {}, files=sent)
            scene.sql("update workflow_case set submitted_at = now() where id = %s", scene.case_id)
        assert answer.status_code == 303
        ((document_id,),) = scene.sql("select document_id from workflow_component")
        return f"/documents/{document_id}"

    def test_whoever_has_the_dossier_in_hand_takes_it_and_the_owner_sees_that(
        self, scene: Scene, paper: str
    ) -> None:
        scene.assign("tham.dinh")
        assert scene.house.person("tham.dinh").get(paper).content.startswith(b"%PDF")
        assert scene.readings() == [("EXPORTED", "HANDLING", "", ["paper"])]
        page = scene.firm.get("/account/readings", headers={"accept-language": "en"}).text
        assert "a paper of the dossier" in page
        assert scene.firm.get(paper).status_code == 200
        assert len(scene.readings()) == 1, "the enterprise reads its own"

    def test_anybody_else_states_a_purpose_first(self, scene: Scene, paper: str) -> None:
        officer = scene.house.person("truong.phong")
        asked = officer.get(paper)
        assert (asked.status_code, asked.headers["location"]) == (303, f"/dossiers/{scene.case_id}/personal")
        refused = officer.get(f"/api/v1{paper}")
        assert (refused.status_code, refused.json()["code"]) == (403, "privacy.purpose-first")
        assert scene.readings() == []
        stated = {"purpose": "COMPLAINT", "note": "Đơn số 7"}
        assert officer.post(f"/dossiers/{scene.case_id}/personal", stated).status_code == 303
        assert officer.get(paper).status_code == 200
        assert officer.get(f"/api/v1{paper}").status_code == 200
        assert [reading[:3] for reading in scene.readings()] == [
            ("SHOWN", "COMPLAINT", "Đơn số 7"), ("EXPORTED", "COMPLAINT", "Đơn số 7"),
            ("EXPORTED", "COMPLAINT", "Đơn số 7"),
        ]  # fmt: skip

    def test_a_draft_s_papers_are_its_applicant_s_alone(self, scene: Scene, paper: str) -> None:
        scene.sql("update workflow_case set submitted_at = null where id = %s", scene.case_id)
        scene.assign("tham.dinh")
        for login in ("tham.dinh", "truong.phong", "lanh.dao"):
            officer = scene.house.person(login)
            assert officer.get(paper).status_code == 404
            assert officer.get(f"/api/v1{paper}").status_code == 404
        assert scene.readings() == []


class TestResults:
    """A result prints what was answered of persons: an officer who takes it along has read that."""

    @staticmethod
    def paper(scene: Scene, *, kind: str = "CERTIFICATE", subject: Subject | None = None) -> str:
        with scene.house.database.transaction(OFFICER) as session:
            found = documents.store_paper(
                session, store=scene.house.app.state.kernel.store, pdf=files.pdf(), title="GCN.pdf", kind=kind,
                party_id=scene.house.party_of("nop.hoso"), subject=subject or Subject("case", scene.case_id),
                actor=SYSTEM, now=utcnow(),
            )  # fmt: skip
            return f"/documents/{found.id}"

    @staticmethod
    def took_part(scene: Scene, login: str) -> None:
        scene.sql(
            "insert into workflow_event (id, case_id, party_id, revision, base_revision, action, source, target,"
            " side, actor_id, at, visible, input, law)"
            " select %s, id, party_id, 9, 8, 'sign', 'approved', 'issued', 'OFFICER',"
            " (select id from auth_user where login = %s), now(), true, '{}', '[]' from workflow_case where id = %s",
            uuid7(), login, scene.case_id,
        )  # fmt: skip

    def test_anybody_else_states_a_purpose_first_and_the_owner_sees_it(self, scene: Scene) -> None:
        officer, paper = scene.house.person("truong.phong"), self.paper(scene)
        asked = officer.get(paper)
        assert (asked.status_code, asked.headers["location"]) == (303, f"/dossiers/{scene.case_id}/personal")
        assert officer.get(f"/api/v1{paper}").json()["code"] == "privacy.purpose-first"
        stated = {"purpose": "INSPECTION", "note": "KH 12/2026"}
        assert officer.post(f"/dossiers/{scene.case_id}/personal", stated).status_code == 303
        assert officer.get(paper).content.startswith(b"%PDF")
        assert scene.readings()[-1] == ("EXPORTED", "INSPECTION", "KH 12/2026", ["result"])
        page = scene.firm.get("/account/readings", headers={"accept-language": "en"}).text
        assert "the result of the dossier" in page
        assert scene.firm.get(paper).status_code == 200
        assert len(scene.readings()) == 2, "the enterprise reads its own"

    def test_for_whoever_took_part_it_is_handling(self, scene: Scene) -> None:
        self.took_part(scene, "lanh.dao")
        assert scene.house.person("lanh.dao").get(self.paper(scene)).status_code == 200
        assert scene.readings() == [("EXPORTED", "HANDLING", "", ["result"])]

    def test_a_result_that_names_nobody_is_no_reading(self, scene: Scene) -> None:
        scene.sql("update workflow_case set answers = '{}' where id = %s", scene.case_id)
        assert scene.house.person("truong.phong").get(self.paper(scene)).status_code == 200
        assert scene.readings() == []

    def test_what_belongs_nowhere_is_given_to_no_officer(self, scene: Scene) -> None:
        paper = self.paper(scene, subject=Subject("elsewhere", uuid7()))
        assert scene.house.person("truong.phong").get(paper).status_code == 404
        assert scene.firm.get(paper).status_code == 200

    def test_a_scan_of_a_draft_is_its_counter_s_alone(self, scene: Scene) -> None:
        paper = self.paper(scene, subject=Subject(scans.SUBJECT, scene.case_id))
        scene.sql(
            "update workflow_case set submitted_at = null, channel = 'COUNTER', desk_id ="
            " (select m.party_id from auth_membership m join auth_user u on u.id = m.user_id where u.login = 'mot.cua')"
            " where id = %s", scene.case_id,
        )  # fmt: skip
        assert scene.house.person("truong.phong").get(paper).status_code == 404
        assert scene.house.person("mot.cua").get(paper).status_code == 200
        assert scene.readings() == [("EXPORTED", "HANDLING", "", ["paper"])]
