"""What an assessment stands on: measures, groups, rates of exchange and rules of one day. Kept with the result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cached_property

from app.core.kit.ranges import Period
from app.customs.tariff.domain.measures import Kind, Measure

RULES = "customs.tariff."

# The rules of rounding that the law data may name: the step and how a rest is treated.
ROUNDINGS: Mapping[str, tuple[Decimal, str]] = {
    "HALF_UP_1_VND_PER_TAX_AND_LINE": (Decimal(1), ROUND_HALF_UP),
    "DOWN_1_VND_PER_TAX_AND_LINE": (Decimal(1), ROUND_DOWN),
}


@dataclass(frozen=True, slots=True)
class RuleValue:
    """A value of the law data with where it comes from; ``act`` is the number of the instrument."""

    key: str
    value: str
    status: str
    act: str = ""
    article: str = ""
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class HeadingFact:
    """A line of the nomenclature in force that day."""

    code: str
    unit: str
    title: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """VND for one unit of a currency, with the week in which it holds."""

    id: str
    currency: str
    rate: Decimal
    rate_day: date
    valid: Period
    source: str
    status: str


@dataclass(frozen=True)
class Facts:
    """
    Everything besides the shipment that decides an assessment.

    :ivar groups: by country, the groups it belongs to that day.
    :ivar rates: by currency.
    :ivar rules: by key of the law data below ``customs.tariff.``, without that prefix.
    """

    day: date
    known_at: datetime | None
    headings: tuple[HeadingFact, ...]
    measures: tuple[Measure, ...]
    groups: Mapping[str, tuple[str, ...]]
    rates: Mapping[str, ExchangeRate]
    rules: Mapping[str, RuleValue]

    @cached_property
    def by_line(self) -> Mapping[str, tuple[Measure, ...]]:
        """Return the measures by line of eight digits."""
        found: dict[str, list[Measure]] = {}
        for measure in self.measures:
            found.setdefault(measure.hs8, []).append(measure)
        return {hs8: tuple(measures) for hs8, measures in found.items()}

    @cached_property
    def by_kind(self) -> Mapping[tuple[str, Kind, str], tuple[Measure, ...]]:
        """Return the measures by line of eight digits, kind and scheme."""
        found: dict[tuple[str, Kind, str], list[Measure]] = {}
        for measure in self.measures:
            found.setdefault((measure.hs8, measure.kind, measure.scheme), []).append(measure)
        return {asked: tuple(measures) for asked, measures in found.items()}

    @cached_property
    def in_force(self) -> frozenset[str]:
        """Return the codes of the nomenclature that are in force."""
        return frozenset(heading.code for heading in self.headings)

    @cached_property
    def exchange(self) -> Mapping[str, Decimal]:
        """Return VND for one unit of each currency that is known, VND among them."""
        return {"VND": Decimal(1), **{code: rate.rate for code, rate in self.rates.items()}}

    def rule(self, name: str) -> RuleValue | None:
        """Return a rule by its name below ``customs.tariff.``."""
        return self.rules.get(name)

    def number(self, name: str) -> Decimal | None:
        """Return a number of the law data, None when there is none that day."""
        rule = self.rules.get(name)
        return Decimal(rule.value) if rule else None
