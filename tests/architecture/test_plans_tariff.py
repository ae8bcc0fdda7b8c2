"""In a full schedule of several years, rates and goods are found by their indexes, under the application's roles."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import psycopg
import pytest
from sqlalchemy.orm import Session

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.customs.tariff import facade as tariff
from app.customs.tariff import queries
from app.customs.tariff.domain.shipment import Direction, Shipment, ShipmentLine
from tests.architecture.plans import plan_faults
from tests.conftest import TEST_LOGINS, clone

DAY = date(2026, 5, 4)
CONTEXTS = (SessionContext(DbRole.OFFICER), SessionContext(DbRole.TENANT, ()))
BIG = {"tariff_measure", "tariff_heading"}
faults = partial(plan_faults, big=BIG, most=3_000)

# Five thousand lines with ten rates, each of five years.
_FILL = """
insert into tariff_measure (id, hs8, subline10, kind, scheme, geo, variant, valid, recorded, expr, conditions, status)
select gen_random_uuid(), (10000000 + n)::text, '', 'PREFERENCE', 'S' || c, 'S' || c, '',
       daterange(make_date(2022 + y, 1, 1), make_date(2023 + y, 1, 1)), tstzrange('2026-01-01', null),
       '{"op": "pct", "rate": "5"}', '{}', 'ASSUMED'
  from generate_series(0, 4999) n, generate_series(1, 10) c, generate_series(0, 4) y;
insert into tariff_heading (id, code, title, unit, folded, valid, recorded, status)
select gen_random_uuid(), (10000000 + n)::text, '{"vi": "x", "en": "x"}', 'KGM',
       ' ' || (10000000 + n) || ' ' || md5(n::text) || ' ' || md5((n * 7)::text), '[2022-01-01,)',
       tstzrange('2026-01-01', null), 'ASSUMED'
  from generate_series(0, 49999) n
"""


@pytest.fixture(scope="module")
def full(cluster: PrivateCluster, ready_template: str) -> Iterator[Database]:
    with clone(cluster, ready_template) as target:
        with psycopg.connect(cluster.boot_conninfo(target.name), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            for statement in _FILL.split(";"):
                connection.execute(statement)  # type: ignore[call-overload]
            connection.execute("vacuum analyze")
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        yield database
        database.close()


def _shipment() -> Shipment:
    lines = tuple(
        ShipmentLine(n, str(10_000_000 + 97 * n), Decimal(100), "CN", "S3", "x") for n in range(1, 51)
    )
    return Shipment(Direction.IMPORT, DAY, "USD", "CIF", lines)


ASKED: dict[str, Callable[[Session], object]] = {
    "the rates of a line": lambda session: queries.measure_lines(session, "10004321", DAY),
    "fifty lines": lambda session: tariff.assess(session, _shipment()),
    "fifty lines as known then": lambda session: tariff.assess(
        session, _shipment(), known_at=datetime(2026, 3, 1, tzinfo=UTC)
    ),
    "all options of fifty lines": lambda session: tariff.options(session, _shipment()),
    "a code": lambda session: queries.heading(session, "10004321", DAY),
    "codes by digits": lambda session: queries.search_headings(session, "1000432", DAY),
    "codes by words": lambda session: queries.search_headings(session, "e4da3b7f d645920", DAY),
    "the chapter": lambda session: queries.lineage(session, "10004321", DAY),
}


@pytest.mark.timeout(240)
def test_the_schedule_is_never_read_whole(full: Database) -> None:
    wrong = {
        (name, context.role.value): found
        for name, ask in ASKED.items()
        for context in CONTEXTS
        if (found := faults(full, context, ask))
    }
    assert wrong == {}


def test_a_look_up_without_an_index_would_be_noticed(full: Database) -> None:
    def ask(session: Session) -> None:
        session.connection().exec_driver_sql("select id from tariff_measure where annex = 'x'").all()

    assert faults(full, CONTEXTS[0], ask) != []
