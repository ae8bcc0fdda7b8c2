"""What an applicant has is reached to the last dossier."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.db.cluster import PrivateCluster
from app.core.workflow import inbox
from tests.conftest import clone
from tests.faults.people import House, draft, house_on

ROW = re.compile(r'data-head><a href="/dossiers/([0-9a-f-]{36})"')
NEXT = re.compile(r'rel="next" href="([^"]+)"')


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


def test_older_dossiers_stand_on_the_next_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    person = house.person("nop.hoso")
    made = {str(draft(person, "nop.hoso")) for _ in range(3)}
    monkeypatch.setattr(inbox, "PAGE_SIZE", 2)
    first = person.get("/my").text
    assert len(ROW.findall(first)) == 2
    following = NEXT.search(first)
    assert following
    second = person.get(following[1].replace("&amp;", "&")).text
    assert len(ROW.findall(second)) == 1
    assert NEXT.search(second) is None
    assert {*ROW.findall(first), *ROW.findall(second)} == made


def test_what_is_no_dossier_is_no_place_to_go_on_from(house: House) -> None:
    assert house.person("nop.hoso").get("/my?after=x").status_code == 404
