"""The simulated platform: what it sends is taken by the real door, and leads to every kind of answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.db.cluster import PrivateCluster
from simulators.commerce.__main__ import Shop
from tests.conftest import clone
from tests.faults.people import House, house_on
from tests.web.programs import Program, registered


class Through:
    """Sends through the program of a test; can be told that nobody answers."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.silent = False
        self.outcomes: list[str] = []

    def send(self, kind: str, rows: list[dict[str, Any]], *, key: str = "") -> dict[str, Any]:
        if self.silent:
            raise OSError("nobody answers")
        answer = self.program.post(f"/parcels/{kind}", json={"rows": rows})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        self.outcomes += [each["outcome"] for each in found["rows"]]
        return found


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield house


def test_what_it_sends_is_taken_and_some_of_it_differs(house: House) -> None:
    program = registered(house.person("nop.hoso"), scopes=("parcels.read", "parcels.write")).enter()
    through = Through(program)
    shop = Shop(through, run="DHT", clock=lambda: 1_795_000_000.0)  # type: ignore[arg-type]
    through.silent = True
    with pytest.raises(OSError, match="nobody"):
        shop.turn(80)
    through.silent = False
    for _ in range(8):
        shop.turn(0)
    assert set(through.outcomes) == {"TAKEN", "KNOWN", "CHANGED"}, (
        "some come twice, some with another content"
    )
    found = []
    for number in range(1, 81):
        found += program.get("/parcels", params={"order_id": f"DHT-{number:06d}"}).json()["items"]
    assert len(found) == 80
    states = [each["state"] for each in found]
    assert states.count("MATCHED") > 40
    assert {"MISMATCH", "RETURNED"} <= set(states)
