"""
Photos freed of what the camera wrote into them: place, time, serial numbers, previews. The picture itself stays.

JPEG (ISO/IEC 10918-1) and PNG (ISO/IEC 15948) are walked part by part without decoding a point. Of a JPEG's EXIF (CIPA
DC-008) only the orientation stays, or the picture would lie on its side; the place is read out first, for whoever keeps
it on purpose.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.core.documents.intake.images import JPEG_MARK, PNG_MARK
from app.core.documents.refusals import FileDamaged

_EXIF = b"Exif\x00\x00"
_ICC = b"ICC_PROFILE\x00"
_SOS, _EOI, _COM, _APP0, _APP1, _APP2, _APP14, _APP15 = 0xDA, 0xD9, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_TOLD = frozenset({b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME"})
_ORIENTATION, _GPS = 0x0112, 0x8825
_DEGREES = Decimal("0.000001")
_BYTE, _SHORT, _LONG, _RATIONAL = 1, 3, 4, 5
_FILL = 0xFF
_IN_PLACE = 4  # bytes of a value that stands in the entry itself
_LONGEST = 64  # values of an entry; nothing that is read here has more
_SEXAGESIMAL = 3


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture without what the camera wrote, and the place that it had written."""

    data: bytes
    latitude: Decimal | None = None
    longitude: Decimal | None = None


def cleaned(data: bytes) -> Photo:
    """
    Return a photo without its tales.

    :raises FileDamaged: it breaks off, or is neither PNG nor JPEG.
    """
    if data.startswith(PNG_MARK):
        return Photo(_clean_png(data))
    if data.startswith(JPEG_MARK):
        return _clean_jpeg(data)
    raise FileDamaged(found="JPEG, PNG")


def _clean_png(data: bytes) -> bytes:
    kept, position = [PNG_MARK], len(PNG_MARK)
    while position < len(data):
        if position + 12 > len(data):
            raise FileDamaged(found="PNG")
        (size,) = struct.unpack_from(">I", data, position)
        kind, end = data[position + 4 : position + 8], position + 12 + size
        if end > len(data):
            raise FileDamaged(found="PNG")
        if kind not in _TOLD:
            kept.append(data[position:end])
        position = end
        if kind == b"IEND":
            break
    return b"".join(kept)


def _clean_jpeg(data: bytes) -> Photo:
    kept: list[bytes] = []
    told = _Told()
    for marker, part in _parts(data):
        body = part[4:]
        if marker == _APP1 and body.startswith(_EXIF):
            told = _read_exif(body[len(_EXIF) :])
            continue
        if _APP1 <= marker <= _APP15 and marker != _APP14 and not (marker == _APP2 and body.startswith(_ICC)):
            continue
        if marker == _COM:
            continue
        kept.append(part)
    upright = _orientation(told.orientation) if told.orientation not in (0, 1) else b""
    return Photo(b"\xff\xd8" + upright + b"".join(kept), told.latitude, told.longitude)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the segments of a JPEG up to its end; what stands behind the end is left behind."""
    position = 2
    while True:
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        if position + 2 > len(data) or data[position] != _FILL:
            raise FileDamaged(found="JPEG")
        marker = data[position + 1]
        if marker == _EOI:
            yield marker, b"\xff\xd9"
            return
        if marker in _STANDALONE:
            yield marker, data[position : position + 2]
            position += 2
            continue
        if position + 4 > len(data):
            raise FileDamaged(found="JPEG")
        end = position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        if marker == _SOS:
            end = _after_scan(data, end)
        if end > len(data):
            raise FileDamaged(found="JPEG")
        yield marker, data[position:end]
        position = end


def _after_scan(data: bytes, position: int) -> int:
    """Return where the points of a scan end: at the first mark that is neither stuffing nor a restart."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise FileDamaged(found="JPEG")
        following = data[position + 1]
        if following and following not in _STANDALONE and following != _FILL:
            return position
        position += 1 if following == _FILL else 2


@dataclass(frozen=True, slots=True)
class _Told:
    orientation: int = 0
    latitude: Decimal | None = None
    longitude: Decimal | None = None


def _read_exif(tiff: bytes) -> _Told:
    """Read orientation and place; what cannot be read is as if it were not there."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return _Told()
    try:
        first = _directory(tiff, struct.unpack_from(f"{order}I", tiff, 4)[0], order)
        orientation = first.get(_ORIENTATION, [0])[0]
        gps = _directory(tiff, int(first[_GPS][0]), order) if _GPS in first else {}
        latitude, longitude = _degrees(gps, 1, b"S", 90), _degrees(gps, 3, b"W", 180)
    except (struct.error, IndexError, ZeroDivisionError, ArithmeticError):
        return _Told()
    if latitude is None or longitude is None:
        latitude = longitude = None
    return _Told(int(orientation), latitude, longitude)


def _directory(tiff: bytes, offset: int, order: str) -> dict[int, list[Decimal]]:
    """Return the numbers of a directory by tag; texts are given as the numbers of their characters."""
    (count,) = struct.unpack_from(f"{order}H", tiff, offset)
    found: dict[int, list[Decimal]] = {}
    for index in range(count):
        at = offset + 2 + 12 * index
        tag, kind, number = struct.unpack_from(f"{order}HHI", tiff, at)
        width = {_BYTE: 1, 2: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8}.get(kind)
        if width is None or number > _LONGEST:
            continue
        place = at + 8 if width * number <= _IN_PLACE else struct.unpack_from(f"{order}I", tiff, at + 8)[0]
        found[tag] = [_number(tiff, place + width * each, kind, order) for each in range(number)]
    return found


def _number(tiff: bytes, at: int, kind: int, order: str) -> Decimal:
    if kind == _RATIONAL:
        above, below = struct.unpack_from(f"{order}II", tiff, at)
        return Decimal(above) / Decimal(below)
    return Decimal(struct.unpack_from(f"{order}{ {_SHORT: 'H', _LONG: 'I'}.get(kind, 'B') }", tiff, at)[0])


def _degrees(gps: dict[int, list[Decimal]], tag: int, negative: bytes, most: int) -> Decimal | None:
    """Return degrees from degrees, minutes and seconds; the tag before says on which side."""
    if tag + 1 not in gps or tag not in gps or len(gps[tag + 1]) != _SEXAGESIMAL:
        return None
    whole, minutes, seconds = gps[tag + 1]
    value = whole + minutes / 60 + seconds / 3600
    if gps[tag][0] == negative[0]:
        value = -value
    return value.quantize(_DEGREES) if abs(value) <= most else None


def _orientation(value: int) -> bytes:
    """Return an EXIF segment that says which side is up and nothing else."""
    if value not in range(2, 9):
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, value, 0)
    tiff = b"MM\x00\x2a" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    body = _EXIF + tiff
    return struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body
