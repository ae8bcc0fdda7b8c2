"""Tables in files: the first sheet of a workbook, or a CSV as spreadsheets in Viet Nam write it, row by row."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from app.core.documents.workbooks import each_row, open_workbook
from app.core.errors import Invalid
from app.core.kit.text import nfc

MAX_ROWS = 50_000
MAX_COLUMNS = 80
MAX_CELL = 2_000
HEADER_WITHIN = 20
_SAMPLE = 64_000
_PIECE = 1 << 20
_DELIMITERS = (";", ",", "\t", "|")
# Windows-1258 is what Vietnamese spreadsheets write when they are told nothing.
_ENCODINGS = ("utf-8-sig", "cp1258")


class TableUnreadable(Invalid):
    """A file is no table that could be taken over."""

    code = "registry.takeover-unreadable"
    title = "The file cannot be read as a table."
    detail = "No header row was found in the first %(rows)s rows, or the text is in an unknown encoding."
    hint = "Save the first sheet as .xlsx or as CSV (UTF-8), with the column names in the first row."


class TableTooLong(Invalid):
    """A file has more rows than one batch may have."""

    code = "registry.takeover-too-long"
    title = "The table has too many rows."
    detail = "One batch takes at most %(rows)s rows."
    hint = "Split the file and take the parts over one after the other."


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the sheet it stands on, its column names, and its rows with their numbers in the file."""

    sheet: str
    header: Sequence[str]
    rows: Iterator[tuple[int, list[str]]]


@contextmanager
def open_table(path: Path, *, workbook: bool) -> Iterator[Table]:
    """
    Open a table; memory does not grow with its length.

    :param workbook: the file is an inspected .xlsx; otherwise it is read as CSV.
    :raises TableUnreadable: no header row, or no known encoding.
    :raises FileDamaged: the workbook is damaged.
    """
    with _sheet_rows(path) if workbook else _csv_rows(path) as (sheet, rows):
        header, number = _header(rows)
        yield Table(sheet, header, _body(rows, len(header), number))


def _header(rows: Iterator[list[str]]) -> tuple[list[str], int]:
    """Return the first row with two names, and its number: titles above a table have one cell."""
    for number, row in enumerate(rows, start=1):
        filled = [cell for cell in row if cell]
        if len(filled) > 1:
            while row and not row[-1]:
                row.pop()
            return row[:MAX_COLUMNS], number
        if number >= HEADER_WITHIN:
            break
    raise TableUnreadable(rows=HEADER_WITHIN)


def _body(rows: Iterator[list[str]], width: int, header_at: int) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, start=header_at + 1):
        if number - header_at > MAX_ROWS:
            raise TableTooLong(rows=MAX_ROWS)
        if any(row):
            yield number, [*row[:width], *[""] * (width - len(row))]


@contextmanager
def _sheet_rows(path: Path) -> Iterator[tuple[str, Iterator[list[str]]]]:
    with open_workbook(path) as book:
        sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
        if sheet is None:
            raise TableUnreadable(rows=HEADER_WITHIN)
        # One row more than is taken is enough to notice that there are too many, whatever number it claims.
        rows = sheet.iter_rows(max_row=HEADER_WITHIN + MAX_ROWS + 1, max_col=MAX_COLUMNS, values_only=True)
        yield sheet.title, each_row([_text(cell) for cell in row] for row in rows)


@contextmanager
def _csv_rows(path: Path) -> Iterator[tuple[str, Iterator[list[str]]]]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
        file.seek(0)
        reader = csv.reader(file, delimiter=_delimiter(sample))
        try:
            yield "", ([_text(cell) for cell in row] for row in reader)
        except csv.Error as error:
            raise TableUnreadable(rows=HEADER_WITHIN) from error


def _encoding(path: Path) -> str:
    """Return the first encoding in which the whole file is text."""
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as file:
            try:
                while piece := file.read(_PIECE):
                    if b"\x00" in piece:
                        raise TableUnreadable(rows=HEADER_WITHIN)
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
        return encoding
    raise TableUnreadable(rows=HEADER_WITHIN)


def _delimiter(sample: str) -> str:
    """Return the sign that parts the first lines into the most columns, the same number in each."""

    def score(sign: str) -> tuple[bool, int]:
        widths = [len(row) for row in csv.reader(sample.splitlines()[:HEADER_WITHIN], delimiter=sign) if row]
        common = max(set(widths), key=widths.count, default=0)
        return widths.count(common) * 2 > len(widths), common

    return max(_DELIMITERS, key=score)


def _text(cell: Any) -> str:
    """Return a cell as a person reads it: days in Vietnamese order, whole numbers without a point."""
    match cell:
        case None:
            text = ""
        case bool():
            text = "1" if cell else "0"
        case datetime() | date():
            text = cell.strftime("%d/%m/%Y")
        case float() if cell.is_integer():
            text = str(int(cell))
        case _:
            text = str(cell)
    return " ".join(nfc(text[:MAX_CELL]).split())
