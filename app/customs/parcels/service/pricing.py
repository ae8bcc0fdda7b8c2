"""
Customs values and taxes of many parcels: the tariff is asked for all of them at once, the low-value rules come on top.

The only place that calls the tariff. A figure that the tariff cannot give leaves the parcel out; none is guessed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.money import Money
from app.core.law.book import LawBook
from app.customs.parcels.domain.lowvalue import (
    GoodsTax,
    LeftOut,
    ParcelTax,
    Thresholds,
    is_low,
    tax,
)
from app.customs.tariff.facade import (
    Direction,
    LineAssessment,
    Severity,
    Shipment,
    ShipmentLine,
    TaxKind,
    assess,
)

AT_ONCE = 300
"""Parcels that the tariff is asked for in one call."""

_KEYS = ("duty_exempt_value", "duty_exempt_amount", "vat_exempt_value")
_NO_EXCHANGE = "tariff.exchange-missing"
_DUTY = TaxKind.IMPORT_DUTY


@dataclass(frozen=True, slots=True)
class Goods:
    """One kind of goods of an order, as the operator sent it."""

    hs: str
    origin: str
    quantity: Decimal
    unit: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """An order to be priced; ``total`` is what is paid with freight and insurance."""

    number: str
    currency: str
    total: Decimal
    goods: tuple[Goods, ...]


@dataclass(frozen=True, slots=True)
class Priced:
    """What a parcel owes with its arithmetic, or why that cannot be said."""

    tax: ParcelTax | None = None
    exchange: Decimal = Decimal(0)
    goods: tuple[dict[str, Any], ...] = ()
    vat_rates: str = ""
    left_out: LeftOut | None = None
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pricing:
    """The prices of parcels, and the law of the thresholds that was used."""

    orders: dict[str, Priced]
    law: list[dict[str, Any]]
    most: Decimal | None = None
    """Customs value above which nothing is of low value; None where the law of the day has none."""


def price(session: Session, orders: Sequence[Order], *, on: date) -> Pricing:
    """
    Return what parcels owe by the law of a day.

    :param on: local day of registration: its thresholds, rates and exchange apply.
    """
    book = law.at(session, on)
    thresholds = _thresholds(book)
    priced: dict[str, Priced] = {}
    by_currency: defaultdict[str, list[Order]] = defaultdict(list)
    for order in orders:
        if all(each.hs for each in order.goods):
            by_currency[order.currency].append(order)
        else:
            priced[order.number] = Priced(left_out=LeftOut.HS_MISSING)
    for currency, group in by_currency.items():
        waiting = iter(group)
        while some := list(islice(waiting, AT_ONCE)):
            priced |= _ask(session, some, currency, on, thresholds)
    return Pricing(priced, [dict(each.as_used()) for each in book.used()], thresholds.duty_value)


def _thresholds(book: LawBook) -> Thresholds:
    found = []
    for name in _KEYS:
        value = book.find(f"customs.parcels.{name}")
        found.append(Decimal(Money.from_json(value.value).amount) if value is not None else None)
    return Thresholds(*found)


def _ask(
    session: Session, orders: Sequence[Order], currency: str, on: date, thresholds: Thresholds
) -> dict[str, Priced]:
    lines: list[ShipmentLine] = []
    owner: list[str] = []
    for order in orders:
        shares = Money.of(order.total, currency).allocate(_weights(order))
        for each, share in zip(order.goods, shares, strict=True):
            lines.append(
                ShipmentLine(
                    number=len(lines) + 1, hs=each.hs, value=share.amount, origin=each.origin, quantity=each.quantity,
                    unit=each.unit,
                )
            )  # fmt: skip
            owner.append(order.number)
    # Freight and insurance are in the price that was paid: the value is that at the first port.
    shipment = Shipment(
        direction=Direction.IMPORT, on=on, currency=currency, incoterm="CIF", lines=tuple(lines)
    )
    found = assess(session, shipment)
    parts: defaultdict[str, list[LineAssessment]] = defaultdict(list)
    for number, line in zip(owner, found.lines, strict=False):
        parts[number].append(line)
    faults: dict[str, LeftOut] = {}
    for problem in found.problems:
        if problem.severity is Severity.ERROR:
            numbers = [owner[problem.line - 1]] if problem.line else [each.number for each in orders]
            for number in numbers:
                reason = LeftOut.EXCHANGE_MISSING if problem.code == _NO_EXCHANGE else LeftOut.RATE_MISSING
                faults.setdefault(number, reason)
    return {
        order.number: _priced(parts[order.number], thresholds, faults.get(order.number)) for order in orders
    }


def _weights(order: Order) -> list[Decimal]:
    weights = [each.quantity * each.price for each in order.goods]
    return weights if any(weights) else [Decimal(1)] * len(weights)


def _priced(lines: Sequence[LineAssessment], thresholds: Thresholds, fault: LeftOut | None) -> Priced:
    read = [_goods(each) for each in lines]
    known = [each for each in read if each is not None]
    if fault is not None or not read or len(known) < len(read):
        return Priced(left_out=fault or LeftOut.RATE_MISSING)
    if thresholds.duty_value is None:
        return Priced(left_out=LeftOut.NO_THRESHOLD)
    owed = tax(known, thresholds)
    if not is_low(owed.customs_value, thresholds):
        params = (("value", f"{owed.customs_value:.0f}"), ("most", f"{thresholds.duty_value:.0f}"))
        return Priced(left_out=LeftOut.ABOVE_VALUE, params=params)
    rates = sorted({each.vat_rate for each in known})
    return Priced(
        tax=owed,
        exchange=lines[0].value_parts[0].exchange if lines[0].value_parts else Decimal(1),
        goods=tuple(
            _said(line, one, base, vat)
            for line, one, base, vat in zip(lines, known, owed.vat_bases, owed.vats, strict=True)
        ),
        vat_rates=", ".join(f"{each.normalize():f}" for each in rates),
    )


def _goods(line: LineAssessment) -> GoodsTax | None:
    """Return what the tariff says of a line; None where a figure is missing or VAT is no percentage."""
    if line.customs_value is None or not line.complete:
        return None
    by_kind = {each.kind: each for each in line.taxes}
    duty = by_kind.get(_DUTY)
    vat = by_kind.get(TaxKind.VAT)
    amount = duty.amount if duty else Decimal(0)
    if vat is None:
        return None
    step = vat.trace.step
    if step.op != "pct":
        return None
    return GoodsTax(line.customs_value, amount, vat.base, step.rate)


def _said(line: LineAssessment, goods: GoodsTax, base: Decimal, vat: Decimal) -> dict[str, Any]:
    """Return the arithmetic of one kind of goods; numbers are texts."""
    part = line.value_parts[0] if line.value_parts else None
    return {
        "hs": line.hs,
        "value": f"{part.amount:f}" if part else "",
        "currency": part.currency if part else "",
        "exchange": f"{part.exchange:f}" if part else "",
        "customs_value": f"{goods.customs_value:.0f}",
        "duty": f"{goods.duty:.0f}",
        "vat_base": f"{base:.0f}",
        "vat_rate": f"{goods.vat_rate.normalize():f}",
        "vat": f"{vat:.0f}",
        "status": "ASSUMED" if any(each.trace.status == "ASSUMED" for each in line.taxes) else "CITED",
    }
