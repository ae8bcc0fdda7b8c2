"""The file store: whole or absent, once, and never under a name that somebody gave."""

import hashlib
import io
import stat
from pathlib import Path

import pytest

from app.core.documents.refusals import FileEmpty, FileTooLarge
from app.core.documents.store import CHUNK_BYTES, FileStore
from app.core.errors import NotFound

DATA = b"giay chung nhan" * 100


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "documents")


def files(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_address_is_the_hash_of_the_bytes(store: FileStore) -> None:
    stored = store.put(io.BytesIO(DATA), limit_bytes=10_000)

    assert stored.sha256 == hashlib.sha256(DATA).hexdigest()
    assert stored.size_bytes == len(DATA)
    assert store.exists(stored.sha256)
    assert store.read(stored.sha256) == DATA
    assert store.is_intact(stored.sha256)
    assert list(store.addresses()) == [stored.sha256]


def test_twice_is_once(store: FileStore, tmp_path: Path) -> None:
    first = store.put(io.BytesIO(DATA), limit_bytes=10_000)
    kept_as = store.path(first.sha256).stat().st_ino

    assert store.put(io.BytesIO(DATA), limit_bytes=10_000) == first
    assert len(files(tmp_path)) == 1
    assert store.path(first.sha256).stat().st_ino == kept_as


def test_stored_file_is_read_only(store: FileStore) -> None:
    stored = store.put(io.BytesIO(DATA), limit_bytes=10_000)

    assert stat.S_IMODE(store.path(stored.sha256).stat().st_mode) == 0o400


def test_limit_holds_while_streaming(store: FileStore, tmp_path: Path) -> None:
    class Endless:
        read_bytes = 0

        def read(self, size: int, /) -> bytes:
            self.read_bytes += size
            return b"x" * size

    stream = Endless()
    with pytest.raises(FileTooLarge) as refusal:
        store.put(stream, limit_bytes=3 * CHUNK_BYTES)

    assert refusal.value.params == {"limit_mb": 3}
    assert stream.read_bytes <= 4 * CHUNK_BYTES
    assert files(tmp_path) == []


def test_exactly_the_limit_is_accepted(store: FileStore) -> None:
    assert store.put(io.BytesIO(b"x" * 100), limit_bytes=100).size_bytes == 100


def test_empty_is_refused(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(FileEmpty):
        store.put(io.BytesIO(), limit_bytes=100)
    assert files(tmp_path) == []


def test_broken_stream_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    class Broken:
        def __init__(self) -> None:
            self.pieces = [b"half"]

        def read(self, size: int, /) -> bytes:
            if self.pieces:
                return self.pieces.pop()
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(Broken(), limit_bytes=100)
    assert files(tmp_path) == []


def test_received_but_not_kept_vanishes(store: FileStore, tmp_path: Path) -> None:
    with store.receive(io.BytesIO(DATA), limit_bytes=10_000) as incoming:
        assert incoming.path.read_bytes() == DATA
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a" * 63, "A" * 64, "a" * 64, "", "..", "a" * 64 + "/x"]
)
def test_only_addresses_are_read(store: FileStore, name: str) -> None:
    with pytest.raises(NotFound):
        store.read(name)


def test_flipped_bit_is_found(store: FileStore) -> None:
    stored = store.put(io.BytesIO(DATA), limit_bytes=10_000)
    path = store.path(stored.sha256)
    path.chmod(0o600)
    path.write_bytes(b"G" + DATA[1:])

    assert not store.is_intact(stored.sha256)
