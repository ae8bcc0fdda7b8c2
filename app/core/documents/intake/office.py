"""Office Open XML (ISO/IEC 29500): a zip of XML parts, checked without unpacking to disk."""

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError

from app.core.documents.intake.limits import IntakeLimits
from app.core.documents.refusals import (
    FileBomb,
    FileDamaged,
    FilePolyglot,
    FileRefused,
    OfficeActive,
    OfficeMacros,
)

ZIP_MARK = b"PK\x03\x04"
_TYPES = "[Content_Types].xml"
_MAIN_PARTS = {"word/document.xml": "word", "xl/workbook.xml": "xl"}
_ENCRYPTED = 0x1
_PIECE = 1 << 20
# Small parts of ordinary workbooks compress far better than the limit; the ratio only counts above this size.
_RATIO_FROM_BYTES = 5_000_000
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_OBJECT_PARTS = re.compile(
    r"/(?:activeX|embeddings|ctrlProps|externalLinks)/.*\.(?:bin|exe|dll|ole|vbs|js)$", re.I
)
_BROKEN = (
    BadZipFile,
    LargeZipFile,
    ZlibError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def family(path: Path) -> str | None:
    """Return ``word`` or ``xl`` by the main part, or None for another zip; raises ``FileDamaged``."""
    with _opened(path) as archive:
        names = set(archive.namelist())
    if _TYPES not in names:
        return None
    found = {kind for part, kind in _MAIN_PARTS.items() if part in names}
    if len(found) > 1:
        raise FilePolyglot
    return found.pop() if found else None


def check(path: Path, limits: IntakeLimits) -> None:
    """
    Check a Word or Excel file.

    :raises FileBomb: too many parts, or they unpack to too much, or they overlap.
    :raises OfficeMacros: a macro project, or a type that allows macros.
    :raises OfficeActive: embedded programs, or content fetched from elsewhere (hyperlinks are let be).
    :raises FileDamaged: the zip or its XML contradicts itself.
    """
    with _opened(path) as archive:
        parts = archive.infolist()
        _check_sizes(parts, path.stat().st_size, limits)
        _check_names(parts)
        try:
            for part in parts:
                _check_part(archive, part)
        except FileRefused:
            raise
        except (*_BROKEN, expat.ExpatError) as error:
            raise FileDamaged(found="Office") from error


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except _BROKEN as error:
        raise FileDamaged(found="ZIP") from error


def _check_sizes(parts: list[ZipInfo], size: int, limits: IntakeLimits) -> None:
    if len(parts) > limits.max_entries:
        raise FileBomb
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    # Parts that share bytes (the overlapping bomb) add up to more than the file is long.
    if unpacked > limits.max_unpacked_bytes or packed > size:
        raise FileBomb
    sizes = [(unpacked, size), *((part.file_size, part.compress_size) for part in parts)]
    if any(big > _RATIO_FROM_BYTES and big > limits.max_ratio * max(1, small) for big, small in sizes):
        raise FileBomb


def _check_names(parts: list[ZipInfo]) -> None:
    names = [part.filename for part in parts]
    if len({name.lower() for name in names}) != len(names):
        raise FilePolyglot
    if any(name.startswith("/") or "\\" in name or ".." in name.split("/") for name in names):
        raise FileDamaged(found="Office")
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise FileDamaged(found="Office")
    if any("vbaproject" in name.lower() or "/macrosheets/" in name.lower() for name in names):
        raise OfficeMacros
    for name in names:
        if _OBJECT_PARTS.search(f"/{name}"):
            raise OfficeActive(found=name[-80:])


def _check_part(archive: ZipFile, part: ZipInfo) -> None:
    name = part.filename.lower()
    # Closed at once: a refused part would else hold the file open for as long as its exception lives.
    with closing(_pieces(archive, part)) as pieces:
        if part.filename == _TYPES:
            _check_types(pieces)
        elif name.endswith(".rels"):
            _check_relations(pieces)
        else:
            _check_content(pieces, is_xml=name.endswith((".xml", ".vml")))


def _check_content(pieces: Iterator[bytes], *, is_xml: bool) -> None:
    tail = b""
    for piece in pieces:
        if is_xml and _DOCTYPE.search(tail + piece):
            raise OfficeActive(found="DOCTYPE")
        tail = piece[-16:]


def _pieces(archive: ZipFile, part: ZipInfo) -> Generator[bytes, None, None]:
    """Yield the real bytes of a part; zipfile compares their checksum and their number with the index."""
    with archive.open(part) as file:
        while piece := file.read(_PIECE):
            yield piece


def _elements(pieces: Iterator[bytes]) -> list[dict[str, str]]:
    """Return the attributes of every element; entities and document types are refused before they act."""
    found: list[dict[str, str]] = []

    def refuse(*_: Any) -> None:
        raise OfficeActive(found="DOCTYPE")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda _name, attributes: found.append(attributes)
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return found


def _check_types(pieces: Iterator[bytes]) -> None:
    for attributes in _elements(pieces):
        kind = attributes.get("ContentType", "").lower()
        if "macroenabled" in kind or "vbaproject" in kind:
            raise OfficeMacros
        if "activex" in kind:
            raise OfficeActive(found="ActiveX")


def _check_relations(pieces: Iterator[bytes]) -> None:
    for attributes in _elements(pieces):
        kind = attributes.get("Type", "").rsplit("/", 1)[-1]
        if attributes.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            raise OfficeActive(found=kind[:80] or "?")
        if kind in {"vbaProject", "wordVbaData", "xlMacrosheet"}:
            raise OfficeMacros
        if kind in {"oleObject", "control", "package"}:
            raise OfficeActive(found=kind)
