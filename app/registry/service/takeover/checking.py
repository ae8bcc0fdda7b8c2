"""One row of a take-over: from texts to values, with every fault named by its column and what to do about it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from babel import Locale

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.taxcode import InvalidTaxCode, parse_tax_code
from app.core.kit.text import fold
from app.registry.domain import HOME, EnterpriseKind, enterprise_problems, tax_code_problem
from app.registry.domain import TakeOverKind as Kind

_DATES = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%d/%m/%y")
_KINDS = {
    EnterpriseKind.FOREIGN_INVESTED: ("fdi", "von dau tu nuoc ngoai", "von nuoc ngoai", "foreign invested"),
    EnterpriseKind.FOREIGN: ("nuoc ngoai", "foreign"),
    EnterpriseKind.VIETNAMESE: ("trong nuoc", "viet nam", "vietnamese", "domestic", "noi dia"),
}
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")
_PROJECT_CODE = re.compile(r"[0-9]{10}")
_LOST_ZERO = 9
LONGEST = 250

# What to do about a fault, by its code; shown beside what is wrong.
REMEDIES: Mapping[str, str] = {
    "required": N_("Fill in the cell."),
    "characters": N_("Type the text anew; it has marks that cannot be shown."),
    "too-long": N_("Shorten the text."),
    "choice": N_("Write one of the known words or the two-letter code."),
    "kind": N_("Correct the kind or the country: they contradict each other."),
    "date": N_("Write the day as day/month/year, for example 31/12/2026."),
    "scientific": N_("Format the column as text in the spreadsheet and type the number anew."),
    "twice": N_("Delete one of the two rows."),
    "no-enterprise": N_("Take the enterprise over first, or correct its tax code."),
    "phone": N_("Write the number with digits, spaces and + only, or empty the cell."),
    "email": N_("Write an address such as ten@congty.vn, or empty the cell."),
    "website": N_("Begin the address with https://, or empty the cell."),
    "site": N_("Write the code or the name of a site of the zone."),
    "project-code": N_("Write the ten digits of the project code, or empty the cell."),
    "code-taken": N_("Correct the code; a project with it is in the registry already."),
}
REMEDY_TAX_CODE = N_("Compare the number with the registration paper.")


@dataclass(frozen=True, slots=True)
class Checked:
    """A row as values of the registry, with its faults."""

    values: dict[str, Any]
    problems: tuple[FieldProblem, ...]


def remedy(code: str) -> str:
    """Return what to do about a fault, as a message id."""
    return REMEDIES.get(code, REMEDY_TAX_CODE)


def check_row(kind: Kind, cells: Mapping[str, str], *, sites: Mapping[str, str]) -> Checked:
    """
    Read one row.

    :param cells: field code to text of its column.
    :param sites: folded names and codes of the zone's sites, to their codes.
    """
    return _enterprise(cells) if kind is Kind.ENTERPRISE else _project(cells, sites)


def _enterprise(cells: Mapping[str, str]) -> Checked:
    problems: list[FieldProblem] = []
    values: dict[str, Any] = {
        name: cells.get(name) or None for name in ("name_en", "registration_number", "website")
    }
    values["name_vi"] = cells.get("name_vi", "")
    values["email"] = cells.get("email") or None
    values["phone"] = _phone(cells.get("phone", ""))
    values["established_on"] = _read(_day, "established_on", cells, problems)
    values["country"] = _read(_country, "country", cells, problems) or HOME
    tax_code = _tax_code(cells.get("tax_code", ""), "tax_code", problems)
    values["kind"] = (
        _read(_kind, "kind", cells, problems)
        or (EnterpriseKind.VIETNAMESE if values["country"] == HOME else EnterpriseKind.FOREIGN).value
    )
    known = {name: str(values.get(name) or "") for name in ("name_en", "phone", "email", "website")}
    blamed = {problem.name for problem in problems}
    problems += [
        problem
        for problem in enterprise_problems(
            name_vi=values["name_vi"], kind=values["kind"], country=values["country"], **known
        )
        if problem.name not in blamed
    ]
    return Checked({**values, "tax_code": tax_code}, tuple(problems))


def _project(cells: Mapping[str, str], sites: Mapping[str, str]) -> Checked:
    problems: list[FieldProblem] = []
    name = cells.get("name_vi", "")
    if not name:
        problems.append(FieldProblem("name_vi", "required", N_("The name of the project is missing.")))
    elif len(name) > LONGEST:
        problems.append(
            FieldProblem("name_vi", "too-long", N_("The text is too long: at most %(maximum)s characters."),
                         {"maximum": LONGEST})
        )  # fmt: skip
    holder = _tax_code(cells.get("enterprise_tax_code", ""), "enterprise_tax_code", problems)
    if holder is None and not any(problem.name == "enterprise_tax_code" for problem in problems):
        problems.append(
            FieldProblem("enterprise_tax_code", "required", N_("The tax code of the enterprise is missing."))
        )
    site = sites.get(fold(cells.get("site", "")))
    if site is None:
        problems.append(FieldProblem("site", "site", N_("This is no site of the zone.")))
    code = re.sub(r"[\s.-]", "", cells.get("code", ""))
    if code and not _PROJECT_CODE.fullmatch(code):
        problems.append(FieldProblem("code", "project-code", N_("A project code has ten digits.")))
    values = {"name_vi": name, "name_en": cells.get("name_en") or None, "enterprise_tax_code": holder, "site": site,
              "code": code or None}  # fmt: skip
    return Checked(values, tuple(problems))


def _read(
    reader: Callable[[str], str | None], name: str, cells: Mapping[str, str], problems: list[FieldProblem]
) -> str | None:
    text = cells.get(name, "")
    if not text:
        return None
    found = reader(text)
    if found is None:
        code, reason = _FAULTS[name]
        problems.append(FieldProblem(name, code, reason, {"given": text[:60]}))
    return found


_FAULTS = {
    "established_on": ("date", N_("“%(given)s” is no day.")),
    "country": ("choice", N_("“%(given)s” is no known country.")),
    "kind": ("choice", N_("“%(given)s” is no known kind of enterprise.")),
}


def _tax_code(text: str, name: str, problems: list[FieldProblem]) -> str | None:
    """Read a tax code; a spreadsheet that took it for a number lost its leading zero, which the check digit proves."""
    if not text:
        return None
    if _SCIENTIFIC.fullmatch(text):
        reason = N_("The spreadsheet turned the number into “%(given)s”.")
        problems.append(FieldProblem(name, "scientific", reason, {"given": text[:30]}))
        return None
    padded = f"0{text}" if text.isascii() and text.isdigit() and len(text) == _LOST_ZERO else text
    try:
        return parse_tax_code(padded).value
    except InvalidTaxCode:
        fault = tax_code_problem(text, name)
        assert fault is not None, "what cannot be read is a fault"
        problems.append(fault)
        return None


def _day(text: str) -> str | None:
    for pattern in _DATES:
        try:
            day: date = datetime.strptime(text.split(" ", maxsplit=1)[0], pattern).date()  # noqa: DTZ007  a calendar day has no time zone
        except ValueError:
            continue
        return day.isoformat()
    return None


def _phone(text: str) -> str | None:
    """Return a number as the registry takes it; a lost leading zero cannot be told from a short number."""
    return re.sub(r"[^0-9+ ().-]", " ", text).strip() or None if text else None


def _kind(text: str) -> str | None:
    if text.upper() in set(EnterpriseKind):
        return text.upper()
    said = f" {fold(text)} "
    return next(
        (kind.value for kind, names in _KINDS.items() if any(f" {name} " in said for name in names)), None
    )


def _country(text: str) -> str | None:
    names = _country_names()
    return names.get(fold(text)) or (text.upper() if text.upper() in names.values() else None)


@cache
def _country_names() -> dict[str, str]:
    """Return the codes of countries by their folded Vietnamese and English names."""
    names: dict[str, str] = {}
    for language in ("vi", "en"):
        territories: Mapping[str, str] = Locale(language).territories
        names |= {fold(name): code for code, name in territories.items() if re.fullmatch("[A-Z]{2}", code)}
    return names
