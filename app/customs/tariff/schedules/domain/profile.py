"""
Profiles: which column of a schedule says what, and how its cells are written. Data, read from YAML.

A header cell must equal one of the words of a column (no case, no accents, no punctuation). ``{year}`` in a word stands
for a year: the column then holds for that calendar year only. A column that no profile entry names stops the file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from app.core.kit.ranges import Period
from app.core.kit.text import fold
from app.customs.tariff.domain.measures import PREFERENCES, Kind
from app.customs.tariff.schedules.domain.cells import RateGrammar, tidy

Text = Mapping[str, str]
_YEAR = re.compile(r"(?<![0-9])(19|20)[0-9]{2}(?![0-9])")


class ProfileFaulty(ValueError):
    """A profile of the release has a fault; says where."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Which rates a column holds: kind, and for preferences scheme and group; ``variant`` tells columns apart."""

    kind: Kind
    scheme: str = ""
    geo: str = ""
    variant: str = ""

    @property
    def name(self) -> str:
        """What people call it: the scheme, else the kind."""
        return " ".join(filter(None, (self.scheme or self.kind.value, self.variant)))


@dataclass(frozen=True, slots=True)
class RateColumn:
    """A column of rates as the profile knows it."""

    name: str
    words: tuple[str, ...]
    slot: Slot
    grammar: RateGrammar


@dataclass(frozen=True, slots=True)
class Profile:
    """
    How one kind of schedule is written.

    :ivar code_words: and the other ``_words``: folded names of the columns that are no rates.
    :ivar excluded: columns that list countries without preference, by the scheme that they concern.
    :ivar skipped_rows: first words of rows that are titles of chapters, sections or annexes.
    :ivar mends_zero: a code that lost its leading zero is mended with a warning; otherwise it is a fault.
    """

    code: str
    title: Text
    code_words: tuple[str, ...]
    vi_words: tuple[str, ...]
    en_words: tuple[str, ...]
    unit_words: tuple[str, ...]
    ignored_words: tuple[str, ...]
    rates: tuple[RateColumn, ...]
    units: Mapping[str, str]
    excluded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skipped_rows: tuple[str, ...] = ()
    mends_zero: bool = True
    decimal: str = ","
    header_within: int = 30

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Return the slots of all columns of rates, each once."""
        return tuple(dict.fromkeys(column.slot for column in self.rates))


def read_profile(path: Path) -> Profile:
    """
    Read a profile from its file.

    :raises ProfileFaulty: something is missing or unknown.
    """
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return _profile(raw)
    except (KeyError, TypeError, ValueError) as fault:
        raise ProfileFaulty(f"{path.name}: {fault!r}") from fault


def named(words: Sequence[str], header: str) -> bool:
    """Tell whether a folded header cell is one of some words."""
    return header in words


def rate_column(profile: Profile, header: str) -> tuple[RateColumn, int | None] | None:
    """Return the column of rates that a folded header cell names, and its year if it has one; None for no rates."""
    for column in profile.rates:
        if header in column.words:
            return column, None
    year = _YEAR.search(header)
    if year is None:
        return None
    pattern = " ".join((header[: year.start()] + "{year}" + header[year.end() :]).split())
    for column in profile.rates:
        if pattern in column.words:
            return column, int(year[0])
    return None


def days_of(year: int | None, period: Period) -> Period | None:
    """Return the days for which a column holds within those of the schedule, None when it has none of them."""
    if year is None:
        return period
    return Period(date(year, 1, 1), date(year + 1, 1, 1)).intersect(period)


def _profile(raw: Mapping[str, Any]) -> Profile:
    columns = raw["columns"]
    units = {tidy(str(word)).casefold(): code for code, words in raw["units"].items() for word in words}
    decimal = raw.get("decimal", ",")
    if decimal not in (",", "."):
        raise ValueError("decimal is a comma or a point")
    base = {
        "decimal": decimal,
        "countries": frozenset(map(str, raw.get("excluded_countries", ()))),
        "rest": tuple(tidy(str(each)) for each in raw.get("rest", ())),
        "own": tuple(tidy(str(each)) for each in raw.get("own", ())),
        "units": units,
        "currencies": {
            str(word).casefold(): code for code, words in raw.get("currencies", {}).items() for word in words
        },
    }
    rates = tuple(
        _rate(each, {**raw.get("cells", {}), **each.get("cells", {})}, base) for each in raw["rates"]
    )
    if len({column.name for column in rates}) != len(rates):
        raise ValueError("two columns of rates have one name")
    return Profile(
        code=raw["code"],
        title=raw["title"],
        code_words=_words(columns["code"]),
        vi_words=_words(columns["description_vi"]),
        en_words=_words(columns.get("description_en", ())),
        unit_words=_words(columns["unit"]),
        ignored_words=_words(columns.get("ignored", ())),
        rates=rates,
        units=units,
        excluded={scheme: _words(words) for scheme, words in raw.get("excluded", {}).items()},
        skipped_rows=_words(raw.get("skipped_rows", ())),
        mends_zero=bool(raw.get("mends_zero", True)),
        decimal=decimal,
        header_within=int(raw.get("header_within", 30)),
    )


def _rate(raw: Mapping[str, Any], cells: Mapping[str, Any], base: Mapping[str, Any]) -> RateColumn:
    slot = Slot(Kind(raw["kind"]), raw.get("scheme", ""), raw.get("geo", ""), raw.get("variant", ""))
    if (slot.kind in PREFERENCES) != bool(slot.scheme and slot.geo):
        raise ValueError(f"{raw['name']}: a preference, and only a preference, names scheme and geo")
    if surplus := set(cells) - {"none", "whole", "trailing"}:
        raise ValueError(f"{raw['name']}: unknown kinds of cells: {', '.join(sorted(surplus))}")
    amount = raw.get("amount")
    grammar = RateGrammar(
        **base,
        amounts=(amount["currency"], amount["per"]) if amount else None,
        bare=bool(raw.get("bare", True)),
        none=frozenset(tidy(str(each)) for each in cells.get("none", ())),
        whole={tidy(str(word)): str(rate) for word, rate in cells.get("whole", {}).items()},
        trailing=frozenset(tidy(str(each)) for each in cells.get("trailing", ())),
    )
    return RateColumn(raw["name"], _words(raw["words"]), slot, grammar)


def _words(words: Sequence[str]) -> tuple[str, ...]:
    # The braces of {year} would be folded away.
    return tuple(
        " ".join(" {year} ".join(fold(part) for part in str(word).split("{year}")).split()) for word in words
    )
