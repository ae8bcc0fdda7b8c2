"""The field dictionary: what a declaration and its lines ask for, in which form, and which lists of codes they use."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.core.kit.conditions import Condition, evaluate, parse

DATA = Path(__file__).parent / "data"
Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field. ``decimals`` bounds the digits behind the point, ``length`` the characters (of an integer, the digits).

    ``required`` is a condition over direction, movement, type and the header (``h``); None means never.
    ``fixed`` is REGISTERED where no amendment may change it, RELEASE where only a request to release may not.
    ``open`` is a pattern that codes outside the list may follow.
    """

    code: str
    section: str
    label: Text
    help: Text | None
    kind: str
    length: int | None
    decimals: int | None
    list: str
    required: Condition | bool
    default: str
    fixed: str
    open: str
    rare: bool
    rows: int
    export_label: Text | None = None
    export_help: Text | None = None

    def called(self, direction: str) -> Text:
        """Return what the field is called on a declaration of a direction."""
        return self.export_label if direction == "EXPORT" and self.export_label else self.label

    def explained(self, direction: str) -> Text | None:
        """Return the help on a declaration of a direction."""
        return self.export_help if direction == "EXPORT" and self.export_help else self.help

    def is_required(self, facts: Mapping[str, object]) -> bool:
        """Tell whether an answer must be given, as far as is known."""
        if isinstance(self.required, bool):
            return self.required
        return evaluate(self.required, facts).value is True


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the header."""

    code: str
    title: Text
    about: Text


@dataclass(frozen=True, slots=True)
class CodeList:
    """Codes with their words; ``status`` says whether the list was read in a source."""

    codes: Mapping[str, Text]
    status: str


def load(name: str) -> Any:
    """Return a data file of this room as YAML gives it."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def sections() -> tuple[Section, ...]:
    """Return the sections of the header in their order."""
    return tuple(Section(each["code"], each["title"], each["about"]) for each in load("fields")["sections"])


@cache
def header_fields() -> Mapping[str, Field]:
    """Return the fields of the header by code, in their order."""
    return {each["code"]: _field(each) for each in load("fields")["header"]}


@cache
def line_fields() -> Mapping[str, Field]:
    """Return the fields of a line by code, in the order of the grid."""
    return {each["code"]: _field(each) for each in load("fields")["lines"]}


@cache
def required_line_fields() -> tuple[str, ...]:
    """Return the codes of the fields that every line must have, in the order of the grid."""
    return tuple(code for code, field in line_fields().items() if field.required is True)


@cache
def grid_fields() -> tuple[Field, ...]:
    """Return the fields that stand in the grid; the others have the page of their line."""
    return tuple(field for field in line_fields().values() if not field.rare)


@cache
def fixed_source() -> Text:
    """Return where it stands that some fields may not be amended."""
    source: Text = load("fields")["fixed_source"]
    return source


def fixed_fields(*, amendment: bool) -> frozenset[str]:
    """Return the fields of the header that a draft may not change: none while nothing is registered."""
    fields = header_fields().values() if amendment else ()
    return frozenset(field.code for field in fields if field.fixed == "REGISTERED")


@cache
def code_lists() -> Mapping[str, CodeList]:
    """Return the lists that fields name; countries and schemes of the tariff come from elsewhere."""
    return {name: CodeList(each["codes"], each["status"]) for name, each in load("lists").items()}


def of_section(section: str) -> Sequence[Field]:
    """Return the fields of a section."""
    return [field for field in header_fields().values() if field.section == section]


def defaults() -> dict[str, str]:
    """Return what a new header says before anybody typed."""
    return {field.code: field.default for field in header_fields().values() if field.default}


def knows(field: Field, value: str) -> bool:
    """Tell whether a code may stand in a field; lists from elsewhere are not judged here."""
    known = code_lists().get(field.list)
    if known is None or value in known.codes:
        return True
    return bool(field.open and re.fullmatch(field.open, value))


def facts_of(
    *, direction: str, movement: str, type_code: str, header: Mapping[str, str]
) -> dict[str, object]:
    """Return what conditions speak about; an empty answer is not known."""
    given = {code.lower(): value for code, value in header.items() if value}
    return {"direction": direction, "movement": movement, "type": type_code, "h": given}


def _field(raw: Mapping[str, Any]) -> Field:
    required, export = raw.get("required", False), raw.get("export", {})
    return Field(
        code=raw["code"], section=raw.get("section", ""), label=raw["label"], help=raw.get("help"), kind=raw["kind"],
        length=raw.get("length"), decimals=raw.get("decimals"), list=raw.get("list", ""),
        required=required if isinstance(required, bool) else parse(required), default=str(raw.get("default", "")),
        fixed=raw.get("fixed", ""), open=raw.get("open", ""), rare=raw.get("rare", False), rows=raw.get("rows", 0),
        export_label=export.get("label"), export_help=export.get("help"),
    )  # fmt: skip
