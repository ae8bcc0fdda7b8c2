"""
Lines from a spreadsheet: pasted text, a CSV or a workbook, whose columns are recognised by their names.

Nothing is lost on the way: a cell that is no number goes into the draft as it was written, and the check names it with
its row and column. Columns that say nothing known are named as well.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter

from app.core.documents.workbooks import sheet_rows
from app.core.errors import FieldProblem, Invalid
from app.core.i18n import N_, formats
from app.core.kit.text import fold, nfc
from app.customs.declarations.domain.content import number
from app.customs.declarations.domain.dictionary import line_fields, load
from app.customs.declarations.service.drafting import MAX_LINES
from app.customs.declarations.service.reading import line_plain

MAX_COLUMNS = 60
MAX_ROWS = 100_000
"""Rows of a workbook that are looked at, empty ones among them."""

MAX_CELL = 1_000
HEADER_WITHIN = 10
RECOGNISED = 2
_DELIMITERS = "\t;,"
# Spreadsheets keep fifteen digits; what stands behind them is noise of the binary number.
_DIGITS = ".15g"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet: its letter, what it is called there, and the field it says (empty: none)."""

    letter: str
    name: str
    field: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lines of a sheet with the rows they stood in, and its columns."""

    lines: Sequence[Mapping[str, str]]
    rows: Sequence[int]
    columns: Sequence[Column]

    @property
    def unknown(self) -> Sequence[Column]:
        """Columns with a name that says nothing known; they were left out."""
        return [column for column in self.columns if not column.field and column.name]

    def column_of(self, field: str) -> Column | None:
        """Return the column that says a field."""
        return next((column for column in self.columns if column.field == field), None)


class SheetEmpty(Invalid):
    """There is nothing to take."""

    code = "declarations.sheet-empty"
    title = "No lines were found."
    detail = "The sheet holds no row with text below its column names."
    hint = "Copy the rows with their column names, or use the template."


class SheetTooLong(Invalid):
    """More rows than a draft takes."""

    code = "declarations.sheet-too-long"
    title = "The sheet has too many rows."
    detail = "A draft takes at most %(most)s lines."
    hint = "Take the rows in several parts, each into a declaration of its own."


class SheetUnread(Invalid):
    """It cannot be told where its cells end."""

    code = "declarations.sheet-unread"
    title = "The rows cannot be read."
    detail = "It cannot be told where their cells end."
    hint = "Copy the rows from the spreadsheet again, or send it as a file."


def read_text(text: str, *, lang: str) -> Sheet:
    """
    Read rows that were pasted from a spreadsheet, or a CSV.

    :raises SheetEmpty: no row has text.
    :raises SheetTooLong: more rows than a draft takes.
    :raises SheetUnread: it cannot be told where its cells end.
    """
    sample = "\n".join(text.splitlines()[:HEADER_WITHIN])
    delimiter = max(_DELIMITERS, key=sample.count) if any(sign in sample for sign in _DELIMITERS) else "\t"
    # Lines may end as on any system; one of them alone is too long for the reader of the library.
    reader = csv.reader(io.StringIO(nfc(text), newline=None), delimiter=delimiter)
    try:
        return _sheet(reader, lang=lang)
    except csv.Error:
        reason = N_("A cell is too long: a quotation mark that is never closed may be the reason.")
        raise SheetUnread(errors=[FieldProblem("text", "cell", reason)]) from None


def read_workbook(path: Path, *, lang: str) -> Sheet:
    """
    Read the first sheet of an inspected workbook; formulas count by their last value.

    :raises SheetEmpty: no row has text.
    :raises SheetTooLong: more rows than a draft takes.
    :raises FileDamaged: it is no workbook.
    """
    found = sheet_rows(path, most_rows=MAX_ROWS, most_columns=MAX_COLUMNS)
    with closing(found):
        # A row without a cell is passed by as it is: there may be as many as a sheet is long.
        return _sheet(
            ([_cell(cell, lang=lang) for cell in row] if _holds(row) else () for row in found), lang=lang
        )


def empty_value_filled(line: dict[str, str]) -> dict[str, str]:
    """Fill the value of a line from price and quantity where it was left empty."""
    price, quantity = number(line.get("unit_price", "")), number(line.get("quantity", ""))
    if line.get("value") or price is None or quantity is None:
        return line
    try:
        product = (price * quantity).quantize(Decimal("0.0001")).normalize()
    except ArithmeticError:
        return line  # longer than any column; the check names price and quantity
    line["value"] = f"{product:f}"
    return line


def _sheet(rows: Iterable[Sequence[str]], *, lang: str) -> Sheet:
    columns: list[Column] | None = None
    lines: list[Mapping[str, str]] = []
    numbers: list[int] = []
    for place, raw in enumerate(rows, 1):
        row = [" ".join(cell[:MAX_CELL].replace("\0", "").split()) for cell in raw[:MAX_COLUMNS]]
        if not any(row):
            continue
        if columns is None:
            columns = _columns(row)
            if any(column.name for column in columns):
                continue
        if len(lines) >= MAX_LINES:
            raise SheetTooLong(
                most=MAX_LINES,
                errors=[
                    FieldProblem(
                        "text", "too-long", N_("A draft takes at most %(most)s lines."), {"most": MAX_LINES}
                    )
                ],
            )
        typed = {column.field: cell for column, cell in zip(columns, row, strict=False) if column.field}
        if any(typed.values()):
            lines.append(empty_value_filled(line_plain(typed, lang=lang, lenient=True)))
            numbers.append(place)
    if not lines:
        raise SheetEmpty(
            errors=[FieldProblem("text", "empty", N_("No row with text was found below the column names."))]
        )
    return Sheet(lines, numbers, columns or [])


def _columns(first: Sequence[str]) -> list[Column]:
    """Recognise columns by the names of the first row; a row without names has them in the order of the grid."""
    names = _names()
    found: list[Column] = []
    taken: set[str] = set()
    for place, text in enumerate(first):
        field = names.get(fold(text), "")
        found.append(Column(get_column_letter(place + 1), text, "" if field in taken else field))
        taken.add(field)
    if len([column for column in found if column.field]) >= RECOGNISED:
        return found
    order = list(line_fields())
    return [
        Column(get_column_letter(place + 1), "", order[place] if place < len(order) else "")
        for place in range(len(first))
    ]


@cache
def _names() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for field, called in load("columns").items():
        labels = [fold(label) for label in line_fields()[field].label.values()]
        for name in (*labels, *called):
            names.setdefault(name, field)
    return names


def _holds(row: Sequence[Any]) -> bool:
    return row.count(None) < len(row)


def _cell(cell: Any, *, lang: str) -> str:
    """Return a cell as a reader of the language writes it: 1.234 of a workbook is never one thousand and more."""
    match cell:
        case None:
            return ""
        case bool():
            return "1" if cell else "0"
        case datetime() | date():
            return f"{cell:%d/%m/%Y}"
        case int():
            return str(cell)
        case float():
            plain = f"{Decimal(format(cell, _DIGITS)):f}"
            return plain.replace(".", formats.decimal_sign(lang))
    return nfc(str(cell))
