"""
What else must hold for a rate besides code, day and origin. Stored with the measure as JSON:

    {"vat_reduction": true}                                           the reduction of the law data comes off the rate
    {"quota": "IN"}                                                   only for goods within a tariff quota
    {"paper": "PERMIT-X"}                                             only with a paper, by its code
    {"end_use": "VEHICLE-ASSEMBLY"}                                   only for goods imported for this use
    {"minimum_value": {"amount": "5", "currency": "USD", "per": "KGM"}}   only at this price for a unit, or more

A rate under a condition that is none of these is not decided: what nobody can read is never taken for fulfilled.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.customs.tariff.domain.expressions import EXACT
from app.customs.tariff.domain.problems import problem
from app.customs.tariff.domain.results import Problem
from app.customs.tariff.domain.shipment import ShipmentLine
from app.customs.tariff.domain.units import factor

IN_QUOTA, OUT_OF_QUOTA = "IN_QUOTA", "OUT_OF_QUOTA"
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")
_APPLIED_LATER = "vat_reduction"


@dataclass(frozen=True, slots=True)
class Money:
    """What a condition about prices needs to know: rates of exchange, and the value of the line in dong."""

    exchange: Mapping[str, Decimal]
    worth: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``unmet``: the rate is not for these goods. ``undecided``: nobody can say, the problem tells what is missing."""

    unmet: Problem | None = None
    undecided: Problem | None = None


HOLDS = Verdict()


def judge(conditions: Mapping[str, Any], line: ShipmentLine, money: Money) -> Verdict:
    """Tell whether a line fulfils the conditions of a rate; the first that it does not decides."""
    for name, wanted in sorted(conditions.items()):
        if name == _APPLIED_LATER and isinstance(wanted, bool):
            continue
        reader = _READERS.get(name)
        verdict = reader(wanted, line, money) if reader else None
        if verdict is None:
            return Verdict(
                undecided=problem("tariff.condition-unknown", "hs", line=line.number, name=name[:60])
            )
        if verdict != HOLDS:
            return verdict
    return HOLDS


def readable(conditions: Mapping[str, Any]) -> bool:
    """Tell whether every condition of a rate is of the forms above."""
    nothing = ShipmentLine(number=0, hs="", value=Decimal(0))
    found = judge(conditions, nothing, Money({}))
    return found.undecided is None or found.undecided.code != "tariff.condition-unknown"


def _quota(wanted: object, line: ShipmentLine, money: Money) -> Verdict | None:
    if wanted not in ("IN", "OUT"):
        return None
    claims = IN_QUOTA if wanted == "IN" else OUT_OF_QUOTA
    if claims in line.variants:
        return HOLDS
    return Verdict(unmet=problem("tariff.quota-not-claimed", "variants", line=line.number, quota=claims))


def _paper(wanted: object, line: ShipmentLine, money: Money) -> Verdict | None:
    if not isinstance(wanted, str) or not wanted:
        return None
    if wanted in line.papers:
        return HOLDS
    return Verdict(unmet=problem("tariff.paper-needed", "papers", line=line.number, paper=wanted[:60]))


def _end_use(wanted: object, line: ShipmentLine, money: Money) -> Verdict | None:
    if not isinstance(wanted, str) or not wanted:
        return None
    if wanted == line.end_use:
        return HOLDS
    return Verdict(unmet=problem("tariff.end-use-needed", "end_use", line=line.number, use=wanted[:60]))


def _minimum_value(wanted: object, line: ShipmentLine, money: Money) -> Verdict | None:
    read = _price(wanted)
    if read is None:
        return None
    amount, currency, per = read
    quantity = in_unit(line, per)
    rate = money.exchange.get(currency)
    if quantity is None or quantity <= 0:
        return Verdict(undecided=unit_problem(line, per))
    if rate is None or money.worth is None:
        return Verdict(
            undecided=problem(
                "tariff.exchange-missing", "currency", line=line.number, currency=currency, day=""
            )
        )
    least = EXACT.multiply(EXACT.multiply(amount, rate), quantity)
    if money.worth >= least:
        return HOLDS
    price = f"{amount:f} {currency}"
    return Verdict(unmet=problem("tariff.price-too-low", "value", line=line.number, price=price, unit=per))


def _price(wanted: object) -> tuple[Decimal, str, str] | None:
    if not isinstance(wanted, Mapping) or set(wanted) != {"amount", "currency", "per"}:
        return None
    amount, currency, per = (wanted[name] for name in ("amount", "currency", "per"))
    if not all(isinstance(each, str) for each in (amount, currency, per)) or not _NUMBER.fullmatch(amount):
        return None
    return Decimal(amount), currency, per


def in_unit(line: ShipmentLine, unit: str) -> Decimal | None:
    """Return the quantity of a line in a unit, converted where a unit of the same family was declared."""
    found = declared(line, unit)
    return found[2] if found else None


def declared(line: ShipmentLine, unit: str) -> tuple[Decimal, str, Decimal] | None:
    """Return which quantity of a line serves for a unit: as declared, in its unit, and in the one asked for."""
    given = [
        (quantity, name) for quantity, name in ((line.quantity, line.unit), (line.quantity2, line.unit2))
    ]
    stated = [(quantity, name) for quantity, name in given if quantity is not None and name]
    for quantity, name in sorted(stated, key=lambda each: each[1] != unit):
        how = factor(name, unit)
        if how is not None:
            return quantity, name, how.of(quantity)
    return None


def unit_problem(line: ShipmentLine, unit: str) -> Problem:
    """Say that the quantity in a unit is missing, and which one was stated that cannot be converted into it."""
    stated = [
        name
        for quantity, name in ((line.quantity, line.unit), (line.quantity2, line.unit2))
        if name and quantity
    ]
    if not stated:
        return problem("tariff.unit-needed", "quantity2", line=line.number, unit=unit)
    return problem(
        "tariff.unit-inconvertible", "quantity2", line=line.number, unit=unit, declared=" + ".join(stated)
    )


_READERS: Mapping[str, Callable[[object, ShipmentLine, Money], Verdict | None]] = {
    "quota": _quota,
    "paper": _paper,
    "end_use": _end_use,
    "minimum_value": _minimum_value,
}
