"""Values of the law as form fields: what its fields show of a value, and reading it back by the shape of its unit."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.i18n.formats import format_number, parse_number
from app.core.kit.money import DECIMALS
from app.core.law import LimitUnit
from app.core.law.units import WEEKDAYS, Json, fault, say_word, wording

CURRENCIES = tuple(DECIMALS)
DAY_KINDS = ("OFF", "WORK")

_PERIOD = re.compile(r"(\d{1,2})[:.h](\d{2})\s*[-–—]\s*(\d{1,2})[:.h](\d{2})")


class Misread(Exception):
    """A field that cannot be read; the name of the field, and why."""

    def __init__(self, name: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = FieldProblem(name, code, reason)


def shape_of(unit: str) -> str:
    """Return the shape that a unit demands of its values."""
    return str(wording()["units"][unit]["shape"])


def choices_of(unit: str, lang: str) -> list[tuple[str, str]]:
    """Return what can be chosen for a value of a unit, with the words for it; empty when it is typed."""
    match shape_of(unit):
        case "duration":
            words = [each.value for each in LimitUnit]
        case "boolean":
            words = ["true", "false"]
        case "day_kind":
            words = list(DAY_KINDS)
        case "weekdays":
            words = list(WEEKDAYS)
        case "money":
            return [(code, code) for code in CURRENCIES]
        case _:
            return []
    return [(word, say_word(word, lang)) for word in words]


def fields_of(unit: str, value: Json, lang: str) -> dict[str, Any]:
    """Return what the fields show of a value: ``value``, and beside it ``value_unit``, ``value_currency`` or a list."""
    found: dict[str, Any] = {}
    match shape_of(unit), value:
        case (("integer" | "decimal"), str(number)):
            found = {"value": format_number(Decimal(number), lang=lang)}
        case "duration", {"amount": str(amount), "unit": str(counted)}:
            found = {"value": format_number(Decimal(amount), lang=lang), "value_unit": counted}
        case "money", {"amount": str(amount), "currency": str(currency)}:
            found = {"value": format_number(Decimal(amount), lang=lang), "value_currency": currency}
        case "boolean", bool():
            found = {"value": "true" if value else "false"}
        case "weekdays", list():
            found = {"values": [str(day) for day in value]}
        case "opening_hours", list():
            parts = [f"{part['from']}–{part['to']}" for part in value if isinstance(part, dict)]
            found = {"value": ", ".join(parts)}
        case "weighted_condition", dict():
            found = {"value": json.dumps(value, ensure_ascii=False)}
        case _, str(text):
            found = {"value": text}
    return found


def read_value(unit: str, given: Mapping[str, Any], lang: str) -> Json:
    """
    Read the value that was given for a unit.

    :raises Misread: it is missing, cannot be read, or does not fit the unit.
    """
    value = _read(shape_of(unit), given, lang)
    if fault(unit, value) is not None:
        raise Misread("value", "law.value", N_("This value does not fit what is counted here."))
    return value


def _read(shape: str, given: Mapping[str, Any], lang: str) -> Json:
    typed = str(given.get("value", "")).strip()
    value: Json
    match shape:
        case "integer" | "decimal":
            value = _number(typed, lang, whole=shape == "integer")
        case "duration":
            amount = _number(typed, lang, positive=True)
            value = {"amount": amount, "unit": _chosen(given, "value_unit", LimitUnit)}
        case "money":
            amount = _number(typed, lang)
            value = {"amount": amount, "currency": _chosen(given, "value_currency", CURRENCIES)}
        case "boolean":
            value = _chosen(given, "value", ("true", "false")) == "true"
        case "day_kind":
            value = _chosen(given, "value", DAY_KINDS)
        case "weekdays":
            value = _weekdays(given)
        case "opening_hours":
            value = _hours(typed)
        case "weighted_condition":
            value = _tree(typed)
        case _:
            value = _present(typed)
    return value


def _weekdays(given: Mapping[str, Any]) -> Json:
    days = [day for day in WEEKDAYS if day in given.get("values", ())]
    if not days:
        raise Misread("values", "missing", N_("Choose at least one day."))
    return [*days]


def _tree(typed: str) -> Json:
    try:
        found: Json = json.loads(_present(typed), parse_float=str, parse_int=str)
    except ValueError:
        raise Misread(
            "value", "law.value", N_("Write points and condition as JSON, as the value in force shows them.")
        ) from None
    return found


def _present(typed: str) -> str:
    if not typed:
        raise Misread("value", "missing", N_("Enter the value."))
    return typed


def _number(typed: str, lang: str, *, whole: bool = False, positive: bool = False) -> str:
    try:
        number = parse_number(_present(typed), lang=lang)
    except ValueError as error:
        raise Misread("value", "number", str(error)) from None
    if whole and number != number.to_integral_value():
        raise Misread("value", "number", N_("Enter a whole number."))
    if positive and number <= 0:
        raise Misread("value", "number", N_("A time limit is longer than nothing."))
    return format(number, "f")


def _chosen(given: Mapping[str, Any], name: str, known: Any) -> str:
    word = str(given.get(name, ""))
    if word not in tuple(known):
        raise Misread(name, "missing", N_("Choose one of the answers in the list."))
    return word


def _hours(typed: str) -> Json:
    parts = [part.strip() for part in re.split(r"[,;\n]", _present(typed)) if part.strip()]
    found = [_PERIOD.fullmatch(part) for part in parts]
    if not all(found):
        raise Misread("value", "hours", N_("Enter opening hours as 07:30–11:30, 13:00–17:00."))
    hours: list[Json] = [
        {"from": f"{int(match[1]):02d}:{match[2]}", "to": f"{int(match[3]):02d}:{match[4]}"}
        for match in found
        if match
    ]
    if fault("opening_hours", hours) is not None:
        raise Misread(
            "value", "hours", N_("The hours stand in order, do not overlap, and close after they open.")
        )
    return hours
