"""The register's and the projects' pages over HTTP: what officers, the enterprise and strangers find there."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from app.core.db import Database
from app.core.kit.ids import uuid7
from app.core.settings import DatabaseTarget
from app.investment import queries
from app.modules import Platform
from tests.faults.people import House, house_on
from tests.investment.requests import request
from tests.investment.walk import OFFICER, Walk


@dataclass
class Scene:
    """A house with one certificate of the first enterprise."""

    house: House
    walk: Walk
    number: str
    project_id: UUID


@pytest.fixture
def scene(
    ready_target: DatabaseTarget, ready: Database, platform: Platform, test_var: Path
) -> Iterator[Scene]:
    walk = Walk(ready, platform)
    case_id = walk.issued(request(incentives=["CIT"]), code="9900000001")
    with ready.session(OFFICER) as session:
        row = queries.of_case(session, case_id)
        assert row is not None
        number, project_id = row.number, row.project_id
    with house_on(ready_target, test_var) as house:
        yield Scene(house, walk, number, project_id)


@pytest.mark.parametrize("login", ["nop.hoso", "mot.cua"])
def test_who_may_see_it_finds_certificate_project_and_paper(scene: Scene, login: str) -> None:
    person = scene.house.person(login)
    listed = person.get("/certificates?q=nha may")
    assert scene.number in listed.text
    page = person.get(f"/certificates/{scene.number}")
    assert page.status_code == 200
    assert "9900000001" in page.text
    assert f"/projects/{scene.project_id}" in page.text
    assert (f"/certificates/{scene.number}/adjust" in page.text) is (login == "nop.hoso")
    project = person.get(f"/projects/{scene.project_id}")
    assert project.status_code == 200
    assert scene.number in project.text
    assert "<rect" in project.text
    assert f"/projects/{scene.project_id}" in person.get("/projects").text


def test_a_stranger_finds_nothing(scene: Scene) -> None:
    person = scene.house.person("hoshi")
    for path in (f"/certificates/{scene.number}", f"/projects/{scene.project_id}"):
        assert person.get(path).status_code == 404
    for path in ("/certificates", "/projects", "/certificates.csv"):
        assert scene.number not in person.get(path).text
    answer = person.post(f"/certificates/{scene.number}/adjust", {"case_id": str(uuid7())})
    assert answer.status_code == 404


def test_the_past_is_asked_for_by_day_and_a_wrong_day_is_said_beside_the_field(scene: Scene) -> None:
    officer = scene.house.person("mot.cua")
    assert scene.number not in officer.get("/certificates?on=01/01/2020").text
    assert scene.number not in officer.get("/certificates?known=01/01/2020").text
    wrong = officer.get("/certificates?on=31/02/2026")
    assert wrong.status_code == 422
    assert 'value="31/02/2026"' in wrong.text


def test_an_export_holds_the_rows_and_no_formula(scene: Scene) -> None:
    answer = scene.house.person("mot.cua").get("/certificates.csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row[0] for row in rows[1:]] == [scene.number]
    assert rows[1][2] == "9900000001"


def test_adjusting_begins_on_the_certificate_and_shows_what_changes(scene: Scene) -> None:
    person, case_id = scene.house.person("nop.hoso"), uuid7()
    begun = person.get("/dossiers/new?procedure=IRC_ADJUST")
    assert begun.headers["location"] == "/certificates"
    answer = person.post(f"/certificates/{scene.number}/adjust", {"case_id": str(case_id)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/dossiers/{case_id}")
    again = person.post(f"/certificates/{scene.number}/adjust", {"case_id": str(uuid7())})
    assert again.status_code == 409
    first = person.get(f"/dossiers/{case_id}/form/adjustment")
    assert scene.number in first.text
    assert 'name="certificate_number"' not in first.text, "what comes with the dossier is shown, not asked"
    with scene.walk.session("filer") as session:
        scene.walk.desk.save(
            session,
            case_id=case_id,
            changed={"term_years": 60},
            actor=scene.walk.actor("filer"),
            now=scene.walk.now,
        )
    page = person.get(f"/dossiers/{case_id}").text
    assert '<del class="before">50' in page
    assert '<ins class="after">60' in page
    assert person.get(f"/dossiers/{case_id}/form.pdf?lang=en").content.startswith(b"%PDF-")
    assert str(case_id) in person.get(f"/certificates/{scene.number}").text
