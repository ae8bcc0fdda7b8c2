"""Comparing what was computed here with what the authority says: per line and per tax, by base, rate and amount."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One tax of one line; the base is None where nobody says it."""

    amount: Decimal
    base: Decimal | None = None
    rate: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two sides disagree; None: that side has no such tax."""

    line: int
    tax: str
    ours: Figure | None
    official: Figure | None


Taxes = Mapping[tuple[int, str], Figure]


def taxes_of(content: Mapping[str, Any]) -> Taxes:
    """Return the taxes of an assessment as it is kept: by line and kind, those of one kind added up."""
    found: dict[tuple[int, str], Figure] = {}
    for line in content.get("lines", ()):
        for tax in line.get("taxes", ()):
            key = (int(line["number"]), str(tax["kind"]))
            base = tax.get("base")
            figure = Figure(
                Decimal(str(tax["amount"])),
                None if base is None else Decimal(str(base)),
                str(tax.get("rate") or ""),
            )
            before = found.get(key)
            found[key] = figure if before is None else _added(before, figure)
    return found


def compare(ours: Taxes, official: Taxes) -> Iterator[Difference]:
    """Yield the differences in the order of lines; a tax of nothing is as good as none."""
    for line, tax in sorted(ours.keys() | official.keys()):
        left, right = ours.get((line, tax)), official.get((line, tax))
        if _amount(left) != _amount(right):
            yield Difference(line, tax, left, right)


def _amount(figure: Figure | None) -> Decimal:
    return figure.amount if figure is not None else Decimal(0)


def _added(left: Figure, right: Figure) -> Figure:
    rate = left.rate if left.rate == right.rate else f"{left.rate} + {right.rate}"
    return Figure(left.amount + right.amount, left.base, rate)
