"""What a page asks by itself keeps no session awake, and the end of a session is told kindly."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.core.auth.models import LoginSession, User
from app.core.db.cluster import PrivateCluster
from tests.conftest import clone
from tests.faults.people import AUTH, House, Person, house_on

FRAGMENT = {"HX-Request": "true", "HX-Current-URL": "https://testserver/inbox?tab=waiting"}
BY_ITSELF = {**FRAGMENT, "X-Background": "1", "HX-Target": "inbox-rows"}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        yield running


def rest(house: House, login: str, *, minutes: int) -> datetime:
    """Let the last request of a person's sessions lie back; return when it then was."""
    with house.database.transaction(AUTH) as session:
        owner = select(User.id).where(User.login == login).scalar_subquery()
        return session.scalars(
            update(LoginSession)
            .where(LoginSession.user_id == owner)
            .values(last_seen_at=LoginSession.last_seen_at - minutes * MINUTE)
            .returning(LoginSession.last_seen_at)
        ).one()


def seen(house: House) -> datetime:
    with house.database.session(AUTH) as session:
        return session.scalars(select(LoginSession.last_seen_at)).one()


def ask_by_itself(officer: Person) -> list[int]:
    return [
        officer.get("/inbox", headers=BY_ITSELF).status_code,
        officer.get("/notices/bell", headers={"HX-Request": "true"}).status_code,
        officer.get("/dossiers/01900000-0000-7000-8000-000000000000/changed?revision=1").status_code,
    ]


def test_only_what_a_person_asks_counts(house: House) -> None:
    officer = house.person("mot.cua")
    before = rest(house, "mot.cua", minutes=14)
    assert ask_by_itself(officer) == [200, 200, 404]
    assert seen(house) == before
    assert officer.get("/inbox", headers=FRAGMENT).status_code == 200
    assert seen(house) > before


def test_an_open_inbox_is_signed_out_after_the_rest(house: House) -> None:
    officer = house.person("mot.cua")
    rest(house, "mot.cua", minutes=14)
    assert ask_by_itself(officer) == [200, 200, 404]
    rest(house, "mot.cua", minutes=1)
    answer = officer.get("/inbox", headers=BY_ITSELF)
    assert answer.status_code == 401
    assert answer.headers["hx-retarget"] == "[data-flashes]", "the rows stay as they were"
    login = json.loads(answer.headers["hx-trigger"])["signed-out"]["login"]
    assert login == "/login?ended=1&next=%2Finbox%3Ftab%3Dwaiting"
    assert "<html" not in answer.text
    assert 'name="next" value="/inbox?tab=waiting"' in officer.get(login).text
    whole = officer.get("/inbox")
    assert whole.headers["location"] == "/login?next=%2Finbox", "a page itself goes to sign-in"


@pytest.mark.parametrize("current", ["https://evil.example//evil.example/", "", "javascript:alert(1)"])
def test_the_way_back_stays_on_this_site(house: House, current: str) -> None:
    answer = house.visitor().get("/notices", headers={**FRAGMENT, "HX-Current-URL": current})
    assert json.loads(answer.headers["hx-trigger"])["signed-out"]["login"] == "/login?ended=1&next=%2F"
