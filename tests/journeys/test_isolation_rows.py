"""No row of a tenant's table is seen, changed or written by another, whichever table; and this test would notice.

The rows are made without knowing the tables: a value for each column by its type, twice, for two parties. Triggers
and checks are off while they are made, for it is the policies that are judged here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError, ProgrammingError

from app.core.db import Database, DbRole, SessionContext, Tenancy
from app.core.db.cluster import PrivateCluster
from tests.architecture.schema import mapped, read_schema
from tests.architecture.test_tables import party_column
from tests.conftest import TEST_LOGINS, clone

TABLES = sorted(mapped(Tenancy.TENANT))
SAMPLES: dict[str, Any] = {
    "bpchar": "x",
    "bool": True,
    "int2": 1,
    "int4": 1,
    "int8": 1,
    "numeric": 1,
    "float8": 1.0,
    "date": "2026-01-01",
    "timestamptz": "2026-01-01T00:00:00Z",
    "interval": "1 hour",
    "jsonb": Jsonb({}),
    "inet": "127.0.0.1",
    "daterange": "[2026-01-01,)",
    "tstzrange": "[2026-01-01,)",
    "_text": ["x"],
    "_uuid": [],
}
PERSON = UUID(int=1)
_COLUMNS = """
select column_name, udt_name from information_schema.columns
 where table_schema = 'public' and table_name = %s and is_nullable = 'NO' and is_generated = 'NEVER'
"""


@dataclass(frozen=True)
class Filled:
    """A database in which each tenant's table has one row of either party."""

    database: Database
    conninfo: str
    mine: UUID
    theirs: UUID
    columns: dict[str, str]
    readable: frozenset[str]

    def as_superuser(self, *statements: str) -> None:
        """Run statements that no login of the product may run."""
        with psycopg.connect(self.conninfo) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def filled(cluster: PrivateCluster, bare_template: str) -> Iterator[Filled]:
    with clone(cluster, bare_template) as target:
        conninfo = cluster.boot_conninfo(target.name)
        facts = read_schema(conninfo)
        columns = {table: party_column(facts[table]) for table in TABLES}
        mine, theirs = uuid4(), uuid4()
        with psycopg.connect(conninfo) as connection:
            connection.execute("set session_replication_role = replica")
            for table in TABLES:
                _drop_checks(connection, table)
                for party in (mine, theirs):
                    _insert(connection, table, columns[table], party)
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        readable = frozenset(table for table in TABLES if "SELECT" in facts[table].granted("ftz_tenant"))
        yield Filled(database, conninfo, mine, theirs, columns, readable)
        database.close()


def _drop_checks(connection: psycopg.Connection[Any], table: str) -> None:
    query = "select conname from pg_constraint where conrelid = %s::regclass and contype in ('c', 'x')"
    for (name,) in connection.execute(query, [table]).fetchall():
        connection.execute(
            sql.SQL("alter table {} drop constraint {}").format(sql.Identifier(table), sql.Identifier(name))
        )


def _insert(connection: psycopg.Connection[Any], table: str, column: str, party: UUID) -> None:
    values: dict[str, Any] = {column: party}
    # The same person on both sides: a policy that narrows by person must not stand in for the one by party.
    for name, kind in connection.execute(_COLUMNS, [table]).fetchall():
        values.setdefault(name, PERSON if name == "user_id" else _sample(kind, party))
    connection.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )


def _sample(kind: str, party: UUID) -> Any:
    """Return a value of a type; keys and texts differ between the parties, so that no key collides."""
    if kind == "uuid":
        return uuid4()
    if kind == "bytea":
        return party.bytes
    return party.hex[:8] if kind in {"text", "varchar"} else SAMPLES[kind]


def leaks(filled: Filled, table: str) -> list[str]:
    """Return every way in which a tenant reaches a row of another in a table."""
    column, found = filled.columns[table], []
    if table not in filled.readable:
        return _reaches_at_all(filled, table)
    tenant = SessionContext(DbRole.TENANT, (filled.mine,), PERSON)
    with filled.database.session(tenant) as session:
        connection = session.connection()
        seen = connection.exec_driver_sql(f"select {column} from {table}").scalars().all()  # noqa: S608  own names
        if filled.mine not in seen:
            found.append("does not see its own row")
        if filled.theirs in seen:
            found.append("sees another's row")
    for verb, statement in {
        "changes": f"update {table} set {column} = {column} where {column} = %(theirs)s",  # noqa: S608
        "deletes": f"delete from {table} where {column} = %(theirs)s",  # noqa: S608
        "takes over": f"update {table} set {column} = %(mine)s where {column} = %(theirs)s",  # noqa: S608
        "gives away": f"update {table} set {column} = %(theirs)s where {column} = %(mine)s",  # noqa: S608
        "adds to": f"insert into {table} select (jsonb_populate_record(null::{table}, to_jsonb(t)"  # noqa: S608
        f" || jsonb_build_object('{column}', %(theirs)s::uuid))).* from {table} t where {column} = %(mine)s",
    }.items():
        if _succeeds(filled, tenant, statement):
            found.append(f"{verb} another's rows")
    nobody = SessionContext(DbRole.TENANT, (), PERSON)
    with filled.database.session(nobody) as session:
        if session.connection().exec_driver_sql(f"select count(*) from {table}").scalar():  # noqa: S608
            found.append("somebody without a party sees rows")
    return found


def _reaches_at_all(filled: Filled, table: str) -> list[str]:
    """Judge a table on which tenants hold no right: it is the lack of the right that is tried."""
    context = SessionContext(DbRole.TENANT, (filled.mine, filled.theirs), PERSON)
    verbs = (f"select 1 from {table}", f"update {table} set id = id", f"delete from {table}")  # noqa: S608
    return [verb for verb in verbs if _succeeds(filled, context, verb)]


def _succeeds(filled: Filled, context: SessionContext, statement: str) -> bool:
    """Tell whether a statement touches a row; it is rolled back in any case."""
    with filled.database.session(context) as session:
        connection = session.connection()
        # Keys may collide; what counts is whether the policy let the row through to the collision.
        try:
            result = connection.exec_driver_sql(statement, {"mine": filled.mine, "theirs": filled.theirs})
        except DBAPIError as error:
            return not isinstance(error.orig, InsufficientPrivilege)
        return result.rowcount > 0


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_reaches_its_own_rows_only(table: str, filled: Filled) -> None:
    assert leaks(filled, table) == []


@pytest.mark.parametrize("table", TABLES)
def test_an_officer_sees_the_rows_of_all(table: str, filled: Filled) -> None:
    with filled.database.session(SessionContext(DbRole.OFFICER, (), PERSON)) as session:
        query = f"select {filled.columns[table]} from {table}"  # noqa: S608  own names
        assert {filled.mine, filled.theirs} <= set(session.connection().exec_driver_sql(query).scalars())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "mutation", ["using (true)", "row level security off", "no tenant policy but a public one"]
)
def test_the_leak_test_notices(mutation: str, table: str, filled: Filled) -> None:
    do, undo = {
        "using (true)": (
            f"create policy leak on {table} to ftz_tenant using (true)",
            f"drop policy leak on {table}",
        ),
        "row level security off": (
            f"alter table {table} disable row level security",
            f"alter table {table} enable row level security",
        ),
        "no tenant policy but a public one": (
            f"create policy leak on {table} to public using (true) with check (true)",
            f"drop policy leak on {table}",
        ),
    }[mutation]
    if table not in filled.readable:
        do = f"{do}; grant select on {table} to ftz_tenant"
        undo = f"{undo}; revoke select on {table} from ftz_tenant"  # noqa: S608  own names
    filled.as_superuser(do)
    try:
        assert leaks(filled, table) != []
    finally:
        filled.as_superuser(undo)
    assert leaks(filled, table) == []


def test_a_tenant_cannot_become_an_officer(filled: Filled) -> None:
    for role in ("ftz_officer", "ftz_auth", "ftz_worker", "ftz_owner"):
        assert not _takes(filled, DbRole.TENANT, role)


def test_an_officer_cannot_become_auth(filled: Filled) -> None:
    for role in ("ftz_tenant", "ftz_auth", "ftz_worker", "ftz_owner"):
        assert not _takes(filled, DbRole.OFFICER, role)


def test_a_widened_setting_is_gone_with_the_transaction(filled: Filled) -> None:
    context = SessionContext(DbRole.TENANT, (filled.mine,), PERSON)
    with filled.database.session(context) as session:
        session.connection().exec_driver_sql(
            "select set_config('ftz.parties', %s, true)", ("{" + str(filled.theirs) + "}",)
        )
    for _ in range(4):  # every connection of the pool
        with filled.database.session(context) as session:
            parties = (
                session.connection().exec_driver_sql("select current_setting('ftz.parties')").scalar_one()
            )
            assert parties == "{" + str(filled.mine) + "}"
    with filled.database.engine("ftz_web_tenant").connect() as bare:
        assert (
            bare.exec_driver_sql("select coalesce(current_setting('ftz.parties', true), '')").scalar_one()
            == ""
        )
        with pytest.raises(ProgrammingError, match="permission denied"):
            bare.exec_driver_sql("select count(*) from workflow_case")


def _takes(filled: Filled, role: DbRole, wanted: str) -> bool:
    with filled.database.session(SessionContext(role, (filled.mine,))) as session:
        try:
            session.connection().exec_driver_sql(f"set local role {wanted}")
        except ProgrammingError as error:
            return not isinstance(error.orig, InsufficientPrivilege)
    return True
