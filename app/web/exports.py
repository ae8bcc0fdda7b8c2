"""Lists as files for spreadsheets."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from fastapi import Response

# What a spreadsheet takes for the start of a formula, also in full width (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet computes: what looks like a formula begins with an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def as_typed(cell: str) -> str:
    """Return a cell of a table that comes back as it was before ``neutral``."""
    return cell[1:] if cell.startswith("'") and neutral(cell[1:]) == cell else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as CSV (RFC 4180), every cell quoted and neutralised."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in (header, *rows):
        writer.writerow([neutral(cell) for cell in row])
    return target.getvalue()


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """
    Send a table as an attachment; the byte order mark tells spreadsheets that it is UTF-8.

    :param name: file name of ASCII letters, without quotes.
    """
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return Response("\ufeff" + csv_text(header, rows), media_type="text/csv; charset=utf-8", headers=headers)


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
# The parts of a workbook of one sheet (ECMA-376): no formulas, no styles, no shared strings.
_PARTS = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_XLSX}.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="1" sheetId="1" r:id="r1"/></sheets></workbook>',
}
# What XML 1.0 cannot hold.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a table as a workbook of one sheet; every cell is text, so none is ever computed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for row in (header, *rows):
                sheet.write("".join(_cells(row)).encode())
            sheet.write(b"</sheetData></worksheet>")
    return target.getvalue()


def _cells(row: Sequence[str]) -> Iterator[str]:
    yield "<row>"
    for cell in row:
        text = escape(_NOT_XML.sub("", cell))
        yield f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    yield "</row>"


def xlsx_response(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """
    Send a table as a workbook.

    :param name: file name of ASCII letters, without quotes.
    """
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return Response(xlsx_file(header, rows), media_type=_XLSX, headers=headers)
