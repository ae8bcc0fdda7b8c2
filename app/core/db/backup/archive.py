"""The file of a backup: a tar that ends with its manifest, so that half of one can never pass for a whole.

Documents are named by the hash of their content; of every other part the manifest holds size and SHA-256.
"""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Self

from app.core.db.cluster import ClusterError

FORMAT = 1
DUMP = "database.dump"
DOCUMENTS, KEYS, SECRETS = "documents", "keys", "secrets"
_MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_DOCUMENT = re.compile(r"documents/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_PART = re.compile(rf"(?:{KEYS}|{SECRETS})(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+|database\.dump")


class BackupFaulty(ClusterError):
    """A backup file is not one, is half of one, or has been changed."""


class ArchiveWriter:
    """
    Writes a backup under a name of its own and gives it the final name when it is complete and on the disk.

    :raises FileExistsError: there is a file of that name; a backup is never overwritten.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        self._parts: dict[str, dict[str, Any]] = {}
        self._documents = {"count": 0, "bytes": 0}
        self._proof = hashlib.sha256()
        if target.exists():
            raise FileExistsError(target)

    def __enter__(self) -> Self:
        descriptor = os.open(self.draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self.draft.unlink(missing_ok=True)

    @property
    def documents(self) -> dict[str, int]:
        """Return how many documents are in it, and their bytes together."""
        return dict(self._documents)

    def add(self, name: str, path: Path) -> None:
        """Put a file into the backup; ``name`` says the part."""
        with path.open("rb") as file:
            hashed = _Hashing(file)
            info = tarfile.TarInfo(name)
            info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
            self._tar.addfile(info, hashed)
        if _DOCUMENT.fullmatch(name):
            self._documents["count"] += 1
            self._documents["bytes"] += info.size
            self._proof.update(_proof_line(name, hashed.digest))
        else:
            self._parts[name] = {"size": info.size, "sha256": hashed.digest}

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write the manifest and give the file its name."""
        manifest = {
            "format": FORMAT,
            **facts,
            "documents": self._documents,
            "documents_sha256": self._proof.hexdigest(),
            "parts": self._parts,
        }
        content = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
        info = tarfile.TarInfo(_MANIFEST)
        info.size, info.mode = len(content), 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            os.link(self.draft, self.target)  # refuses a file that has come under this name meanwhile
        except PermissionError:  # a file system without links
            self.draft.rename(self.target)
        _sync(self.target.parent)


class ArchiveReader:
    """Unpacks a backup into a directory of its own and proves every byte on the way."""

    def __init__(self, source: Path, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self.manifest: dict[str, Any] = {}

    def unpack(self) -> dict[str, Any]:
        """
        Unpack everything and return the manifest.

        :raises BackupFaulty: no manifest, a part that does not fit it, or a name that has no place in a backup.
        """
        found: dict[str, str] = {}
        documents, unlike, proof = 0, "", hashlib.sha256()
        try:
            with tarfile.open(self._source, mode="r:") as tar:
                for member in tar:
                    digest = self._unpack(tar, member)
                    if document := _DOCUMENT.fullmatch(member.name):
                        documents += 1
                        proof.update(_proof_line(member.name, digest))
                        unlike = unlike or (member.name if digest != document[2] else "")
                    elif member.name != _MANIFEST:
                        found[member.name] = digest
        except (tarfile.TarError, EOFError) as error:
            raise self._faulty(f"it cannot be read to its end ({error})") from error
        if not self.manifest:
            raise self._faulty("its manifest is missing, so it was not written to its end")
        self._compare(found, documents)
        self._compare_documents(unlike, proof.hexdigest())
        return self.manifest

    def path(self, part: str) -> Path:
        """Return where a part has been unpacked to."""
        return self._folder / part

    def _unpack(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
        stream = tar.extractfile(member) if member.isreg() else None
        if stream is None or not (
            member.name == _MANIFEST or _DOCUMENT.fullmatch(member.name) or _PART.fullmatch(member.name)
        ):
            raise self._faulty(f"it holds {member.name!r}, which no backup holds")
        if member.name == _MANIFEST:
            self._read_manifest(stream)
            return ""
        path = self._folder / PurePosixPath(member.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = 0o400 if _DOCUMENT.fullmatch(member.name) else 0o600
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        digest, size = hashlib.sha256(), 0
        with os.fdopen(descriptor, "wb") as file:
            while piece := stream.read(_CHUNK):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if size != member.size:
            raise self._faulty(f"{member.name} ends after {size} of {member.size} bytes")
        return digest.hexdigest()

    def _read_manifest(self, stream: IO[bytes]) -> None:
        try:
            self.manifest = json.loads(stream.read())
        except ValueError as error:
            raise self._faulty(f"its manifest cannot be read ({error})") from error
        if self.manifest.get("format") != FORMAT:
            raise self._faulty(f"it has format {self.manifest.get('format')}; this version reads {FORMAT}")

    def _compare(self, found: Mapping[str, str], documents: int) -> None:
        expected = {name: part["sha256"] for name, part in self.manifest["parts"].items()}
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                raise self._faulty(f"{name} does not fit the manifest")
        if documents != self.manifest["documents"]["count"]:
            raise self._faulty(
                f"it holds {documents} documents; the manifest names {self.manifest['documents']['count']}"
            )

    def _compare_documents(self, unlike: str, proof: str) -> None:
        """Documents lie sealed, so the manifest proves their bytes; before that their names did."""
        expected = self.manifest.get("documents_sha256")
        if expected is None and unlike:
            raise self._faulty(f"{unlike} has another content than its name says")
        if expected is not None and expected != proof:
            raise self._faulty("its documents do not fit the manifest")

    def _faulty(self, reason: str) -> BackupFaulty:
        return BackupFaulty(
            f"{self._source} is not a whole backup: {reason}.\n  Take an earlier backup; nothing has been changed."
        )


def _proof_line(name: str, digest: str) -> bytes:
    return f"{name} {digest}\n".encode()


class _Hashing(io.RawIOBase):
    """A stream that hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        piece = self._file.read(size)
        self._digest.update(piece)
        return piece

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
