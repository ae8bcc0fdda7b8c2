"""Files lie sealed on the disk under the hash of their content, and open for whoever has the key file."""

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.documents.sealed_file import MARK, PIECE_BYTES
from app.core.documents.store import FileStore
from app.core.errors import NotFound
from app.core.privacy import SecretsBox

DATA = b"%PDF-1.7 Ho chieu C1234567 " * 10
SIZES = [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES + 7]


@pytest.fixture
def box(tmp_path: Path) -> SecretsBox:
    return SecretsBox(tmp_path / "secrets" / "documents.key")


@pytest.fixture
def store(tmp_path: Path, box: SecretsBox) -> FileStore:
    return FileStore(tmp_path / "documents", box=box)


def put(store: FileStore, data: bytes = DATA) -> str:
    return store.put(io.BytesIO(data), limit_bytes=10_000_000).sha256


def test_nothing_of_the_content_lies_on_the_disk(store: FileStore, tmp_path: Path) -> None:
    address = put(store)
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "documents").rglob("*") if path.is_file())
    assert on_disk.startswith(MARK)
    assert b"C1234567" not in on_disk
    assert store.read(address) == DATA
    assert store.is_intact(address)
    with store.readable(address) as path:
        assert path.read_bytes() == DATA
    assert not path.exists()


@pytest.mark.parametrize("size", SIZES)
def test_every_length_comes_back(store: FileStore, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert store.read(put(store, data)) == data


@pytest.mark.parametrize("change", ["flip", "cut", "swap", "key"])
def test_a_changed_file_is_found_and_not_shown(store: FileStore, change: str) -> None:
    address = put(store, b"a" * (2 * PIECE_BYTES + 5))
    path = store.path(address)
    path.chmod(0o600)
    body = path.read_bytes()
    head = len(body) - (2 * (PIECE_BYTES + 16) + 5 + 16)
    pieces = [body[head : head + PIECE_BYTES + 16], body[head + PIECE_BYTES + 16 : -21], body[-21:]]
    changed = {
        "flip": body[:-1] + bytes([body[-1] ^ 1]),
        "cut": body[:head] + pieces[0] + pieces[1],
        "swap": body[:head] + pieces[1] + pieces[0] + pieces[2],
        "key": body[:30] + b"\x00" + body[31:],
    }[change]
    path.write_bytes(changed)
    assert not store.is_intact(address)
    with pytest.raises(NotFound):
        store.read(address)


def test_a_file_moved_to_another_address_does_not_open(store: FileStore) -> None:
    one, other = put(store), put(store, DATA + b"2")
    target = store.path(other)
    target.chmod(0o600)
    target.write_bytes(store.path(one).read_bytes())
    with pytest.raises(NotFound):
        store.read(other)


def test_files_from_before_stay_readable_and_rotation_too(
    tmp_path: Path, box: SecretsBox, store: FileStore
) -> None:
    before = put(FileStore(tmp_path / "documents"))
    sealed = put(store, DATA + b"2")
    box.rotate()
    assert store.read(before) == DATA
    assert store.read(sealed) == DATA + b"2"


def test_without_the_key_nothing_opens(tmp_path: Path, store: FileStore) -> None:
    address = put(store)
    with pytest.raises(NotFound):
        FileStore(tmp_path / "documents").read(address)
    with pytest.raises(NotFound):
        FileStore(tmp_path / "documents", box=SecretsBox(tmp_path / "other.key")).read(address)


def keep_newest_only(path: Path) -> None:
    """Lose all keys of a file but the newest."""
    path.write_text(path.read_text(encoding="ascii").splitlines()[-1] + "\n", encoding="ascii")


def test_after_a_rotation_all_files_hang_on_the_new_key(
    tmp_path: Path, box: SecretsBox, store: FileStore
) -> None:
    before, sealed = put(FileStore(tmp_path / "documents")), put(store, DATA + b"2" * PIECE_BYTES)
    box.rotate()
    assert store.reseal() == 2
    assert store.reseal() == 0, "once is enough"
    keys = tmp_path / "secrets" / "documents.key"
    keep_newest_only(keys)
    later = FileStore(tmp_path / "documents", box=SecretsBox(keys))
    assert later.read(before) == DATA
    assert later.read(sealed) == DATA + b"2" * PIECE_BYTES
    assert later.path(before).read_bytes().startswith(MARK), "what lay in plain is sealed now"
    assert {oct(later.path(each).stat().st_mode & 0o777) for each in (before, sealed)} == {"0o400"}
    assert oct(keys.stat().st_mode & 0o777) == "0o600"
    assert not list((tmp_path / "documents" / "incoming").iterdir())


def test_a_file_whose_key_is_missing_is_left_as_it_is(
    tmp_path: Path, box: SecretsBox, store: FileStore
) -> None:
    lost = put(store)
    bytes_before = store.path(lost).read_bytes()
    box.rotate()
    keep_newest_only(tmp_path / "secrets" / "documents.key")
    assert (
        FileStore(tmp_path / "documents", box=SecretsBox(tmp_path / "secrets" / "documents.key")).reseal()
        == 0
    )
    assert store.path(lost).read_bytes() == bytes_before


class TestShredding:
    def test_the_bytes_are_gone_and_the_key_first(self, tmp_path: Path, store: FileStore) -> None:
        address = put(store)
        held = os.open(
            store.path(address), os.O_RDONLY
        )  # as whoever kept the file open, or reads the freed blocks
        sealed = store.path(address).read_bytes()
        assert store.shred(address, before=datetime.now(UTC) + timedelta(minutes=1))
        left = os.read(held, len(sealed))
        os.close(held)
        assert left[:200] != sealed[:200]
        assert not store.exists(address)
        with pytest.raises(NotFound):
            store.read(address)
        assert not [path for path in (tmp_path / "documents").rglob("*") if path.is_file()]
        assert not store.shred(address, before=datetime.now(UTC) + timedelta(minutes=1))
        assert store.read(put(store)) == DATA, "it may come again"

    def test_a_file_that_came_again_stays(self, store: FileStore) -> None:
        address = put(store)
        past = datetime.now(UTC) - timedelta(hours=2)
        os.utime(store.path(address), (past.timestamp(), past.timestamp()))
        assert put(store) == address
        assert not store.shred(address, before=datetime.now(UTC) - timedelta(hours=1))
        assert store.read(address) == DATA
