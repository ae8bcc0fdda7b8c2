"""
The calculator's question: read from the address, and written back into one that can be shared.

What a person typed is read in their language and answered with the canonical address (``v=1``: days as yyyy-mm-dd,
numbers with a point), which means the same in every language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from app.core.errors import FieldProblem
from app.core.i18n import N_, formats
from app.core.i18n.countries import countries
from app.customs.tariff.domain.expressions import plain
from app.customs.tariff.domain.shipment import Adjustment, Component, Direction, Shipment, ShipmentLine

MOST_LINES = 5
INCOTERMS = ("FOB", "CIF", "EXW", "FCA", "FAS", "CFR", "CPT", "CIP", "DAP", "DPU", "DDP")
CURRENCIES = (
    "USD", "EUR", "JPY", "CNY", "KRW", "GBP", "SGD", "THB", "AUD", "HKD", "TWD", "CHF", "CAD", "INR", "MYR", "VND",
)  # fmt: skip
_LIMIT = Decimal(10) ** 13
_VALUE_DECIMALS, _QUANTITY_DECIMALS = 4, 2
# Parts of the customs value besides the invoice, each with an amount and a currency of its own.
CHARGES: Mapping[str, Component] = {each.value.lower(): each for each in Component}
_LINE_FIELDS = ("hs", "value", "origin", "quantity", "quantity2", "unit2")
_UNIT = re.compile("[A-Z0-9]{2,3}")


@dataclass(slots=True)
class Question:
    """What was asked: typed texts by field, and what they mean where they mean something."""

    typed: dict[str, str]
    canonical: bool
    count: int
    problems: list[FieldProblem] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    shipment: Shipment | None = None
    address: str = ""

    @property
    def asked(self) -> bool:
        """Whether there is anything to calculate."""
        return any(self.typed.get(f"hs{n}") or self.typed.get(f"value{n}") for n in range(1, self.count + 1))


class _Reader:
    def __init__(self, question: Question, lang: str) -> None:
        self.question, self.lang = question, lang
        self.told: dict[str, str] = {}

    def wrong(self, name: str, code: str, reason: str) -> None:
        self.question.problems.append(FieldProblem(name, code, reason))

    def text(self, name: str) -> str:
        found = self.question.typed.get(name, "").strip()
        if found:
            self.told[name] = found
        return found

    def day(self, name: str) -> date | None:
        typed = self.question.typed.get(name, "").strip()
        if not typed:
            return None
        try:
            found = formats.parse_date(typed)
        except ValueError as fault:
            self.wrong(name, "day", str(fault))
            return None
        self.told[name] = found.isoformat()
        return found

    def number(self, name: str, decimals: int) -> Decimal | None:
        typed = self.question.typed.get(name, "").strip()
        if not typed:
            return None
        try:
            found = formats.parse_number(typed, lang="en" if self.question.canonical else self.lang)
        except ValueError as fault:
            self.wrong(name, "number", str(fault))
            return None
        if not 0 <= found < _LIMIT:
            self.wrong(name, "range", N_("Enter a number that is not below zero, with at most 13 digits."))
            return None
        if found != round(found, decimals):
            reason = (
                N_("At most four decimals.") if decimals == _VALUE_DECIMALS else N_("At most two decimals.")
            )
            self.wrong(name, "decimals", reason)
            return None
        self.told[name] = plain(found)
        return found


def read(params: Mapping[str, str], lang: str, today: date) -> Question:
    """Read a question; every field that cannot be understood is named."""
    typed = {name: text[:100].replace("\x00", "") for name, text in params.items()}
    question = Question(typed, typed.get("v") == "1", _count(typed))
    if typed.get("add") and question.count < MOST_LINES:
        question.count += 1
    if not question.asked:
        return question
    reader = _Reader(question, lang)
    question.days = _days(reader, today)
    export = reader.text("direction") == Direction.EXPORT
    currency = _chosen(reader, "currency", CURRENCIES, "USD")
    term = _chosen(reader, "incoterm", INCOTERMS, "FOB" if export else "CIF")
    charges = tuple(filter(None, (_charge(reader, name, currency) for name in CHARGES)))
    destination = _country(reader, "destination") if export else ""
    lines = tuple(
        found for n in range(1, question.count + 1) if (found := _line(reader, n, export=export)) is not None
    )
    if not question.problems:
        question.shipment = Shipment(
            direction=Direction.EXPORT if export else Direction.IMPORT,
            on=question.days[0],
            currency=currency,
            incoterm=term,
            lines=lines,
            adjustments=charges,
            destination=destination,
        )
    question.address = urlencode({**reader.told, "lines": str(question.count), "v": "1"})
    return question


def field_names(count: int) -> list[str]:
    """Return the names of all fields of a form with so many goods."""
    general = ["direction", "on", "on2", "currency", "incoterm", "destination"]
    general += [field for name in CHARGES for field in (name, f"{name}_currency")]
    return general + [f"{name}{n}" for n in range(1, count + 1) for name in _LINE_FIELDS]


def shown(question: Question, lang: str) -> dict[str, str]:
    """Return what the fields of the form show: numbers and days as the reader writes them."""
    values = dict(question.typed)
    if not question.canonical:
        return values
    for name, text in question.typed.items():
        a_number = name in CHARGES or re.fullmatch(r"(value|quantity|quantity2)\d", name)
        if a_number and re.fullmatch(r"\d{1,13}(\.\d{1,4})?", text):
            values[name] = formats.format_number(Decimal(text), lang=lang)
        if re.fullmatch(r"on2?", name) and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            values[name] = f"{text[8:]}/{text[5:7]}/{text[:4]}"
    return values


def _count(typed: Mapping[str, str]) -> int:
    found = typed.get("lines", "1")
    return min(max(int(found), 1), MOST_LINES) if re.fullmatch("[0-9]", found) else 1


def _days(reader: _Reader, today: date) -> list[date]:
    first, second = reader.day("on"), reader.day("on2")
    # A link that is kept shows the same for ever, also when it was made without a day.
    chosen = first or today
    if "on" not in {problem.name for problem in reader.question.problems}:
        reader.told["on"] = chosen.isoformat()
    return [chosen] if second is None or second == chosen else [chosen, second]


def _line(reader: _Reader, n: int, *, export: bool) -> ShipmentLine | None:
    typed = reader.question.typed
    if not any(typed.get(f"{name}{n}", "").strip() for name in _LINE_FIELDS):
        if n == 1:
            reader.wrong("hs1", "required", N_("Enter the code of the goods."))
        return None
    code = re.sub(r"[\s.]", "", reader.text(f"hs{n}").split(" ")[0])
    if not re.fullmatch("[0-9]{8}|[0-9]{10}", code, re.ASCII):
        reader.wrong(f"hs{n}", "code", N_("Enter the 8 or 10 digits of the code, for example 8517.13.00."))
    else:
        reader.told[f"hs{n}"] = code
    value = reader.number(f"value{n}", _VALUE_DECIMALS)
    if value is None and not typed.get(f"value{n}", "").strip():
        reader.wrong(f"value{n}", "required", N_("Enter the invoice value of the goods."))
    origin = "" if export else _country(reader, f"origin{n}")
    quantity = reader.number(f"quantity{n}", _QUANTITY_DECIMALS)
    second = reader.number(f"quantity2{n}", _QUANTITY_DECIMALS)
    unit = reader.text(f"unit2{n}").upper()
    if unit and not _UNIT.fullmatch(unit):
        reader.wrong(f"unit2{n}", "unit", N_("Choose a unit of the list."))
    return ShipmentLine(
        number=n, hs=code, value=value or Decimal(0), origin=origin, quantity=quantity, quantity2=second, unit2=unit
    )  # fmt: skip


def _country(reader: _Reader, name: str) -> str:
    found = reader.text(name).upper()
    if not found:
        reader.wrong(name, "required", N_("Choose a country."))
    elif found not in dict(countries("en")):
        reader.wrong(name, "country", N_("Choose a country of the list."))
    return found


def _chosen(reader: _Reader, name: str, known: tuple[str, ...], default: str) -> str:
    found = reader.text(name) or default
    if found not in known:
        reader.wrong(name, "choice", N_("Choose one of the list."))
    reader.told[name] = found
    return found


def _charge(reader: _Reader, name: str, invoice: str) -> Adjustment | None:
    amount = reader.number(name, _VALUE_DECIMALS)
    if amount is None:
        return None
    return Adjustment(CHARGES[name], amount, _chosen(reader, f"{name}_currency", CURRENCIES, invoice))
