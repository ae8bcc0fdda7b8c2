"""A zone with declarations for pages and services, and the simulated authority with a firm that declares to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.modules import Platform
from tests.conftest import NOW, TEST_LOGINS, clone
from tests.customs.declarations.customs import customs
from tests.customs.declarations.exchange import Exchange
from tests.customs.declarations.firms import FILER, OFFICER, OTHER, Firms
from tests.faults.people import House, Person, house_on


@pytest.fixture(scope="module")
def firms(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[Firms]:
    """People of the demo zone on a database of the module's own."""
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield Firms(database, platform, NOW)
        database.close()


@dataclass(frozen=True)
class Zone:
    """The running application, people at their browsers, and what the platform does behind them."""

    house: House
    firms: Firms
    filer: Person
    other: Person
    officer: Person


@pytest.fixture(scope="module")
def zone(cluster: PrivateCluster, ready_template: str, test_var: Path, platform: Platform) -> Iterator[Zone]:
    """The application on a database of the module's own."""
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        people = [house.person(each) for each in (FILER, OTHER, OFFICER)]
        yield Zone(house, Firms(database, platform, datetime.now(UTC)), *people)
        database.close()


@pytest.fixture(scope="module")
def exchanged(cluster: PrivateCluster, ready_template: str) -> Iterator[Database]:
    """A database ready for work, for all tests of a module."""
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield database
        database.close()


@pytest.fixture
def exchange(exchanged: Database, platform: Platform, tmp_path: Path) -> Iterator[Exchange]:
    """A new firm and a new authority, which acts at once and draws the green channel."""
    with customs(tmp_path) as authority:
        authority.office.change({"channel": "GREEN"})
        yield Exchange(exchanged, platform, authority)
