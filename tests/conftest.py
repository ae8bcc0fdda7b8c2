"""Databases for tests: a private cluster, migrated templates, and sessions under the product's own roles.

``officer_session`` and its sisters run in a transaction that is rolled back. ``database`` is a clone with real
commits, for whatever concerns commit, row-level security, jobs or deferred constraints. ``ready`` is such a clone with
law, procedures, offices and the demo accounts.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from app.cli.demo import seed_demo
from app.cli.setup import migrate_schema, opened, prepare_data
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.db.session import ContextSession
from app.core.kit.ids import uuid7
from app.core.settings import ROOT, DatabaseTarget, Settings
from app.modules import Platform, compose

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

# One login for each role, those of the web and the worker together.
TEST_LOGINS = {
    DbRole.TENANT: "ftz_web_tenant",
    DbRole.OFFICER: "ftz_web_officer",
    DbRole.AUTH: "ftz_web_auth",
    DbRole.WORKER: "ftz_work",
}

# Neither deadlines nor slow data: both measure the machine, and on a busy one a good test fails once and never again.
hypothesis_settings.register_profile(
    "suite", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suite")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """
    Mark what needs a database, before tests are chosen; let tests with a browser come last, after they are shuffled.

    A browser, once started, keeps an event loop in the thread of the tests.
    """
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("database")
    yield
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def test_var() -> Path:
    """Directory of the test cluster; kept between runs, since making it takes longer than most tests."""
    return Path(os.environ.get("FTZ_TEST_VAR", ROOT / "var" / "test"))


@pytest.fixture(scope="session")
def cluster(test_var: Path) -> Iterator[PrivateCluster]:
    """A running private cluster without fsync; all workers of a run share it."""
    test_var.mkdir(parents=True, exist_ok=True)
    with PrivateCluster(test_var, fsync=False, connections=300) as running:
        yield running


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fingerprint() -> str:
    """Return what decides whether a template of an earlier run still serves."""
    digest = hashlib.sha256()
    files = [
        ROOT / "requirements-dev.lock",
        *(ROOT / "migrations").rglob("*.py"),
        *(ROOT / "app").rglob("*.yaml"),
        *(ROOT / "app").rglob("*.geojson"),
    ]
    for path in sorted(
        [*files, ROOT / "app/cli/setup.py", ROOT / "app/cli/demo.py", *(ROOT / "app").rglob("models.py")]
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@pytest.fixture(scope="session")
def bare_template(cluster: PrivateCluster, test_var: Path) -> str:
    """Name of a database with all tables and no rows."""
    name = f"bare_{_fingerprint()}"
    with _locked(test_var / "templates.lock"):
        done = test_var / f"{name}.done"
        if not done.exists():
            cluster.drop_database(name)
            migrate_schema(cluster.create_database(name))
            done.touch()
    return name


@pytest.fixture(scope="session")
def ready_template(cluster: PrivateCluster, test_var: Path, bare_template: str) -> str:
    """Name of a database with law, procedures, offices and demo accounts."""
    name = f"ready_{_fingerprint()}"
    with _locked(test_var / "templates.lock"):
        done = test_var / f"{name}.done"
        if not done.exists():
            cluster.drop_database(name)
            settings = settings_for(cluster.create_database(name, template=bare_template), test_var)
            platform = compose(settings)
            with opened(settings) as database:
                prepare_data(database, platform, lambda _: None, now=NOW)
                seed_demo(database, platform, lambda _: None, now=NOW)
            done.touch()
    return name


class TestSettings(Settings):
    """Settings whose database is a given one."""

    __test__ = False

    @property
    def database(self) -> DatabaseTarget:  # type: ignore[override]
        """Return the database of the test."""
        return self.__dict__["_target"]


def settings_for(target: DatabaseTarget, var: Path, **values: object) -> Settings:
    """Return settings of an installation on a database of the test cluster."""
    settings = TestSettings(var=var, **{"env": "development", "threads": 8, **values})
    settings.__dict__["_target"] = target
    return settings


@contextmanager
def clone(cluster: PrivateCluster, template: str) -> Iterator[DatabaseTarget]:
    """Have a copy of a template for the length of a block."""
    name = f"t_{secrets.token_hex(6)}"
    yield cluster.create_database(name, template=template)
    cluster.drop_database(name)


@pytest.fixture
def database(cluster: PrivateCluster, bare_template: str) -> Iterator[Database]:
    """A migrated database without rows, with real commits."""
    with clone(cluster, bare_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield database
        database.close()


@pytest.fixture
def ready_target(cluster: PrivateCluster, ready_template: str) -> Iterator[DatabaseTarget]:
    """A database ready for work, with real commits."""
    with clone(cluster, ready_template) as target:
        yield target


@pytest.fixture
def ready(ready_target: DatabaseTarget) -> Iterator[Database]:
    """Pools on a database that is ready for work."""
    database = Database(ready_target, logins=TEST_LOGINS, pool_size=4)
    yield database
    database.close()


@pytest.fixture(scope="session")
def platform(test_var: Path, ready_template: str, cluster: PrivateCluster) -> Platform:
    """The composed platform; its keys and files lie in the test directory."""
    return compose(settings_for(cluster.ensure(), test_var))


@pytest.fixture(scope="session")
def shared_bare(cluster: PrivateCluster, bare_template: str) -> Iterator[Database]:
    """One clone for all tests that roll back."""
    with clone(cluster, bare_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield database
        database.close()


def _rolled_back(database: Database, context: SessionContext) -> Iterator[ContextSession]:
    engine = database.engine(TEST_LOGINS[context.role])
    connection = engine.connect()
    transaction = connection.begin()
    session = ContextSession(
        bind=connection,
        join_transaction_mode="create_savepoint",
        expire_on_commit=False,
        info={"context": context},
    )
    yield session
    session.close()
    transaction.rollback()
    connection.close()


@pytest.fixture
def officer_session(shared_bare: Database) -> Iterator[ContextSession]:
    """A session as officer, rolled back."""
    yield from _rolled_back(shared_bare, SessionContext(DbRole.OFFICER))


@pytest.fixture
def tenant_session(shared_bare: Database) -> Iterator[ContextSession]:
    """A session of a tenant with one party, rolled back."""
    yield from _rolled_back(shared_bare, SessionContext(DbRole.TENANT, (uuid7(),)))


@pytest.fixture
def worker_session(shared_bare: Database) -> Iterator[ContextSession]:
    """A session of the worker, rolled back."""
    yield from _rolled_back(shared_bare, SessionContext(DbRole.WORKER))


@pytest.fixture
def auth_session(shared_bare: Database) -> Iterator[ContextSession]:
    """A session of the identity service, rolled back."""
    yield from _rolled_back(shared_bare, SessionContext(DbRole.AUTH))
