"""The door for files from outside: what they are is decided by their content, never by name or header.

``inspect`` looks at a complete file on disk and either tells its type or refuses it with a reason. The file is
not changed: a signed paper must stay the bytes that were signed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zipfile import is_zipfile

import puremagic

from app.core.documents.intake import images, office, pdf
from app.core.documents.intake.limits import IntakeLimits
from app.core.documents.refusals import (
    FileEmpty,
    FileNameMismatch,
    FilePolyglot,
    FileTooLarge,
    FileTypeUnknown,
)

__all__ = ["ACCEPTED", "IntakeLimits", "MediaType", "extension", "inspect"]

_HEAD_BYTES = 4096
# Readers look for a PDF's mark this far into a file, so a picture with the mark there is also a PDF.
_PDF_MARK_WITHIN = 1024
_PDF_MARK = b"%PDF-"


class MediaType(StrEnum):
    """The types that are let in, by their registered names."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    extensions: tuple[str, ...]


_KINDS: Mapping[MediaType, _Kind] = {
    MediaType.PDF: _Kind("PDF", ("pdf",)),
    MediaType.PNG: _Kind("PNG", ("png",)),
    MediaType.JPEG: _Kind("JPEG", ("jpg", "jpeg")),
    MediaType.DOCX: _Kind("Word (.docx)", ("docx",)),
    MediaType.XLSX: _Kind("Excel (.xlsx)", ("xlsx",)),
}
ACCEPTED = tuple(f".{extension}" for kind in _KINDS.values() for extension in kind.extensions)


def extension(media_type: MediaType) -> str:
    """Return the usual extension of a type, without the dot, for the name under which a file is sent out."""
    return _KINDS[media_type].extensions[0]


def inspect(path: Path, *, filename: str, limits: IntakeLimits) -> MediaType:
    """
    Tell the type of a file, or refuse it.

    :param path: the complete file.
    :param filename: the name that the sender gave; only its extension is looked at, and only to find a lie.
    :raises FileRefused: one of its subclasses in ``app.core.documents.refusals``.
    """
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty
    if size > limits.max_bytes:
        raise FileTooLarge(limit_mb=max(1, limits.max_bytes // 1_000_000))
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    media_type = _recognise(head, path)
    _refuse_second_nature(media_type, head, path)
    _refuse_wrong_extension(media_type, filename)
    _CHECKS[media_type](path, limits)
    return media_type


def _recognise(head: bytes, path: Path) -> MediaType:
    if head.startswith(_PDF_MARK):
        return MediaType.PDF
    if head.startswith(images.PNG_MARK):
        return MediaType.PNG
    if head.startswith(images.JPEG_MARK):
        return MediaType.JPEG
    if _PDF_MARK in head[:_PDF_MARK_WITHIN]:
        raise FilePolyglot
    if head.startswith(office.ZIP_MARK):
        family = office.family(path)
        if family is not None:
            return {"word": MediaType.DOCX, "xl": MediaType.XLSX}[family]
    raise FileTypeUnknown(found=_guess(head))


def _guess(head: bytes) -> str:
    """Name an unaccepted type for the person who sent it, as well as its first bytes allow."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return "?"
    return str(matches[0].name or matches[0].extension) if matches else "?"


def _refuse_second_nature(media_type: MediaType, head: bytes, path: Path) -> None:
    is_office = media_type in {MediaType.DOCX, MediaType.XLSX}
    second_pdf = media_type is not MediaType.PDF and _PDF_MARK in head[:_PDF_MARK_WITHIN]
    # A zip is read from its end, so one can stand behind any picture or PDF.
    if second_pdf or (not is_office and is_zipfile(path)):
        raise FilePolyglot


def _refuse_wrong_extension(media_type: MediaType, filename: str) -> None:
    kind = _KINDS[media_type]
    given = filename.rsplit(".", 1)[-1].strip().lower() if "." in filename else ""
    if given and given not in kind.extensions:
        raise FileNameMismatch(extension=given[:20], found=kind.name)


_CHECKS: Mapping[MediaType, Callable[[Path, IntakeLimits], None]] = {
    MediaType.PDF: pdf.check,
    MediaType.PNG: images.check_png,
    MediaType.JPEG: images.check_jpeg,
    MediaType.DOCX: office.check,
    MediaType.XLSX: office.check,
}
