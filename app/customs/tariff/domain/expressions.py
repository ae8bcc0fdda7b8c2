"""
Expressions of rates: a small tree that is stored as JSON, evaluated with Decimal only, and said in words.

The forms, in which every number is a text::

    {"op": "pct", "rate": "12.5"}                                         12.5 % of the value
    {"op": "amount", "amount": "50", "currency": "USD", "per": "NMB"}     an amount for each unit of quantity
    {"op": "sum" | "min" | "max", "of": [...]}                            mixed, the lower, the higher
    {"op": "by_subline", "lines": {"8703218010": {...}}, "else": {...}}   by the ten digits declared
    {"op": "excluded", "origins": ["KH"], "of": {...}}                    not for goods from these countries

``of`` or ``else`` left out means that there is no rate for those goods at all.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

# Products of prices, quantities and rates of exchange keep every digit until a named rule rounds.
EXACT = Context(prec=80)
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")
_DEPTH = 8


class ExpressionFaulty(ValueError):
    """Stored JSON is no expression; says where and why."""


@dataclass(frozen=True, slots=True)
class Pct:
    """A share of the value, in percent."""

    rate: Decimal


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money for each unit of quantity."""

    amount: Decimal
    currency: str
    per: str


@dataclass(frozen=True, slots=True)
class Combined:
    """``sum``, ``min`` or ``max`` of several expressions."""

    op: str
    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class BySubline:
    """Another expression for each line of ten digits; ``other`` for the rest, None where there is no rate."""

    lines: Mapping[str, "Expression"]
    other: "Expression | None"


@dataclass(frozen=True, slots=True)
class Excluded:
    """An expression that does not hold for goods from some countries."""

    origins: frozenset[str]
    of: "Expression | None"


Expression = Pct | Amount | Combined | BySubline | Excluded
Leaf = Pct | Amount | Combined


@dataclass(frozen=True, slots=True)
class Missing:
    """Why an expression cannot be evaluated: ``unit`` (no quantity in it) or ``currency`` (no rate of exchange)."""

    what: str
    name: str


def parse(raw: object, *, where: str = "expr", depth: int = 0) -> Expression:
    """
    Read an expression from JSON.

    :raises ExpressionFaulty: anything else than the forms above; a number that is no text is refused as well.
    """
    if depth > _DEPTH or not isinstance(raw, Mapping):
        raise ExpressionFaulty(f"{where}: an expression is an object, at most {_DEPTH} deep.")
    reader = _READERS.get(str(raw.get("op")))
    if reader is None:
        raise ExpressionFaulty(f"{where}: {raw.get('op')!r} is no operation.")
    allowed, read = reader
    if surplus := set(raw) - allowed - {"op"}:
        raise ExpressionFaulty(f"{where}: {', '.join(sorted(surplus))} is not known to {raw['op']}.")
    return read(raw, where, depth)


def to_json(expr: Expression) -> dict[str, Any]:
    """Write what :func:`parse` reads."""
    match expr:
        case Pct(rate):
            return {"op": "pct", "rate": plain(rate)}
        case Amount(amount, currency, per):
            return {"op": "amount", "amount": plain(amount), "currency": currency, "per": per}
        case Combined(op, of):
            return {"op": op, "of": [to_json(each) for each in of]}
        case BySubline(lines, other):
            raw: dict[str, Any] = {
                "op": "by_subline",
                "lines": {code: to_json(each) for code, each in lines.items()},
            }
            return {**raw, "else": to_json(other)} if other else raw
        case Excluded(origins, inner):
            raw = {"op": "excluded", "origins": sorted(origins)}
            return {**raw, "of": to_json(inner)} if inner else raw


def resolve(expr: Expression, *, code: str, origin: str) -> Leaf | None:
    """
    Return what holds for one line of goods, None where the measure offers nothing for it.

    :param code: the digits declared (8 or 10); by-sub-line expressions look at all ten.
    :param origin: country of origin, ISO 3166 alpha-2.
    """
    if isinstance(expr, BySubline):
        chosen = expr.lines.get(code, expr.other)
        return resolve(chosen, code=code, origin=origin) if chosen else None
    if isinstance(expr, Excluded):
        if origin in expr.origins or expr.of is None:
            return None
        return resolve(expr.of, code=code, origin=origin)
    if isinstance(expr, Combined):
        parts = tuple(resolve(each, code=code, origin=origin) for each in expr.of)
        kept = tuple(part for part in parts if part is not None)
        return Combined(expr.op, kept) if len(kept) == len(parts) else None
    return expr


def plain(number: Decimal) -> str:
    """Write a number without exponent and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def currencies(expr: Expression) -> frozenset[str]:
    """Return the foreign currencies that the amounts of an expression are in."""
    match expr:
        case Amount(_, currency, _):
            return frozenset({currency}) - {"VND"}
        case Combined(_, of):
            return frozenset().union(*map(currencies, of))
        case BySubline(lines, other):
            parts = [*lines.values(), *([other] if other else [])]
            return frozenset().union(*map(currencies, parts))
        case Excluded(_, inner):
            return currencies(inner) if inner else frozenset()
    return frozenset()


def _pct(raw: Mapping[str, Any], where: str, depth: int) -> Expression:
    return Pct(_number(raw.get("rate"), f"{where}.rate"))


def _amount(raw: Mapping[str, Any], where: str, depth: int) -> Expression:
    currency, per = raw.get("currency"), raw.get("per")
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise ExpressionFaulty(f"{where}.currency: three capitals.")
    if not isinstance(per, str) or not re.fullmatch("[A-Z0-9]{2,3}", per):
        raise ExpressionFaulty(f"{where}.per: the code of a unit.")
    return Amount(_number(raw.get("amount"), f"{where}.amount"), currency, per)


def _combined(raw: Mapping[str, Any], where: str, depth: int) -> Expression:
    of = raw.get("of")
    if not isinstance(of, Sequence) or isinstance(of, str) or len(of) < 2:  # noqa: PLR2004  two make a pair
        raise ExpressionFaulty(f"{where}.of: at least two expressions.")
    parts = tuple(parse(each, where=f"{where}.of.{index}", depth=depth + 1) for index, each in enumerate(of))
    return Combined(str(raw["op"]), parts)


def _by_subline(raw: Mapping[str, Any], where: str, depth: int) -> Expression:
    lines = raw.get("lines")
    if not isinstance(lines, Mapping) or not lines:
        raise ExpressionFaulty(f"{where}.lines: expressions by code of ten digits.")
    if wrong := [code for code in lines if not re.fullmatch("[0-9]{10}", str(code))]:
        raise ExpressionFaulty(f"{where}.lines: {wrong[0]!r} has not ten digits.")
    found = {str(code): parse(each, where=f"{where}.{code}", depth=depth + 1) for code, each in lines.items()}
    other = raw.get("else")
    return BySubline(found, parse(other, where=f"{where}.else", depth=depth + 1) if other else None)


def _excluded(raw: Mapping[str, Any], where: str, depth: int) -> Expression:
    origins = raw.get("origins")
    if not isinstance(origins, Sequence) or isinstance(origins, str) or not origins:
        raise ExpressionFaulty(f"{where}.origins: a list of countries.")
    if wrong := [each for each in origins if not re.fullmatch("[A-Z]{2}", str(each))]:
        raise ExpressionFaulty(f"{where}.origins: {wrong[0]!r} is no country code.")
    inner = raw.get("of")
    return Excluded(
        frozenset(map(str, origins)), parse(inner, where=f"{where}.of", depth=depth + 1) if inner else None
    )


def _number(raw: object, where: str) -> Decimal:
    if not isinstance(raw, str) or not _NUMBER.fullmatch(raw):
        raise ExpressionFaulty(f"{where}: a number written as a text, with a point before decimals.")
    return Decimal(raw)


_READERS: Mapping[str, tuple[set[str], Callable[[Mapping[str, Any], str, int], Expression]]] = {
    "pct": ({"rate"}, _pct),
    "amount": ({"amount", "currency", "per"}, _amount),
    "sum": ({"of"}, _combined),
    "min": ({"of"}, _combined),
    "max": ({"of"}, _combined),
    "by_subline": ({"lines", "else"}, _by_subline),
    "excluded": ({"origins", "of"}, _excluded),
}
