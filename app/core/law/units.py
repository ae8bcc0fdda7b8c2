"""Units of law values: the shape that each unit demands, and how a value is said in both languages.

The list of units is data (``wording.yaml``); the few shapes are code, because each one is checked differently.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from app.core.i18n.formats import format_limit
from app.core.kit.conditions import InvalidCondition, parse

Json = str | bool | None | dict[str, "Json"] | list["Json"]
Text = Mapping[str, str]

LANGUAGES = ("vi", "en")
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_INTEGER = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_CURRENCY = re.compile(r"[A-Z]{3}")


class LimitUnit(StrEnum):
    """What a time limit counts."""

    DAY = "day"
    WORKING_DAY = "working_day"
    WORKING_MINUTE = "working_minute"


@dataclass(frozen=True, slots=True)
class Limit:
    """
    A time limit: a positive amount of calendar days, working days (may be fractional) or working minutes.

    :raises ValueError: the amount is not positive, or calendar days or minutes are not whole.
    """

    amount: Decimal
    unit: LimitUnit

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount <= 0:
            raise ValueError(f"A time limit is longer than nothing, not {self.amount}.")
        if self.unit is not LimitUnit.WORKING_DAY and self.amount != self.amount.to_integral_value():
            raise ValueError(f"A time limit in {self.unit} is whole, not {self.amount}.")

    @classmethod
    def of_json(cls, value: Json) -> "Limit":
        """
        Make the limit from ``{"amount": "10", "unit": "working_day"}``.

        :raises ValueError: the value has another shape, or the amount does not fit the unit.
        """
        if not isinstance(value, dict) or set(value) != {"amount", "unit"}:
            raise ValueError("A time limit has an amount and a unit.")
        amount, unit = value["amount"], value["unit"]
        if not isinstance(amount, str) or not _DECIMAL.fullmatch(amount):
            raise ValueError("The amount of a time limit is decimal text such as '6.75'.")
        if unit not in set(LimitUnit):
            raise ValueError(f"A time limit counts {', '.join(LimitUnit)}, not {unit!r}.")
        return cls(Decimal(amount), LimitUnit(str(unit)))


@dataclass(frozen=True, slots=True)
class OpeningPeriod:
    """One stretch of office hours in local time, half-open: closing time is outside."""

    opens: time
    closes: time


@cache
def wording() -> Mapping[str, Mapping[str, Any]]:
    """Return the units, words and sentences of ``wording.yaml``."""
    text = Path(__file__).with_name("wording.yaml").read_text(encoding="utf-8")
    return MappingProxyType(yaml.safe_load(text))


def unit_names() -> frozenset[str]:
    """Return all units a law value may have."""
    return frozenset(wording()["units"])


def is_bounded(unit: str) -> bool:
    """Tell whether every value of a unit must end: a day off holds on its days, not until the next entry."""
    return bool(wording()["units"][unit]["shape"] == "day_kind")


def fault(unit: str, value: Any) -> str | None:
    """
    Say why a value does not fit its unit, in English, or return None when it fits.

    Numbers are decimal text: a YAML number has become binary floating point, or lost its zeros, before anyone
    could look at it.
    """
    if unit not in unit_names():
        return f"“{unit}” is no unit; use one of {', '.join(sorted(unit_names()))}"
    number = _bare_number(value)
    if number is not None:
        return f'the number {number} must stand in quotes ("{number}")'
    return _SHAPES[wording()["units"][unit]["shape"]](value)


def opening_hours(value: Json) -> tuple[OpeningPeriod, ...]:
    """
    Read office hours from ``[{"from": "07:30", "to": "11:30"}, …]``.

    :raises ValueError: another shape, empty, out of order or overlapping.
    """
    reason = _opening_hours(value)
    if reason is not None or not isinstance(value, list):
        raise ValueError(reason)
    return tuple(_opening(item) for item in value)


def _bare_number(value: Any) -> int | float | None:
    match value:
        case bool():
            return None
        case int() | float():
            return value
        case dict():
            found = (_bare_number(item) for item in value.values())
        case list():
            found = (_bare_number(item) for item in value)
        case _:
            return None
    return next((number for number in found if number is not None), None)


def _integer(value: Any) -> str | None:
    fits = isinstance(value, str) and _INTEGER.fullmatch(value)
    return None if fits else 'a whole number in quotes is expected, such as "3"'


def _decimal(value: Any) -> str | None:
    fits = isinstance(value, str) and _DECIMAL.fullmatch(value)
    return None if fits else 'a number in quotes with a decimal point is expected, such as "1.5"'


def _duration(value: Any) -> str | None:
    try:
        Limit.of_json(value)
    except ValueError as error:
        return str(error)
    return None


def _money(value: Any) -> str | None:
    fits = isinstance(value, dict) and set(value) == {"amount", "currency"}
    if not fits or _decimal(value["amount"]) or not _CURRENCY.fullmatch(str(value["currency"])):
        return 'money is {amount: "1000", currency: VND}'
    return None


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false is expected, without quotes"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "a text is expected"


def _day_kind(value: Any) -> str | None:
    return None if value in ("OFF", "WORK") else "a day is OFF or WORK"


def _weekdays(value: Any) -> str | None:
    fits = isinstance(value, list) and value and set(value) <= set(WEEKDAYS) and len(set(value)) == len(value)
    return None if fits else f"a list out of {', '.join(WEEKDAYS)} is expected, each once"


def _opening_hours(value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return 'a list of {from: "07:30", to: "11:30"} is expected'
    for item in value:
        fits = isinstance(item, dict) and set(item) == {"from", "to"}
        if not fits or not all(isinstance(at, str) and _CLOCK_TIME.fullmatch(at) for at in item.values()):
            return 'each period is {from: "07:30", to: "11:30"} with times in quotes'
    periods = [_opening(item) for item in value]
    edges = [edge for period in periods for edge in (period.opens, period.closes)]
    if edges != sorted(edges) or any(period.opens == period.closes for period in periods):
        return "the periods of a day stand in order, do not overlap and close after they open"
    return None


def _weighted_condition(value: Any) -> str | None:
    if not isinstance(value, dict) or set(value) != {"points", "when"}:
        return 'a weighted condition is {points: "10", when: a condition}'
    if _integer(value["points"]) is not None:
        return "the points are " + str(_integer(value["points"]))
    try:
        parse(value["when"])
    except InvalidCondition as fault:
        return str(fault)
    return None


def _opening(item: Any) -> OpeningPeriod:
    return OpeningPeriod(time.fromisoformat(item["from"]), time.fromisoformat(item["to"]))


_SHAPES: Mapping[str, Callable[[Any], str | None]] = MappingProxyType(
    {
        "integer": _integer,
        "decimal": _decimal,
        "duration": _duration,
        "money": _money,
        "boolean": _boolean,
        "text": _text,
        "day_kind": _day_kind,
        "weekdays": _weekdays,
        "opening_hours": _opening_hours,
        "weighted_condition": _weighted_condition,
    }
)


def say_word(word: str, language: str) -> str:
    """Say one word of a value, a status or a weekday; an unknown word is said as it stands."""
    known = wording()["words"].get(word)
    return str(known[language]) if known else word


def say(unit: str, value: Json, language: str) -> str:
    """Say a value with its unit in Vietnamese or English, for lists of changes and screens of officers."""
    match value:
        case {"amount": str(amount), "unit": str(counted)}:
            said = format_limit(Decimal(amount), counted, lang=language)
        case {"amount": str(amount), "currency": str(currency)}:
            said = f"{_grouped(amount, language)} {currency}"
        case {"points": str(points), "when": dict(when)}:
            said = f"{_grouped(points, language)} {say_word('points_when', language)} {_condition(when, language)}"
        case bool():
            said = say_word(str(value).lower(), language)
        case list():
            said = ", ".join(_say_part(part, language) for part in value)
        case str() if wording()["units"][unit]["shape"] in ("integer", "decimal"):
            said = _grouped(value, language)
        case _:
            said = say_word(str(value), language)
    return str(wording()["units"][unit]["say"][language]).format(value=said)


def _say_part(part: Json, language: str) -> str:
    if isinstance(part, dict):
        return f"{part.get('from')}–{part.get('to')}"
    return say_word(str(part), language)


_SIGNS = {
    "is": "=",
    "gt": ">",
    "ge": "≥",
    "lt": "<",
    "le": "≤",
    "in": "∈",
    "contains": "∋",
    "starts_with": "…",
}


def _condition(tree: Mapping[str, Json], language: str) -> str:
    """Say a condition shortly with the names of its fields; a screen of its module has the words for them."""
    match tree:
        case {"all": list(parts)} | {"any": list(parts)}:
            word = say_word("condition_all" if "all" in tree else "condition_any", language)
            return (
                "("
                + f" {word} ".join(_condition(part, language) for part in parts if isinstance(part, dict))
                + ")"
            )
        case {"not": dict(part)}:
            return f"{say_word('condition_not', language)} {_condition(part, language)}"
        case {"where": dict(part)}:
            subject = tree.get("any_of") or tree.get("all_of")
            return f"{subject}: {_condition(part, language)}"
        case {"field": field, "known": _}:
            return f"{field} {say_word('condition_known', language)}"
    field = tree.get("field")
    return " ".join(
        f"{field} {_SIGNS.get(name, name)} {value}" for name, value in tree.items() if name != "field"
    )


def _grouped(number: str, language: str) -> str:
    """Group thousands and set the decimal sign of the language: 1.234,5 in Vietnamese, 1,234.5 in English."""
    english = f"{Decimal(number):,}"
    return english.translate(str.maketrans(",.", ".,")) if language == "vi" else english
