"""Installing and upgrading the queue's schema."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, create_engine, text

from app.core.db import Database
from app.core.jobs import apply_schema
from app.core.jobs.schema import UnknownJobsSchema

FUNCTIONS = text(
    r"""
    select proname, pg_get_function_identity_arguments(oid), prosrc, prosecdef, proacl::text from pg_proc
     where proname like 'procrastinate\_%' or proname = 'jobs_retry_failed' order by 1, 2
    """
)
COLUMNS = text(
    r"""
    select table_name, column_name, data_type, is_nullable from information_schema.columns
     where table_name like 'procrastinate\_%' order by 1, 2
    """
)


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    engine = create_engine(database.target.url("ftz_owner"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def shape(owner: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for query in (FUNCTIONS, COLUMNS) for row in owner.execute(query)]


def drop(owner: Connection) -> None:
    names = owner.scalars(
        text(
            r"""
            select format('drop table %I cascade', relname) from pg_class
             where relkind = 'r' and relname like 'procrastinate\_%'
            union all
            select format('drop function if exists %s cascade', oid::regprocedure) from pg_proc
             where proname like 'procrastinate\_%' or proname = 'jobs_retry_failed'
            union all
            select format('drop type if exists %I cascade', typname) from pg_type
             where (typtype = 'e' or typname like '%to_defer%') and typname like 'procrastinate\_%'
            """
        )
    ).all()
    for statement in names:
        owner.execute(text(statement))
    owner.execute(text("delete from jobs_schema"))
    owner.commit()


def test_again_changes_nothing(owner: Connection) -> None:
    before = shape(owner)
    owner.rollback()

    assert apply_schema(owner) == version("procrastinate")
    assert shape(owner) == before


def test_upgrades_an_older_schema_by_the_packaged_scripts(owner: Connection) -> None:
    fresh = shape(owner)
    owner.rollback()
    drop(owner)
    raw = owner.connection.driver_connection
    assert raw is not None
    for script in sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")):
        if script.name < "03.02":
            raw.execute(script.read_text())
            raw.commit()
    owner.execute(text("insert into jobs_schema (version, script) values ('3.1.0', 'schema.sql')"))
    owner.commit()

    apply_schema(owner)

    upgraded = shape(owner)
    missing = {row[:3] for row in fresh} - {row[:3] for row in upgraded}
    assert not missing
    steps = owner.scalars(text("select script from jobs_schema where version like '3.4%'")).all()
    assert len(steps) == 2
    last = owner.execute(text("select version from jobs_schema where script = ''")).scalars().all()
    assert last == [version("procrastinate")]


def test_refuses_tables_of_unknown_version(owner: Connection) -> None:
    owner.execute(text("delete from jobs_schema"))
    owner.commit()

    with pytest.raises(UnknownJobsSchema, match="jobs_schema"):
        apply_schema(owner)


def test_only_deferring_runs_with_the_rights_of_the_owner(owner: Connection) -> None:
    rows = owner.execute(
        text(r"select proname from pg_proc where prosecdef and proname like 'procrastinate\_%'")
    )
    assert {row.proname for row in rows} == {"procrastinate_defer_jobs_v1"}
    public = owner.execute(
        text(
            r"""
            select proname from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) acl
             where acl.grantee = 0 and (proname like 'procrastinate\_%' or proname = 'jobs_retry_failed')
            """
        )
    ).all()
    assert public == []
