"""The key file and what it seals."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.privacy.box import NotOpened, SecretsBox, UnsafeKeyFile

SECRET = b"JBSWY3DPEHPK3PXP"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "totp.key"


def test_what_is_sealed_opens_for_its_purpose_only(path: Path) -> None:
    box = SecretsBox(path)
    sealed = box.seal(SECRET, purpose="totp:a")
    assert SECRET not in sealed
    assert sealed != box.seal(SECRET, purpose="totp:a")
    assert box.open(sealed, purpose="totp:a") == SECRET
    with pytest.raises(NotOpened):
        box.open(sealed, purpose="totp:b")


@pytest.mark.parametrize("place", [0, 2, 6, 20, -1])
def test_a_changed_byte_is_noticed(path: Path, place: int) -> None:
    box = SecretsBox(path)
    sealed = bytearray(box.seal(SECRET, purpose="p"))
    sealed[place] ^= 1
    with pytest.raises(NotOpened):
        box.open(bytes(sealed), purpose="p")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01abcd", b"\x02" + bytes(60)])
def test_rubbish_does_not_open(path: Path, sealed: bytes) -> None:
    with pytest.raises(NotOpened):
        SecretsBox(path).open(sealed, purpose="p")


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    SecretsBox(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o640)
    with pytest.raises(UnsafeKeyFile, match="chmod 600"):
        SecretsBox(path)


def test_old_keys_keep_opening_after_a_rotation(path: Path) -> None:
    box, elsewhere = SecretsBox(path), SecretsBox(path)
    first = box.seal(SECRET, purpose="p")
    earlier = box.newest
    assert box.rotate() != earlier
    second = box.seal(SECRET, purpose="p")
    assert box.is_outdated(first)
    assert not box.is_outdated(second)
    assert box.open(first, purpose="p") == SECRET
    assert elsewhere.open(second, purpose="p") == SECRET, "another process reads the file again"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_its_key_nothing_opens(path: Path) -> None:
    sealed = SecretsBox(path).seal(SECRET, purpose="p")
    path.unlink()
    with pytest.raises(NotOpened, match="backup"):
        SecretsBox(path).open(sealed, purpose="p")


def test_processes_that_start_at_once_agree_on_one_key(path: Path) -> None:
    start = threading.Barrier(6)

    def begin(_: int) -> str:
        start.wait()
        return SecretsBox(path).newest

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(begin, range(6)))) == 1
    assert [each.name for each in path.parent.iterdir()] == ["totp.key"]


def test_the_box_tells_no_key(path: Path) -> None:
    box = SecretsBox(path)
    key = path.read_text().split()[1]
    assert key not in repr(box)
    assert key not in str(vars(box))
