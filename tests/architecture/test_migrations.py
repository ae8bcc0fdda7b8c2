"""The chain of migrations: one head, no drift from the models, up from nothing, one step down, up again."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine

from app.core.db import Base
from app.core.db.cluster import PrivateCluster
from app.core.db.migrate import alembic_config, upgrade, versions_dir
from app.core.settings import DatabaseTarget
from tests.architecture.schema import UNMAPPED
from tests.conftest import clone

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")


@pytest.fixture
def migrated(cluster: PrivateCluster, bare_template: str) -> Iterator[DatabaseTarget]:
    """A migrated database of one's own."""
    with clone(cluster, bare_template) as target:
        yield target


def test_there_is_one_head_and_one_line() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    revisions = list(script.walk_revisions())
    assert all(not isinstance(each.down_revision, tuple) for each in revisions)
    assert all(re.fullmatch("[0-9]{4}", each.revision) for each in revisions)


def test_files_are_named_by_day_number_and_deed() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    for each in script.walk_revisions():
        day, number, deed = Path(each.path).stem.split("_", 2)
        assert day.isdigit()
        assert number == each.revision
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", deed), each.path


def test_migrations_import_no_models() -> None:
    for path in versions_dir().glob("*.py"):
        assert "app." not in "\n".join(
            line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))
        ), f"{path.name}: a model changes, a migration that has run must not"


def test_the_models_say_what_the_migrations_made(migrated: DatabaseTarget) -> None:
    engine = create_engine(migrated.url("ftz_owner"))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={"include_object": _include, "compare_type": True, "target_metadata": Base.metadata},
            )
            assert compare_metadata(context, Base.metadata) == []
    finally:
        engine.dispose()


def test_one_step_down_and_up_again_changes_nothing(
    migrated: DatabaseTarget, cluster: PrivateCluster
) -> None:
    before = _shape(cluster, migrated)
    _downgrade(migrated, "-1")
    assert _shape(cluster, migrated) != before
    upgrade(migrated)
    assert _shape(cluster, migrated) == before


def test_all_the_way_down_leaves_nothing_of_ours(migrated: DatabaseTarget, cluster: PrivateCluster) -> None:
    before = _shape(cluster, migrated)
    # The first revision prepares what a server of one's own brings already; it makes no table.
    _downgrade(migrated, "0001")
    left = {
        line
        for line in _shape(cluster, migrated)
        if line.startswith(("table", "policy", "function", "trigger"))
    }
    assert left == set()
    upgrade(migrated)
    assert _shape(cluster, migrated) == before


def _include(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    if kind == "table" and name is not None and name.startswith(UNMAPPED):
        return False
    return bool(alembic_helpers.include_object(obj, name, kind, reflected, compare_to))


def _downgrade(target: DatabaseTarget, revision: str) -> None:
    engine = create_engine(target.url("ftz_owner"))
    try:
        with engine.connect() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
            connection.commit()
    finally:
        engine.dispose()


_SHAPE = """
select 'table ' || relname from pg_class c where relnamespace = 'public'::regnamespace
   and relkind in ('r', 'p', 'v', 'S')
   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('e', 'a', 'i'))
union all
select 'column ' || table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable || ' ' ||
       coalesce(column_default, '') from information_schema.columns where table_schema = 'public'
union all
select 'index ' || indexdef from pg_indexes where schemaname = 'public'
union all
select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
 where connamespace = 'public'::regnamespace
union all
select 'policy ' || tablename || ' ' || policyname || ' ' || roles::text || ' ' || coalesce(qual, '') from pg_policies
 where schemaname = 'public'
union all
select 'grant ' || table_name || ' ' || grantee || ' ' || privilege_type || ' ' || column_name
  from information_schema.role_column_grants where table_schema = 'public'
union all
select 'function ' || p.oid::regprocedure || ' ' || md5(prosrc) || ' ' || prosecdef || ' ' || coalesce(proacl::text, '')
  from pg_proc p where pronamespace = 'public'::regnamespace
   and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all
select 'trigger ' || tgrelid::regclass || ' ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
"""


def _shape(cluster: PrivateCluster, target: DatabaseTarget) -> set[str]:
    """Return everything that a migration can make, one line each; what extensions and the queue own is left out."""
    with psycopg.connect(cluster.boot_conninfo(target.name)) as connection:
        lines = {row[0] for row in connection.execute(_SHAPE)}
    return {line for line in lines if not _foreign(line)}


def _foreign(line: str) -> bool:
    return any(
        name in line
        for name in (
            "procrastinate",
            "jobs_schema",
            "jobs_retry_failed",
            "alembic_version",
            "spatial_ref_sys",
        )
    )
