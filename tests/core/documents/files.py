"""Files for the intake tests, made in code: good ones and the ways in which a file can be bad."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import pikepdf

CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"'
    ' Target="{target}"{mode}/></Relationships>'
)


def pdf(**root: object) -> bytes:
    """One blank page, with further entries in the catalogue."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(595, 842))
    for key, value in root.items():
        document.Root[f"/{key}"] = document.make_indirect(pikepdf.Object.parse(str(value).encode()))
    return save(document)


def save(document: pikepdf.Pdf, encryption: pikepdf.Encryption | None = None) -> bytes:
    target = io.BytesIO()
    document.save(target, encryption=encryption)
    return target.getvalue()


def encrypted_pdf(password: str) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    return save(document, encryption=pikepdf.Encryption(owner="owner", user=password))


def attached_pdf() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.attachments["bill.xml"] = b"<x/>"
    return save(document)


def pdf_with_annotation(source: str) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.pages[0].obj["/Annots"] = pikepdf.Array([pikepdf.Object.parse(source.encode())])
    return save(document)


def pdf_bomb(size: int) -> bytes:
    """A page whose content unpacks to ``size`` bytes of blanks."""
    document = pikepdf.new()
    document.add_blank_page()
    stream = pikepdf.Stream(document, zlib.compress(b" " * size, 9))
    stream["/Filter"] = pikepdf.Name.FlateDecode
    document.pages[0].obj["/Contents"] = document.make_indirect(stream)
    return save(document)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 4, height: int = 4) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (min(width, 10) + 1) * min(height, 10))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int = 4, height: int = 4) -> bytes:
    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
        + segment(0xDA, b"\1\1\0\0\x3f\0")
        + b"\x12\x34\x56"
        + b"\xff\xd9"
    )


def office(parts: Mapping[str, bytes | str] | None = None, *, kind: str = "word", types: str = "") -> bytes:
    """A minimal Word or Excel file with further parts."""
    main = {"word": "word/document.xml", "xl": "xl/workbook.xml"}[kind]
    name = {"word": "wordprocessingml.document.main+xml", "xl": "spreadsheetml.sheet.main+xml"}[kind]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types or CONTENT_TYPES.format(part=main, kind=name))
        archive.writestr("_rels/.rels", RELATIONS.format(kind="officeDocument", target=main, mode=""))
        archive.writestr(main, "<document/>")
        for part, body in (parts or {}).items():
            archive.writestr(part, body)
    return target.getvalue()
