"""
The low-value rules: what a parcel owes, from customs value and rates on one side and dated thresholds on the other.

A threshold of the law is met by a value that is not above it. Where import duty is exempt it is not part of the base of
value added tax. All amounts are whole dong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

_HUNDRED = Decimal(100)
_DONG = Decimal(1)


class Exemption(StrEnum):
    """Why no import duty is due."""

    NONE = "NONE"
    VALUE = "VALUE"
    AMOUNT = "AMOUNT"


class LeftOut(StrEnum):
    """Why a matched parcel does not go on a list."""

    ABOVE_VALUE = "above-value"
    HS_MISSING = "hs-missing"
    RATE_MISSING = "rate-missing"
    EXCHANGE_MISSING = "exchange-missing"
    NO_THRESHOLD = "no-threshold"
    TOGETHER = "together-above-value"
    PARTNER = "partner-left-out"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """
    Amounts of the law in dong; None where the law of the day has none.

    :ivar duty_value: customs value up to which no import duty is due.
    :ivar duty_amount: import duty below which none is due.
    :ivar vat_value: customs value up to which no value added tax is due; 0: it is always due.
    """

    duty_value: Decimal | None
    duty_amount: Decimal | None
    vat_value: Decimal | None


@dataclass(frozen=True, slots=True)
class GoodsTax:
    """What the tariff says of one kind of goods of a parcel, before the low-value rules."""

    customs_value: Decimal
    duty: Decimal
    vat_base: Decimal
    vat_rate: Decimal


@dataclass(frozen=True, slots=True)
class ParcelTax:
    """What a parcel owes; ``vat`` by kind of goods in their order, so that the sum can be re-added."""

    customs_value: Decimal
    exemption: Exemption
    duty: Decimal
    vat_exempt: bool
    vat_bases: tuple[Decimal, ...]
    vats: tuple[Decimal, ...]

    @property
    def vat(self) -> Decimal:
        """Return the value added tax of the parcel."""
        return sum(self.vats, Decimal(0))


def tax(goods: Sequence[GoodsTax], thresholds: Thresholds) -> ParcelTax:
    """Apply the thresholds to a parcel."""
    value = sum((each.customs_value for each in goods), Decimal(0))
    duty = sum((each.duty for each in goods), Decimal(0))
    exemption = _exemption(value, duty, thresholds)
    free = thresholds.vat_value is not None and thresholds.vat_value > 0 and value <= thresholds.vat_value
    exempt = exemption is not Exemption.NONE
    bases = tuple(each.vat_base - each.duty if exempt else each.vat_base for each in goods)
    vats = tuple(
        Decimal(0) if free else share(base, each.vat_rate) for base, each in zip(bases, goods, strict=True)
    )
    return ParcelTax(value, exemption, Decimal(0) if exempt else duty, free, bases, vats)


def is_low(value: Decimal, thresholds: Thresholds) -> bool:
    """Tell whether a parcel may stand on a low-value list."""
    return thresholds.duty_value is not None and value <= thresholds.duty_value


def share(amount: Decimal, percent: Decimal) -> Decimal:
    """Return a percentage in whole dong, half up."""
    return (amount * percent / _HUNDRED).quantize(_DONG, rounding=ROUND_HALF_UP)


def after_return(amount: Decimal, *, goods: Decimal, returned: Decimal) -> Decimal:
    """Return what is left of an amount when goods of a price went back; all of it goes with the whole."""
    if goods <= 0 or returned >= goods:
        return Decimal(0)
    return (amount * (goods - returned) / goods).quantize(_DONG, rounding=ROUND_HALF_UP)


def _exemption(value: Decimal, duty: Decimal, thresholds: Thresholds) -> Exemption:
    if is_low(value, thresholds):
        return Exemption.VALUE
    if thresholds.duty_amount is not None and 0 < duty < thresholds.duty_amount:
        return Exemption.AMOUNT
    return Exemption.NONE
