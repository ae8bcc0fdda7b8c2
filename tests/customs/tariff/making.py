"""Facts and shipments for tests of the tariff, made from a few words."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import parse
from app.customs.tariff.domain.facts import ExchangeRate, Facts, HeadingFact, RuleValue
from app.customs.tariff.domain.measures import Kind, Measure
from app.customs.tariff.domain.shipment import Direction, Shipment, ShipmentLine

DAY = date(2026, 5, 4)
ALWAYS = Period(date(2020, 1, 1))
HS = "87032359"
RULES = {
    "rounding": "HALF_UP_1_VND_PER_TAX_AND_LINE",
    "ordinary_share": "150",
    "vat_reduction": "2",
    "term.import.cif": "NONE",
    "term.import.fob": "+INLAND_ABROAD +FREIGHT +INSURANCE",
    "term.import.ddp": "-INLAND_HERE -DUTIES",
    "term.export.fob": "NONE",
    "term.export.cif": "-FREIGHT -INSURANCE",
    "formula.duty": "VALUE_TIMES_RATE",
    "formula.not_dutiable": "NO_DUTY",
}


def pct(rate: str) -> dict[str, Any]:
    """Return an expression in percent."""
    return {"op": "pct", "rate": rate}


def each(amount: str, currency: str = "USD", per: str = "NMB") -> dict[str, Any]:
    """Return an amount for each unit."""
    return {"op": "amount", "amount": amount, "currency": currency, "per": per}


def measure(kind: Kind, expr: Mapping[str, Any], hs8: str = HS, **place: Any) -> Measure:
    """Return a row of the schedule."""
    return Measure(
        UUID(int=len(str(expr)) + 1000 * list(Kind).index(kind)), hs8, kind, parse(expr), ALWAYS, "ASSUMED", **place
    )  # fmt: skip


def facts(
    measures: Iterable[Measure],
    *,
    groups: Mapping[str, tuple[str, ...]] | None = None,
    rates: Mapping[str, str] | None = None,
    rules: Mapping[str, str | None] | None = None,
) -> Facts:
    """Return the facts of the day; ``rules`` come over the usual ones, None takes one away."""
    held = tuple(measures)
    named = {name: value for name, value in {**RULES, **(rules or {})}.items() if value is not None}
    exchange = {"USD": "25000"} if rates is None else rates
    return Facts(
        day=DAY,
        known_at=None,
        headings=tuple(HeadingFact(hs8, "NMB") for hs8 in sorted({each.hs8 for each in held})),
        measures=held,
        groups=groups or {},
        rates={
            code: ExchangeRate(code, code, Decimal(rate), DAY, ALWAYS, "TEST", "ASSUMED")
            for code, rate in exchange.items()
        },
        rules={name: RuleValue(f"customs.tariff.{name}", value, "ASSUMED") for name, value in named.items()},
    )


def shipment(*lines: ShipmentLine, **other: Any) -> Shipment:
    """Return an import of some lines, CIF in dollars unless it says otherwise."""
    values = {
        "direction": Direction.IMPORT, "on": DAY, "currency": "USD", "incoterm": "CIF", **other
    }  # fmt: skip
    return Shipment(lines=lines, **values)


def line(value: str, **other: Any) -> ShipmentLine:
    """Return a line of goods from Japan."""
    values = {
        "number": 1, "hs": HS, "origin": "JP", "quantity": Decimal(1), "unit": "NMB", **other
    }  # fmt: skip
    return ShipmentLine(value=Decimal(value), **values)
