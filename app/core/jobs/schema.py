"""
The schema of the job queue. It belongs to procrastinate, so it is installed and upgraded by its own scripts.

Run as the owner after the project's migrations, at every ``migrate``: it installs or upgrades what is due and then
sets the rights again, since a script that replaces a function resets them.
"""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

Version = tuple[int, ...]

_WHOLE_SCHEMA = "schema.sql"
_LOCK = 5_106_963  # any number that nothing else of this database locks
_SCRIPT = re.compile(r"^(\d+)\.(\d+)\.(\d+)_")

_CREATE_RECORD = """
create table if not exists jobs_schema (
    version text not null,
    script text not null,
    applied_at timestamptz not null default now(),
    constraint pk_jobs_schema primary key (version, script)
)
"""
_RECORD = text("insert into jobs_schema (version, script) values (:version, :script) on conflict do nothing")

_RIGHTS = r"""
do $$
declare
    routine regprocedure;
begin
    for routine in
        select oid::regprocedure from pg_proc
         where pronamespace = 'public'::regnamespace and proname like 'procrastinate\_%'
    loop
        execute format('revoke all on function %s from public', routine);
        execute format('grant execute on function %s to ftz_worker', routine);
    end loop;
    -- Deferring runs as the owner: a tenant may put a job in, and neither read nor change one.
    for routine in
        select oid::regprocedure from pg_proc
         where pronamespace = 'public'::regnamespace and proname like 'procrastinate\_defer\_jobs\_v%'
    loop
        execute format('alter function %s security definer set search_path = public, pg_temp', routine);
        execute format('grant execute on function %s to ftz_tenant, ftz_officer, ftz_auth', routine);
    end loop;
end $$;

grant select, insert, update, delete
   on procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers to ftz_worker;
grant usage
   on sequence procrastinate_jobs_id_seq, procrastinate_events_id_seq, procrastinate_periodic_defers_id_seq
   to ftz_worker;
grant select on procrastinate_jobs, procrastinate_workers, procrastinate_events to ftz_officer;

create or replace function jobs_retry_failed(ids bigint[]) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    freed bigint;
    total integer := 0;
begin
    for freed in
        update procrastinate_jobs set status = 'todo', scheduled_at = null
         where id = any(ids) and status = 'failed' returning id
    loop
        perform pg_notify('procrastinate_any_queue_v1',
                          json_build_object('type', 'job_inserted', 'job_id', freed)::text);
        total := total + 1;
    end loop;
    return total;
end $$;
revoke all on function jobs_retry_failed(bigint[]) from public;
grant execute on function jobs_retry_failed(bigint[]) to ftz_officer, ftz_worker;
"""


class UnknownJobsSchema(RuntimeError):
    """The queue's tables are there, but nothing tells which version they have."""


def apply_schema(connection: Connection) -> str:
    """
    Install or upgrade the queue's schema, set its rights, and return its version.

    Commits after each script, so that an interrupted upgrade goes on where it stopped. No worker may run meanwhile.

    :param connection: a connection of the schema's owner, outside a transaction.
    :raises UnknownJobsSchema: somebody installed the tables by another way.
    """
    installed = version("procrastinate")
    connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
    try:
        connection.execute(text(_CREATE_RECORD))
        connection.commit()
        for release, script, sql in _pending(connection, installed):
            _run_script(connection, sql)
            connection.execute(_RECORD, {"version": release, "script": script})
            connection.commit()
        _run_script(connection, _RIGHTS)
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        connection.commit()
    return installed


def _pending(connection: Connection, installed: str) -> Iterator[tuple[str, str, str]]:
    """Yield (version, name, SQL) of what is still to be run."""
    rows = connection.execute(text("select version, script from jobs_schema")).all()
    if not rows:
        if connection.scalar(text("select to_regclass('public.procrastinate_jobs')")) is not None:
            raise UnknownJobsSchema(
                "The tables of the job queue exist, but jobs_schema does not say their version. Insert the version"
                " of procrastinate that made them: insert into jobs_schema (version, script) values ('3.x.y', '')."
            )
        yield installed, _WHOLE_SCHEMA, SchemaManager.get_schema()
        return
    # A row with a script of its own name is one step of an upgrade; the others tell a complete version.
    complete = max(_parse(row.version) for row in rows if row.script in {"", _WHOLE_SCHEMA})
    done = {row.script for row in rows}
    for path in sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")):
        release = _release(path.name)
        if complete < release <= _parse(installed) and path.name not in done:
            yield ".".join(map(str, release)), path.name, path.read_text(encoding="utf-8")
    if complete < _parse(installed):
        yield installed, "", "select 1"


def _run_script(connection: Connection, sql: str) -> None:
    # Without parameters the driver sends the text as it is: several commands, and "%" means itself.
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(sql)


def _release(script: str) -> Version:
    found = _SCRIPT.match(script)
    if found is None:
        raise RuntimeError(f"Unexpected name of a procrastinate script: {script}")
    return tuple(int(part) for part in found.groups())


def _parse(release: str) -> Version:
    return tuple(int(part) for part in release.split(".")[:3])
