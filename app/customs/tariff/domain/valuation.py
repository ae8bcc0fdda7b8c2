"""
The customs value of each line: the invoice, adjusted by the term of delivery, with charges shared over the lines.

A charge is shared in its own currency, to four decimals, by largest remainder: the parts add up to it exactly. A line's
value in dong is rounded once: ``R(sum of its parts × their rates of exchange)``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.customs.tariff.domain.expressions import EXACT
from app.customs.tariff.domain.facts import ROUNDINGS, Facts, RuleValue
from app.customs.tariff.domain.problems import problem
from app.customs.tariff.domain.results import Problem, Severity, ValuePart
from app.customs.tariff.domain.shipment import Adjustment, AllocateBy, Component, Direction, Shipment

ALWAYS = {Component.ADDITION: 1, Component.DEDUCTION: -1}
# Values are declared with at most four decimals; shares have no more.
STEP = Decimal("0.0001")
_NOTHING = "NONE"


@dataclass(frozen=True, slots=True)
class Rounder:
    """Rounds amounts of dong by the rule that holds."""

    rule: str
    step: Decimal
    mode: str

    def __call__(self, amount: Decimal) -> Decimal:
        """Return the amount in whole steps."""
        rounded = amount.quantize(self.step, rounding=self.mode, context=EXACT)
        return rounded if rounded else Decimal(0)


@dataclass(frozen=True, slots=True)
class Valuation:
    """Values in dong with their parts by the number of the line, and what was wrong."""

    values: Mapping[int, Decimal]
    parts: Mapping[int, tuple[ValuePart, ...]]
    problems: tuple[Problem, ...]


def rounder(facts: Facts) -> Rounder | None:
    """Return the rounding of the day, None when the law data name none that is known."""
    rule = facts.rule("rounding")
    if rule is None or rule.value not in ROUNDINGS:
        return None
    return Rounder(rule.value, *ROUNDINGS[rule.value])


def term_key(direction: Direction, term: str) -> str:
    """Return the name of the rule that says what a term of delivery adds and takes off."""
    return f"term.{direction.value.lower()}.{term.strip().lower().replace('&', 'n')}"


def signs_of(rule: RuleValue) -> dict[Component, int]:
    """Read ``"+FREIGHT -DUTIES"``, or ``"NONE"``."""
    signs = dict(ALWAYS)
    for word in [] if rule.value == _NOTHING else rule.value.split():
        signs[Component(word[1:])] = 1 if word[0] == "+" else -1
    return signs


def share(amount: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """
    Share an amount by weights in steps of four decimals so that the parts add up to it exactly (largest remainder).

    What is left goes step by step to the largest remainders, among equals to the first line. An amount with more
    decimals than a step keeps its rest on the line that comes first in that order.

    :param weights: not negative, above zero together.
    """
    total = sum(weights, Decimal(0))
    parts, remainders = [], []
    for weight in weights:
        exact = EXACT.multiply(amount, weight)
        steps = EXACT.divide_int(exact, EXACT.multiply(total, STEP))
        part = EXACT.multiply(steps, STEP)
        parts.append(part)
        remainders.append(EXACT.subtract(exact, EXACT.multiply(part, total)))
    left = EXACT.subtract(amount, sum(parts, Decimal(0)))
    order = sorted(range(len(parts)), key=lambda index: (-remainders[index], index))
    for index in order:
        if left <= 0:
            break
        portion = min(left, STEP)
        parts[index] += portion
        left -= portion
    return tuple(parts)


def value(shipment: Shipment, facts: Facts, rounding: Rounder) -> Valuation:
    """Return the customs value of each line in dong; a line that cannot be valued is left out."""
    problems: list[Problem] = []
    adjustments = _in_term(shipment, facts, problems)
    needed = {shipment.currency, *(each.currency for each in adjustments)}
    for currency in sorted(needed - facts.exchange.keys()):
        field = "currency" if currency == shipment.currency else "freight"
        problems.append(
            problem("tariff.exchange-missing", field, currency=currency, day=facts.day.isoformat())
        )
    if needed - facts.exchange.keys():
        return Valuation({}, {}, tuple(problems))
    shares = _shares(shipment, adjustments, problems)
    values: dict[int, Decimal] = {}
    parts: dict[int, tuple[ValuePart, ...]] = {}
    for index, line in enumerate(shipment.lines):
        own = [(each, row[index]) for each, row in shares if row[index]]
        if line.customs_value is not None:
            own = []
        found = _parts(shipment, facts, line.value if line.customs_value is None else line.customs_value, own)
        worth = sum((EXACT.multiply(part.amount, part.exchange) for part in found), Decimal(0))
        if worth < 0:
            problems.append(problem("tariff.value-negative", "value", line=line.number))
            continue
        values[line.number], parts[line.number] = rounding(worth), found
    return Valuation(values, parts, tuple(problems))


def _parts(
    shipment: Shipment, facts: Facts, invoice: Decimal, own: Sequence[tuple[Adjustment, Decimal]]
) -> tuple[ValuePart, ...]:
    exchange = facts.exchange
    first = ValuePart("INVOICE", invoice, shipment.currency, exchange[shipment.currency])
    rest = (
        ValuePart(each.component.value, amount, each.currency, exchange[each.currency])
        for each, amount in own
    )
    return (first, *rest)


def _in_term(shipment: Shipment, facts: Facts, problems: list[Problem]) -> list[Adjustment]:
    """Return the charges that count under the term, with their sign in the amount."""
    rule = facts.rule(term_key(shipment.direction, shipment.incoterm))
    given = shipment.components()
    if rule is None:
        day = facts.day.isoformat()
        problems.append(problem("tariff.term-unknown", "incoterm", term=shipment.incoterm, day=day))
        signs = dict(ALWAYS)
    else:
        signs = signs_of(rule)
    counted = []
    for each in given:
        sign = signs.get(each.component)
        if sign is not None:
            counted.append(Adjustment(each.component, each.amount * sign, each.currency))
        elif rule is not None and each.amount:
            problems.append(_charge("tariff.charge-not-used", each.component, shipment, rule))
    stated = {each.component for each in given}
    by_hand = all(line.customs_value is not None for line in shipment.lines)
    for component in () if rule is None or by_hand else (Component.FREIGHT, Component.INSURANCE):
        if component in signs and component not in stated:
            problems.append(_charge("tariff.charge-missing", component, shipment, rule))
    return counted


def _charge(code: str, component: Component, shipment: Shipment, rule: RuleValue | None) -> Problem:
    return problem(
        code,
        component.value.lower(),
        severity=Severity.WARNING,
        act=rule.act if rule else "",
        article=rule.article if rule else "",
        term=shipment.incoterm,
        component=component.value,
    )


def _shares(
    shipment: Shipment, adjustments: Sequence[Adjustment], problems: list[Problem]
) -> list[tuple[Adjustment, tuple[Decimal, ...]]]:
    by_weight = shipment.allocate_by is AllocateBy.WEIGHT
    weights = [(line.weight or Decimal(0)) if by_weight else line.value for line in shipment.lines]
    charged = [each for each in adjustments if each.amount]
    if charged and sum(weights, Decimal(0)) <= 0:
        problems.append(problem("tariff.allocation-impossible", "weight" if by_weight else "value"))
        return []
    shared = []
    for each in charged:
        row = share(abs(each.amount), weights)
        shared.append((each, tuple(-part for part in row) if each.amount < 0 else row))
    return shared
