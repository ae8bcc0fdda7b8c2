"""What ended sessions leave behind goes every hour, by the worker."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.jobs import Run
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.settings import DatabaseTarget
from app.modules import Platform
from app.web.housekeeping import JOB, MINUTE
from tests.faults.people import house_on

OFFICER = SessionContext(DbRole.OFFICER)


@pytest.fixture
def work(ready_target: DatabaseTarget) -> Iterator[Database]:
    """The database as the worker reaches it."""
    database = Database(ready_target, logins=WORK_LOGINS, pool_size=2)
    yield database
    database.close()


def count(cluster: PrivateCluster, target: DatabaseTarget, table: str, where: str = "true") -> int:
    with psycopg.connect(cluster.boot_conninfo(target.name)) as connection:
        row = connection.execute(f"select count(*) from {table} where {where}").fetchone()  # type: ignore[arg-type]  # noqa: S608
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(("minute", "jobs"), [(MINUTE, 1), (MINUTE - 1, 0), (MINUTE + 1, 0)])
def test_it_is_planned_once_an_hour(
    platform: Platform,
    work: Database,
    ready_target: DatabaseTarget,
    cluster: PrivateCluster,
    minute: int,
    jobs: int,
) -> None:
    with work.transaction(OFFICER) as session:
        platform.jobs.scans[JOB](session, now=datetime(2026, 3, 2, 7, minute, 30, tzinfo=UTC))
    assert count(cluster, ready_target, "procrastinate_jobs", f"task_name = '{JOB}'") == jobs


def test_sessions_that_ended_a_day_ago_go(
    platform: Platform, work: Database, ready_target: DatabaseTarget, cluster: PrivateCluster, test_var: Path
) -> None:
    with house_on(ready_target, test_var) as house:
        person = house.person("nop.hoso")
        before = count(cluster, ready_target, "auth_session")
        assert before > 0

        def forget(now: datetime) -> int:
            platform.jobs.jobs[JOB].function(Run(SYSTEM, OFFICER, work, now, 1, 1))
            return count(cluster, ready_target, "auth_session")

        assert forget(utcnow() + timedelta(hours=20)) == before
        assert forget(utcnow() + timedelta(days=3)) == 0
        assert person.get("/account").status_code in {303, 401}
