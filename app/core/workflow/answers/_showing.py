"""Answers as fields take them: the text that a person would have typed, in the language of the page."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.geo import place_from_json, place_text
from app.core.i18n import formats
from app.core.kit.money import InvalidAmount, parse_amount
from app.core.kit.personal import MASK, Personal
from app.core.workflow.definition import FormField, FormSection


def typed(section: FormSection, answers: Mapping[str, Any], *, lang: str) -> dict[str, Any]:
    """
    Return saved answers as the fields of a page show them.

    Money falls apart into ``<code>`` and ``<code>_currency``, a table into a list of such mappings. What this returns,
    ``read_section`` reads back to the same answers.
    """
    values: dict[str, Any] = {}
    for field in section.fields:
        if field.type == "rows":
            values[field.code] = [_cells(field.fields, row, lang) for row in answers.get(field.code) or []]
        else:
            values |= _cells((field,), answers, lang)
    return values


def _cells(fields: tuple[FormField, ...], answers: Mapping[str, Any], lang: str) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for field in fields:
        value = answers.get(field.code)
        if field.type == "money" and value is not None:
            cells[field.code] = typed_number(Decimal(value["amount"]), lang=lang)
            cells[f"{field.code}_currency"] = value["currency"]
        else:
            cells[field.code] = None if value is None else _text(field, value, lang)
    return cells


def _text(field: FormField, value: Any, lang: str) -> Any:
    if isinstance(value, Personal):
        return MASK  # reading the dots back leaves the answer as it is
    match field.type:
        case "integer" | "decimal":
            return typed_number(Decimal(value), lang=lang)
        case "date":
            return date.fromisoformat(value).strftime("%d/%m/%Y")
        case "boolean":
            return "yes" if value else "no"
        case "place":
            return place_text(place_from_json(value))
        case _:
            return value


def typed_number(value: Decimal, *, lang: str) -> str:
    """
    Write a number with the separators of a language so that it can be read back.

    Three decimals after one to three digits look like thousands of the other language and would be refused: they get
    a fourth one.
    """
    text = formats.format_number(value, lang=lang)
    try:
        parse_amount(text, "vi" if lang == "vi" else "en")
    except InvalidAmount:
        exponent = value.as_tuple().exponent
        return formats.format_number(value, lang=lang, decimals=1 - int(exponent))
    return text
