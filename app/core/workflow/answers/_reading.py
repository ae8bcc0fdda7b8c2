"""From what was typed to typed values, with a problem for whatever could not be understood."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.errors import FieldProblem
from app.core.geo import PlaceFault, parse_place, place_json
from app.core.i18n import N_
from app.core.kit.money import Money, parse_amount
from app.core.kit.personal import MASK
from app.core.kit.taxcode import parse_tax_code
from app.core.kit.text import nfc
from app.core.workflow.definition import FormField, FormSection

Raw = Mapping[str, Any]
Answers = dict[str, Any]

# One @, something on both sides and a dot in the domain: more cannot be known without sending a letter.
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[0-9][0-9 .()-]{6,18}[0-9]")
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
MAX_TEXT = 4000
MAX_ROWS = 50


class _Unreadable(ValueError):
    """One answer could not be understood; carries the code and the sentence of the problem."""

    def __init__(self, code: str, reason: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.reason, self.params = code, reason, params

    def at(self, name: str) -> FieldProblem:
        return FieldProblem(name, self.code, self.reason, self.params or None)


def read_section(section: FormSection, raw: Raw, *, lang: str) -> tuple[Answers, list[FieldProblem]]:
    """
    Turn what was typed on one page into answers.

    :param raw: field code to text (a list of texts for ``choices``; a list of mappings for ``rows``). Money comes as
        ``<code>`` and ``<code>_currency``.
    :param lang: language whose number format the person used.
    :returns: the answers understood (empty answers as None) and every problem, not the first one. A problem of a cell
        is named ``<field>-<row>-<column>``, the first row being 0.
    """
    answers: Answers = {}
    problems: list[FieldProblem] = []
    for field in section.fields:
        if field.locked:
            continue
        if field.type == "rows":
            rows, faults = _rows(field, raw.get(field.code), lang)
            problems += faults
            if not faults:
                answers[field.code] = rows
            continue
        try:
            answers[field.code] = read_field(field, raw, lang=lang)
        except _Unreadable as fault:
            problems.append(fault.at(field.code))
    return answers, problems


def read_field(field: FormField, raw: Raw, *, lang: str) -> Any:
    """
    Read one answer that is not a table of rows; None when nothing was typed.

    :raises ValueError: the answer cannot be understood.
    """
    given = raw.get(field.code)
    if field.type == "choices":
        return _choices(field, given)
    text = nfc(str(given)).strip() if given is not None else ""
    if not text:
        return None
    if field.sensitive and text == MASK:
        return MASK  # the value was covered; it stays what it was
    if field.type == "money":
        return _money(field, text, str(raw.get(f"{field.code}_currency") or field.unit or "VND"), lang)
    return _READERS[field.type](field, text, lang)


def _text(field: FormField, text: str, lang: str) -> str:
    longest = int(field.maximum) if field.maximum else MAX_TEXT
    if len(text) > longest:
        raise _Unreadable("too-long", N_("Use at most %(limit)s characters; these are %(given)s."), limit=longest,
                          given=len(text))  # fmt: skip
    if field.minimum and len(text) < int(field.minimum):
        raise _Unreadable("too-short", N_("Use at least %(limit)s characters."), limit=field.minimum)
    if field.lang == "vi" and _foreign_letters(text):
        raise _Unreadable(
            "not-vietnamese",
            N_("Write this in Vietnamese: it is printed. The original text has a field of its own."),
        )
    return text


def _foreign_letters(text: str) -> bool:
    """Tell whether a text has letters of another script than the Latin one, in which Vietnamese is written."""
    return any(letter.isalpha() and "LATIN" not in unicodedata.name(letter, "") for letter in text)


def _number(field: FormField, text: str, lang: str) -> Decimal:
    try:
        value = parse_amount(text, "vi" if lang == "vi" else "en")
    except (ValueError, InvalidOperation):
        raise _Unreadable(
            "not-a-number", N_("Write a number, for example %(example)s."), example="1500"
        ) from None
    if field.minimum is not None and value < Decimal(field.minimum):
        raise _Unreadable("too-small", N_("The smallest possible value is %(limit)s."), limit=field.minimum)
    if field.maximum is not None and value > Decimal(field.maximum):
        raise _Unreadable("too-large", N_("The largest possible value is %(limit)s."), limit=field.maximum)
    return value


def _integer(field: FormField, text: str, lang: str) -> int:
    value = _number(field, text, lang)
    if value != value.to_integral_value():
        raise _Unreadable("not-whole", N_("Write a whole number without decimals."))
    return int(value)


def _decimal(field: FormField, text: str, lang: str) -> str:
    return format(_number(field, text, lang), "f")


def _money(field: FormField, text: str, currency: str, lang: str) -> dict[str, str]:
    value = _number(field, text, lang)
    try:
        money = Money(value, currency)
    except ValueError:
        raise _Unreadable(
            "bad-money", N_("%(currency)s does not have that many decimals."), currency=currency
        ) from None
    return {"amount": format(money.amount, "f"), "currency": money.currency}


def _date(field: FormField, text: str, lang: str) -> str:
    for pattern in _DATE_FORMATS:
        try:
            day = datetime.strptime(text, pattern).date()  # noqa: DTZ007  a calendar day has no time zone
        except ValueError:
            continue
        return _within(field, day).isoformat()
    raise _Unreadable(
        "not-a-date", N_("Write the date as day/month/year, for example %(example)s."), example="31/12/2026"
    )


def _within(field: FormField, day: date) -> date:
    if field.minimum and day < date.fromisoformat(field.minimum):
        raise _Unreadable("too-early", N_("The earliest possible date is %(limit)s."), limit=field.minimum)
    if field.maximum and day > date.fromisoformat(field.maximum):
        raise _Unreadable("too-late", N_("The latest possible date is %(limit)s."), limit=field.maximum)
    return day


def _choice(field: FormField, text: str, lang: str) -> str:
    if text not in {option.code for option in field.options}:
        raise _Unreadable("not-an-option", N_("Choose one of the answers in the list."))
    return text


def _choices(field: FormField, given: Any) -> list[str] | None:
    chosen = [given] if isinstance(given, str) else list(given or [])
    codes = [option.code for option in field.options]
    if any(code not in codes for code in chosen):
        raise _Unreadable("not-an-option", N_("Choose among the answers in the list."))
    return [code for code in codes if code in chosen] or None


def _boolean(field: FormField, text: str, lang: str) -> bool:
    if text not in ("yes", "no", "true", "false"):
        raise _Unreadable("not-an-option", N_("Choose yes or no."))
    return text in ("yes", "true")


def _email(field: FormField, text: str, lang: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise _Unreadable(
            "not-an-email", N_("Write an e-mail address, for example %(example)s."), example="name@firm.vn"
        )
    return text


def _phone(field: FormField, text: str, lang: str) -> str:
    if not _PHONE.fullmatch(text):
        raise _Unreadable("not-a-phone", N_("Write the number with country code, for example %(example)s."),
                          example="+84 225 000 000")  # fmt: skip
    return text


def _tax_code(field: FormField, text: str, lang: str) -> str:
    try:
        return parse_tax_code(text).value
    except ValueError as fault:
        raise _Unreadable("bad-tax-code", N_("This is no valid tax code: %(why)s"), why=str(fault)) from None


_PLACE_FAULTS: Mapping[str, str] = {
    "too-long": N_("Use at most %(limit)s characters."),
    "not-coordinates": N_("Line %(line)s is no point. Write two numbers, for example %(example)s."),
    "two-systems": N_("Write all corners in one system, degrees or metres."),
    "two-points": N_("Two points are no area. Give one point, or three or more corners."),
    "too-many-points": N_("Give at most %(limit)s corners."),
    "crossing": N_("The edges of the area cross. Give the corners in their order around it."),
    "no-extent": N_("All corners lie on one line; they enclose no area."),
    "bad-geojson": N_("This GeoJSON is no single point or polygon in longitude and latitude."),
}


def _place(field: FormField, text: str, lang: str) -> dict[str, Any]:
    try:
        return place_json(parse_place(text))
    except PlaceFault as fault:
        params = {**fault.params, "example": "20.8012; 106.8345"}
        raise _Unreadable(fault.code, _PLACE_FAULTS[fault.code], **params) from None


def _rows(field: FormField, given: Any, lang: str) -> tuple[list[Answers] | None, list[FieldProblem]]:
    """Read a table; rows in which nothing was typed are left out, faults are named by their cell."""
    rows: list[Answers] = []
    problems: list[FieldProblem] = []
    for number, raw in enumerate(given or []):
        row: Answers = {}
        for part in field.fields:
            try:
                row[part.code] = read_field(part, raw, lang=lang)
            except _Unreadable as fault:
                problems.append(fault.at(cell(field.code, number, part.code)))
        known = {code: value for code, value in row.items() if value is not None}
        if known:
            rows.append(known)
    most = int(field.maximum or MAX_ROWS)
    if len(rows) > most:
        reason = N_("At most %(limit)s entries are possible; these are %(given)s.")
        problems.append(FieldProblem(field.code, "too-many", reason, {"limit": most, "given": len(rows)}))
    return rows or None, problems


def cell(field: str, row: int, column: str) -> str:
    """Return the name of one cell of a table, as its control and its problem carry it; the first row is 0."""
    return f"{field}-{row}-{column}"


_READERS: Mapping[str, Callable[[FormField, str, str], Any]] = {
    "text": _text,
    "textarea": _text,
    "site": _choice,
    "place": _place,
    "integer": _integer,
    "decimal": _decimal,
    "date": _date,
    "choice": _choice,
    "boolean": _boolean,
    "email": _email,
    "phone": _phone,
    "tax_code": _tax_code,
}
