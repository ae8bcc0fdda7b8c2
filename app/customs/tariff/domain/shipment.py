"""What is to be taxed: a shipment with its lines, in the words of a declaration."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Direction(StrEnum):
    """Into the country's customs territory, or out of it."""

    IMPORT = "IMPORT"
    EXPORT = "EXPORT"


class Component(StrEnum):
    """
    What a customs value is made of besides the invoice.

    INLAND_ABROAD and INLAND_HERE are carriage on land in the other country and in this one; DUTIES those that the
    price includes; ADDITION and DEDUCTION what the valuation rules add or take off under any term.
    """

    FREIGHT = "FREIGHT"
    INSURANCE = "INSURANCE"
    INLAND_ABROAD = "INLAND_ABROAD"
    INLAND_HERE = "INLAND_HERE"
    DUTIES = "DUTIES"
    ADDITION = "ADDITION"
    DEDUCTION = "DEDUCTION"


class AllocateBy(StrEnum):
    """By what freight and the like are shared over the lines."""

    VALUE = "VALUE"
    WEIGHT = "WEIGHT"


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount of money in a currency, not negative."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One more part of the customs value."""

    component: Component
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    """
    One line of goods.

    :ivar hs: 8 digits, or 10 with the national sub-line.
    :ivar origin: country of origin, ISO 3166 alpha-2; empty where unknown.
    :ivar scheme: the treatment that is claimed: MFN, ORDINARY or a preference such as ACFTA.
    :ivar origin_proof: kind and number of the paper that proves origin; None without one.
    :ivar value: invoice value in the currency of the shipment, at most 4 decimals.
    :ivar customs_value: its value in that currency after adjustments, where the declarant allocates by hand.
    :ivar weight: what the weight counts when charges are shared by weight; same unit on all lines.
    :ivar variants: what the line claims of special rates: IN_QUOTA or OUT_OF_QUOTA, a producer under a trade remedy.
    :ivar papers: codes of papers, besides that of origin, that a rate may depend on.
    :ivar end_use: code of the use that the goods are imported for, where a rate depends on it.
    """

    number: int
    hs: str
    value: Decimal
    origin: str = ""
    scheme: str = "MFN"
    origin_proof: str | None = None
    quantity: Decimal | None = None
    unit: str = ""
    quantity2: Decimal | None = None
    unit2: str = ""
    customs_value: Decimal | None = None
    weight: Decimal | None = None
    variants: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    end_use: str = ""

    @property
    def hs8(self) -> str:
        """The line of the schedule."""
        return self.hs[:8]


@dataclass(frozen=True, slots=True)
class Shipment:
    """
    A shipment as it is declared.

    :ivar on: the local day of registration, whose law, rates and exchange apply.
    :ivar destination: country of destination of an export.
    :ivar dutiable: false for movements that no duty or tax is due for (into, out of and within the zone).
    """

    direction: Direction
    on: date
    currency: str
    incoterm: str
    lines: tuple[ShipmentLine, ...]
    freight: Charge | None = None
    insurance: Charge | None = None
    adjustments: tuple[Adjustment, ...] = ()
    allocate_by: AllocateBy = AllocateBy.VALUE
    dutiable: bool = True
    destination: str = ""

    def components(self) -> tuple[Adjustment, ...]:
        """Return freight, insurance and the other parts as one list."""
        named = ((Component.FREIGHT, self.freight), (Component.INSURANCE, self.insurance))
        first = tuple(Adjustment(kind, each.amount, each.currency) for kind, each in named if each)
        return first + self.adjustments

    def partner(self, line: ShipmentLine) -> str:
        """Return the country that measures look at: of origin for imports, of destination for exports."""
        return line.origin if self.direction is Direction.IMPORT else self.destination
