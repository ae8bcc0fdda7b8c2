"""What an assessment says: values, taxes and totals with how each came about, and what is wrong or missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from app.customs.tariff.domain.facts import Facts, RuleValue
from app.customs.tariff.domain.shipment import Shipment


class TaxKind(StrEnum):
    """Kinds of taxes in their legal order."""

    IMPORT_DUTY = "IMPORT_DUTY"
    EXPORT_DUTY = "EXPORT_DUTY"
    ANTI_DUMPING = "ANTI_DUMPING"
    COUNTERVAILING = "COUNTERVAILING"
    SAFEGUARD = "SAFEGUARD"
    EXCISE = "EXCISE"
    ENVIRONMENT = "ENVIRONMENT"
    VAT = "VAT"


class Severity(StrEnum):
    """ERROR: the figure cannot be given. WARNING: it is given, and something about it should be known."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Something that is wrong, missing or to be known; ``domain.problems`` has the sentences.

    :ivar line: number of the line, None for the whole shipment.
    :ivar field: name of the field of ``Shipment`` or ``ShipmentLine`` that mends it.
    :ivar act: number of the instrument behind it, if there is one.
    """

    code: str
    severity: Severity
    field: str
    line: int | None = None
    params: Mapping[str, str] = default(default_factory=dict)
    act: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True)
class Percent:
    """base × rate % = result, rounded."""

    base: Decimal
    rate: Decimal
    result: Decimal
    op: Literal["pct"] = "pct"


@dataclass(frozen=True, slots=True)
class PerUnit:
    """
    quantity × amount × exchange = result, rounded.

    :ivar declared: the quantity as it was declared, in ``declared_unit``, where it had to be converted.
    """

    quantity: Decimal
    unit: str
    amount: Decimal
    currency: str
    exchange: Decimal
    result: Decimal
    op: Literal["amount"] = "amount"
    declared: Decimal | None = None
    declared_unit: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """The sum, the lower or the higher of several steps."""

    op: Literal["sum", "min", "max"]
    of: "tuple[Percent | PerUnit | Joined, ...]"
    result: Decimal


Step = Percent | PerUnit | Joined


@dataclass(frozen=True, slots=True)
class Trace:
    """
    Where a figure comes from.

    :ivar rate_id: the row of the schedule; empty where a rule alone decides.
    :ivar share: percent of the MFN rate that was taken, for the ordinary rate.
    :ivar reduction: points that came off the rate.
    :ivar rules: formulas and values of the law data that were applied.
    """

    step: Step
    rate_id: str
    act: str
    article: str
    annex: str
    status: str
    valid_from: date | None
    valid_to: date | None
    rounding: str
    rules: tuple[RuleValue, ...] = ()
    share: Decimal | None = None
    reduction: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax of one line; ``base_parts`` are the amounts that its base is the sum of."""

    kind: TaxKind
    scheme: str
    base: Decimal
    base_parts: tuple[tuple[str, Decimal], ...]
    rate: str
    amount: Decimal
    trace: Trace


@dataclass(frozen=True, slots=True)
class ValuePart:
    """A part of a line's customs value, in its currency with its sign; ``name`` is INVOICE or a component."""

    name: str
    amount: Decimal
    currency: str
    exchange: Decimal


@dataclass(frozen=True, slots=True)
class LineAssessment:
    """The customs value and the taxes of one line; ``complete`` is false when a figure could not be given."""

    number: int
    hs: str
    customs_value: Decimal | None
    value_parts: tuple[ValuePart, ...]
    scheme: str
    taxes: tuple[Tax, ...]
    total: Decimal
    complete: bool
    reason: RuleValue | None = None


@dataclass(frozen=True)
class Assessment:
    """
    A pre-calculation with everything it stands on: it replays from itself alone.

    :ivar totals: by kind of tax, the sums of the lines as they are shown.
    """

    shipment: Shipment
    facts: Facts
    lines: tuple[LineAssessment, ...]
    totals: Mapping[TaxKind, Decimal]
    total: Decimal
    complete: bool
    problems: tuple[Problem, ...]

    @property
    def law_day(self) -> date:
        """The day whose law, rates and exchange were applied."""
        return self.facts.day
