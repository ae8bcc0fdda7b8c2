"""At a hundred thousand rows customs' pages read by their indexes, under the roles of the application."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.orm import Session

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.customs.declarations.queries import exchange, listing, reading
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.queries.listing import Wanted
from app.customs.declarations.service import clocks
from app.customs.parcels.queries import lists as parcel_lists
from tests.architecture.plans import plan_faults
from tests.conftest import TEST_LOGINS, clone

ROWS, FIRMS = 100_000, 500
NOW = datetime(2027, 6, 1, 3, 0, tzinfo=UTC)
FIRM, OPERATOR = UUID(int=7), UUID(int=8)
ONE = UUID(int=ROWS // 2)
OFFICER, WORKER = SessionContext(DbRole.OFFICER), SessionContext(DbRole.WORKER)
TENANT = SessionContext(DbRole.TENANT, (FIRM,))
BIG = {
    "customs_declaration", "customs_revision", "customs_line", "customs_assessment", "customs_clock", "parcels_parcel",
    "parcels_order",
}  # fmt: skip
faults = partial(plan_faults, big=BIG, most=3_000)

_KEY = "lpad(to_hex(n), 32, '0')::uuid"
_PARTY = f"lpad(to_hex(n % {FIRMS}), 32, '0')::uuid"
_AT = "('2026-06-01T02:00Z'::timestamptz + n * interval '5 minutes')"
_FILL = f"""
insert into auth_party (id, kind, name, created_at)
select {_KEY}, 'ENTERPRISE', 'X ' || n, now() from generate_series(0, {FIRMS - 1}) n;
insert into customs_declaration (id, party_id, code, direction, movement, type_code, origin, state, head,
       official_number, channel, registered_at, cleared_at, summary, line_count, own_reference, folded, created_at,
       updated_at, version)
select {_KEY}, {_PARTY}, 'TK' || n, 'IMPORT', 'ABROAD_TO_ZONE', 'A12', 'OURS', 'CLEARED', 0,
       (100000000000 + n)::text, 'GREEN', {_AT}, {_AT}, 'Thép tấm', 1, 'PO-' || n,
       ' tk' || n || ' ' || 100000000000 + n || ' po ' || n || ' rieng' || n || ' thep tam', {_AT}, {_AT}, 1
  from generate_series(1, {ROWS}) n;
insert into customs_revision (id, party_id, declaration_id, number, kind, state, header, created_at)
select {_KEY}, {_PARTY}, {_KEY}, 0, 'FIRST', 'ACCEPTED', '{{}}', {_AT} from generate_series(1, {ROWS}) n;
insert into customs_line (id, party_id, revision_id, number)
select {_KEY}, {_PARTY}, {_KEY}, 1 from generate_series(1, {ROWS}) n;
insert into customs_assessment (id, party_id, revision_id, kind, content, total, computed_at)
select {_KEY}, {_PARTY}, {_KEY}, 'PRECALCULATED', '{{}}', 0, {_AT} from generate_series(1, {ROWS}) n;
insert into customs_clock (id, party_id, declaration_id, kind, whose, law, started_at, due_at, met_at)
select {_KEY}, {_PARTY}, {_KEY}, 'PAPERS_CHECK', 'AUTHORITY', '{{}}', {_AT}, {_AT}, {_AT}
  from generate_series(1, {ROWS}) n;
insert into parcels_parcel (id, party_id, order_no, state, reasons, day, flight, listed, returned, first_at, judged_at)
select {_KEY}, '{OPERATOR}', 'O' || n, 'MATCHED', '[]', '2026-01-01'::date + n % 300, 'XX' || n % 300, false, 0, {_AT},
       {_AT} from generate_series(1, {ROWS}) n
"""  # noqa: S608  constants of this file


@pytest.fixture(scope="module")
def full(cluster: PrivateCluster, ready_template: str) -> Iterator[Database]:
    """A zone with a hundred thousand declarations and parcels."""
    with clone(cluster, ready_template) as target:
        with psycopg.connect(cluster.boot_conninfo(target.name), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            for statement in _FILL.split(";"):
                connection.execute(statement)  # type: ignore[call-overload]
            connection.execute("vacuum analyze")
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        yield database
        database.close()


def found(**wanted: object) -> Callable[[Session], object]:
    """Return the asking for a page of the list."""
    return lambda session: listing.declarations(session, Wanted(**wanted))  # type: ignore[arg-type]


LATER = (datetime(2026, 12, 1, tzinfo=UTC), ONE)
BOTH: dict[str, Callable[[Session], object]] = {
    "the first page": found(),
    "a later page": lambda session: listing.declarations(session, Wanted(), after=LATER),
    "a state": found(state="CLEARED"),
    "a state that none has": found(state="QUEUED"),
    "a firm": found(party=FIRM),
    "a rare word": found(query="rieng7507"),
    "a word that is everywhere": found(query="thép"),
    "a rare and a common one": found(query="thép rieng7507"),
    "a word that is nowhere": found(query="giấy"),
    "an official number": found(query="1000 0000 7507"),
    "its lines": lambda session: texts_of(session, ONE),
    "its assessment": lambda session: reading.assessment(session, ONE, "PRECALCULATED"),
    "its clocks": lambda session: exchange.clocks_of(session, ONE),
}
PARCELS: dict[str, Callable[[Session], object]] = {
    "flights of a day": lambda session: parcel_lists.flights(session, (OPERATOR,), date(2026, 3, 1)),
}
BEHIND: dict[str, Callable[[Session], object]] = {
    "whether anything waits": exchange.is_waiting_for_customs,
    "clocks that ran out": lambda session: clocks.overdue(session, now=NOW),
}


@pytest.mark.timeout(240)
def test_customs_reads_no_big_table_whole(full: Database) -> None:
    """One test for all, since the zone is filled once for them."""
    operator = SessionContext(DbRole.TENANT, (OPERATOR,))
    asked = [
        (BOTH, (OFFICER, TENANT)), (PARCELS, (OFFICER, operator)), (BEHIND, (WORKER,)),
    ]  # fmt: skip
    wrong = {
        (name, context.role.value): said
        for each, contexts in asked
        for name, ask in each.items()
        for context in contexts
        if (said := faults(full, context, ask))
    }
    assert wrong == {}


def test_the_lists_find_something(full: Database) -> None:
    for name, ask in BOTH.items():
        with full.session(OFFICER) as session:
            assert bool(ask(session)) is ("none has" not in name and "nowhere" not in name), name


def test_a_list_without_an_index_would_be_noticed(full: Database) -> None:
    def ask(session: Session) -> None:
        session.connection().exec_driver_sql(
            "select id from customs_declaration order by summary limit 51"
        ).all()

    assert faults(full, OFFICER, ask) != []
