"""The product and a second, independent calculation agree over ten thousand random declarations."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any
from uuid import UUID

from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import parse
from app.customs.tariff.domain.facts import ExchangeRate, Facts, HeadingFact, RuleValue
from app.customs.tariff.domain.measures import Kind, Measure
from app.customs.tariff.domain.shipment import (
    Adjustment,
    Charge,
    Component,
    Direction,
    Shipment,
    ShipmentLine,
)
from app.customs.tariff.domain.stack import assess
from app.customs.tariff.domain.valuation import term_key
from tests.customs.tariff.second_opinion import Declaration, taxes

DECLARATIONS = 10_000
DAY = date(2026, 5, 4)
ALWAYS = Period(date(2020, 1, 1))
TERMS = {
    "EXW": "+INLAND_ABROAD +FREIGHT +INSURANCE",
    "FOB": "+INLAND_ABROAD +FREIGHT +INSURANCE",
    "CFR": "+INSURANCE",
    "C&I": "+FREIGHT",
    "CIF": "NONE",
    "DAP": "-INLAND_HERE",
    "DPU": "-INLAND_HERE",
    "DDP": "-INLAND_HERE -DUTIES",
}
COUNTRIES = ("CN", "JP", "KR", "DE", "US", "LA")
SCHEMES = {"ACFTA": ("CN", "LA"), "AJCEP": ("JP", "LA"), "EVFTA": ("DE",), "RCEP": ("CN", "JP", "KR", "LA")}
SHAPES = {"both": "sum", "less": "min", "more": "max"}


def test_ten_thousand_random_declarations_come_to_the_same_amounts() -> None:
    chance = Random(20261122)  # noqa: S311  the same declarations each time
    seen: set[str] = set()
    for number in range(DECLARATIONS):
        declaration = _declaration(chance)
        mine = assess(_shipment(declaration), _facts(declaration))
        assert mine.complete, (number, mine.problems)
        told = [
            {"CV": int(line.customs_value or 0), **{tax.kind.value: int(tax.amount) for tax in line.taxes}}
            for line in mine.lines
        ]
        assert told == taxes(declaration), number
        assert mine.total == sum(sum(line.values()) - line["CV"] for line in told)
        seen.update(*told, {line.scheme for line in mine.lines})
    # What was compared is all of it, not only the easy part.
    assert seen >= {
        "IMPORT_DUTY", "ANTI_DUMPING", "SAFEGUARD", "EXCISE", "ENVIRONMENT", "VAT", "MFN", "ORDINARY", *SCHEMES,
    }  # fmt: skip


def _declaration(chance: Random) -> Declaration:
    codes = [f"{chance.randrange(10**7, 10**8)}" for _ in range(chance.randrange(1, 4))]
    currency = chance.choice(("USD", "EUR", "VND"))
    lines = [_line(chance, codes, currency) for _ in range(chance.randrange(1, 7))]
    charges = {
        name: (_decimal(chance, 3, 4), chance.choice(("USD", "EUR")))
        for name in ("freight", "insurance", "inland_abroad", "inland_here", "duties")
        if chance.random() < 0.6
    }
    return {
        "currency": currency,
        "term": chance.choice(tuple(TERMS)),
        "charges": charges,
        "lines": lines,
        "fx": {
            "VND": Fraction(1),
            "USD": Fraction(_decimal(chance, 4, 2, least=20_000)),
            "EUR": Fraction(_decimal(chance, 4, 6, least=20_000)),
        },
        "schedule": {code: _schedule(chance) for code in codes},
        "members": SCHEMES,
        "no_mfn": {"LA"} if chance.random() < 0.3 else set(),
        "vat_points": 2 if chance.random() < 0.5 else 0,
        "dutiable": chance.random() < 0.95,
    }  # fmt: skip


def _line(chance: Random, codes: list[str], currency: str) -> dict[str, Any]:
    scheme = chance.choice(("MFN", "MFN", "ORDINARY", *SCHEMES))
    return {
        "hs": chance.choice(codes),
        # Large enough that what is taken off never leaves less than nothing.
        "value": _decimal(chance, 7, 4, least=300_000_000 if currency == "VND" else 10_000),
        "origin": chance.choice(COUNTRIES),
        "scheme": scheme,
        "proof": chance.random() < 0.8,
        "quantity": _decimal(chance, 4, 2),
    }


def _schedule(chance: Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "MFN": _rate(chance),
        "PREFERENCE": {scheme: _rate(chance) for scheme in SCHEMES if chance.random() < 0.6},
        "VAT": chance.choice(("0", "2", "5", "8", "10")),
        "VAT_REDUCED": chance.random() < 0.6,
    }
    for remedy in ("ANTI_DUMPING", "COUNTERVAILING", "SAFEGUARD"):
        if chance.random() < 0.25:
            found[remedy] = {country: _rate(chance) for country in COUNTRIES if chance.random() < 0.4}
    if chance.random() < 0.3:
        found["EXCISE"] = _rate(chance)
    if chance.random() < 0.2:
        found["ENVIRONMENT"] = ("each", _decimal(chance, 4, 2), "VND")
    return found


def _rate(chance: Random, depth: int = 0) -> tuple[Any, ...]:
    form = chance.random()
    if form < 0.65 or depth > 1:
        return ("%", _decimal(chance, 2, 2))
    if form < 0.85:
        return ("each", _decimal(chance, 3, 3), chance.choice(("USD", "VND", "EUR")))
    parts = (_rate(chance, depth + 1) for _ in range(chance.randrange(2, 4)))
    return (chance.choice(tuple(SHAPES)), *parts)


def _decimal(chance: Random, digits: int, decimals: int, *, least: int = 0) -> str:
    return f"{least + chance.randrange(10**digits)}.{chance.randrange(10**decimals):0{decimals}d}"


def _shipment(declaration: Declaration) -> Shipment:
    named = {
        name: Charge(Decimal(amount), currency) for name, (amount, currency) in declaration["charges"].items()
    }
    others = ("inland_abroad", "inland_here", "duties")
    return Shipment(
        direction=Direction.IMPORT,
        on=DAY,
        currency=declaration["currency"],
        incoterm=declaration["term"],
        lines=tuple(
            ShipmentLine(
                number, line["hs"], Decimal(line["value"]), line["origin"], line["scheme"],
                "C/O 1" if line["proof"] else None, Decimal(line["quantity"]), "NMB",
            )
            for number, line in enumerate(declaration["lines"], 1)
        ),
        freight=named.get("freight"),
        insurance=named.get("insurance"),
        adjustments=tuple(
            Adjustment(Component(name.upper()), named[name].amount, named[name].currency)
            for name in others
            if name in named
        ),
        dutiable=declaration["dutiable"],
    )  # fmt: skip


def _facts(declaration: Declaration) -> Facts:
    rules = {
        "rounding": "HALF_UP_1_VND_PER_TAX_AND_LINE",
        "ordinary_share": "150",
        term_key(Direction.IMPORT, declaration["term"]): TERMS[declaration["term"]],
    }
    if declaration["vat_points"]:
        rules["vat_reduction"] = str(declaration["vat_points"])
    groups: dict[str, list[str]] = {}
    for scheme, members in declaration["members"].items():
        for country in members:
            groups.setdefault(country, []).append(scheme)
    for country in declaration["no_mfn"]:
        groups.setdefault(country, []).append("NO_MFN")
    return Facts(
        day=DAY,
        known_at=None,
        headings=tuple(HeadingFact(code, "NMB") for code in declaration["schedule"]),
        measures=tuple(
            measure for code, rates in declaration["schedule"].items() for measure in _measures(code, rates)
        ),
        groups={country: tuple(found) for country, found in groups.items()},
        rates={
            currency: ExchangeRate("", currency, _exact(rate), DAY, ALWAYS, "TEST", "ASSUMED")
            for currency, rate in declaration["fx"].items()
            if currency != "VND"
        },
        rules={name: RuleValue(name, value, "ASSUMED") for name, value in rules.items()},
    )


def _measures(code: str, rates: dict[str, Any]) -> list[Measure]:
    found = [_measure(code, Kind.MFN, rates["MFN"])]
    found += [
        _measure(code, Kind.PREFERENCE, rate, scheme=scheme, geo=scheme)
        for scheme, rate in rates["PREFERENCE"].items()
    ]
    for remedy in ("ANTI_DUMPING", "COUNTERVAILING", "SAFEGUARD"):
        found += [
            _measure(code, Kind(remedy), rate, geo=country) for country, rate in rates.get(remedy, {}).items()
        ]
    found += [_measure(code, Kind(kind), rates[kind]) for kind in ("EXCISE", "ENVIRONMENT") if kind in rates]
    conditions = {"vat_reduction": True} if rates["VAT_REDUCED"] else {}
    return [*found, _measure(code, Kind.VAT, ("%", rates["VAT"]), conditions=conditions)]


def _measure(code: str, kind: Kind, rate: tuple[Any, ...], **place: Any) -> Measure:
    return Measure(UUID(int=0), code, kind, parse(_expression(rate)), ALWAYS, "ASSUMED", **place)


def _expression(rate: tuple[Any, ...]) -> dict[str, Any]:
    kind, *rest = rate
    if kind == "%":
        return {"op": "pct", "rate": rest[0]}
    if kind == "each":
        return {"op": "amount", "amount": rest[0], "currency": rest[1], "per": "NMB"}
    return {"op": SHAPES[kind], "of": [_expression(part) for part in rest]}


def _exact(rate: Fraction) -> Decimal:
    return Decimal(rate.numerator) / Decimal(rate.denominator)
