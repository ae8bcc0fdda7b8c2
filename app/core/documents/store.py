"""A store of files by their content: the address of a file is the SHA-256 of its bytes.

Names given by people never reach the file system. A file is complete or absent: bytes go to a temporary
file, to the disk, and only then to their address. What is stored is never changed; ``shred`` alone destroys. With a
key box files lie sealed on the disk; their address remains the hash of the content.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Protocol

from app.core.documents.refusals import FileEmpty, FileTooLarge
from app.core.documents.sealed_file import FileNotOpened, opened_pieces, reseal_file, seal_file
from app.core.errors import NotFound
from app.core.privacy import SecretsBox

CHUNK_BYTES = 1 << 20
FILE_KEYS = "documents.key"
"""The key file of a store, in the directory of secrets."""
_ADDRESS = re.compile(r"[0-9a-f]{64}")


class Readable(Protocol):
    """Anything that gives its bytes piece by piece, such as an upload."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, empty at the end."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the store knows of a file: its address (64 lower-case hex digits), its size in bytes, and where it lies."""

    sha256: str
    size_bytes: int
    path: Path | None = field(default=None, compare=False)


class Incoming:
    """A file that has been received in full but has no address yet; it may still be refused."""

    def __init__(self, path: Path, file: StoredFile) -> None:
        self.path = path
        self.file = file


class FileStore:
    """Files under one directory, fanned out by the first two digits of their address."""

    def __init__(self, root: Path, *, box: SecretsBox | None = None) -> None:
        self._root = root
        self._box = box
        self._incoming = root / "incoming"

    def put(self, stream: Readable, *, limit_bytes: int) -> StoredFile:
        """
        Store a stream that needs no inspection (a paper that the platform made itself).

        :raises FileTooLarge: more than ``limit_bytes`` came; nothing is kept.
        :raises FileEmpty: nothing came.
        """
        with self.receive(stream, limit_bytes=limit_bytes) as incoming:
            return self.keep(incoming)

    @contextmanager
    def receive(self, stream: Readable, *, limit_bytes: int) -> Iterator[Incoming]:
        """
        Write a stream to a temporary file for inspection; it vanishes unless ``keep`` is called within.

        At most ``limit_bytes`` and one piece more are read, whatever length the sender announced.

        :raises FileTooLarge: more than ``limit_bytes`` came.
        :raises FileEmpty: nothing came.
        """
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = mkstemp(dir=self._incoming)
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target:
                file = _copy(stream, target, limit_bytes)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        try:
            yield Incoming(path, file)
        finally:
            path.unlink(missing_ok=True)

    def keep(self, incoming: Incoming) -> StoredFile:
        """Give a received file its address; a file that is already there stays as it is."""
        target = self._path(incoming.file.sha256)
        kept = replace(incoming.file, path=target)
        if _came_again(target):
            return kept
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        complete = incoming.path if self._box is None else self._sealed(incoming, self._box)
        complete.chmod(0o400)
        # Two writers of the same bytes may both come here; the later rename replaces equal content by equal.
        complete.rename(target)
        _sync_directory(target.parent)
        _sync_directory(self._root)
        return kept

    def exists(self, sha256: str) -> bool:
        """Tell whether the file is here."""
        return self._path(sha256).exists()

    def came_before(self, sha256: str, instant: datetime) -> bool:
        """Tell whether a file is here and last came before an instant."""
        try:
            return self._path(sha256).stat().st_mtime < instant.timestamp()
        except FileNotFoundError:
            return False

    def leftovers(self, *, before: datetime) -> list[Path]:
        """Return what receptions and readings that broke off before an instant have left, in plain perhaps."""
        if not self._incoming.exists():
            return []
        return [
            each
            for each in sorted(self._incoming.iterdir())
            if each.is_file() and each.stat().st_mtime < before.timestamp()
        ]

    def clear_leftovers(self, *, before: datetime) -> int:
        """Destroy leftovers; return how many there were."""
        found = self.leftovers(before=before)
        for each in found:
            _overwrite_and_remove(each)
        return len(found)

    def path(self, sha256: str) -> Path:
        """Return where the file lies on the disk, perhaps sealed; raises ``NotFound``."""
        path = self._path(sha256)
        if not path.exists():
            raise NotFound
        return path

    def read(self, sha256: str) -> bytes:
        """
        Return the whole file.

        :raises NotFound: it is not here, or can no longer be opened, which is the same for whoever asks.
        """
        with self.path(sha256).open("rb") as file:
            try:
                return b"".join(opened_pieces(file, name=sha256, box=self._box))
            except FileNotOpened:
                raise NotFound from None

    @contextmanager
    def readable(self, sha256: str) -> Iterator[Path]:
        """Have the content at a path of its own for the length of a block, for readers that need one."""
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = mkstemp(dir=self._incoming)
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target, self.path(sha256).open("rb") as file:
                try:
                    target.writelines(opened_pieces(file, name=sha256, box=self._box))
                except FileNotOpened:
                    raise NotFound from None
            yield path
        finally:
            path.unlink(missing_ok=True)

    def is_intact(self, sha256: str) -> bool:
        """Tell whether the bytes on disk still have the address that they lie under."""
        digest = hashlib.sha256()
        with self.path(sha256).open("rb") as file:
            try:
                for piece in opened_pieces(file, name=sha256, box=self._box):
                    digest.update(piece)
            except FileNotOpened:
                return False
        return digest.hexdigest() == sha256

    def shred(self, sha256: str, *, before: datetime) -> bool:
        """
        Destroy a file, the key in its head first; tell whether it is gone now and was here.

        :param before: a file that came, or came again, after this instant stays.
        """
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, aside = self._path(sha256), self._incoming / f"gone-{sha256}"
        try:
            path.rename(aside)
        except FileNotFoundError:
            return False
        if aside.stat().st_mtime >= before.timestamp() and not path.exists():
            aside.rename(path)
            return False
        _overwrite_and_remove(aside)
        _sync_directory(path.parent)
        return not path.exists()

    def reseal(self) -> int:
        """
        Seal the keys of all files with the newest key of the key file; return how many were changed.

        Contents stay as they are, whatever their size; files from before sealing are sealed whole. A file whose key
        is missing is left for whoever restores the key.
        """
        assert self._box is not None, "only a store with keys seals"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return sum(self._reseal(address, self._box) for address in self.addresses())

    def _reseal(self, sha256: str, box: SecretsBox) -> bool:
        path = self._path(sha256)
        descriptor, name = mkstemp(dir=self._incoming)
        fresh = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target, path.open("rb") as source:
                if not reseal_file(source, target, name=sha256, box=box):
                    return False
                target.flush()
                os.fsync(target.fileno())
            fresh.chmod(0o400)
            # When it last came is what shredding asks for; a new key does not make it come again.
            os.utime(fresh, (path.stat().st_atime, path.stat().st_mtime))
            fresh.rename(path)
        except (FileNotFoundError, FileNotOpened):
            return False
        finally:
            fresh.unlink(missing_ok=True)
        _sync_directory(path.parent)
        return True

    def addresses(self) -> Iterator[str]:
        """Yield the address of every stored file, for backup and for checking, in order."""
        for folder in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(path.name for path in folder.iterdir() if _ADDRESS.fullmatch(path.name))

    def _sealed(self, incoming: Incoming, box: SecretsBox) -> Path:
        """Write the sealed form of a received file beside it; the plain one vanishes with the reception."""
        descriptor, name = mkstemp(dir=self._incoming)
        try:
            with os.fdopen(descriptor, "wb") as target, incoming.path.open("rb") as source:
                seal_file(source, target, name=incoming.file.sha256, box=box)
                target.flush()
                os.fsync(target.fileno())
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name)

    def _path(self, sha256: str) -> Path:
        if not _ADDRESS.fullmatch(sha256):
            raise NotFound
        return self._root / sha256[:2] / sha256


def _overwrite_and_remove(path: Path) -> None:
    """Remove a file, its beginning overwritten first: the key of a sealed file lies there."""
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(os.urandom(min(path.stat().st_size, CHUNK_BYTES)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _came_again(path: Path) -> bool:
    """Tell whether a file is here already, and note that it was wanted again just now."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _copy(stream: Readable, target: BinaryIO, limit_bytes: int) -> StoredFile:
    digest = hashlib.sha256()
    size = 0
    while piece := stream.read(CHUNK_BYTES):
        size += len(piece)
        if size > limit_bytes:
            raise FileTooLarge(limit_mb=max(1, limit_bytes // 1_000_000))
        digest.update(piece)
        target.write(piece)
    if size == 0:
        raise FileEmpty
    target.flush()
    os.fsync(target.fileno())
    return StoredFile(sha256=digest.hexdigest(), size_bytes=size)


def _sync_directory(path: Path) -> None:
    """Make a rename last through a power cut; the file's own fsync does not cover its directory entry."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
