"""Administration over HTTP: who may, what they may not, and what they leave behind."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from app.cli.demo import PASSWORD
from app.core.auth import administration
from app.core.auth.models import Membership, Office, User, UserState
from app.core.db.cluster import PrivateCluster
from app.core.evidence import EvidenceEntry
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.core.workflow.models import Case
from app.core.workflow.permissions import READ as READ_DOSSIERS
from app.web.pages import admin as pages
from tests.conftest import clone
from tests.faults.people import AUTH, OFFICER, House, filed, house_on

INITIAL = re.compile(r'class="initial-password">([^<]+)<')
NEW = "bảy con vịt dưới ao"


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        yield running


def user_id(house: House, login: str) -> UUID:
    with house.database.session(AUTH) as session:
        return session.scalars(select(User.id).where(User.login == login)).one()


def office_id(house: House, code: str) -> UUID:
    with house.database.session(AUTH) as session:
        return session.scalars(select(Office.party_id).where(Office.code == code)).one()


def state_of(house: House, login: str) -> UserState:
    with house.database.session(AUTH) as session:
        return session.scalars(select(User.state).where(User.login == login)).one()


def tags(house: House, subject: UUID) -> set[str]:
    with house.database.session(OFFICER) as session:
        return set(session.scalars(select(EvidenceEntry.tag).where(EvidenceEntry.subject_id == subject)))


def day(offset: int) -> str:
    return (local_day(utcnow(), ZoneInfo("Asia/Ho_Chi_Minh")) + timedelta(days=offset)).strftime("%d/%m/%Y")


def account(house: House, **changes: object) -> dict[str, object]:
    """Return a filled form of a new account."""
    form = {
        "login": "tran.moi",
        "full_name": "Trần Thị Mới",
        "office": str(office_id(house, "INVEST")),
        "roles": ["APPRAISER"],
        "language": "vi",
    }
    return {**form, **changes}


GETS = (
    "/admin/users",
    "/admin/offices",
    "/admin/users/new",
    "/admin/users/{id}",
    "/admin/users/{id}/dossiers",
)
POSTS = (
    "/admin/users",
    "/admin/users/{id}/state",
    "/admin/users/{id}/roles",
    "/admin/users/{id}/password",
    "/admin/users/{id}/second-factor/reset",
    "/admin/users/{id}/sessions/end",
    "/admin/users/{id}/dossiers",
    "/admin/memberships/{id}/end",
)


class TestBorders:
    @pytest.mark.parametrize("login", ["hoshi", "mot.cua", "lanh.dao", "phap.che"])
    def test_only_administrators_come_in(self, house: House, login: str) -> None:
        person, target = house.person(login), user_id(house, "tham.dinh")
        assert [person.get(path.format(id=target)).status_code for path in GETS] == [403] * len(GETS)
        assert [person.post(path.format(id=target)).status_code for path in POSTS] == [403] * len(POSTS)
        assert "/admin/users" not in person.get("/account").text

    def test_visitors_are_asked_to_sign_in(self, house: House) -> None:
        for path in GETS:
            answer = house.visitor().get(path.format(id=uuid7()))
            assert answer.headers["location"].startswith("/login?next="), path

    def test_an_administrator_reads_no_dossier(self, house: House) -> None:
        case_id = filed(house.person("hoshi"), "hoshi", mark="Không xem")
        refused = house.person("quan.tri").get(f"/dossiers/{case_id}")
        assert refused.status_code == 403
        assert "“Xem hồ sơ”" in refused.text, "a refusal names the right in the reader's words"
        assert READ_DOSSIERS not in refused.text


class TestOwnAccount:
    def test_an_administrator_changes_neither_own_roles_nor_own_state(self, house: House) -> None:
        admin, me = house.person("quan.tri"), user_id(house, "quan.tri")
        with house.database.session(AUTH) as session:
            membership = session.scalars(select(Membership.id).where(Membership.user_id == me)).one()
        office = str(office_id(house, "INVEST"))
        gift = {"office": office, "roles": ["LEADER"]}
        assert admin.post(f"/admin/users/{me}/roles", gift).status_code == 409
        assert admin.post(f"/admin/memberships/{membership}/end").status_code == 409
        assert admin.post(f"/admin/users/{me}/state", {"verb": "lock"}).status_code == 409
        assert admin.post(f"/admin/users/{me}/password").status_code == 409
        assert admin.post(f"/admin/users/{me}/second-factor/reset").status_code == 409
        with house.database.session(AUTH) as session:
            roles = session.scalars(select(Membership.roles).where(Membership.user_id == me)).all()
        assert roles == [["ADMIN"]]

    def test_ending_the_own_sessions_keeps_this_one(self, house: House) -> None:
        here, there = house.person("quan.tri"), house.person("quan.tri")
        me = user_id(house, "quan.tri")
        assert here.post(f"/admin/users/{me}/sessions/end").status_code == 303
        assert here.get("/admin/users").status_code == 200
        assert there.get("/admin/users").status_code == 303


class TestList:
    @pytest.mark.parametrize("query", ["tham dinh", "THẨM", "chuyên viên", "thẩm.định", "đinh tham"])
    def test_search_forgives_accents(self, house: House, query: str) -> None:
        text = house.person("quan.tri").get("/admin/users", params={"q": query}).text
        found = re.findall(r'class="quiet block code">([^<]+)<', text)
        assert found == ["tham.dinh"]

    def test_it_narrows_by_office_role_and_state(self, house: House) -> None:
        admin = house.person("quan.tri")

        def found(**chosen: str) -> set[str]:
            text = admin.get("/admin/users", params=chosen).text
            return set(re.findall(r'class="quiet block code">([^<]+)<', text))

        invest = str(office_id(house, "INVEST"))
        assert {"hoshi", "mot.cua", "quan.tri"} <= found()
        assert found(office=invest) == {"tham.dinh", "truong.phong"}
        assert found(office=invest, role="HEAD") == {"truong.phong"}
        assert found(state="LOCKED") == set()
        assert found(q="%") == found(q="_") == found(), "signs that are no words narrow nothing"
        assert found(q="khongcoai") == set()
        assert found(office="no-key", state="WRONG", role="WRONG") == found()

    def test_it_goes_on_page_by_page_in_vietnamese_order(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "PAGE_SIZE", 4)
        monkeypatch.setattr(administration.list_accounts, "__kwdefaults__", {"after": None, "size": 4})
        admin, seen, address = house.person("quan.tri"), [], "/admin/users"
        while address:
            text = admin.get(address).text
            seen += re.findall(r'class="quiet block code">([^<]+)<', text)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            address = following.group(1).replace("&amp;", "&") if following else ""
        assert len(seen) == len(set(seen)) >= 10
        assert admin.get("/admin/users?after=rubbish").status_code == 200

    def test_nothing_found_says_how_to_go_on(self, house: House) -> None:
        text = house.person("quan.tri").get("/admin/users?q=khongcoai").text
        assert 'href="/admin/users"' in text
        assert "<table" not in text


class TestOpening:
    def test_the_password_is_shown_once_and_must_be_changed(self, house: House) -> None:
        admin = house.person("quan.tri")
        answer = admin.post("/admin/users", account(house))
        found = INITIAL.search(answer.text)
        assert found, answer.text
        initial = found.group(1)
        assert re.fullmatch(r"[2-9a-z]{5}(-[2-9a-z]{5}){3}", initial)
        key = user_id(house, "tran.moi")
        assert initial not in admin.get(f"/admin/users/{key}").text
        assert {"auth:user:register"} <= tags(house, key)
        fresh = house.visitor()
        assert fresh.sign_in("tran.moi", initial).headers["location"].startswith("/login/password")
        assert fresh.get("/inbox").status_code == 303
        assert fresh.post("/login/password", {"password": initial, "again": initial}).status_code == 422
        assert fresh.post("/login/password", {"password": NEW, "again": "khác"}).status_code == 422
        answer = fresh.post("/login/password", {"password": NEW, "again": NEW, "next": "/inbox"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
        assert fresh.get("/inbox").status_code == 200
        assert house.visitor().sign_in("tran.moi", initial).status_code == 401

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"login": ""}, "login"),
            ({"login": "có dấu"}, "login"),
            ({"login": "mot.cua"}, "login"),
            ({"full_name": " "}, "full_name"),
            ({"office": ""}, "office"),
            ({"roles": []}, "roles"),
            ({"roles": ["NO_ROLE"]}, "roles"),
            ({"valid_from": "01/01/2020"}, "valid_from"),
            ({"valid_from": "ngày mai"}, "valid_from"),
            ({"valid_to": "01/01/2020"}, "valid_to"),
        ],
    )
    def test_faults_stand_beside_their_fields(
        self, house: House, changes: dict[str, object], field: str
    ) -> None:
        answer = house.person("quan.tri").post("/admin/users", account(house, **changes))
        assert answer.status_code in {409, 422}
        assert f'href="#f-{field}"' in answer.text
        assert 'value="Trần Thị Mới"' in answer.text or "full_name" in changes
        with house.database.session(AUTH) as session:
            assert session.scalar(select(User.id).where(User.full_name == "Trần Thị Mới")) is None

    def test_a_customers_role_does_not_fit(self, house: House) -> None:
        answer = house.person("quan.tri").post("/admin/users", account(house, roles=["FILER"]))
        assert answer.status_code == 422
        with house.database.session(AUTH) as session:
            assert session.scalar(select(User.id).where(User.login == "tran.moi")) is None


class TestPerson:
    def test_locking_shuts_out_at_once_and_unlocking_lets_in_again(self, house: House) -> None:
        admin, desk, key = house.person("quan.tri"), house.person("mot.cua"), user_id(house, "mot.cua")
        assert desk.get("/inbox").status_code == 200
        admin.post(f"/admin/users/{key}/state", {"verb": "lock"})
        assert desk.get("/inbox").status_code == 303
        assert house.visitor().sign_in("mot.cua").status_code == 401
        admin.post(f"/admin/users/{key}/state", {"verb": "unlock"})
        assert house.visitor().sign_in("mot.cua").status_code == 303
        admin.post(f"/admin/users/{key}/state", {"verb": "close"})
        assert admin.post(f"/admin/users/{key}/state", {"verb": "unlock"}).status_code == 404
        assert state_of(house, "mot.cua") is UserState.CLOSED
        assert admin.post(f"/admin/users/{key}/state", {"verb": "promote"}).status_code == 404
        assert "auth:user:set-state" in tags(house, key)

    def test_a_substitute_holds_the_role_for_the_days_given(self, house: House) -> None:
        admin, key = house.person("quan.tri"), user_id(house, "mot.cua")
        desk, invest = house.person("mot.cua"), str(office_id(house, "INVEST"))
        form = {"office": invest, "roles": ["HEAD"], "valid_from": day(0), "valid_to": day(3)}
        assert admin.post(f"/admin/users/{key}/roles", form).status_code == 303
        with house.database.session(AUTH) as session:
            row = session.scalars(
                select(Membership).where(Membership.user_id == key, Membership.party_id == UUID(invest))
            ).one()
        assert row.valid_to is not None
        assert timedelta(days=3) < row.valid_to - utcnow() <= timedelta(days=4)
        assert desk.get("/account").status_code == 200
        again = admin.post(f"/admin/users/{key}/roles", form)
        assert again.status_code == 409
        assert 'href="#f-office"' in again.text
        assert admin.post(f"/admin/memberships/{row.id}/end").status_code == 303
        assert admin.post(f"/admin/memberships/{row.id}/end").status_code == 404

    def test_roles_cross_no_border(self, house: House) -> None:
        admin, firm = house.person("quan.tri"), user_id(house, "hoshi")
        form = {"office": str(office_id(house, "INVEST")), "roles": ["APPRAISER"]}
        assert admin.post(f"/admin/users/{firm}/roles", form).status_code == 422
        enterprise = {"office": str(house.party_of("hoshi")), "roles": ["APPRAISER"]}
        assert admin.post(f"/admin/users/{user_id(house, 'mot.cua')}/roles", enterprise).status_code == 422
        assert house.person("hoshi").get("/inbox").status_code == 403

    def test_a_new_initial_password_ends_the_sessions(self, house: House) -> None:
        admin, firm, key = house.person("quan.tri"), house.person("hoshi"), user_id(house, "hoshi")
        found = INITIAL.search(admin.post(f"/admin/users/{key}/password").text)
        assert found
        assert firm.get("/my").status_code == 303
        assert house.visitor().sign_in("hoshi", PASSWORD).status_code == 401
        answer = house.visitor().sign_in("hoshi", found.group(1))
        assert answer.headers["location"].startswith("/login/password")

    def test_ending_the_sessions_of_somebody(self, house: House) -> None:
        admin, firm, key = house.person("quan.tri"), house.person("hoshi"), user_id(house, "hoshi")
        assert admin.post(f"/admin/users/{key}/sessions/end").status_code == 303
        assert firm.get("/my").status_code == 303
        assert "auth:user:end-sessions" in tags(house, key)

    def test_who_does_not_exist_is_not_found(self, house: House) -> None:
        admin = house.person("quan.tri")
        for path in GETS[3:]:
            assert admin.get(path.format(id=uuid7())).status_code == 404
        for path in POSTS[1:]:
            form = {"verb": "lock", "office": str(uuid7()), "roles": ["HEAD"], "case": str(uuid7())}
            assert admin.post(path.format(id=uuid7()), form).status_code in {404, 422}, path


class TestHandOver:
    @pytest.fixture
    def case_id(self, house: House) -> UUID:
        key = filed(house.person("hoshi"), "hoshi", mark="Bàn giao")
        with house.database.transaction(OFFICER) as session:
            owner = user_id(house, "tham.dinh")
            session.execute(update(Case).where(Case.id == key).values(assigned_to=owner))
        return key

    def test_dossiers_go_to_a_colleague_of_the_same_office(self, house: House, case_id: UUID) -> None:
        admin, source = house.person("quan.tri"), user_id(house, "tham.dinh")
        path = f"/admin/users/{source}/dossiers"
        alone = admin.get(path).text
        assert "f-target" not in alone, "nobody else holds the role yet"
        assert "IRC" not in alone, "procedures and offices have names"
        assert ">INVEST<" not in alone
        admin.post("/admin/users", account(house))
        target = user_id(house, "tran.moi")
        page = admin.get(path).text
        assert str(target) in page
        assert str(user_id(house, "mot.cua")) not in page
        assert admin.post(path, {"case": str(case_id)}).status_code == 422
        assert admin.post(path, {"target": str(target)}).status_code == 422
        wrong = admin.post(path, {"case": str(case_id), "target": str(user_id(house, "mot.cua"))})
        assert wrong.status_code == 409
        assert self._owner(house, case_id) == source
        answer = admin.post(path, {"case": str(case_id), "target": str(target)})
        assert answer.headers["location"] == f"/admin/users/{source}?done=dossiers"
        assert self._owner(house, case_id) == target
        assert "workflow:case:reassign" in tags(house, case_id)
        history = house.person("mot.cua").get(f"/dossiers/{case_id}").text
        assert "Phân công lại" in history
        late = admin.post(path, {"case": str(case_id), "target": str(target)})
        assert late.headers["location"].endswith("done=nothing")

    def test_what_the_applicant_wrote_is_not_shown(self, house: House, case_id: UUID) -> None:
        with house.database.transaction(OFFICER) as session:
            session.execute(update(Case).where(Case.id == case_id).values(title="Bí mật kinh doanh"))
        page = house.person("quan.tri").get(f"/admin/users/{user_id(house, 'tham.dinh')}/dossiers").text
        assert str(case_id) in page
        assert "Bí mật kinh doanh" not in page

    @staticmethod
    def _owner(house: House, case_id: UUID) -> UUID | None:
        with house.database.session(OFFICER) as session:
            return session.scalar(select(Case.assigned_to).where(Case.id == case_id))
