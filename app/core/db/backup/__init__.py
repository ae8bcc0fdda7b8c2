"""Backup and restore of an installation: the database as one moment saw it, the file that holds it, the record of it.

What belongs into a backup besides the database (documents, keys) is known higher up: ``ftz backup``.
"""

from app.core.db.backup.archive import ArchiveReader, ArchiveWriter, BackupFaulty
from app.core.db.backup.database import BackupRefused, Snapshot, load, refuse_data, snapshot
from app.core.db.backup.record import note, read_record

__all__ = [
    "ArchiveReader",
    "ArchiveWriter",
    "BackupFaulty",
    "BackupRefused",
    "Snapshot",
    "load",
    "note",
    "read_record",
    "refuse_data",
    "snapshot",
]
