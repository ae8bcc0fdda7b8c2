"""Shapes of the tariff API. What goes out carries no defaults, so that generated clients are exact."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeadingOut(_Shape):
    """A code of the nomenclature on a day."""

    code: str
    title: dict[str, str] = Field(description="By language.")
    unit: str = Field(description="UN/ECE code of the unit of quantity; empty where none is asked for.")
    status: str = Field(description="CITED, ASSUMED or VERIFIED.")


class HeadingList(_Shape):
    """Codes that a search found."""

    day: date
    items: list[HeadingOut]
    more: bool


class MeasureOut(_Shape):
    """One rate."""

    id: str
    kind: str
    scheme: str
    geo: str = Field(description="Group or country of origin (of destination for exports); empty: all.")
    variant: str
    subline: str
    expression: dict[str, Any] = Field(description="Numbers are texts; see the documentation of the tariff.")
    conditions: dict[str, Any]
    valid_from: date
    valid_to: date | None = Field(description="First day on which it no longer holds.")
    act: str
    article: str
    annex: str
    status: str


class LineOut(_Shape):
    """A line with all its rates on a day."""

    day: date
    heading: HeadingOut
    measures: list[MeasureOut]


class TaxOut(_Shape):
    """One tax with how it came about."""

    kind: str
    rate: str
    base: Decimal
    amount: Decimal = Field(description="Whole dong.")
    arithmetic: dict[str, str] = Field(description="By language.")
    rate_id: str
    act: str
    article: str
    status: str


class OptionOut(_Shape):
    """One lawful treatment of a line."""

    scheme: str
    quota: str = Field(
        description="IN_QUOTA (a licence is needed) or OUT_OF_QUOTA; empty where the goods are under no quota."
    )
    needs_proof: bool
    papers: list[str] = Field(description="Papers of which one proves origin; SELF is self-certification.")
    total: Decimal
    saving: Decimal
    best: bool
    taxes: list[TaxOut]


class LineAnswer(_Shape):
    """A line with its value and its options, cheapest first."""

    number: int
    hs: str
    customs_value: Decimal | None
    options: list[OptionOut]


class ProblemOut(_Shape):
    """Something that is wrong, missing or to be known."""

    code: str
    severity: str
    line: int | None
    field: str
    detail: dict[str, str] = Field(description="What is the matter, by language.")
    fix: dict[str, str] = Field(description="What mends it, by language.")
    act: str
    article: str


class RateOut(_Shape):
    """A rate of exchange that was used."""

    id: str
    currency: str
    rate: Decimal
    valid_from: date
    source: str
    status: str


class DayAnswer(_Shape):
    """What a shipment comes to by the law of a day."""

    day: date
    complete: bool
    best_total: Decimal | None
    general_total: Decimal | None
    exchange: list[RateOut]
    lines: list[LineAnswer]
    problems: list[ProblemOut]


class CalculationOut(_Shape):
    """A pre-calculation; what is owed is said by the tax notice of the customs authority."""

    answers: list[DayAnswer]
