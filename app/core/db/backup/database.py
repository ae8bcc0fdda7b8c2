"""
The database's part: dumped as one moment saw it while people go on working, and loaded into an empty one.

Dumping needs the login that reads past row-level security (``ftz_backup``) and nothing more; loading needs the owner
of the schema, no superuser.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from app.core.db.cluster import ClusterError

_VERSION = 10_000
_EXTENSION = re.compile(r"\d+; \d+ \d+ (EXTENSION|COMMENT - EXTENSION) ")
# Systems that migrations added; those that PostGIS ships come with its extension.
_ADDED_SYSTEMS = "select srid, auth_name, auth_srid, srtext, proj4text from spatial_ref_sys "
_EXTENSION_CONDITION = """
    select condition from pg_extension, unnest(extconfig, extcondition) as part (relation, condition)
     where extname = 'postgis' and part.relation = 'spatial_ref_sys'::regclass
"""
_OWN_RELATIONS = """
    select c.relname from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
       and not exists (select from pg_depend d
                        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by 1
"""


class BackupRefused(ClusterError):
    """A backup cannot be made, or not be restored here; says what to do."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the database: ``connection`` sees it, ``dump`` writes it."""

    connection: psycopg.Connection
    conninfo: str
    name: str

    def dump(self, target: Path) -> None:
        """
        Write the whole database as of the snapshot into a file in PostgreSQL's custom format.

        :raises BackupRefused: ``pg_dump`` is missing or failed; carries its last words.
        """
        program = find("pg_dump", at_least=self.connection.info.server_version // _VERSION)
        # Restoring rows of spatial_ref_sys would collide with those that the extension brings.
        options = ["--format=custom", f"--snapshot={self.name}", "--exclude-table-data=spatial_ref_sys"]
        _run([program, *options, f"--file={target}"], self.conninfo, "The database could not be dumped")

    def facts(self) -> dict[str, Any]:
        """Return what a restore has to know of the database."""
        condition = self.connection.execute(_EXTENSION_CONDITION).fetchone()
        with self.connection.cursor(row_factory=dict_row) as cursor:
            systems = cursor.execute(_ADDED_SYSTEMS + (condition[0] if condition else "")).fetchall()
        schema = self.connection.execute("select version_num from alembic_version order by 1").fetchall()
        postgis = self.connection.execute("select postgis_lib_version()").fetchone()
        return {
            "postgresql": self.connection.info.server_version // _VERSION,
            "postgis": postgis[0] if postgis else "",
            "schema": [row[0] for row in schema],
            "reference_systems": systems,
        }


@contextmanager
def snapshot(conninfo: str) -> Iterator[Snapshot]:
    """
    Hold one moment of the database for the length of a block; writers are not kept waiting.

    :param conninfo: of the backup's login, which reads past row-level security.
    """
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("select pg_export_snapshot()").fetchone()
        assert row is not None, "the function returns one row"
        yield Snapshot(connection, conninfo, row[0])


def refuse_data(conninfo: str) -> None:
    """
    Refuse a database that is not empty.

    :raises BackupRefused: naming what stands in it.
    """
    with psycopg.connect(conninfo) as connection:
        found = [row[0] for row in connection.execute(_OWN_RELATIONS)]
    if found:
        shown = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")  # noqa: PLR2004
        raise BackupRefused(
            f"The database is not empty (it holds {shown}), and a restore never overwrites.\n"
            "  Restore beside it:  FTZ_VAR=/another/directory ftz restore FILE\n"
            "  or forget the data here first:  make fresh   (on a server of your own: drop and create the database)"
        )


def load(conninfo: str, *, dump: Path, facts: dict[str, Any]) -> None:
    """
    Load a dump into an empty, prepared database, whole or not at all, and gather statistics.

    :param conninfo: of the owner of the schema.
    :param facts: what :meth:`Snapshot.facts` told when the dump was made.
    :raises BackupRefused: the dump is of a newer PostgreSQL, or ``pg_restore`` failed.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        server = connection.info.server_version // _VERSION
        if server < facts["postgresql"]:
            raise BackupRefused(
                f"The backup was made by PostgreSQL {facts['postgresql']}; this server has {server}. Install "
                f"PostgreSQL {facts['postgresql']} or newer with PostGIS and try again in an empty installation."
            )
        for system in facts["reference_systems"]:
            # Before the data: rows with a geometry of an unknown system are refused.
            connection.execute(
                "insert into spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) values"
                " (%(srid)s, %(auth_name)s, %(auth_srid)s, %(srtext)s, %(proj4text)s) on conflict do nothing",
                system,
            )
        program = find("pg_restore", at_least=max(server, facts["postgresql"]))
        listing = dump.with_suffix(".list")
        _select(program, dump, listing)
        options = ["--single-transaction", "--no-owner", f"--use-list={listing}"]
        _run([program, *options, str(dump)], conninfo, "The database could not be restored")
        connection.execute("analyze")


def _select(program: str, dump: Path, listing: Path) -> None:
    """Leave out the extensions: they are there already, and they belong to the superuser who made them."""
    lines = _run([program, "--list", str(dump)], None, "The dump cannot be read").splitlines(keepends=True)
    kept = [line for line in lines if not _EXTENSION.match(line)]
    listing.write_text("".join(kept))


def find(name: str, *, at_least: int) -> str:
    """
    Return a program of PostgreSQL's client of the oldest version that fits.

    :raises BackupRefused: none is installed; says the package.
    """
    fitting = sorted(
        (int(path.parent.parent.name), str(path))
        for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
        if path.parent.parent.name.isdigit() and int(path.parent.parent.name) >= at_least
    )
    if fitting:
        return fitting[0][1]
    other = shutil.which(name)
    if other is not None and _major(other) >= at_least:
        return other
    raise BackupRefused(
        f"The program {name} of PostgreSQL {at_least} or newer is missing.\n"
        f"  Install it:  apt-get install --no-install-recommends postgresql-client-{at_least}"
    )


def _major(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    match = re.search(r"(\d+)", answer.stdout)
    return int(match.group(1)) if match else 0


def _run(command: Sequence[str], conninfo: str | None, failure: str) -> str:
    """Run a client program; the password goes through the environment, where other users cannot read it."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    options = list(command)
    if conninfo is not None:
        parts = conninfo_to_dict(conninfo)
        environment["PGPASSWORD"] = str(parts.pop("password", None) or "")
        options.insert(1, f"--dbname={make_conninfo(**{name: str(value) for name, value in parts.items()})}")
    answer = subprocess.run(options, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if answer.returncode != 0:
        words = " ".join(answer.stderr.strip().splitlines()[:4])
        raise BackupRefused(
            f"{failure}: {words}\n  Nothing has been changed; mend what it names and try again."
        )
    return answer.stdout
