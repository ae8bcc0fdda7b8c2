"""An operator with its program, and the simulated customs authority behind the gateway."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.core.db.cluster import PrivateCluster
from app.core.kit.time import local_day, utcnow
from app.customs.tariff.facade import enter_demo_rates
from tests.conftest import clone
from tests.faults.people import OFFICER, House, Person, house_on
from tests.web.programs import Program, registered

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        with house.database.transaction(OFFICER) as session:
            # The made-up rates of the template may be those of last week.
            enter_demo_rates(session, now=utcnow(), today=local_day(utcnow(), ZONE))
        yield house


@pytest.fixture(scope="module")
def program(house: House) -> Program:
    return registered(house.person("nop.hoso"), scopes=("parcels.read", "parcels.write")).enter()


@pytest.fixture(scope="module")
def operator(house: House) -> Person:
    return house.person("nop.hoso")
