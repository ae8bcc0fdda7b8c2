"""``ftz doctor``: what is wrong with this installation, and what to do about it."""

import contextlib
import os
import resource
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.cli.processes import next_free_port, port_holder, port_is_free
from app.core.db import WEB_LOGINS, WORK_LOGINS, Database
from app.core.db.cluster import ClusterError, for_settings, running
from app.core.db.cluster.binaries import MIN_MAJOR
from app.core.db.engine import UnsafeLogin
from app.core.settings import ROOT, DatabaseTarget, Settings

_MIB = 2**20
_DISK_FAIL, _DISK_WARN = 300 * _MIB, 2048 * _MIB
_OPEN_FILES = 1100  # a thousand live streams and the rest
_OLDEST_POSTGIS = (3, 3)
_EXTENSIONS = ("postgis", "btree_gist", "pg_trgm", "unaccent")
_OLDEST_PYTHON = (3, 11)


class Verdict(StrEnum):
    """How a finding weighs."""

    GOOD = "ok"
    ODD = "warn"
    BAD = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, and what to do when it is not well."""

    verdict: Verdict
    what: str
    remedy: str = ""


_COLOURS = {Verdict.GOOD: "green", Verdict.ODD: "yellow", Verdict.BAD: "red"}


@click.command()
def doctor() -> None:
    """Look at versions, disk, port, permissions, database, extensions and roles; say what to do."""
    bad = 0
    for finding in examine(Settings()):
        bad += finding.verdict is Verdict.BAD
        click.echo(click.style(f"{finding.verdict:<5}", fg=_COLOURS[finding.verdict]) + finding.what)
        if finding.remedy:
            click.echo(click.wrap_text(finding.remedy, 110, "     → ", "       "))
    if bad:
        click.secho(f"\n{bad} of these have to be mended.", fg="red")
        sys.exit(1)
    click.secho("\nNothing stands in the way.", fg="green")


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, in the order in which things depend on each other."""
    yield _python()
    yield _assets()
    yield _open_files()
    yield from _state(settings.var.resolve())
    yield _port(settings)
    yield from _database(settings)


def _python() -> Finding:
    version = sys.version.split()[0]
    good = sys.version_info >= _OLDEST_PYTHON
    return Finding(
        Verdict.GOOD if good else Verdict.BAD,
        f"Python {version}",
        "" if good else "Python 3.11 or newer is needed: install it, remove .venv and start again.",
    )


def _assets() -> Finding:
    dist = ROOT / "app" / "web" / "static" / "dist"
    if dist.is_dir() and any(dist.iterdir()):
        return Finding(Verdict.GOOD, "Scripts and styles are built")
    return Finding(Verdict.BAD, "Scripts and styles are not built", "Build them: make run does it.")


def _open_files() -> Finding:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit >= _OPEN_FILES:
        return Finding(Verdict.GOOD, f"{limit} open files allowed")
    return Finding(
        Verdict.ODD,
        f"Only {limit} open files allowed",
        f"Each browser that watches live needs one. Before the start: ulimit -n {4 * _OPEN_FILES}",
    )


def _state(var: Path) -> Iterator[Finding]:
    if not var.exists():
        yield Finding(Verdict.ODD, f"{var} does not exist yet", "make run sets it up.")
        return
    if not os.access(var, os.W_OK | os.X_OK):
        yield Finding(
            Verdict.BAD, f"{var} cannot be written by this user", "Run as its owner or set FTZ_VAR."
        )
        return
    free = shutil.disk_usage(var).free
    verdict = Verdict.BAD if free < _DISK_FAIL else Verdict.ODD if free < _DISK_WARN else Verdict.GOOD
    remedy = "" if verdict is Verdict.GOOD else "Make room, or let FTZ_VAR name a directory on a larger disk."
    yield Finding(verdict, f"{free // _MIB} MiB free for {var}", remedy)
    secrets = var / "secrets"
    for path in (secrets, *sorted(secrets.iterdir())) if secrets.is_dir() else ():
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            wanted = "700" if path.is_dir() else "600"
            yield Finding(
                Verdict.BAD, f"{path} can be read by others (mode {mode:o})", f"chmod {wanted} '{path}'"
            )


def _port(settings: Settings) -> Finding:
    place = f"{settings.host}:{settings.port}"
    if port_is_free(settings.host, settings.port):
        return Finding(Verdict.GOOD, f"{place} is free")
    own = settings.var.resolve() / "up.json"
    if own.exists():
        return Finding(Verdict.GOOD, f"{place} is used by this installation, which is running")
    other = next_free_port(settings.host, settings.port)
    return Finding(
        Verdict.BAD,
        f"{place} is taken by {port_holder(settings.port)}",
        f"Stop it, or choose another port: FTZ_PORT={other} make run",
    )


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        cluster = for_settings(settings)
        if cluster is not None and not cluster.status().made:
            yield Finding(Verdict.ODD, "The private database is not set up yet", "make run sets it up.")
            return
        with running(settings) as target:
            yield from _server(target)
    except ClusterError as fault:
        what, _, remedy = str(fault).partition("\n")
        yield Finding(Verdict.BAD, what, remedy.strip())


def _server(target: DatabaseTarget) -> Iterator[Finding]:
    for logins in (WEB_LOGINS, WORK_LOGINS):
        database = Database(target, logins=logins, pool_size=2)
        with contextlib.closing(database):
            for login in dict.fromkeys(logins.values()):
                yield _login(database, login)
            with contextlib.suppress(OperationalError):  # told by the line above
                yield _roles(database, ", ".join(dict.fromkeys(logins.values())))
    with contextlib.closing(Database(target, logins=WEB_LOGINS, pool_size=2)) as database:
        try:
            yield from _versions(database)
        except OperationalError:
            return


def _login(database: Database, login: str) -> Finding:
    try:
        with database.engine(login).connect() as connection:
            connection.execute(text("select 1"))
    except OperationalError as fault:
        return Finding(
            Verdict.BAD,
            f"{login} cannot log in: {str(fault.orig).strip().splitlines()[0]}",
            "On a server of your own: run app/core/db/sql/prepare_server.sql and compare the passwords file "
            "(docs/operations.md). The private database mends itself at the next make run.",
        )
    return Finding(Verdict.GOOD, f"{login} can log in")


def _roles(database: Database, logins: str) -> Finding:
    try:
        database.refuse_unsafe_logins()
    except UnsafeLogin as fault:
        return Finding(
            Verdict.BAD,
            str(fault),
            "Take the role away again: app/core/db/sql/prepare_server.sql says which belong.",
        )
    return Finding(Verdict.GOOD, f"{logins}: no more rights than needed")


def _versions(database: Database) -> Iterator[Finding]:
    with database.engine("ftz_web_tenant").connect() as connection:
        number = int(connection.execute(text("show server_version_num")).scalar_one())
        rows = connection.execute(text("select extname, extversion from pg_extension")).all()
    found: dict[str, str] = {row.extname: row.extversion for row in rows}
    good = number >= MIN_MAJOR * 10000
    yield Finding(
        Verdict.GOOD if good else Verdict.BAD,
        f"PostgreSQL {number // 10000}.{number % 10000}",
        "" if good else f"PostgreSQL {MIN_MAJOR} or newer is needed.",
    )
    missing = [name for name in _EXTENSIONS if name not in found]
    remedy = f"As a superuser in that database: {' '.join(f'create extension {name};' for name in missing)}"
    if missing:
        yield Finding(Verdict.BAD, f"Extensions are missing: {', '.join(missing)}", remedy)
    else:
        versions = ", ".join(f"{name} {found[name]}" for name in _EXTENSIONS)
        old = tuple(int(part) for part in found["postgis"].split(".")[:2]) < _OLDEST_POSTGIS
        yield Finding(
            Verdict.ODD if old else Verdict.GOOD, versions, "PostGIS 3.3 or newer is needed." if old else ""
        )
