"""Official results in a workbook: one row for each goods line, read into the same values as the XML form."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl.utils import get_column_letter

from app.core.documents.workbooks import sheet_rows
from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.customs.declarations.service.results import MOST, MOVEMENT, ResultsRefused
from app.customs.declarations.wire import (
    FIRST_YEAR,
    LAST_YEAR,
    TOO_MUCH,
    DeclarationMessage,
    ItemTaxes,
    MessageKind,
    Notice,
    NoticeKind,
    Result,
    Tax,
    TaxKind,
    WireLine,
)

# Columns by their names in the first row; those of a declaration stand in its first row at least.
DECLARATION_COLUMNS = (
    "official_number", "direction", "type_code", "movement", "firm", "channel", "registered_at", "released_at",
    "cleared_at", "cancelled_at", "currency", "incoterm",
)  # fmt: skip
LINE_COLUMNS = (
    "line", "hs", "own_code", "description", "origin", "scheme", "origin_proof", "quantity", "unit", "unit_price",
    "value",
)  # fmt: skip
TAX_COLUMNS = tuple(kind.value for kind in TaxKind if kind is not TaxKind.FEE)
COLUMNS = (*DECLARATION_COLUMNS, *LINE_COLUMNS, *TAX_COLUMNS)
REQUIRED = ("official_number", "direction", "type_code", "registered_at", "line", "hs", "description")
MOST_ROWS = 100_000
SHOWN = 40
"""Signs of a faulty cell that its fault repeats."""


MISSING_COLUMN = N_("The column “%(value)s” is missing.")
MISSING = N_("This cell is empty.")
NO_NUMBER = N_("“%(value)s” is no number.")
TOO_LARGE = N_("“%(value)s” is larger than a declaration holds: at most fifteen digits before the point.")
TOO_FINE = N_("“%(value)s” has more decimals than are allowed here.")
NO_INSTANT = N_("“%(value)s” is no day or time; write 2026-11-20 14:30, or a date cell.")
NO_WORD = N_("“%(value)s” is not one of the words allowed here: %(words)s.")
CONTRADICTS = N_("“%(value)s” differs from the first row of the same declaration.")
TOO_LONG = N_("The sheet has more rows than are taken at once.")
TWICE = N_("This line number stands twice in the declaration.")

_DECIMALS = {"quantity": 2, "unit_price": 6, "value": 4, **dict.fromkeys(TAX_COLUMNS, 0)}
_WORDS = {"direction": ("IMPORT", "EXPORT"), "channel": ("GREEN", "YELLOW", "RED")}
_INSTANTS = ("registered_at", "released_at", "cleared_at", "cancelled_at")


@dataclass(slots=True)
class _Reading:
    """A workbook on its way in: where each column is, the faults so far."""

    columns: Mapping[str, int]
    zone: ZoneInfo
    problems: list[FieldProblem] = field(default_factory=list)

    def fault(self, column: str, row: int, reason: str, **params: str) -> None:
        """Note a fault at its cell."""
        place = f"{get_column_letter(self.columns.get(column, 0) + 1)}{row}"
        self.problems.append(FieldProblem(place, "cell", reason, params or None))


def read_results_sheet(path: Path, *, zone: ZoneInfo) -> tuple[list[Result], list[str]]:
    """
    Read the first sheet of an inspected workbook.

    :param zone: of times without an offset.
    :returns: the results, and the cell at which each begins.
    :raises ResultsRefused: listing every fault by its cell.
    :raises FileDamaged: it is no workbook.
    """
    # The rows hold the file open until they are closed, also where the reading stops at a fault.
    with closing(sheet_rows(path, most_rows=MOST_ROWS + 2, most_columns=len(COLUMNS) * 2)) as rows:
        return _read(rows, zone)


def _read(rows: Iterator[Sequence[Any]], zone: ZoneInfo) -> tuple[list[Result], list[str]]:
    names = [str(cell or "").strip() for cell in next(rows, ())]
    reading = _Reading({name: names.index(name) for name in COLUMNS if name in names}, zone)
    for column in REQUIRED:
        if column not in reading.columns:
            reading.problems.append(FieldProblem("A1", "column", MISSING_COLUMN, {"value": column}))
    if reading.problems:
        raise ResultsRefused(errors=reading.problems)
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, cells in enumerate(rows, 2):
        row = {name: cells[place] for name, place in reading.columns.items() if place < len(cells)}
        if not any(value not in (None, "") for value in row.values()):
            continue
        if number > MOST_ROWS + 1:
            reading.problems.append(FieldProblem(f"A{number}", "rows", TOO_LONG))
            break
        key = _string(row.get("official_number"))
        if not key:
            reading.fault("official_number", number, MISSING)
        groups.setdefault(key, []).append((number, row))
    results = [_result(group, reading) for group in groups.values()]
    if len(results) > MOST:
        reading.problems.append(FieldProblem("A1", "rows", TOO_LONG))
    if reading.problems:
        raise ResultsRefused(errors=reading.problems[:MOST])
    starts = [
        f"{get_column_letter(reading.columns['official_number'] + 1)}{group[0][0]}"
        for group in groups.values()
    ]
    return results, starts


def _result(group: list[tuple[int, dict[str, Any]]], reading: _Reading) -> Result:
    first_number, first = group[0]
    for column in DECLARATION_COLUMNS:
        for number, row in group[1:]:
            if row.get(column) not in (None, "") and _string(row[column]) != _string(first.get(column)):
                reading.fault(column, number, CONTRADICTS, value=_string(row[column])[:SHOWN])
    for column in ("direction", "channel"):
        _word(reading, first, column, first_number)
    for column in ("direction", "type_code", "registered_at"):
        if first.get(column) in (None, ""):
            reading.fault(column, first_number, MISSING)
    lines, taxes = [], []
    seen: set[int] = set()
    for number, row in group:
        line, tax = _line(reading, number, row)
        if line.number in seen:
            reading.fault("line", number, TWICE)
        seen.add(line.number)
        lines.append(line)
        taxes.append(tax)
    header = {
        "IMC" if first.get("direction") == "IMPORT" else "EPC": _string(first.get("firm")),
        "IP3": _string(first.get("currency")),
        "IP2": _string(first.get("incoterm")),
        MOVEMENT: _string(first.get("movement")),
    }
    official = _string(first.get("official_number"))
    direction = "EXPORT" if first.get("direction") == "EXPORT" else "IMPORT"
    declaration = DeclarationMessage(
        "-", MessageKind.DECLARE, official, official_number=official, direction=direction,
        type_code=_string(first.get("type_code")), header={code: text for code, text in header.items() if text},
        lines=tuple(lines),
    )  # fmt: skip
    return Result(declaration, tuple(_notices(reading, first_number, first, official, taxes)))


def _notices(
    reading: _Reading, row_number: int, row: Mapping[str, Any], official: str, taxes: list[ItemTaxes]
) -> Iterator[Notice]:
    at = {column: _instant(reading, row, column, row_number) for column in _INSTANTS}
    registered = at["registered_at"]
    if registered is None:
        return
    steps: list[tuple[NoticeKind, datetime, dict[str, Any]]] = [
        (NoticeKind.REGISTERED, registered, {"official_number": official})
    ]
    if row.get("channel"):
        steps.append((NoticeKind.CHANNEL, registered, {"channel": _string(row["channel"])}))
    total = sum((tax.amount for item in taxes for tax in item.taxes), Decimal(0))
    if any(item.taxes for item in taxes):
        steps.append((NoticeKind.TAX, registered, {"taxes": tuple(taxes), "total": total}))
    for column, kind in (
        ("released_at", NoticeKind.RELEASED),
        ("cleared_at", NoticeKind.CLEARED),
        ("cancelled_at", NoticeKind.CANCELLED),
    ):
        instant = at[column]
        if instant is not None:
            steps.append((kind, instant, {}))
    for sequence, (kind, instant, content) in enumerate(steps, 1):
        yield Notice(f"{official}-{sequence}", sequence, kind, official, instant, **content)


def _line(reading: _Reading, number: int, row: Mapping[str, Any]) -> tuple[WireLine, ItemTaxes]:
    place = _decimal(reading, row, "line", number)
    for column in ("line", "hs", "description"):
        if row.get(column) in (None, ""):
            reading.fault(column, number, MISSING)
    line_number = int(place) if place is not None else 0
    numbers = {
        column: _decimal(reading, row, column, number) for column in ("quantity", "unit_price", "value")
    }
    texts = {
        column: _string(row.get(column))
        for column in ("hs", "own_code", "description", "origin", "scheme", "origin_proof", "unit")
    }
    taxes = tuple(
        Tax(TaxKind(column), amount)
        for column in TAX_COLUMNS
        if (amount := _decimal(reading, row, column, number)) is not None
    )
    return WireLine(line_number, **texts, **numbers), ItemTaxes(line_number, taxes)  # type: ignore[arg-type]


def _decimal(reading: _Reading, row: Mapping[str, Any], column: str, number: int) -> Decimal | None:
    said = _string(row.get(column))
    if not said:
        return None
    try:
        value = Decimal(said)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        reading.fault(column, number, NO_NUMBER, value=said[:SHOWN])
        return None
    if value >= TOO_MUCH:
        reading.fault(column, number, TOO_LARGE, value=said[:SHOWN])
        return None
    places = _DECIMALS.get(column, 0)
    if value != round(value, places):
        reading.fault(column, number, TOO_FINE, value=said[:SHOWN])
        return None
    return round(value, places)


def _instant(reading: _Reading, row: Mapping[str, Any], column: str, number: int) -> datetime | None:
    value = row.get(column)
    if value in (None, ""):
        return None
    if isinstance(value, str):
        said = value.strip()
        try:
            value = datetime.fromisoformat(said)
        except ValueError:
            reading.fault(column, number, NO_INSTANT, value=said[:SHOWN])
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min, tzinfo=reading.zone)
    if not isinstance(value, datetime):
        reading.fault(column, number, NO_INSTANT, value=str(value)[:SHOWN])
        return None
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        reading.fault(column, number, NO_INSTANT, value=str(value)[:SHOWN])
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=reading.zone)


def _word(reading: _Reading, row: Mapping[str, Any], column: str, number: int) -> None:
    said = _string(row.get(column))
    if said and said not in _WORDS[column]:
        reading.fault(column, number, NO_WORD, value=said[:SHOWN], words=", ".join(_WORDS[column]))


def _string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        # A workbook keeps numbers in binary; its own fifteen digits are what a person sees.
        return format(Decimal(format(value, ".15g")), "f")
    return str(value).replace("\0", "").strip()
