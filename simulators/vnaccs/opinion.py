"""
The authority's own opinion of values and rates.

Made up for a simulation, by its own small code: customs value from the invoice, import or export duty by heading, trade
remedies by heading and origin, excise for a few headings, environment tax by quantity, value-added tax, each on what
stands before it. Whoever sends may come to other figures, and should find out by comparing; ``README.md`` says when.
"""

import hashlib
import json
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from simulators.vnaccs.papers import Item, Paper

_FREE_OF_TAX = frozenset(
    ["C11", "C21", "C12", "C22", "E11", "E13", "E15", "E33", "E42", "G11", "G13", "G21", "G23"]
)
_WITHOUT_FREIGHT = frozenset({"EXW", "FCA", "FAS", "FOB", "C&I"})
_WITHOUT_INSURANCE = frozenset({"EXW", "FCA", "FAS", "FOB", "CFR", "CPT"})
_HUNDRED = Decimal(100)
# A value that the authority doubts is raised by this much.
_DOUBT = Decimal("1.05")


@cache
def _table() -> dict[str, Any]:
    content = json.loads((Path(__file__).parent / "opinion.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def assess(
    paper: Paper, *, disagree_percent: int, seed: int, forgets: tuple[str, ...] = ()
) -> tuple[list[dict[str, Any]], int]:
    """
    Return the taxes by line and their sum in VND.

    :param disagree_percent: of how many in a hundred declarations the authority doubts the value of the first line.
    :param forgets: types of taxes that it does not levy, as an office that missed a decision would.
    """
    if paper.type_code in _FREE_OF_TAX:
        return [], 0
    rate = Decimal(_table()["exchange"].get(paper.header.get("IP3", "VND"), "1"))
    doubts = draw(f"{seed}:doubt:{paper.reference}") % 100 < disagree_percent
    lines, total = [], 0
    for item, extra in zip(paper.items, _extras(paper), strict=True):
        value = (item.value + extra) * (_DOUBT if doubts and item is paper.items[0] else 1)
        taxes = _taxes(item, _dong(value * rate), paper.direction, forgets)
        lines.append({"number": item.number, "taxes": taxes})
        total += sum(tax["amount"] for tax in taxes)
    return lines, total


def draw(text: str) -> int:
    """Draw a lot: the same text draws the same number."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _taxes(item: Item, value: int, direction: str, forgets: tuple[str, ...]) -> list[dict[str, Any]]:
    table = _table()
    if direction == "EXPORT":
        percent = _rate(table["export"], item.hs)
        return [_tax("EXP", value, percent)] if percent else []
    scheme = table["schemes"].get(item.scheme) if item.proof else None
    percent = _rate(table["import"], item.hs)
    if scheme is not None:
        percent = min(percent, _rate(scheme, item.hs, percent))
    taxes = [_tax("CUD", value, percent)]
    for kind, rate in table["remedies"].get(item.hs[:8], {}).get(item.origin, {}).items():
        if kind not in forgets:
            taxes.append(_tax(kind, value, Decimal(rate)))
    excise = _rate(table["excise"], item.hs)
    if excise and "EXC" not in forgets:
        taxes.append(_tax("EXC", _with(value, taxes), excise))
    amount, unit = table["environment"].get(item.hs[:8], ("0", ""))
    if unit and unit == item.unit and item.quantity and "ENV" not in forgets:
        levied = _dong(item.quantity * Decimal(amount))
        taxes.append({"kind": "ENV", "base": item.quantity, "rate": f"{amount} VND/{unit}", "amount": levied})
    taxes.append(_tax("VAT", _with(value, taxes), _rate(table["vat"], item.hs)))
    return taxes


def _with(value: int, taxes: list[dict[str, Any]]) -> int:
    """Return a value with the taxes that stand before the next one."""
    return value + sum(int(tax["amount"]) for tax in taxes)


def _tax(kind: str, base: int, percent: Decimal) -> dict[str, Any]:
    return {"kind": kind, "base": base, "rate": f"{percent:f}%", "amount": _dong(base * percent / _HUNDRED)}


def _rate(table: dict[str, str], hs: str, default: Decimal | None = None) -> Decimal:
    """Return the rate of the longest beginning of a code that the table knows."""
    for length in (10, 8, 6, 4, 2):
        if hs[:length] in table and len(hs) >= length:
            return Decimal(table[hs[:length]])
    return Decimal(table.get("*", "0")) if default is None else default


def _extras(paper: Paper) -> list[Decimal]:
    """Return what freight and insurance add to each line, by value."""
    term = paper.header.get("IP2", "")
    amount = Decimal(0)
    if paper.direction == "IMPORT" and term in _WITHOUT_FREIGHT:
        amount += _number(paper.header.get("FR3"))
    if paper.direction == "IMPORT" and term in _WITHOUT_INSURANCE:
        amount += _number(paper.header.get("IN3"))
    total = sum((item.value for item in paper.items), Decimal(0))
    return [amount * item.value / total if total else Decimal(0) for item in paper.items]


def _number(text: str | None) -> Decimal:
    try:
        return Decimal(text or "0")
    except ArithmeticError:
        return Decimal(0)


def _dong(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
