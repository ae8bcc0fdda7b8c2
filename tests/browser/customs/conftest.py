"""The platform and everybody outside whom it talks to; each file of tests has its own, whatever the others did."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli.demo_declarations import seed_declarations
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.modules import Platform
from tests.browser.conftest import Site
from tests.browser.customs.house import House, customs_house
from tests.conftest import TEST_LOGINS, clone


@pytest.fixture(scope="module")
def house(
    cluster: PrivateCluster, ready_template: str, platform: Platform, test_var: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:  # fmt: skip
    """The platform on a database of its own, with worker, authority and bank as processes."""
    with (
        clone(cluster, ready_template) as target,
        customs_house(target, platform, test_var, tmp_path_factory.mktemp("customs")) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def site(house: House) -> Site:
    """The platform of these tests in place of the one that other tests share."""
    return house[0]


@pytest.fixture
def hand_in(cluster: PrivateCluster, site: Site, platform: Platform) -> Callable[[], None]:
    """Let the demo zone's people hand in what they have not handed in yet."""

    def act() -> None:
        database = Database(cluster.ensure().for_database(site.database), logins=TEST_LOGINS, pool_size=2)
        seed_declarations(database, platform, now=utcnow())
        database.close()

    return act
