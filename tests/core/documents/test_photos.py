"""Photos lose what the camera wrote and nothing else."""

import struct
import zlib
from decimal import Decimal

import pytest

from app.core.documents.intake.photos import cleaned
from app.core.documents.refusals import FileDamaged


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _exif(orientation: int = 6, *, place: bool = True) -> bytes:
    """An EXIF block, little-endian: orientation, the camera's name, a place at 20°51'18" N, 106°47' E."""
    maker = b"Kamera-12345\x00"
    entries = [(0x0112, 3, 1, struct.pack("<HH", orientation, 0))]
    ends = 8 + 2 + 12 * (2 + place) + 4
    entries.insert(0, (0x010F, 2, len(maker), struct.pack("<I", ends)))
    gps_at = ends + len(maker)
    if place:
        entries.append((0x8825, 4, 1, struct.pack("<I", gps_at)))
    first = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries
    )
    tiff = b"II*\x00" + struct.pack("<I", 8) + first + struct.pack("<I", 0) + maker
    if place:
        values = gps_at + 2 + 12 * 4 + 4
        gps = [
            (1, 2, 2, b"N\x00\x00\x00"), (2, 5, 3, struct.pack("<I", values)), (3, 2, 2, b"E\x00\x00\x00"),
            (4, 5, 3, struct.pack("<I", values + 24)),
        ]  # fmt: skip
        tiff += struct.pack("<H", 4) + b"".join(
            struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in gps
        )
        tiff += (
            struct.pack("<I", 0)
            + struct.pack("<6I", 20, 1, 51, 1, 18, 1)
            + struct.pack("<6I", 106, 1, 47, 1, 0, 1)
        )
        tiff += b"GPS-Spur"
    return b"Exif\x00\x00" + tiff


def camera_jpeg(*, mark: int = 0, exif: bytes | None = None) -> bytes:
    """A JPEG as cameras make them: EXIF, a colour profile, a comment, two scans, and a preview behind the end."""
    frame = struct.pack(">BHHB", 8, 40, 30, 1) + bytes((1, 0x11, 0))
    scan = _segment(0xDA, bytes((1, 1, 0, 0, 63, 0)))
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            _segment(0xE1, _exif() if exif is None else exif),
            _segment(0xE2, b"ICC_PROFILE\x00\x01\x01Farben"),
            _segment(0xE2, b"MPF\x00Vorschau"),
            _segment(0xED, b"Photoshop 3.0\x00Unterschrift"),
            _segment(0xFE, b"Notiz des Telefons"),
            _segment(0xC2, frame),
            scan,
            bytes((mark, 1, 2)) + b"\xff\x00\x03\xff\xd0\x04",
            _segment(0xC4, b"\x00" * 17),
            scan,
            b"\x05\x06",
            b"\xff\xd9",
            b"Vorschau mit Ort",
        )
    )


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of given chunks."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(parts)


def test_what_the_camera_wrote_is_gone_and_the_picture_stays() -> None:
    data = camera_jpeg(mark=7)
    photo = cleaned(data)
    for told in (b"Kamera-12345", b"GPS", b"Unterschrift", b"Notiz", b"Vorschau", b"MPF"):
        assert told in data
        assert told not in photo.data
    assert b"ICC_PROFILE" in photo.data
    points = data[data.index(b"\xff\xc2") : data.index(b"\xff\xd9") + 2]
    assert photo.data.endswith(points)


def test_the_place_is_read_and_the_side_that_is_up_is_kept() -> None:
    photo = cleaned(camera_jpeg())
    assert (photo.latitude, photo.longitude) == (Decimal("20.855000"), Decimal("106.783333"))
    again = cleaned(photo.data)
    assert (again.latitude, again.data) == (None, photo.data)


@pytest.mark.parametrize(
    "exif", [b"Exif\x00\x00", b"Exif\x00\x00II*\x00\xff\xff\xff\x7f", _exif(99), _exif(1, place=False)]
)
def test_an_exif_that_says_nothing_leaves_nothing(exif: bytes) -> None:
    photo = cleaned(camera_jpeg(exif=exif))
    assert b"Exif" not in photo.data


def test_a_png_keeps_its_picture_only() -> None:
    head, points = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\x00\x00")),
    )
    told = png(
        head, (b"tEXt", b"Ort\x00hier"), (b"eXIf", b"II*"), points, (b"tIME", b"\x00" * 7), (b"IEND", b"")
    )
    assert cleaned(told).data == png(head, points, (b"IEND", b""))


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a",
        camera_jpeg()[:-40],
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n\x00\x00\xff\xffIHDR",
        b"\xff\xd8\xff\xe1\x00",
    ],
)
def test_what_breaks_off_is_refused(data: bytes) -> None:
    with pytest.raises(FileDamaged):
        cleaned(data)
