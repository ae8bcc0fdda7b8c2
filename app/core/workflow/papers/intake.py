"""Files at the door of a dossier: received, inspected and kept before any transaction begins."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from app.core.documents.intake import IntakeLimits, MediaType, inspect
from app.core.documents.store import FileStore, Readable, StoredFile
from app.core.documents.typeset import clean

LIMITS = IntakeLimits()
MAX_NAME = 255


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was let in and lies in the store; no document names it yet. ``signers`` signed it validly."""

    file: StoredFile
    media_type: MediaType
    name: str
    signers: tuple[str, ...] = ()


def keep_file(
    store: FileStore, *, stream: Readable, filename: str, limits: IntakeLimits = LIMITS
) -> KeptFile:
    """
    Receive a file piece by piece, decide by its content, and keep it.

    A file that no document comes to name is swept away later (``app.core.documents.sweeping``).

    :raises FileRefused: one of its subclasses says why; nothing is kept.
    """
    with store.receive(stream, limit_bytes=limits.max_bytes) as incoming:
        media_type = inspect(incoming.path, filename=filename, limits=limits)
        return KeptFile(store.keep(incoming), media_type, clean_name(filename))


def clean_name(filename: Any) -> str:
    """Return the last part of a sender's file name without marks that hide what it is; never empty."""
    last = str(filename).replace("\\", "/").rpartition("/")[2]
    cleaned = clean(unicodedata.normalize("NFC", last))
    assert isinstance(cleaned, str), "text stays text"
    name = " ".join(cleaned.split())
    if len(name) > MAX_NAME:
        stem, _, ending = name.rpartition(".")
        name = f"{(stem or name)[: MAX_NAME - len(ending) - 1]}.{ending}"[-MAX_NAME:]
    return name or "file"
