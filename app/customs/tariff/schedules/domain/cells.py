"""
Cells of a schedule: what is written, and the expression that it means.

Nothing is guessed. Numbers have the decimal sign of the profile, marks mean what the profile says they mean, and
whatever else stands in a cell is a fault.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.core.kit.text import nfc
from app.customs.tariff.domain.expressions import Amount, Combined, Excluded, Expression, Pct
from app.customs.tariff.schedules.domain.faults import Code, Param


class Form(StrEnum):
    """What kind of cell a file has."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    PERCENT = "PERCENT"
    FORMULA = "FORMULA"
    ERROR = "ERROR"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text (numbers as a plain decimal with a point) and what kind it is."""

    text: str = ""
    form: Form = Form.TEXT

    def __bool__(self) -> bool:
        return bool(self.text)


EMPTY = Cell()


class CellFaulty(Exception):
    """A cell does not mean anything that the profile knows."""

    def __init__(self, code: Code, **params: Param) -> None:
        super().__init__(code.value)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class RateGrammar:
    """
    How the rates of one column are written.

    :ivar decimal: the sign before decimals; the other of point and comma parts thousands.
    :ivar amounts: a bare number is an amount of ``currency`` for each ``per``, not a percentage.
    :ivar bare: a bare number says a rate; otherwise it is refused, since it does not say of what.
    :ivar none: whole cells that mean: no rate here. The empty cell is one of them only if it is listed.
    :ivar whole: whole cells that mean a given rate, by their text.
    :ivar trailing: marks after a rate that change nothing and are kept as a note.
    :ivar rest: words after the rate of a line: it holds for the sub-lines that the file gives no rate.
    :ivar own: words after the rate of a sub-line: it is a rate of its own beside that of the line.
    :ivar countries: countries of origin that a cell may exclude, ISO 3166.
    :ivar units: codes of units by their folded words; ``currencies`` likewise.
    """

    decimal: str = ","
    amounts: tuple[str, str] | None = None
    bare: bool = True
    none: frozenset[str] = frozenset({""})
    whole: Mapping[str, str] | None = None
    trailing: frozenset[str] = frozenset()
    rest: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()
    units: Mapping[str, str] | None = None
    currencies: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What a cell says: an expression, None for no rate, and a mark that stood beside it."""

    expr: Expression | None
    mark: str = ""
    is_rest: bool = False
    is_own: bool = False


_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-"})
_COUNTRIES = re.compile(r"\(?-?\s*([A-Z]{2}(?:\s*[,;]\s*-?[A-Z]{2})*)\)?$")
_AMOUNT = re.compile(r"(?P<number>[0-9.,\s]+?)\s*(?P<currency>[^\W\d_]+)\s*/\s*(?P<unit>[^\W_][\w\s.]*)$")
_PLAIN = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?$")


def tidy(text: str) -> str:
    """Bring a text to its one form: composed, one space between words, one kind of dash."""
    return " ".join(nfc(text).translate(_DASHES).split())


def read_rate(cell: Cell, grammar: RateGrammar) -> Rate:
    """
    Read a cell of a column of rates.

    :raises CellFaulty: it says nothing that the grammar knows.
    """
    refuse_form(cell)
    text = cell.text
    if text in grammar.none:
        return Rate(None)
    if grammar.whole and text in grammar.whole:
        return Rate(_sum(grammar.whole[text], grammar), text)
    if cell.form is Form.NUMBER:
        return Rate(_bare(_plain(text), grammar))
    if cell.form is Form.PERCENT:
        return Rate(Pct(_plain(text)))
    word, text = _last_word(text, (*grammar.rest, *grammar.own))
    mark = next((each for each in grammar.trailing if text.endswith(each) and text != each), "")
    if mark:
        text = text[: -len(mark)].rstrip()
    text, origins = _split_countries(text, grammar)
    if not any(character.isdigit() for character in text):
        raise CellFaulty(Code.MARK if len(text) <= 3 else Code.RATE)  # noqa: PLR2004  marks are short
    expr = _sum(text, grammar)
    said = Excluded(origins, expr) if origins else expr
    return Rate(said, mark, is_rest=word in grammar.rest, is_own=word in grammar.own)


def _last_word(text: str, words: tuple[str, ...]) -> tuple[str, str]:
    """Take a word in brackets off the end of a cell, where it is one of some."""
    for word in words:
        if text.endswith(f"({word})"):
            return word, text[: -len(word) - 2].rstrip()
    return "", text


def refuse_form(cell: Cell) -> None:
    """
    Refuse what is neither text nor number.

    :raises CellFaulty: a formula, an error of the spreadsheet, a date.
    """
    if cell.form is Form.FORMULA:
        raise CellFaulty(Code.FORMULA)
    if cell.form is Form.ERROR:
        raise CellFaulty(Code.CELL_ERROR)
    if cell.form is Form.OTHER:
        raise CellFaulty(Code.CELL_TYPE)


def read_countries(cell: Cell, grammar: RateGrammar) -> frozenset[str]:
    """
    Read a cell that lists countries whose goods get no preference.

    :raises CellFaulty: a country that the grammar does not know.
    """
    refuse_form(cell)
    if cell.text in grammar.none:
        return frozenset()
    found = frozenset(part.strip(" ()-") for part in re.split(r"[,;\s]+", cell.text) if part.strip(" ()-"))
    for country in sorted(found - grammar.countries):
        raise CellFaulty(Code.COUNTRY, country=country[:20])
    return found


def _split_countries(text: str, grammar: RateGrammar) -> tuple[str, frozenset[str]]:
    match = _COUNTRIES.search(text)
    if match is None or not text[: match.start()].strip():
        return text, frozenset()
    head = text[: match.start()].rstrip()
    # "50 USD" ends in capitals as well: a currency is no country.
    if not head or not (head[-1].isdigit() or head[-1] in "%*"):
        return text, frozenset()
    found = frozenset(part.strip(" -") for part in re.split("[,;]", match[1]))
    for country in sorted(found - grammar.countries):
        raise CellFaulty(Code.COUNTRY, country=country)
    return head, found


def _sum(text: str, grammar: RateGrammar) -> Expression:
    parts = tuple(_term(part.strip(), grammar) for part in text.split("+"))
    return parts[0] if len(parts) == 1 else Combined("sum", parts)


def _term(text: str, grammar: RateGrammar) -> Expression:
    if text.endswith("%"):
        return Pct(number(text[:-1].strip(), decimal=grammar.decimal, grouped=False))
    match = _AMOUNT.match(text)
    if match is None:
        return _bare(number(text, decimal=grammar.decimal, grouped=grammar.amounts is not None), grammar)
    currency = (grammar.currencies or {}).get(match["currency"].casefold())
    if currency is None:
        raise CellFaulty(Code.RATE)
    unit = (grammar.units or {}).get(tidy(match["unit"]).casefold())
    if unit is None:
        raise CellFaulty(Code.UNIT)
    return Amount(number(match["number"].strip(), decimal=grammar.decimal, grouped=True), currency, unit)


def _bare(value: Decimal, grammar: RateGrammar) -> Expression:
    if not grammar.bare:
        raise CellFaulty(Code.BARE)
    return Pct(value) if grammar.amounts is None else Amount(value, *grammar.amounts)


def number(text: str, *, decimal: str = ",", grouped: bool) -> Decimal:
    """
    Read a number as it is written in a text.

    :param grouped: thousands may be parted by the other sign; otherwise that sign is refused, since nobody can say
        whether 5.000 is five or five thousand.
    :raises CellFaulty: it is no such number.
    """
    other = "." if decimal == "," else ","
    whole, _, decimals = text.partition(decimal)
    if other in whole:
        if not grouped or not re.fullmatch(rf"[0-9]{{1,3}}(\{other}[0-9]{{3}})+", whole):
            raise CellFaulty(Code.NUMBER, decimal=decimal)
        whole = whole.replace(other, "")
    plain = f"{whole}.{decimals}" if decimal in text else whole
    if not _PLAIN.match(plain):
        raise CellFaulty(
            Code.NUMBER if other in decimals or decimal in decimals else Code.RATE, decimal=decimal
        )
    return Decimal(plain)


def _plain(text: str) -> Decimal:
    if not _PLAIN.match(text):
        raise CellFaulty(Code.RATE)
    return Decimal(text)
