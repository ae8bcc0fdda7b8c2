"""PNG (ISO/IEC 15948) and JPEG (ISO/IEC 10918-1): a walk over their parts without decoding a point."""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from app.core.documents.intake.limits import IntakeLimits
from app.core.documents.refusals import FileDamaged, FilePolyglot, ImageTooLarge

PNG_MARK = b"\x89PNG\r\n\x1a\n"
JPEG_MARK = b"\xff\xd8\xff"
_HEADER_BYTES = 13
_END_OF_IMAGE = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_FILL = 0xFF
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def check_png(path: Path, limits: IntakeLimits) -> None:
    """
    Walk over the chunks of a PNG: checksums hold, the header comes first, nothing follows the end.

    :raises FileDamaged: a chunk breaks off, or its checksum is wrong.
    :raises FilePolyglot: bytes follow the end chunk.
    :raises ImageTooLarge: more points than allowed.
    """
    with path.open("rb") as file:
        file.seek(len(PNG_MARK))
        kind, body = _chunk(file)
        if kind != b"IHDR" or len(body) != _HEADER_BYTES:
            raise FileDamaged(found="PNG")
        width, height = struct.unpack(">II", body[:8])
        _check_points(width, height, limits, "PNG")
        has_image = False
        while kind != b"IEND":
            kind, _ = _chunk(file)
            has_image = has_image or kind == b"IDAT"
        if not has_image:
            raise FileDamaged(found="PNG")
        if file.read(1):
            raise FilePolyglot


def _chunk(file: BinaryIO) -> tuple[bytes, bytes]:
    head = file.read(8)
    if len(head) < len(b"sizekind"):
        raise FileDamaged(found="PNG")
    size, kind = struct.unpack(">I4s", head)
    body = file.read(size)
    checksum = file.read(4)
    if len(body) < size or checksum != struct.pack(">I", zlib.crc32(kind + body)):
        raise FileDamaged(found="PNG")
    return kind, body


def check_jpeg(path: Path, limits: IntakeLimits) -> None:
    """
    Walk over the segments of a JPEG up to its first scan and look for its end.

    Bytes behind the end are let be: cameras put previews and depth maps there. A zip or PDF there is
    found by ``inspect``.

    :raises FileDamaged: a segment breaks off, there is no frame, or the picture has no end.
    :raises ImageTooLarge: more points than allowed.
    """
    data = path.read_bytes()
    position = 2
    size: tuple[int, int] | None = None
    while True:
        marker, position = _marker(data, position)
        if marker in _STANDALONE:
            continue
        body = _segment(data, position)
        if marker in _FRAMES and len(body) >= len(b"phhww"):
            height, width = struct.unpack(">HH", body[1:5])
            size = (width, height)
        position += 2 + len(body)
        if marker == _START_OF_SCAN:
            break
    if size is None or data.find(_END_OF_IMAGE, position) < 0:
        raise FileDamaged(found="JPEG")
    _check_points(*size, limits, "JPEG")


def _marker(data: bytes, position: int) -> tuple[int, int]:
    if data[position : position + 1] != b"\xff":
        raise FileDamaged(found="JPEG")
    while position < len(data) and data[position] == _FILL:
        position += 1
    if position >= len(data):
        raise FileDamaged(found="JPEG")
    return data[position], position + 1


def _segment(data: bytes, position: int) -> bytes:
    length = int.from_bytes(data[position : position + 2], "big")
    body = data[position + 2 : position + length]
    if length < len(b"ll") or len(body) != length - 2:
        raise FileDamaged(found="JPEG")
    return body


def _check_points(width: int, height: int, limits: IntakeLimits, kind: str) -> None:
    if width == 0 or height == 0:
        raise FileDamaged(found=kind)
    if width * height > limits.max_megapixels * 1_000_000:
        raise ImageTooLarge(limit_megapixels=limits.max_megapixels)
