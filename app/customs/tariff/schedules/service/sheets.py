"""
Files of schedules: workbooks and CSV as rows of cells, with what a person sees and a program would not.

A workbook is read twice, both times as a stream: the cells by openpyxl, and the outline (merged cells, hidden rows and
columns) from the sheet's XML, which openpyxl does not tell while streaming.
"""

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile

from app.core.documents.refusals import FileDamaged
from app.core.documents.workbooks import as_damage, each_row, open_workbook
from app.core.errors import Invalid
from app.customs.tariff.schedules.domain.cells import Cell, Form, tidy
from app.web.exports import as_typed

MOST_COLUMNS = 120
MOST_CELL = 4_000
# No sheet has more. Its own word for its size is not asked: where it is wrong, rows below it would be lost.
_MOST_ROWS = 1 << 20
_PIECE = 1 << 18
_SAMPLE = 64_000
_DELIMITERS = (";", "\t", ",", "|")
# Windows-1258 is what Vietnamese spreadsheets write when they are told nothing.
_ENCODINGS = ("utf-8-sig", "cp1258")
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class FileUnreadable(Invalid):
    """A file is neither a workbook nor a table of text."""

    code = "tariff.schedule-unreadable"
    title = "The file cannot be read as a schedule."
    detail = "It is no workbook with visible sheets, or its text is in an unknown encoding."
    hint = "Save the schedule as .xlsx, or as CSV in UTF-8."


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells merged into one: the first and last row, and how spreadsheets name the range."""

    first: int
    last: int
    name: str


@dataclass(slots=True)
class Outline:
    """What stands around the cells of a sheet."""

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet."""

    name: str
    path: Path
    part: str = ""

    @contextmanager
    def rows(self) -> Iterator[Iterator[tuple[int, list[Cell]]]]:
        """
        Open the rows with their numbers in the file; empty rows may be left out.

        :raises FileUnreadable: the text is no table.
        :raises FileDamaged: the sheet is damaged.
        """
        opened = _workbook_rows(self.path, self.name) if self.part else _csv_rows(self.path)
        with opened as rows:
            yield rows

    def outline(self) -> Outline:
        """
        Return merged cells and what is hidden; a CSV has neither.

        :raises FileUnreadable: the sheet is no XML.
        :raises FileDamaged: a place in it is none, or its rows do not ascend.
        """
        found = Outline()
        if self.part:
            with as_damage(), ZipFile(self.path) as book, book.open(self.part) as xml:
                _parse(xml, _outline_handler(found))
        return found


def sheets_of(path: Path, *, workbook: bool) -> tuple[list[Sheet], list[str]]:
    """
    Return the visible sheets of a file, and the names of the hidden ones.

    :raises FileUnreadable: there is none.
    :raises FileDamaged: it does not say where they are.
    """
    if not workbook:
        return [Sheet("", path)], []
    found: list[tuple[str, str, bool]] = []
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name.endswith(f"{SEPARATOR}sheet") or name == "sheet":
            ident = attributes.get(f"{_RELATIONS}{SEPARATOR}id", "")
            found.append((attributes["name"], ident, attributes.get("state", "visible") == "visible"))

    def relation(name: str, attributes: dict[str, str]) -> None:
        if "Id" in attributes:
            targets[attributes["Id"]] = attributes.get("Target", "")

    with as_damage(), ZipFile(path) as book:
        for part, handler in (("xl/workbook.xml", sheet), ("xl/_rels/workbook.xml.rels", relation)):
            with book.open(part) as xml:
                _parse(xml, handler)
        names = set(book.namelist())
    visible, hidden = [], []
    for name, ident, shown in found:
        target = targets.get(ident, "").lstrip("/")
        part = target if target.startswith("xl/") else f"xl/{target}"
        if part not in names or "worksheets/" not in part:
            continue
        if shown:
            visible.append(Sheet(name, path, part))
        else:
            hidden.append(name)
    if not visible:
        raise FileUnreadable
    return visible, hidden


SEPARATOR = " "


def _parse(xml: Any, start: Any) -> None:
    """Read XML as a stream; what declares entities of its own is refused."""
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.StartElementHandler = start
    parser.EntityDeclHandler = _refuse_entity
    try:
        while piece := xml.read(_PIECE):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FileUnreadable from error


def _refuse_entity(*_: object) -> None:
    raise FileUnreadable


def _outline_handler(found: Outline) -> Any:
    last_row = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal last_row
        match name.rpartition(SEPARATOR)[2]:
            case "row":
                number = int(attributes.get("r", last_row + 1))
                if number <= last_row:  # the library would pass such a row by without a word
                    raise FileDamaged(found="Excel (.xlsx)")
                last_row = number
                if attributes.get("hidden") in ("1", "true"):
                    found.hidden_rows.append(number)
            case "col" if attributes.get("hidden") in ("1", "true"):
                last = min(int(attributes["max"]), MOST_COLUMNS)
                found.hidden_columns.append((max(1, int(attributes["min"])), last))
            case "mergeCell":
                first, _, last_cell = attributes["ref"].partition(":")
                found.merged.append(Merged(_row(first), _row(last_cell or first), attributes["ref"]))

    return start


def _row(cell: str) -> int:
    return int("".join(character for character in cell if character.isdecimal()) or 0)


@contextmanager
def _workbook_rows(path: Path, name: str) -> Iterator[Iterator[tuple[int, list[Cell]]]]:
    with open_workbook(path, formulas=True) as book:
        with as_damage():
            rows = book[name].iter_rows(max_row=_MOST_ROWS, max_col=MOST_COLUMNS)
        yield each_row((number, [_cell(cell) for cell in row]) for number, row in enumerate(rows, start=1))


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return _NOTHING
    match value:
        case str():
            form = _TEXTS.get(cell.data_type, Form.TEXT)
            found = Cell(tidy(value[:MOST_CELL]), form)
        case bool() | date() | datetime() | time() | timedelta():
            found = Cell(str(value), Form.OTHER)
        case int() | float():
            # The shortest text that gives the same number again is what was typed.
            exact = Decimal(repr(value))
            percent = "%" in (cell.number_format or "")
            found = Cell(_plain(exact * 100 if percent else exact), Form.PERCENT if percent else Form.NUMBER)
        case _:
            found = Cell(str(value)[:MOST_CELL], Form.FORMULA)
    return found


_TEXTS = {"f": Form.FORMULA, "e": Form.ERROR}
_NOTHING = Cell()


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@contextmanager
def _csv_rows(path: Path) -> Iterator[Iterator[tuple[int, list[Cell]]]]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
        file.seek(0)
        reader = csv.reader(file, delimiter=_delimiter(sample))
        try:
            yield (
                (number, [_NOTHING if not text else _text_cell(text) for text in row])
                for number, row in enumerate(reader, start=1)
            )
        except csv.Error as error:
            raise FileUnreadable from error


def _text_cell(text: str) -> Cell:
    said = tidy(text[:MOST_CELL])
    # A formula that a spreadsheet saved as text would be one again when it is opened; our own export writes an
    # apostrophe before such a text, which does not belong to it.
    return Cell(said, Form.FORMULA) if said.startswith("=") else Cell(tidy(as_typed(said)))


def _encoding(path: Path) -> str:
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as file:
            try:
                while piece := file.read(_PIECE):
                    if b"\x00" in piece:
                        raise FileUnreadable
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
        return encoding
    raise FileUnreadable


def _delimiter(sample: str) -> str:
    """Return the sign that parts the lines into the most columns, the same number in most of them."""

    def score(sign: str) -> tuple[bool, int]:
        widths = [len(row) for row in csv.reader(sample.splitlines()[:60], delimiter=sign) if row]
        common = max(set(widths), key=widths.count, default=0)
        return widths.count(common) * 2 > len(widths), common

    return max(_DELIMITERS, key=score)
