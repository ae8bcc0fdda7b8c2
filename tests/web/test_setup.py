"""The page that says what an installation still needs before its first dossier."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from bs4 import BeautifulSoup, Tag
from sqlalchemy import select, update

from app.core.auth.models import User, UserState
from app.core.db.cluster import PrivateCluster
from app.core.evidence import EvidenceEntry
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from tests.conftest import clone
from tests.faults.people import AUTH, OFFICER, House, Person, house_on


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        yield running


def look(person: Person) -> BeautifulSoup:
    answer = person.get("/admin/setup")
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def step(page: BeautifulSoup, href: str) -> Tag:
    """Return the step that leads somewhere."""
    link = page.select_one(f".setup-steps a[href='{href}']")
    assert link is not None, [each["href"] for each in page.select(".setup-steps a")]
    found = link.find_parent("li")
    assert isinstance(found, Tag)
    return found


def is_done(found: Tag) -> bool:
    return found.select_one(".chip-good") is not None


def id_of(house: House, login: str) -> UUID:
    with house.database.session(AUTH) as session:
        return session.scalars(select(User.id).where(User.login == login)).one()


def test_only_administrators_come_in(house: House) -> None:
    assert house.person("lanh.dao").get("/admin/setup").status_code == 403
    assert house.visitor().get("/admin/setup").status_code == 303


def test_a_step_without_anybody_is_open_and_leads_to_where_it_is_mended(house: House) -> None:
    admin = house.person("quan.tri")
    assert is_done(step(look(admin), "/admin/users"))
    with house.database.transaction(AUTH) as session:
        session.execute(update(User).where(User.login == "truong.phong").values(state=UserState.LOCKED))
    page = look(admin)
    lacking = step(page, "/admin/users/new")
    assert not is_done(lacking)
    assert "Lãnh đạo phòng" in lacking.get_text()
    assert page.select_one(".page-head .chip-good") is None, "the zone is not ready as a whole"


def test_a_leader_gets_a_certificate_once(house: House) -> None:
    house.app.state.kernel.signing.set_up(organisation="Ban Thử", now=utcnow())
    admin, leader = house.person("quan.tri"), id_of(house, "lanh.dao")
    page = look(admin)
    assert not is_done(step(page, "#certificates"))
    way = f"/admin/setup/certificates/{leader}"
    assert page.select_one(f"form[action='{way}']") is not None
    for _ in range(2):
        assert admin.post(way).headers["location"] == "/admin/setup?done=certificate"
    page = look(admin)
    assert is_done(step(page, "#certificates"))
    assert page.select_one(f"form[action='{way}']") is None
    assert page.select_one(f"a[href='/admin/users/{leader}']") is not None
    with house.database.session(OFFICER) as session:
        noted = session.scalars(select(EvidenceEntry.tag).where(EvidenceEntry.subject_id == leader)).all()
    assert list(noted).count("auth:user:certify") == 1, "twice means once"


def test_nobody_else_gets_one(house: House) -> None:
    admin = house.person("quan.tri")
    for user_id in (id_of(house, "tham.dinh"), uuid7()):
        assert admin.post(f"/admin/setup/certificates/{user_id}").status_code == 404
    assert house.person("lanh.dao").post(f"/admin/setup/certificates/{uuid7()}").status_code == 403
