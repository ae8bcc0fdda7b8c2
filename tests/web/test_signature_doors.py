"""A signature asks who is there, through whichever door the step is taken."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.auth.models import LoginSession
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.core.workflow.models import Case
from tests.conftest import clone
from tests.faults.people import AUTH, OFFICER, ORIGIN, House, Person, filed, house_on


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as opened:
        yield opened


@pytest.fixture
def ready_to_sign(house: House) -> UUID:
    case_id = filed(house.person("nop.hoso"), "nop.hoso", mark="Ký")
    clerk = house.person("mot.cua")
    assert clerk.post(f"/dossiers/{case_id}/actions/accept", {"revision": "2"}).status_code == 303
    return case_id


def rested(house: House, login: str, minutes: int) -> Person:
    """Return somebody who signed in so many minutes ago and did nothing that counts since."""
    person = house.person(login)
    with house.database.transaction(AUTH) as session:
        session.execute(update(LoginSession).values(step_up_at=utcnow() - timedelta(minutes=minutes)))
    return person


def sign_by_program(person: Person, case_id: UUID) -> tuple[int, str]:
    headers = {"Origin": ORIGIN, "X-CSRF-Token": person.token}
    answer = person.client.post(
        f"/api/v1/dossiers/{case_id}/actions/decide", json={"revision": 3}, headers=headers
    )
    return answer.status_code, answer.json().get("code", "")


def state(house: House, case_id: UUID) -> str:
    with house.database.session(OFFICER) as session:
        return session.get_one(Case, case_id).state


def test_the_json_door_asks_for_presence(house: House, ready_to_sign: UUID) -> None:
    leader = rested(house, "lanh.dao", minutes=6)
    assert sign_by_program(leader, ready_to_sign) == (403, "auth.presence-needed")
    assert state(house, ready_to_sign) == "in_review"
    leader = rested(house, "lanh.dao", minutes=1)
    assert sign_by_program(leader, ready_to_sign)[0] == 200
    assert state(house, ready_to_sign) == "decided"


def test_a_step_that_only_the_procedure_calls_a_signature_asks_as_well(
    house: House, ready_to_sign: UUID
) -> None:
    leader = rested(house, "lanh.dao", minutes=6)
    answer = leader.post(f"/dossiers/{ready_to_sign}/actions/decide", {"revision": "3"})
    assert answer.status_code == 422
    assert 'name="presence_proof"' in answer.text
    assert state(house, ready_to_sign) == "in_review"
