"""The figures of the start page follow every change of a dossier, also when many change at once."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from app.core.db.cluster import PrivateCluster
from app.core.settings import DatabaseTarget

ADD = """
insert into workflow_tracking (code, version_id, state, accepted_at, decided_at, updated_at)
select %s, id, 'X', case when %s then now() end, case when %s then now() end, now()
  from workflow_procedure_version limit 1
"""


@pytest.fixture
def conninfo(cluster: PrivateCluster, ready_target: DatabaseTarget) -> str:
    return cluster.boot_conninfo(ready_target.name)


def tally(conninfo: str) -> tuple[int, int]:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "select sum(received)::int, sum(decided)::int from workflow_tally"
        ).fetchone()
    assert row is not None
    return row


def test_each_change_counts_once(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        for code, received, decided in (("A", False, False), ("B", True, False), ("C", True, True)):
            connection.execute(ADD, [code, received, decided])
    assert tally(conninfo) == (2, 1)
    with psycopg.connect(conninfo) as connection:
        connection.execute("update workflow_tracking set accepted_at = now() where code = 'A'")
        connection.execute(
            "update workflow_tracking set accepted_at = accepted_at + interval '1 s' where code = 'B'"
        )
        connection.execute("delete from workflow_tracking where code = 'C'")
    assert tally(conninfo) == (2, 0)


def test_what_is_rolled_back_does_not_count(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(ADD, ["A", True, True])
        connection.rollback()
    assert tally(conninfo) == (0, 0)


def test_many_at_once(conninfo: str) -> None:
    def add(number: int) -> None:
        with psycopg.connect(conninfo) as connection:
            connection.execute(ADD, [f"N{number}", True, number % 2 == 0])

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(add, range(40)))
    assert tally(conninfo) == (40, 20)
