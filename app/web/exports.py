"""Lists as files for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

# What a spreadsheet takes for the start of a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet computes: what looks like a formula begins with an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


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
