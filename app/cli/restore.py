"""``ftz restore``: a backup into an empty installation, proved against its manifest.

Everything is unpacked and every hash compared before anything is changed; the database is loaded whole or not at all.
"""

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
from alembic.script import ScriptDirectory

from app.cli.backup import contents
from app.cli.evidence import read_report
from app.cli.setup import migrate_schema
from app.core import evidence
from app.core.db.backup import ArchiveReader, BackupRefused, load, note, refuse_data
from app.core.db.backup.archive import DOCUMENTS, DUMP, KEYS, SECRETS
from app.core.db.cluster import PrivateCluster, running
from app.core.db.migrate import alembic_config
from app.core.documents.store import FileStore
from app.core.kit.time import utcnow
from app.core.settings import Settings

Echo = Callable[[str], None]
_FREE_SPACE_FACTOR = 3  # unpacked, loaded, and room for the database to work


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore found when it compared: ``faults`` is empty when everything is as it was."""

    manifest: dict[str, Any]
    evidence: evidence.Report
    faults: tuple[str, ...]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--drill", is_flag=True, help="Restore into a database made for it, compare, and forget that one."
)
def restore(file: Path, *, drill: bool) -> None:
    """Read the backup FILE into an empty installation and prove that it is whole."""
    settings = Settings()
    began = time.monotonic()
    found = rehearse(settings, file, click.echo) if drill else restore_backup(settings, file, click.echo)
    seconds = round(time.monotonic() - began, 1)
    note(
        settings.var, "drill" if drill else "restored", at=utcnow(), file=str(file.resolve()), seconds=seconds,
        made_at=found.manifest["made_at"], whole=not found.faults, size=found.evidence.size,
    )  # fmt: skip
    for fault in found.faults:
        click.secho(fault, fg="red", err=True)
    if found.faults:
        sys.exit(1)
    click.secho(f"Whole: everything is as it was at {found.manifest['made_at']} ({seconds} s).", fg="green")
    if not drill:
        click.echo(
            "Next: make run. Jobs that waited then will run, and letters that waited then will be sent."
        )


def rehearse(settings: Settings, file: Path, echo: Echo) -> Restored:
    """Restore into a private cluster of its own, compare, and remove it; the installation goes on undisturbed."""
    settings.var.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="drill-", dir=settings.var) as folder:
        beside = Settings(
            var=Path(folder), database_url=None, database_owner_url=None, database_passwords_file=None
        )
        cluster = PrivateCluster(beside.var, fsync=False)
        try:
            with cluster:
                return restore_backup(beside, file, echo)
        finally:
            cluster.destroy()


def restore_backup(settings: Settings, file: Path, echo: Echo) -> Restored:
    """
    Restore a backup and compare it with its manifest.

    :raises BackupFaulty: the file is not a whole backup; nothing has been changed.
    :raises BackupRefused: the installation is running or not empty, or the backup is of a newer version.
    """
    settings.var.mkdir(parents=True, exist_ok=True)
    with _alone(settings.var), tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.var) as room:
        _refuse_files(settings)
        _refuse_full_disk(settings.var, file)
        archive = ArchiveReader(file, Path(room))
        echo("reading and proving the file …")
        manifest = _unpack(archive)
        _refuse_newer(manifest)
        with running(settings) as target:
            owner = target.conninfo("ftz_owner")
            refuse_data(owner)
            echo("loading the database …")
            load(owner, dump=archive.path(DUMP), facts=manifest)
            _move_in(settings, archive)
            with psycopg.connect(target.conninfo("ftz_backup")) as connection:
                faults = list(_differences(connection, manifest, FileStore(settings.var / DOCUMENTS)))
            # Rights on the functions of the job queue, and what this version adds to an older schema.
            migrate_schema(target)
            echo("verifying the evidence log …")
            report = _verify(settings, manifest)
    if report.fault is not None:
        faults.append(f"evidence: {report.fault.reason}")
    echo(f"evidence: {report.size} entries, root {report.root.hex()}")
    return Restored(manifest, report, tuple(faults))


def _unpack(archive: ArchiveReader) -> dict[str, Any]:
    try:
        return archive.unpack()
    except PermissionError:
        raise
    except OSError as error:
        raise BackupRefused(
            f"The backup could not be unpacked: {error}. Nothing has been changed; make room and try again."
        ) from error


@contextmanager
def _alone(var: Path) -> Iterator[None]:
    """Hold the lock of ``ftz up``, so that neither runs into the other."""
    descriptor = os.open(var / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BackupRefused(
            f"The installation in {var} is running. Restore beside it:  FTZ_VAR=/another/directory ftz restore FILE"
        ) from None
    finally:
        os.close(descriptor)


def _refuse_files(settings: Settings) -> None:
    for folder in (settings.var / DOCUMENTS, settings.var / KEYS):
        if folder.is_dir() and any(path.is_file() for path in folder.rglob("*")):
            raise BackupRefused(
                f"{folder} is not empty, and a restore never overwrites.\n"
                "  Restore beside it:  FTZ_VAR=/another/directory ftz restore FILE\n"
                "  or forget the data here first:  make fresh"
            )


def _refuse_full_disk(var: Path, file: Path) -> None:
    free, needed = shutil.disk_usage(var).free, _FREE_SPACE_FACTOR * file.stat().st_size
    if free < needed:
        raise BackupRefused(
            f"{var} has {free >> 20} MiB free; restoring {file} takes about {needed >> 20} MiB. "
            "Make room, or let FTZ_VAR name a directory on a larger disk."
        )


def _refuse_newer(manifest: dict[str, Any]) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    unknown = [revision for revision in manifest["schema"] if revision not in known]
    if unknown:
        raise BackupRefused(
            f"The backup was made by version {manifest['product']} with schema {', '.join(unknown)}, which this "
            "version does not know. Restore it with that version or a newer one."
        )


# A file whose documents were all erased is gone on purpose.
_NAMED = (
    "select sha256 from documents_file f where exists"
    " (select 1 from documents_document d where d.sha256 = f.sha256 and d.state <> 'ERASED') order by 1"
)


def _move_in(settings: Settings, archive: ArchiveReader) -> None:
    """Give documents, keys and secrets their places; they stand on the same disk already."""
    settings.secrets_dir.mkdir(mode=0o700, exist_ok=True)
    for part in (DOCUMENTS, KEYS):
        if (unpacked := archive.path(part)).is_dir():
            if (settings.var / part).is_dir():
                shutil.rmtree(settings.var / part)  # empty of files, see _refuse_files
            unpacked.rename(settings.var / part)
    if (unpacked := archive.path(SECRETS)).is_dir():
        for path in unpacked.iterdir():
            path.replace(settings.secrets_dir / path.name)


def _differences(connection: psycopg.Connection, manifest: dict[str, Any], store: FileStore) -> Iterator[str]:
    now = contents(connection)
    for part in ("evidence", "law", "procedures"):
        if now[part] != manifest[part]:
            yield f"{part}: the backup says {manifest[part]}, the restored database {now[part]}"
    named = (row[0] for row in connection.execute(_NAMED))
    missing = [address for address in named if not store.exists(address)]
    if missing:
        yield f"documents: {len(missing)} that the database names are not in the backup, the first {missing[0]}"


def _verify(settings: Settings, manifest: dict[str, Any]) -> evidence.Report:
    head = manifest["evidence"]
    trusted = evidence.TrustedHead(head["size"], bytes.fromhex(head["root"])) if head["size"] else None
    return read_report(settings.database, trusted)
