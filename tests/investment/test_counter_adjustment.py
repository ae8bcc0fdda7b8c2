"""An adjustment at the counter: for the holder of the certificate, one at a time, by reception only."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import Response

from app.core.db import Database
from app.core.kit.ids import uuid7
from app.core.settings import DatabaseTarget
from app.core.workflow.models import Case
from app.investment import queries
from app.investment.service.adjusting import ADJUSTMENT
from app.modules import Platform
from tests.faults.people import House, Person, house_on
from tests.investment.test_adjustment import WHY
from tests.investment.walk import OFFICER, Walk
from tests.web.test_counter import CAME, faults


@dataclass
class Scene:
    """A house with one certificate of the first enterprise, and reception."""

    house: House
    walk: Walk
    base_id: UUID
    number: str

    @property
    def party(self) -> UUID:
        """The holder of the certificate."""
        return self.house.party_of("nop.hoso")

    def begin(self, person: Person, **changes: str) -> Response:
        form = {
            "case_id": str(uuid7()),
            "procedure": f"{ADJUSTMENT}/{self.number}",
            "party_id": str(self.party),
        }
        return person.post("/counter", {**form, **CAME, **changes})

    def case(self, case_id: UUID) -> Case:
        with self.walk.database.session(OFFICER) as session:
            return session.get_one(Case, case_id)


@pytest.fixture
def scene(
    ready_target: DatabaseTarget, ready: Database, platform: Platform, test_var: Path
) -> Iterator[Scene]:
    walk = Walk(ready, platform)
    base_id = walk.issued(code="9900000001")
    with ready.session(OFFICER) as session:
        certificate = queries.of_case(session, base_id)
        assert certificate is not None
        number = certificate.number
    with house_on(ready_target, test_var) as house:
        yield Scene(house, walk, base_id, number)


def test_reception_finds_the_certificate_and_begins_with_its_content(scene: Scene) -> None:
    intake = scene.house.person("mot.cua")
    link = f"/counter/new?party={scene.party}&amp;procedure={ADJUSTMENT}/{scene.number}"
    assert link in intake.get(f"/certificates/{scene.number}").text
    page = intake.get(link.replace("&amp;", "&")).text
    assert f'value="{ADJUSTMENT}/{scene.number}" checked' in page.replace("  ", " ")
    key = str(uuid7())
    for _ in range(2):
        answer = scene.begin(intake, case_id=key)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/dossiers/{key}")
    case, base = scene.case(UUID(key)), scene.case(scene.base_id)
    assert (case.procedure, case.base_id, case.party_id) == (ADJUSTMENT, scene.base_id, scene.party)
    assert (case.channel, case.desk_id) == ("COUNTER", scene.house.party_of("mot.cua"))
    assert case.answers["certificate_number"] == scene.number
    assert case.answers["investors"] == base.answers["investors"]
    assert "declaration" not in case.answers
    assert intake.get(f"/dossiers/{key}/form/adjustment").status_code == 200


def test_one_at_a_time_and_the_page_names_the_other(scene: Scene) -> None:
    intake, key = scene.house.person("mot.cua"), str(uuid7())
    assert scene.begin(intake, case_id=key).status_code == 303
    page = intake.get(f"/counter/new?party={scene.party}").text
    assert f'value="{ADJUSTMENT}/{scene.number}"' not in page
    assert f'href="/dossiers/{key}"' in page
    again = scene.begin(intake)
    assert (again.status_code, faults(again.text)) == (422, {"procedure"})
    filer = scene.house.person("nop.hoso")
    online = filer.post(f"/certificates/{scene.number}/adjust", {"case_id": str(uuid7())})
    assert online.status_code == 409


def test_a_certificate_is_adjusted_for_its_holder_only(scene: Scene) -> None:
    intake, stranger = scene.house.person("mot.cua"), scene.house.party_of("hoshi")
    assert f"{ADJUSTMENT}/" not in intake.get(f"/counter/new?party={stranger}").text
    answer = scene.begin(intake, party_id=str(stranger))
    assert (answer.status_code, faults(answer.text)) == (422, {"procedure"})


@pytest.mark.parametrize("login", ["nop.hoso", "tham.dinh", "hoshi"])
def test_nobody_but_reception_enters_it(scene: Scene, login: str) -> None:
    person = scene.house.person(login)
    assert scene.begin(person).status_code == 403
    page = person.get(f"/certificates/{scene.number}")
    assert "/counter/new" not in page.text


def test_it_is_judged_by_the_same_rules_and_has_the_limit_of_its_case(scene: Scene) -> None:
    key = uuid7()
    assert scene.begin(scene.house.person("mot.cua"), case_id=str(key)).status_code == 303
    walk, intake = scene.walk, scene.walk.actor("intake")
    with walk.session("intake") as session:
        walk.desk.save(session, case_id=key, changed=WHY, actor=intake, now=walk.now)
    page = scene.house.person("mot.cua").post(f"/dossiers/{key}/actions/submit", {"revision": "1"})
    assert page.status_code == 422
    with walk.session("intake") as session:
        walk.desk.save(
            session,
            case_id=key,
            changed={"project_name_vi": "Nhà máy mang tên mới"},
            actor=intake,
            now=walk.now,
        )
    walk.steps(key, ("intake", "submit"), ("intake", "accept"))
    case = scene.case(key)
    assert (case.state, case.limit_code) == ("accepted", "NAMES")
