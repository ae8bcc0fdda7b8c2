"""Pages on which something is typed about a dossier hear when it moves on meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from app.core.db.cluster import PrivateCluster
from tests.conftest import clone
from tests.faults.people import House, draft, house_on
from tests.faults.procedure import PROBE


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        yield running


def test_the_page_of_a_section_watches_its_dossier(house: House) -> None:
    person = house.person("hoshi")
    case_id = draft(person, "hoshi")
    page = BeautifulSoup(person.get(f"/dossiers/{case_id}/form/{PROBE.sections[0].code}").text, "html.parser")
    watch = page.select_one("main #case-changed")
    assert watch is not None
    asks = str(watch["hx-get"])
    assert f"poke:case:{case_id} from:body" in str(watch["hx-trigger"])
    assert person.get(asks).status_code == 204, "nothing has moved yet"
    moved = person.get(asks.replace("revision=1", "revision=0"))
    assert f"/dossiers/{case_id}" in moved.text
