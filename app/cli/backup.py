"""``ftz backup``: database, documents, keys and the head of the evidence log in one file.

The database is dumped as one moment saw it while people go on working. Files are copied after that moment: a file of
the store is there before the row that names it and is never removed, so none can be missing.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import psycopg

from app.core.db.backup import ArchiveWriter, BackupRefused, note, snapshot
from app.core.db.backup.archive import DOCUMENTS, DUMP, KEYS, SECRETS
from app.core.db.cluster import running
from app.core.documents.store import FileStore
from app.core.kit.time import utcnow
from app.core.settings import Settings
from app.core.settings.zone import load_zone

# Passwords of this installation's own database; another installation has others.
NOT_OURS = frozenset({"database.json", "cluster.json"})
PERSONAL_DATA = (
    "It holds personal data and the signing keys: keep it where only its keepers reach it, encrypted "
    "(docs/operations.md, “Backup”)."
)

_HEAD = "select size, encode(root, 'hex') from evidence_head order by size desc limit 1"
_UNSEALED = "select count(*) from evidence_entry where seq is null"
_LAW = "select content_hash || ' ' || valid::text || ' ' || recorded::text from law_value order by id"
_PROCEDURES = "select code || ' ' || version, content_hash from workflow_procedure_version order by 1"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write database, documents, keys and evidence head to FILE, while everything runs."""
    settings = Settings()
    with running(settings):
        manifest = write_backup(settings, file, now=utcnow())
    evidence, documents = manifest["evidence"], manifest["documents"]
    click.echo(f"{file}: {file.stat().st_size:,} bytes, {documents['count']} documents")
    click.echo(f"evidence head: {evidence['size']} entries, root {evidence['root'] or '-'}")
    click.echo("Write that line down elsewhere: it proves later that nothing was taken out of the log.")
    click.secho(PERSONAL_DATA, fg="yellow")


def write_backup(settings: Settings, file: Path, *, now: datetime) -> dict[str, Any]:
    """
    Write a backup and return its manifest.

    :raises BackupRefused: there is a file of that name, or the database cannot be dumped. Nothing is left behind.
    """
    try:
        with ArchiveWriter(file.resolve()) as archive, _workroom(file.resolve().parent) as room:
            with snapshot(settings.database.conninfo("ftz_backup")) as moment:
                facts = {**origin(settings, now), **moment.facts(), **contents(moment.connection)}
                moment.dump(room / DUMP)
            archive.add(DUMP, room / DUMP)
            for name, path in files(settings):
                archive.add(name, path)
            archive.finish(facts)
    except FileExistsError:
        raise BackupRefused(
            f"{file} exists, and a backup is never overwritten. Choose another name."
        ) from None
    except FileNotFoundError as error:
        raise BackupRefused(
            f"{error.filename} is not there. Make the directory of the backup first."
        ) from error
    except PermissionError:
        raise
    except OSError as error:
        raise BackupRefused(
            f"The backup could not be written: {error}. Nothing is left of it; make room or choose another place."
        ) from error
    note(
        settings.var,
        "backup",
        at=now,
        file=str(file.resolve()),
        bytes=file.stat().st_size,
        **facts["evidence"],
    )
    return {**facts, "documents": archive.documents}


def origin(settings: Settings, now: datetime) -> dict[str, Any]:
    """Return what tells a person which installation a backup is of."""
    return {
        "product": version("ftz"),
        "made_at": now.isoformat(timespec="seconds"),
        "zone": load_zone(settings.zone_file).code,
        "personal_data": True,
    }


def contents(connection: psycopg.Connection) -> dict[str, Any]:
    """Return what must be the same after a restore: evidence head, law values, published procedures."""
    head = connection.execute(_HEAD).fetchone() or (0, "")
    unsealed = connection.execute(_UNSEALED).fetchone()
    law = hashlib.sha256()
    count = 0
    for (line,) in connection.execute(_LAW):
        law.update(f"{line}\n".encode())
        count += 1
    return {
        "evidence": {"size": head[0], "root": head[1], "unsealed": unsealed[0] if unsealed else 0},
        "law": {"values": count, "sha256": law.hexdigest()},
        "procedures": dict(connection.execute(_PROCEDURES).fetchall()),
    }


def files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Yield name and place of every file that belongs into a backup."""
    store = FileStore(settings.var / DOCUMENTS)
    for address in store.addresses():
        yield f"{DOCUMENTS}/{address[:2]}/{address}", store.path(address)
    for part, folder in ((KEYS, settings.var / KEYS), (SECRETS, settings.secrets_dir)):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            inside = path.relative_to(folder)
            # Drafts and locks of running processes begin with a dot or are called lock.
            if path.is_file() and not path.name.startswith(".") and path.name not in {"lock", *NOT_OURS}:
                yield f"{part}/{inside.as_posix()}", path


@contextmanager
def _workroom(folder: Path) -> Iterator[Path]:
    """Have a private directory on the disk of the backup, which has to hold it anyway."""
    with tempfile.TemporaryDirectory(prefix=".ftz-backup-", dir=folder) as room:
        yield Path(room)
