"""Rates of exchange from a bank's table, pasted or as a file. What has another structure stops with its row."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.core.documents.workbooks import sheet_rows
from app.core.errors import FieldProblem, Invalid
from app.core.i18n import N_, formats
from app.core.kit.text import fold

MOST_ROWS = 300
_CODE_WORDS = frozenset(
    {"ma nt", "ma ngoai te", "ma tien te", "ngoai te", "currency", "currency code", "code", "ma"}
)
# The transfer buying rate is the one that the law data name; cash and selling rates are never taken for it.
_RATE_WORDS = frozenset(
    {"mua chuyen khoan", "chuyen khoan", "ty gia mua chuyen khoan", "transfer", "buy transfer", "buying transfer",
     "ty gia", "rate", "vnd"}
)  # fmt: skip
_CURRENCY = re.compile("[A-Z]{3}")
_NOTHING = frozenset({"", "-", "–"})


class RatesUnreadable(Invalid):
    """A table has not the structure of rates of exchange; the row is named."""

    code = "tariff.rates-unreadable"
    title = N_("The table cannot be read as rates of exchange.")
    hint = N_("Keep a column with currency codes and one with the transfer buying rate, with their headings.")


@dataclass(frozen=True, slots=True)
class RatesRead:
    """What a table says: rates by currency, and the codes of currencies that are not used here."""

    rates: dict[str, Decimal]
    left_out: tuple[str, ...]


def read_rates(rows: Sequence[Sequence[str]], *, known: Sequence[str], lang: str) -> RatesRead:
    """
    Read rows of cells below a row of headings.

    :param known: the currencies that are kept; others are left out and told.
    :param lang: whose decimal sign the numbers have; where they make no sense by it, all are read by the other one.
    :raises RatesUnreadable: names the first row that cannot be understood.
    """
    try:
        return _read(rows, known, lang)
    except RatesUnreadable:
        try:
            return _read(rows, known, "en" if lang == "vi" else "vi")
        except RatesUnreadable:
            pass
        raise


def _read(rows: Iterable[Sequence[str]], known: Sequence[str], lang: str) -> RatesRead:
    places: tuple[int, int] | None = None
    rates: dict[str, Decimal] = {}
    left_out: list[str] = []
    for number, raw in enumerate(rows, start=1):
        cells = [cell.strip() for cell in raw]
        if number > MOST_ROWS:
            raise _at(number, N_("Row %(row)s: a table of rates has at most %(most)s rows."), most=MOST_ROWS)
        if not any(cells):
            continue
        if places is None:
            places = _places(cells)
            continue
        code, typed = _cell(cells, places[0]).upper(), _cell(cells, places[1])
        if not _CURRENCY.fullmatch(code):
            raise _at(number, N_("Row %(row)s: “%(text)s” is no currency of three letters."), text=code[:30])
        if code in rates:
            raise _at(number, N_("Row %(row)s: %(text)s stands in the table twice."), text=code)
        if typed in _NOTHING:
            continue
        amount = _number(typed, lang, number)
        if code in known:
            rates[code] = amount
        else:
            left_out.append(code)
    if places is None:
        raise _at(1, N_("No row names the columns: a currency and its transfer buying rate."))
    if not rates:
        raise _at(1, N_("The table has no rate of a currency that is kept here."))
    return RatesRead(rates, tuple(left_out))


def text_rows(text: str) -> list[list[str]]:
    """
    Cut a pasted table or the text of a CSV into cells; columns are parted by tabs, semicolons or commas.

    :raises RatesUnreadable: it cannot be told where its cells end.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    sign = max("\t;,", key=first.count)
    # Lines may end as on any system; a cell that never ends is no rate.
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=None), delimiter=sign)
    try:
        return list(reader)
    except csv.Error:
        raise _at(1, N_("It cannot be told where the cells of the table end.")) from None


def workbook_rows(path: Path, *, lang: str) -> list[list[str]]:
    """Return the cells of the first sheet of a workbook as texts; numbers with the decimal sign of a language."""
    found = sheet_rows(path, most_rows=MOST_ROWS + 1, most_columns=30)
    return [[_written(value, lang) for value in row] for row in found]


def _written(value: object, lang: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{Decimal(repr(value)):f}".replace(".", formats.decimal_sign(lang))
    return "" if value is None else str(value)


def _places(cells: Sequence[str]) -> tuple[int, int] | None:
    """Return where code and rate stand, None when the row does not name both once."""
    names = [fold(cell) for cell in cells]
    codes = [index for index, name in enumerate(names) if name in _CODE_WORDS]
    rates = [index for index, name in enumerate(names) if name in _RATE_WORDS]
    return (codes[0], rates[0]) if len(codes) == 1 and len(rates) == 1 else None


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _number(typed: str, lang: str, row: int) -> Decimal:
    try:
        return formats.parse_number(typed[:30], lang=lang)
    except ValueError:
        raise _at(row, N_("Row %(row)s: “%(text)s” is no rate."), text=typed[:30]) from None


def _at(row: int, reason: str, **params: str | int) -> RatesUnreadable:
    return RatesUnreadable(errors=[FieldProblem("file", "row", reason, {"row": row, **params})])
