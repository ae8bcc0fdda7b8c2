"""Houses of one's own: what is broken here must break for nobody else."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.core.db.cluster import PrivateCluster
from tests.conftest import clone
from tests.faults.people import House, house_on


@pytest.fixture
def open_house(
    cluster: PrivateCluster, ready_template: str, test_var: Path
) -> Iterator[Callable[..., House]]:
    """Start the application on a fresh database, with the settings that are given."""
    with ExitStack() as stack:

        def start(**values: object) -> House:
            target = stack.enter_context(clone(cluster, ready_template))
            return stack.enter_context(house_on(target, test_var, **values))

        yield start


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    """The application as it is shipped."""
    return open_house()


@pytest.fixture
def superuser(house: House, cluster: PrivateCluster) -> str:
    """Address of the house's database for who breaks things in it."""
    return cluster.boot_conninfo(house.database.target.name)
