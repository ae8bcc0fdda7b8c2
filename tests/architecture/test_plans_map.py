"""At a hundred thousand places the map is asked by its indexes, under the roles of the application."""

from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest
from sqlalchemy.orm import Session

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.geo import parse_place
from app.core.kit.ids import uuid7
from app.investment.spatial import queries as spatial
from app.registry import facade as registry
from tests.architecture.plans import plan_faults
from tests.conftest import TEST_LOGINS, clone

PLACES = 100_000
BIG = {"registry_area", "registry_project_place", "investment_spatial_check"}
MOST_ROWS = 3_000
FIELD = parse_place("20.7950 106.8080\n20.7964 106.8080\n20.7964 106.8094\n20.7950 106.8094")
# Squares of forty metres, a hundred apart, over thirty kilometres.
_SQUARE = "st_makeenvelope({east}, {north}, {east} + 40, {north} + 40, 9210)"
_HERE = _SQUARE.format(east="(590000 + n % 316 * 100)", north="(2275000 + n / 316 * 100)")
_FILL = """
insert into registry_project_place (project_id, recorded_at, geometry)
select gen_random_uuid(), now(), {here} from generate_series(1, {places}) n;
insert into registry_area (id, map_id, site_id, code, name, function, geometry)
select gen_random_uuid(), s.map_id, s.id, 'X' || n, '{{}}', 'OTHER', {here}
  from generate_series(1, {places}) n, (select * from registry_site where code = 'S2') s;
insert into investment_spatial_check
       (id, case_id, party_id, reason, at, map_hash, inputs, findings, digest, geometry)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'SUBMIT', now(), '', '{{}}', '[]', '', {here}
  from generate_series(1, {places}) n
"""


@pytest.fixture(scope="module")
def crowded(cluster: PrivateCluster, ready_template: str) -> Iterator[Database]:
    """A zone with a hundred thousand places, areas and checks."""
    with clone(cluster, ready_template) as target:
        with psycopg.connect(cluster.boot_conninfo(target.name), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            for statement in _FILL.format(here=_HERE, places=PLACES).split(";"):
                connection.execute(statement)  # type: ignore[call-overload]
            connection.execute("vacuum analyze")
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        yield database
        database.close()


faults = partial(plan_faults, big=BIG, most=MOST_ROWS)

TENANT = SessionContext(DbRole.TENANT, (uuid7(),))
OFFICER = SessionContext(DbRole.OFFICER)


@pytest.mark.parametrize("context", [TENANT, OFFICER], ids=["tenant", "officer"])
@pytest.mark.parametrize(
    "ask",
    [lambda session: registry.position(session, FIELD), lambda session: registry.areas_at(session, FIELD),
     lambda session: spatial.checks_of(session, uuid7())],
    ids=["position", "areas_at", "checks_of"],
)  # fmt: skip
def test_the_map_is_asked_by_index(
    crowded: Database, context: SessionContext, ask: Callable[[Session], object]
) -> None:
    assert faults(crowded, context, ask) == []


def test_an_officer_counts_other_dossiers_by_index(crowded: Database) -> None:
    def ask(session: Session) -> None:
        spatial.others_in_progress(session, case_id=uuid7(), place=FIELD)

    assert faults(crowded, OFFICER, ask) == []


def test_a_whole_scan_would_be_noticed(crowded: Database) -> None:
    def ask(session: Session) -> None:
        session.connection().exec_driver_sql(
            "select count(*) from registry_area where left(code, 1) = 'Y'"
        ).scalar_one()

    assert faults(crowded, OFFICER, ask) != []
