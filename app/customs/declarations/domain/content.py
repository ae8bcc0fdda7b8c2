"""The content of a revision as texts: numbers as ``1234.5``, days as ``2026-11-20``, anything else as it was typed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")

LineText = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """Values of the law that the form of a declaration depends on."""

    lines: int
    price_tolerance: Decimal


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that the checks look at. ``firm_tax_code`` is that of the firm's record, empty where none is known."""

    direction: str
    movement: str
    type_code: str
    header: Mapping[str, str]
    lines: Sequence[LineText]
    today: date
    limits: Limits
    firm_tax_code: str = ""
    countries: frozenset[str] = field(default_factory=frozenset)
    schemes: frozenset[str] = field(default_factory=frozenset)

    def head(self, code: str) -> str:
        """Return an answer of the header, empty where there is none."""
        return self.header.get(code, "")


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """Return a number that was stored in its plain form, None for anything else."""
    # Each rule reads the numbers of a line by itself, hence the same text many times.
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def day(text: str) -> date | None:
    """Return a day that was stored in its plain form, None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def decimals(value: Decimal) -> int:
    """Return how many digits stand behind the point, without zeros at the end."""
    _, _, behind = f"{value:f}".partition(".")
    return len(behind.rstrip("0"))
