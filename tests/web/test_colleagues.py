"""Absences with their substitutes, and dossiers that change hands."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update

from app.core.auth.models import Membership, Office, User
from app.core.auth.roles import UserKind
from app.core.auth.service import add_membership, register_person
from app.core.db import DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.notifications import installed, notify
from app.core.notifications.models import Notification
from app.core.workflow.assignment import REASSIGN
from app.core.workflow.models import Absence, Case, CaseEvent
from tests.conftest import clone
from tests.faults.people import AUTH, OFFICER, House, filed, house_on

PASSWORD = "ein ganz eigenes Kennwort"


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    """The demo zone with a second appraiser and a head in the appraiser's office, and a head elsewhere."""
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        with running.database.transaction(AUTH) as session:
            own = session.scalars(
                select(Membership.party_id)
                .join(User, User.id == Membership.user_id)
                .where(User.login == "tham.dinh")
            ).first()
            other = session.scalars(select(Office.party_id).where(Office.party_id != own)).first()
            for login, role, office in (
                ("vien.hai", "APPRAISER", own),
                ("truong.moi", "HEAD", own),
                ("phong.khac", "HEAD", other),
            ):
                user = register_person(
                    session, login=login, full_name=f"Cán bộ {login}", kind=UserKind.OFFICER, password=PASSWORD,
                    language="vi", actor=SYSTEM, now=utcnow(),
                )  # fmt: skip
                assert office is not None
                add_membership(
                    session, party_id=office, user_id=user.id, roles=[role], actor=SYSTEM, now=utcnow()
                )
        yield running


def id_of(house: House, login: str) -> UUID:
    with house.database.session(AUTH) as session:
        return session.scalars(select(User.id).where(User.login == login)).one()


@pytest.fixture
def case_id(house: House) -> UUID:
    """A filed dossier in the hands of the appraiser."""
    key = filed(house.person("hoshi"), "hoshi", mark="Klein")
    with house.database.transaction(OFFICER) as session:
        session.execute(update(Case).where(Case.id == key).values(assigned_to=id_of(house, "tham.dinh")))
    return key


def signed_in(house: House, login: str):  # type: ignore[no-untyped-def]
    person = house.visitor()
    assert person.sign_in(login, PASSWORD).status_code == 303
    return person


def absence(house: House, **changed: str) -> dict[str, str]:
    last = (utcnow() + timedelta(days=3)).strftime("%d/%m/%Y")
    form = {
        "absence_id": str(uuid7()),
        "substitute": str(id_of(house, "vien.hai")),
        "valid_from": "",
        "valid_to": last,
    }
    return {**form, **changed}


def chips(house: House, login: str, case_id: UUID) -> str:
    page = BeautifulSoup(signed_in(house, login).get("/inbox?tab=open").text, "html.parser")
    link = page.select_one(f"a[href='/dossiers/{case_id}']")
    assert link is not None
    return link.find_parent("tr").text


def tell(house: House, *logins: str) -> None:
    """Write a notice for officers."""
    with installed(house.app.state.notifier), house.database.transaction(OFFICER) as session:
        notify(
            session, recipients=[id_of(house, login) for login in logins], kind="case.review",
            subject=("case", uuid4()), party_id=house.party_of("hoshi"), actor=SYSTEM, now=utcnow(),
            params={"code": "HS-1", "title": "T", "procedure": {"vi": "T", "en": "T"}},
        )  # fmt: skip


def told(house: House, login: str) -> int:
    with house.database.session(SessionContext(DbRole.OFFICER, (), id_of(house, login))) as session:
        mine = select(Notification.id).where(Notification.user_id == id_of(house, login))
        return len(session.scalars(mine.where(Notification.kind == "case.review")).all())


class TestAbsence:
    def test_the_substitute_sees_the_dossiers_as_own(self, house: House, case_id: UUID) -> None:
        assert "thay " not in chips(house, "vien.hai", case_id)
        owner = house.person("tham.dinh")
        form = absence(house)
        for _ in range(2):
            assert owner.post("/colleagues/absences", form).headers["location"] == "/colleagues?done=noted"
        assert "thay " in chips(house, "vien.hai", case_id)
        assert "thay " not in chips(house, "truong.moi", case_id)
        key = form["absence_id"]
        assert signed_in(house, "vien.hai").post(f"/colleagues/absences/{key}/end").status_code == 403
        assert owner.post(f"/colleagues/absences/{key}/end").headers["location"] == "/colleagues?done=ended"
        assert "thay " not in chips(house, "vien.hai", case_id)
        assert owner.post(f"/colleagues/absences/{key}/end").status_code == 404
        with house.database.session(OFFICER) as session:
            assert len(session.scalars(select(Absence.id)).all()) == 1, "twice means once"

    def test_the_substitute_hears_what_the_absent_one_is_told(self, house: House) -> None:
        assert told(house, "truong.moi") == 0
        form = absence(house, person=str(id_of(house, "tham.dinh")), substitute=str(id_of(house, "vien.hai")))
        tell(house, "tham.dinh")
        assert (told(house, "tham.dinh"), told(house, "vien.hai")) == (1, 0), "nobody is away yet"
        assert house.person("tham.dinh").post("/colleagues/absences", form).status_code == 303
        tell(house, "tham.dinh")
        assert (told(house, "tham.dinh"), told(house, "vien.hai")) == (2, 1)
        tell(house, "tham.dinh", "vien.hai")
        assert told(house, "vien.hai") == 2, "once, also when both are told"
        ended = house.person("tham.dinh").post(f"/colleagues/absences/{form['absence_id']}/end")
        assert ended.status_code == 303
        tell(house, "tham.dinh")
        assert told(house, "vien.hai") == 2

    def test_bad_input_is_told_and_nothing_typed_is_lost(self, house: House) -> None:
        owner = house.person("tham.dinh")
        wrong = owner.post("/colleagues/absences", absence(house, substitute="", valid_to="31/02/2026"))
        page = BeautifulSoup(wrong.text, "html.parser")
        assert wrong.status_code == 422
        assert page.select_one("#f-valid_to")["value"] == "31/02/2026"  # type: ignore[index]
        assert len(page.select("[data-error-summary] li")) == 2
        stranger = owner.post("/colleagues/absences", absence(house, substitute=str(id_of(house, "mot.cua"))))
        assert stranger.status_code == 409
        assert owner.post("/colleagues/absences", absence(house)).status_code == 303
        again = owner.post("/colleagues/absences", absence(house))
        assert again.status_code == 409, "one absence at a time"

    def test_a_head_notes_it_for_the_own_office_only(self, house: House) -> None:
        form = absence(house, person=str(id_of(house, "tham.dinh")))
        assert signed_in(house, "vien.hai").post("/colleagues/absences", form).status_code == 403
        assert signed_in(house, "phong.khac").post("/colleagues/absences", form).status_code == 403
        assert signed_in(house, "truong.moi").post("/colleagues/absences", form).status_code == 303

    def test_a_future_one_begins_later_and_can_be_taken_back(self, house: House, case_id: UUID) -> None:
        first = (utcnow() + timedelta(days=2)).strftime("%d/%m/%Y")
        form = absence(house, valid_from=first)
        owner = house.person("tham.dinh")
        assert owner.post("/colleagues/absences", form).status_code == 303
        assert "thay " not in chips(house, "vien.hai", case_id)
        assert owner.post(f"/colleagues/absences/{form['absence_id']}/end").status_code == 303
        assert owner.post("/colleagues/absences", absence(house)).status_code == 303, "the time is free again"

    def test_customers_and_visitors_stay_out(self, house: House) -> None:
        assert house.person("hoshi").get("/colleagues").status_code == 403
        assert house.visitor().get("/colleagues").status_code == 303


class TestReassign:
    def test_a_head_hands_over_and_the_history_tells_it(self, house: House, case_id: UUID) -> None:
        source, target = id_of(house, "tham.dinh"), id_of(house, "vien.hai")
        path, form = f"/admin/users/{source}/dossiers", {"case": str(case_id), "target": str(target)}
        assert signed_in(house, "vien.hai").post(path, form).status_code == 403
        assert signed_in(house, "phong.khac").get(path).status_code == 403, "another office's dossiers"
        head = signed_in(house, "truong.moi")
        assert str(target) in head.get(path).text
        with house.database.session(OFFICER) as session:
            before = session.get_one(Case, case_id).revision
        assert head.post(path, form).headers["location"] == "/colleagues?done=dossiers"
        with house.database.session(OFFICER) as session:
            case = session.get_one(Case, case_id)
            event = session.scalars(
                select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.action == REASSIGN)
            ).one()
            assert (case.assigned_to, case.revision, event.revision) == (target, before + 1, before + 1)
            assert (event.source, event.target, event.visible) == (case.state, case.state, False)
            assert event.actor_id == id_of(house, "truong.moi")
        page = head.get(f"/dossiers/{case_id}").text
        assert "Phân công lại" in page
        assert "→ Cán bộ vien.hai" in page
        assert "Phân công lại" not in house.person("hoshi").get(f"/dossiers/{case_id}").text

    def test_unknown_people_are_not_found_or_refused(self, house: House) -> None:
        assert signed_in(house, "truong.moi").get(f"/admin/users/{uuid4()}/dossiers").status_code in (
            403,
            404,
        )
