"""Answers to a procedure's questions: from what was typed to typed values, and what is still missing.

Pure. Nothing typed is lost: ``read`` returns what it understood and a problem for the rest, and the page shows the
raw text again. Values are JSON: integers, ISO dates, decimals as strings, money as ``{amount, currency}``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.conditions import evaluate, parse
from app.core.kit.money import Money, parse_amount
from app.core.kit.taxcode import parse_tax_code
from app.core.kit.text import nfc
from app.core.workflow.definition import Definition, FormField, FormSection

Raw = Mapping[str, Any]
Answers = dict[str, Any]

# One @, something on both sides and a dot in the domain: more cannot be known without sending a letter.
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[0-9][0-9 .()-]{6,18}[0-9]")
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
MAX_TEXT = 4000


class _Unreadable(ValueError):
    """One answer could not be understood; carries the code and the sentence of the problem."""

    def __init__(self, code: str, reason: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.reason, self.params = code, reason, params


def read_section(section: FormSection, raw: Raw, *, lang: str) -> tuple[Answers, list[FieldProblem]]:
    """
    Turn what was typed on one page into answers.

    :param raw: field code to text (a list of texts for ``choices``; a list of mappings for ``rows``). Money comes as
        ``<code>`` and ``<code>_currency``.
    :param lang: language whose number format the person used.
    :returns: the answers understood (empty answers as None) and every problem, not the first one.
    """
    answers: Answers = {}
    problems: list[FieldProblem] = []
    for field in section.fields:
        try:
            answers[field.code] = read_field(field, raw, lang=lang)
        except _Unreadable as fault:
            problems.append(FieldProblem(field.code, fault.code, fault.reason, fault.params or None))
    return answers, problems


def read_field(field: FormField, raw: Raw, *, lang: str) -> Any:
    """Read one answer; None when nothing was typed."""
    given = raw.get(field.code)
    if field.type == "choices":
        return _choices(field, given)
    if field.type == "rows":
        return _rows(field, given, lang)
    text = nfc(str(given)).strip() if given is not None else ""
    if not text:
        return None
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
    return text


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


def _rows(field: FormField, given: Any, lang: str) -> list[Answers] | None:
    rows: list[Answers] = []
    for number, raw in enumerate(given or [], start=1):
        row: Answers = {}
        for part in field.fields:
            try:
                row[part.code] = read_field(part, raw, lang=lang)
            except _Unreadable as fault:
                raise _Unreadable("bad-row", N_("Row %(row)s, %(field)s: the answer cannot be read."), row=number,
                                  field=part.label.get(lang, part.code)) from fault  # fmt: skip
        if any(value is not None for value in row.values()):
            rows.append(row)
    return rows or None


_READERS: Mapping[str, Callable[[FormField, str, str], Any]] = {
    "text": _text,
    "textarea": _text,
    "site": _choice,
    "integer": _integer,
    "decimal": _decimal,
    "date": _date,
    "choice": _choice,
    "boolean": _boolean,
    "email": _email,
    "phone": _phone,
    "tax_code": _tax_code,
}


def asked(field: FormField, answers: Mapping[str, Any]) -> bool:
    """Tell whether a question is asked: it has no condition, or the condition is not known to be false."""
    return field.when is None or evaluate(parse(field.when), answers).value is not False


def missing(sections: Sequence[FormSection], answers: Mapping[str, Any]) -> list[FieldProblem]:
    """Return a problem for every required question that is asked and has no answer."""
    return [
        FieldProblem(field.code, "missing", "This question has no answer yet.")
        for section in sections
        for field in section.fields
        if field.required and asked(field, answers) and answers.get(field.code) in (None, "", [])
    ]


def missing_input(name: str) -> FieldProblem:
    """Return the problem of an action that was taken without something that it needs."""
    return FieldProblem(name, "missing", "This has to be filled in before the step can be taken.")


def merged(definition: Definition, before: Mapping[str, Any], changed: Mapping[str, Any]) -> Answers:
    """Lay changed answers over earlier ones; only questions of the procedure are kept."""
    known = definition.fields()
    return {
        code: value for code, value in {**before, **changed}.items() if code in known and value is not None
    }
