"""What others may ask of the tariff: assessments, options, headings, exchange, and how a measure is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from app.customs.tariff.domain import stack
from app.customs.tariff.domain.choosing import MFN, ORDINARY
from app.customs.tariff.domain.conditions import OUT_OF_QUOTA
from app.customs.tariff.domain.exchange import week_of
from app.customs.tariff.domain.expressions import Expression, ExpressionFaulty, parse, to_json
from app.customs.tariff.domain.facts import ExchangeRate, Facts
from app.customs.tariff.domain.measures import Kind, Measure
from app.customs.tariff.domain.options import LineOptions, Option, rank
from app.customs.tariff.domain.problems import SENTENCES
from app.customs.tariff.domain.results import (
    Assessment,
    LineAssessment,
    Problem,
    Severity,
    Tax,
    TaxKind,
    Trace,
    ValuePart,
)
from app.customs.tariff.domain.shipment import (
    Adjustment,
    AllocateBy,
    Charge,
    Component,
    Direction,
    Shipment,
    ShipmentLine,
)
from app.customs.tariff.domain.valuation import term_key
from app.customs.tariff.domain.words import (
    TAX_TITLES,
    UNITS,
    arithmetic,
    part_title,
    said,
    said_rate,
    unit_words,
    value_arithmetic,
)
from app.customs.tariff.queries import (
    Asked,
    Heading,
    Scheme,
    facts_of,
    heading,
    rate_of_exchange,
    scheme_codes,
    schemes,
    search_headings,
)
from app.customs.tariff.service import (
    Loaded,
    MeasureWrite,
    enter_demo_rates,
    load_starter,
    record_measures,
)

_ADAPTER: TypeAdapter[Assessment] = TypeAdapter(Assessment)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of working out a stored assessment again: whether it is the same to the last digit."""

    assessment: Assessment
    same: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """An assessment as claimed beside every lawful treatment; totals are None while a line has no figure."""

    assessment: Assessment
    options: tuple[LineOptions, ...]

    @property
    def best_total(self) -> Decimal | None:
        """The sum of the cheapest treatment of each line."""
        return self._sum(lambda each: each.best)

    @property
    def general_total(self) -> Decimal | None:
        """The sum of the treatments that need no paper."""
        return self._sum(lambda each: not each.needs_proof)

    def _sum(self, wanted: Callable[[Option], bool]) -> Decimal | None:
        if not self.options or not all(line.options for line in self.options):
            return None
        chosen = (next(each for each in line.options if wanted(each)) for line in self.options)
        return sum((each.total for each in chosen), Decimal(0))


def assess(
    session: Session,
    shipment: Shipment,
    *,
    known_at: datetime | None = None,
    latest_exchange: bool = False,
) -> Assessment:
    """
    Pre-calculate customs values and taxes of a shipment by the law of its day.

    :param known_at: by what was known at that instant; None: by what is known now.
    :param latest_exchange: for days to come: take the last rates that are known where those of the week are not.

    Nothing is raised for what was typed or for law that is missing: see ``problems``. Costs two queries, and one for
    the law of a day that was not asked before.
    """
    claimed = {line.scheme for line in shipment.lines} - {MFN, ORDINARY}
    facts = _facts(session, shipment, tuple(claimed), known_at, latest_exchange=latest_exchange)
    return stack.assess(shipment, facts)


def options(
    session: Session,
    shipment: Shipment,
    *,
    known_at: datetime | None = None,
    latest_exchange: bool = False,
) -> tuple[LineOptions, ...]:
    """Return every lawful treatment of every line, cheapest first; ``schemes`` names the papers that each needs."""
    facts = _facts(session, shipment, None, known_at, latest_exchange=latest_exchange)
    return rank(shipment, facts)


def what_if(session: Session, shipment: Shipment, *, latest_exchange: bool = False) -> WhatIf:
    """Return the assessment of a shipment and all its options from one reading of the facts."""
    facts = _facts(session, shipment, None, None, latest_exchange=latest_exchange)
    return WhatIf(stack.assess(shipment, facts), rank(shipment, facts))


def replay(record: Mapping[str, Any]) -> Replay:
    """
    Work out a stored assessment again from nothing but its record.

    :raises pydantic.ValidationError: the record is none of ours.
    """
    stored = from_record(record)
    again = stack.assess(stored.shipment, stored.facts)
    return Replay(again, again == stored)


def to_record(assessment: Assessment) -> dict[str, Any]:
    """Write an assessment with everything it stands on as JSON; every number is a text."""
    written: dict[str, Any] = _ADAPTER.dump_python(assessment, mode="json")
    return written


def to_text(assessment: Assessment) -> str:
    """Write the record of an assessment as the text of its JSON: what is stored, without the tree in between."""
    return _ADAPTER.dump_json(assessment).decode()


def from_record(record: Mapping[str, Any]) -> Assessment:
    """Read what :func:`to_record` wrote."""
    return _ADAPTER.validate_python(record)


def _facts(
    session: Session,
    shipment: Shipment,
    claimed: tuple[str, ...] | None,
    known_at: datetime | None,
    *,
    latest_exchange: bool,
) -> Facts:
    asked = Asked(
        day=shipment.on,
        codes=tuple(line.hs for line in shipment.lines),
        countries=tuple({shipment.partner(line) for line in shipment.lines}),
        terms=(term_key(shipment.direction, shipment.incoterm),),
        schemes=claimed,
        known_at=known_at,
        latest_exchange=latest_exchange,
    )
    return facts_of(session, asked)


__all__ = [
    "OUT_OF_QUOTA",
    "SENTENCES",
    "TAX_TITLES",
    "UNITS",
    "Adjustment",
    "AllocateBy",
    "Assessment",
    "Charge",
    "Component",
    "Direction",
    "ExchangeRate",
    "Expression",
    "ExpressionFaulty",
    "Heading",
    "Kind",
    "LineAssessment",
    "LineOptions",
    "Loaded",
    "Measure",
    "MeasureWrite",
    "Option",
    "Problem",
    "Replay",
    "Scheme",
    "Severity",
    "Shipment",
    "ShipmentLine",
    "Tax",
    "TaxKind",
    "Trace",
    "ValuePart",
    "WhatIf",
    "arithmetic",
    "assess",
    "enter_demo_rates",
    "from_record",
    "heading",
    "load_starter",
    "options",
    "parse",
    "part_title",
    "rate_of_exchange",
    "record_measures",
    "replay",
    "said",
    "said_rate",
    "scheme_codes",
    "schemes",
    "search_headings",
    "to_json",
    "to_record",
    "to_text",
    "unit_words",
    "value_arithmetic",
    "week_of",
    "what_if",
]
