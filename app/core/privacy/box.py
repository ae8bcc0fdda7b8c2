"""
Secrets that must be read again: sealed with AES-256-GCM under the newest key of a key file.

The file holds one key a line, ``<id> <key>``, the newest last, mode 0600. A new line rotates: it seals from then on,
and the older keys keep opening what they sealed. Whoever has the database alone learns nothing.
"""

import base64
import os
import secrets
import stat
import threading
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_ID_BYTES, _KEY_BYTES, _NONCE_BYTES = 4, 32, 12
_HEAD = len(_VERSION) + _ID_BYTES
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnsafeKeyFile(RuntimeError):
    """A key file can be read by others than its owner."""


class NotOpened(RuntimeError):
    """A sealed secret does not open: its key is gone, it was changed, or it was sealed for another purpose."""


class SecretsBox:
    """
    Seals and opens small secrets with the keys of one file.

    :raises UnsafeKeyFile: the file is open to the group or to others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._keys: dict[bytes, AESGCM] = {}
        self._index_keys: dict[bytes, bytes] = {}
        self._newest = b""
        if not path.exists():
            _create(path)
        self._read()

    def __repr__(self) -> str:
        return f"SecretsBox(keys={len(self._keys)}, newest={self._newest.hex()})"

    @property
    def newest(self) -> str:
        """Return the id of the key that seals."""
        return self._newest.hex()

    def seal(self, secret: bytes, *, purpose: str) -> bytes:
        """
        Seal a secret.

        :param purpose: what and whose it is, for instance ``totp:<user>``; the same must be said to open it, so that
            a sealed secret cannot be moved to another row.
        """
        nonce = os.urandom(_NONCE_BYTES)
        head = _VERSION + self._newest
        return head + nonce + self._keys[self._newest].encrypt(nonce, secret, head + purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """
        Return the secret.

        :raises NotOpened: no key of the file opens it for this purpose.
        """
        head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE_BYTES]
        key = self._key(head[len(_VERSION) :]) if head[:1] == _VERSION else None
        if key is None:
            raise NotOpened("The key of a sealed secret is missing; restore the key file from the backup.")
        try:
            return key.decrypt(nonce, sealed[_HEAD + _NONCE_BYTES :], head + purpose.encode())
        except (InvalidTag, ValueError):
            raise NotOpened("A sealed secret was changed or belongs to another row.") from None

    def digests(self, value: bytes, *, purpose: str) -> list[bytes]:
        """
        Return keyed digests of a value, one for each key of the file, the newest first.

        Equal values have equal digests, so that a value can be looked up without being stored; without the key file a
        digest cannot be guessed back. Store the first, look for any.
        """
        with self._lock:
            keys = list(reversed(self._index_keys.values()))
        return [_hmac(key, purpose.encode() + b"\x00" + value) for key in keys]

    def is_outdated(self, sealed: bytes) -> bool:
        """Tell whether a secret was sealed with an older key and should be sealed anew while it is at hand."""
        return sealed[len(_VERSION) : _HEAD] != self._newest

    def rotate(self) -> str:
        """Add a key that seals from now on; return its id. Other processes notice when they meet its first secret."""
        with self._lock:
            _replace(self._path, self._path.read_text(encoding="ascii") + _new_line())
        self._read()
        return self.newest

    def _key(self, key_id: bytes) -> AESGCM | None:
        if key_id not in self._keys:
            self._read()  # another process may have rotated
        return self._keys.get(key_id)

    def _read(self) -> None:
        if self._path.stat().st_mode & _OTHERS:
            raise UnsafeKeyFile(f"{self._path} must be readable by its owner only: chmod 600 {self._path}")
        pairs = [line.split() for line in self._path.read_text(encoding="ascii").splitlines() if line.strip()]
        raw = {bytes.fromhex(name): base64.b64decode(key) for name, key in pairs}
        keys = {name: AESGCM(key) for name, key in raw.items()}
        index_keys = {name: _derived(key) for name, key in raw.items()}
        if not keys:
            raise NotOpened(f"{self._path} holds no key; restore it from the backup.")
        with self._lock:
            self._keys, self._index_keys, self._newest = keys, index_keys, bytes.fromhex(pairs[-1][0])


def _derived(key: bytes) -> bytes:
    """Return the key of digests: one key must not serve two algorithms."""
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"ftz blind index").derive(key)


def _hmac(key: bytes, value: bytes) -> bytes:
    digest = hmac.HMAC(key, hashes.SHA256())
    digest.update(value)
    return digest.finalize()


def _new_line() -> str:
    key = base64.b64encode(os.urandom(_KEY_BYTES)).decode()
    return f"{secrets.token_hex(_ID_BYTES)} {key}\n"


def _create(path: Path) -> None:
    """Make the file with its first key; of several processes that start at once, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = _written_beside(path, _new_line())
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()


def _replace(path: Path, text: str) -> None:
    _written_beside(path, text).replace(path)


def _written_beside(path: Path, text: str) -> Path:
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return made
