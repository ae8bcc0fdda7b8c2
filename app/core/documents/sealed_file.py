"""
Files sealed on the disk: a key of their own for each, itself sealed with the key file, and pieces that open in order.

The first line says that a file is sealed; files from before stay readable as they are. A piece is bound to its place
and to whether it is the last, so that none can be taken out, exchanged or left off unseen.
"""

import os
import shutil
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.privacy.box import NotOpened, SecretsBox

MARK = b"FTZ sealed file 1\n"
PIECE_BYTES = 1 << 20
_KEY_BYTES, _TAG_BYTES = 32, 16
_LENGTH = struct.Struct(">H")


class FileNotOpened(OSError):
    """A sealed file was changed, or its key is missing."""


def seal_file(source: BinaryIO, target: BinaryIO, *, name: str, box: SecretsBox) -> None:
    """
    Write a file sealed.

    :param name: what it is stored under; it opens under no other.
    """
    key = os.urandom(_KEY_BYTES)
    head = box.seal(key, purpose=_purpose(name))
    target.write(MARK + _LENGTH.pack(len(head)) + head)
    cipher, number = AESGCM(key), 0
    piece = source.read(PIECE_BYTES)
    while True:
        following = source.read(PIECE_BYTES)
        target.write(cipher.encrypt(_nonce(number, last=not following), piece, None))
        if not following:
            return
        piece, number = following, number + 1


def opened_pieces(source: BinaryIO, *, name: str, box: SecretsBox | None) -> Iterator[bytes]:
    """
    Yield the content of a file, sealed or not.

    :raises FileNotOpened: it was changed, or its key is missing.
    """
    if source.read(len(MARK)) != MARK:
        source.seek(0)
        while piece := source.read(PIECE_BYTES):
            yield piece
        return
    cipher, number = _cipher(source, name, box), 0
    piece = source.read(PIECE_BYTES + _TAG_BYTES)
    while True:
        following = source.read(PIECE_BYTES + _TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, None)
        except InvalidTag:
            raise FileNotOpened(f"The sealed file {name} was changed.") from None
        if not following:
            return
        piece, number = following, number + 1


def reseal_file(source: BinaryIO, target: BinaryIO, *, name: str, box: SecretsBox) -> bool:
    """
    Write a file with its key sealed by the newest key of the box; tell whether anything had to change.

    :raises FileNotOpened: the key of the file is missing.
    """
    if source.read(len(MARK)) != MARK:
        source.seek(0)
        seal_file(source, target, name=name, box=box)
        return True
    head = _head(source, name)
    if not box.is_outdated(head):
        return False
    try:
        fresh = box.seal(box.open(head, purpose=_purpose(name)), purpose=_purpose(name))
    except NotOpened as fault:
        raise FileNotOpened(f"The sealed file {name} does not open: {fault}") from None
    target.write(MARK + _LENGTH.pack(len(fresh)) + fresh)
    shutil.copyfileobj(source, target, PIECE_BYTES)
    return True


def _head(source: BinaryIO, name: str) -> bytes:
    try:
        (length,) = _LENGTH.unpack(source.read(_LENGTH.size))
    except struct.error as fault:
        raise FileNotOpened(f"The sealed file {name} does not open: {fault}") from None
    return source.read(length)


def _cipher(source: BinaryIO, name: str, box: SecretsBox | None) -> AESGCM:
    if box is None:
        raise FileNotOpened(f"The file {name} is sealed and no key is at hand.")
    try:
        return AESGCM(box.open(_head(source, name), purpose=_purpose(name)))
    except NotOpened as fault:
        raise FileNotOpened(f"The sealed file {name} does not open: {fault}") from None


def _nonce(number: int, *, last: bool) -> bytes:
    # The key serves one file, so a counter never repeats under it.
    return struct.pack(">IQ", int(last), number)


def _purpose(name: str) -> str:
    return f"file:{name}"
