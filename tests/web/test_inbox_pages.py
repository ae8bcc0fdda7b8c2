"""The inbox page: what waits for the reader first, the whole desk beside it, and the same as a table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.settings import DatabaseTarget
from tests.faults.people import House, draft, filed, house_on


@pytest.fixture
def house(ready_target: DatabaseTarget, test_var: Path) -> Iterator[House]:
    with house_on(ready_target, test_var) as running:
        yield running


def test_the_own_next_steps_come_first(house: House) -> None:
    filed(house.person("hoshi"), "hoshi", mark="Xưởng Mực")
    intake, leader = house.person("mot.cua"), house.person("lanh.dao")
    assert "Xưởng Mực" in intake.get("/inbox").text
    assert "Xưởng Mực" not in leader.get("/inbox").text
    assert "Xưởng Mực" in leader.get("/inbox?tab=open").text
    assert intake.get("/inbox?tab=nonsense").status_code == 200


def test_the_table_is_a_file_without_formulas(house: House) -> None:
    filed(house.person("hoshi"), "hoshi", mark="=1+1")
    answer = house.person("mot.cua").get("/inbox.csv?tab=open")
    assert answer.headers["content-disposition"] == 'attachment; filename="inbox-open.csv"'
    assert '"=1+1' not in answer.text
    assert answer.text.count("\r\n") == 2


@pytest.mark.parametrize("login", ["hoshi", "quan.tri"])
def test_others_have_no_inbox(house: House, login: str) -> None:
    assert house.person(login).get("/inbox").status_code == 403
    assert house.person(login).get("/inbox.csv").status_code == 403


def test_a_draft_is_its_applicants_alone(house: House) -> None:
    case_id = draft(house.person("hoshi"), "hoshi")
    assert house.person("hoshi").get(f"/dossiers/{case_id}").status_code == 200
    for path in (f"/dossiers/{case_id}", f"/api/v1/dossiers/{case_id}"):
        assert house.person("mot.cua").get(path).status_code == 404
