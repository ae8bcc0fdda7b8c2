"""The door for files: what is let in, and every reason to be refused, each by its code."""

import io
import zipfile
from pathlib import Path

import pytest

from app.core.documents.intake import IntakeLimits, MediaType, inspect
from app.core.documents.refusals import FileRefused
from tests.core.documents import files

SMALL = IntakeLimits(
    max_bytes=20_000_000, max_megapixels=20, max_entries=50, max_unpacked_bytes=30_000_000, max_ratio=100
)
JS_ACTION = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "upload"


def look(path: Path, data: bytes, filename: str) -> MediaType:
    path.write_bytes(data)
    return inspect(path, filename=filename, limits=SMALL)


GOOD = {
    "paper.pdf": (files.pdf(), MediaType.PDF),
    "PAPER.PDF": (files.pdf(), MediaType.PDF),
    "link.pdf": (
        files.pdf_with_annotation(
            "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.org) >> >>"
        ),
        MediaType.PDF,
    ),
    "scan.png": (files.png(), MediaType.PNG),
    "photo.jpg": (files.jpeg(), MediaType.JPEG),
    "photo.jpeg": (files.jpeg(), MediaType.JPEG),
    "no-extension": (files.jpeg(), MediaType.JPEG),
    "letter.docx": (files.office(), MediaType.DOCX),
    "table.xlsx": (files.office(kind="xl"), MediaType.XLSX),
    "hyperlink.docx": (
        files.office(
            {
                "word/_rels/document.xml.rels": files.RELATIONS.format(
                    kind="hyperlink", target="https://example.org", mode=' TargetMode="External"'
                )
            }
        ),
        MediaType.DOCX,
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_files_are_let_in(path: Path, name: str) -> None:
    data, media_type = GOOD[name]

    assert look(path, data, name) is media_type
    assert path.read_bytes() == data, "a file is never changed: a signature would break"


def relation(kind: str, *, external: bool = False) -> dict[str, bytes | str]:
    mode = ' TargetMode="External"' if external else ""
    text = files.RELATIONS.format(kind=kind, target="http://example.org/x", mode=mode)
    return {"word/_rels/document.xml.rels": text}


def archive(entries: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, body in entries.items():
            file.writestr(name, body)
    return target.getvalue()


def with_lying_size() -> bytes:
    """A part that unpacks to more than the index of the zip says."""
    data = bytearray(files.office({"word/big.xml": b"x" * 100_000}))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = data.rfind(mark, 0, data.rfind(b"word/big.xml") if mark == b"PK\x01\x02" else None)
        if mark == b"PK\x03\x04":
            start = data.rfind(mark)
        data[start + offset : start + offset + 4] = (10).to_bytes(4, "little")
    return bytes(data)


def with_overlap() -> bytes:
    """Two entries of the index that tell the same large bytes."""
    data = files.office({f"word/{index}.xml": bytes([65 + index]) * 9_000_000 for index in range(2)})
    names = zipfile.ZipFile(io.BytesIO(data)).infolist()
    size = sum(part.compress_size for part in names)
    index = data.find(b"PK\x01\x02")
    swollen = bytearray(data)
    swollen[index + 20 : index + 24] = (size + len(data)).to_bytes(4, "little")
    return bytes(swollen)


MACRO_TYPES = files.CONTENT_TYPES.format(part="word/document.xml", kind="x").replace(
    "application/vnd.openxmlformats-officedocument.x",
    "application/vnd.ms-word.document.macroEnabled.main+xml",
)
ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
BAD = {
    "empty.pdf": (b"", "documents.file-empty"),
    "large.pdf": (b"%PDF-1.7" + b"x" * 20_000_000, "documents.file-too-large"),
    "picture.gif": (b"GIF89a" + b"\0" * 50, "documents.file-type-unknown"),
    "program.exe": (b"MZ" + b"\0" * 500, "documents.file-type-unknown"),
    "page.html": (b"<html><script>alert(1)</script></html>", "documents.file-type-unknown"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "documents.file-type-unknown"),
    "old.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "documents.file-type-unknown"),
    "files.zip": (archive({"a.txt": b"a"}), "documents.file-type-unknown"),
    "eicar.pdf": (
        b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
        "documents.file-type-unknown",
    ),
    "paper.png": (files.pdf(), "documents.file-name-mismatch"),
    "scan.pdf": (files.png(), "documents.file-name-mismatch"),
    "table.docx": (files.office(kind="xl"), "documents.file-name-mismatch"),
    "paper.pdf.exe": (files.pdf(), "documents.file-name-mismatch"),
    "leading.pdf": (b"<html>hello</html>\n" + files.pdf(), "documents.file-two-types"),
    "pdf-in-jpeg.jpg": (
        b"\xff\xd8\xff\xfe\x00\x0a%PDF-1.4" + files.jpeg()[2:],
        "documents.file-two-types",
    ),
    "zip-behind.png": (files.png() + archive({"a": b"a"}), "documents.file-two-types"),
    "zip-behind.pdf": (files.pdf() + archive({"a": b"a"}), "documents.file-two-types"),
    "text-behind.png": (files.png() + b"tail", "documents.file-two-types"),
    "truncated.pdf": (files.pdf()[:-150], "documents.file-damaged"),
    "noise.pdf": (b"%PDF-1.7\n" + b"noise" * 100, "documents.file-damaged"),
    "truncated.png": (files.png()[:-6], "documents.file-damaged"),
    "crc.png": (files.png().replace(b"IDAT", b"IDAX"), "documents.file-damaged"),
    "truncated.jpg": (files.jpeg()[:30], "documents.file-damaged"),
    "endless.jpg": (files.jpeg()[:-2], "documents.file-damaged"),
    "huge.png": (files.png(60_000, 60_000), "documents.image-too-large"),
    "huge.jpg": (files.jpeg(60_000, 60_000), "documents.image-too-large"),
    "locked.pdf": (files.encrypted_pdf("secret"), "documents.pdf-encrypted"),
    "restricted.pdf": (files.encrypted_pdf(""), "documents.pdf-encrypted"),
    "script.pdf": (files.pdf(OpenAction=JS_ACTION), "documents.pdf-active-content"),
    "escaped.pdf": (
        files.pdf(OpenAction=JS_ACTION.replace("JavaScript", "J#61vaScript")),
        "documents.pdf-active-content",
    ),
    "names.pdf": (
        files.pdf(Names=f"<< /JavaScript << /Names [(a) {JS_ACTION}] >> >>"),
        "documents.pdf-active-content",
    ),
    "launch.pdf": (
        files.pdf_with_annotation(
            "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (cmd.exe) >> >>"
        ),
        "documents.pdf-active-content",
    ),
    "attached.pdf": (files.attached_pdf(), "documents.pdf-active-content"),
    "xfa.pdf": (files.pdf(AcroForm="<< /Fields [] /XFA [] >>"), "documents.pdf-active-content"),
    "bomb.pdf": (files.pdf_bomb(40_000_000), "documents.file-unpacks-too-large"),
    "macro.docx": (files.office({"word/vbaProject.bin": b"x"}), "documents.office-macros"),
    "macro-type.docx": (files.office(types=MACRO_TYPES), "documents.office-macros"),
    "template.docx": (
        files.office(relation("attachedTemplate", external=True)),
        "documents.office-active-content",
    ),
    "ole.docx": (files.office(relation("oleObject")), "documents.office-active-content"),
    "binary.docx": (
        files.office({"word/embeddings/oleObject1.bin": b"x"}),
        "documents.office-active-content",
    ),
    "entities.docx": (files.office({"word/_rels/x.rels": ENTITIES}), "documents.office-active-content"),
    "entities-in-text.docx": (files.office({"word/styles.xml": ENTITIES}), "documents.office-active-content"),
    "total.docx": (
        files.office({f"word/{i}.xml": b"x" * 8_000_000 for i in range(4)}),
        "documents.file-unpacks-too-large",
    ),
    "ratio.docx": (files.office({"word/a.xml": b"x" * 9_000_000}), "documents.file-unpacks-too-large"),
    "entries.docx": (
        files.office({f"word/{i}.xml": b"x" for i in range(60)}),
        "documents.file-unpacks-too-large",
    ),
    "overlap.docx": (with_overlap(), "documents.file-unpacks-too-large"),
    "lying.docx": (with_lying_size(), "documents.file-damaged"),
    "escape.docx": (files.office({"../evil.xml": b"x"}), "documents.file-damaged"),
    "double.docx": (files.office({"WORD/document.xml": b"<x/>"}), "documents.file-two-types"),
    "both.docx": (files.office({"xl/workbook.xml": b"<x/>"}), "documents.file-two-types"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_a_reason(path: Path, name: str) -> None:
    data, code = BAD[name]

    with pytest.raises(FileRefused) as refusal:
        look(path, data, name)

    assert refusal.value.code == code
    assert refusal.value.detail
    assert refusal.value.hint
    assert str(refusal.value), "every placeholder of the sentence is filled"


def test_refusal_names_the_active_parts(path: Path) -> None:
    with pytest.raises(FileRefused) as refusal:
        look(path, files.pdf(OpenAction=JS_ACTION), "a.pdf")

    assert refusal.value.params == {"found": "JS, JavaScript"}
