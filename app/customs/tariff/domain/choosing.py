"""Which rate holds for a line: the row of the schedule, the treatment that is claimed and proven, the lower of two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from app.customs.tariff.domain.conditions import (
    IN_QUOTA,
    OUT_OF_QUOTA,
    Money,
    declared,
    judge,
    unit_problem,
)
from app.customs.tariff.domain.expressions import EXACT, Amount, Combined, Leaf, Pct, plain, resolve
from app.customs.tariff.domain.facts import Facts, RuleValue
from app.customs.tariff.domain.measures import REMEDIES, Kind, Measure
from app.customs.tariff.domain.problems import problem
from app.customs.tariff.domain.results import (
    Joined,
    Percent,
    PerUnit,
    Problem,
    Severity,
    Step,
    Trace,
)
from app.customs.tariff.domain.shipment import ShipmentLine
from app.customs.tariff.domain.valuation import Rounder

MFN, ORDINARY = "MFN", "ORDINARY"
NO_MFN = "NO_MFN"
_HUNDRED = Decimal(100)
# Taxes that goods may well be free of: a condition that is not fulfilled means that there is none.
MAY_BE_ABSENT = frozenset({*REMEDIES, Kind.EXCISE, Kind.ENVIRONMENT, Kind.EXPORT_PREFERENCE, Kind.EXPORT})


@dataclass(frozen=True, slots=True)
class Rate:
    """
    A rate that holds for a line: the row, and what its expression comes to for these goods.

    :ivar needs: why it is not decided: a condition that cannot be read, or that the line does not fulfil.
    :ivar told: what is worth knowing about the choice.
    """

    measure: Measure
    leaf: Leaf
    share: Decimal | None = None
    reduction: Decimal | None = None
    rules: tuple[RuleValue, ...] = ()
    needs: Problem | None = None
    told: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """Why a rate cannot be worked out: a unit or a currency that nothing is known about."""

    problem: Problem


def find(facts: Facts, line: ShipmentLine, kind: Kind, *, partner: str, scheme: str = "") -> list[Measure]:
    """
    Return the rows of a kind that fit a line, the best first.

    A row for the ten digits goes before one for the whole line, a country before its group before all countries, a
    variant that the line claims before the general row.
    """
    rows = facts.by_kind.get((line.hs8, kind, scheme))
    if rows is None:
        return []
    groups = facts.groups.get(partner, ())
    found: list[tuple[tuple[int, int, int], Measure]] = []
    for measure in rows:
        if measure.subline10 and measure.subline10 != line.hs:
            continue
        if measure.geo and measure.geo != partner and measure.geo not in groups:
            continue
        if measure.variant and measure.variant not in line.variants:
            continue
        near = 2 if measure.geo == partner and partner else 1 if measure.geo else 0
        found.append(((int(bool(measure.subline10)), int(bool(measure.variant)), near), measure))
    if len(found) > 1:
        found.sort(key=lambda each: each[0], reverse=True)
    return [measure for _, measure in found]


def rate_of(
    facts: Facts,
    line: ShipmentLine,
    kind: Kind,
    *,
    partner: str,
    scheme: str = "",
    worth: Decimal | None = None,
) -> Rate | None:
    """
    Return the rate of a kind for a line, None where the schedule offers none for these goods.

    Where a condition of the best row is not fulfilled the next row is taken, with a word about it; without a next
    row a tax that may be absent is none, any other rate is not decided. A condition that nobody can read decides
    nothing, whatever stands behind it.
    """
    unmet: Problem | None = None
    last: tuple[Measure, Leaf] | None = None
    for measure in find(facts, line, kind, partner=partner, scheme=scheme):
        leaf = resolve(measure.expr, code=line.hs, origin=partner)
        if leaf is None:
            if unmet is None:
                return None
            continue
        if not measure.conditions:
            told = (_as_warning(unmet),) if unmet else ()
            return Rate(measure, leaf, told=told)
        verdict = judge(measure.conditions, line, Money(facts.exchange, worth))
        if verdict.undecided is not None:
            return Rate(measure, leaf, needs=verdict.undecided)
        if verdict.unmet is None:
            return Rate(measure, leaf, told=(_as_warning(unmet),) if unmet else ())
        unmet, last = unmet or verdict.unmet, (measure, leaf)
    if last is None or unmet is None or kind in MAY_BE_ABSENT:
        return None
    return Rate(*last, needs=unmet)


def _as_warning(found: Problem) -> Problem:
    return replace(found, severity=Severity.WARNING)


def under_quota(facts: Facts, line: ShipmentLine) -> bool:
    """Tell whether the schedule has rates in and out of a quota for a line that says neither."""
    if IN_QUOTA in line.variants or OUT_OF_QUOTA in line.variants:
        return False
    return has_quota(facts, line)


def has_quota(facts: Facts, line: ShipmentLine) -> bool:
    """Tell whether the schedule has a rate out of quota for a line."""
    return any(
        measure.variant == OUT_OF_QUOTA and (not measure.subline10 or measure.subline10 == line.hs)
        for measure in facts.by_line.get(line.hs8, ())
    )


def ordinary(facts: Facts, line: ShipmentLine, *, partner: str, worth: Decimal) -> Rate | None:
    """Return the ordinary rate: its own row, or the share of the MFN rate that the law data name."""
    own = rate_of(facts, line, Kind.ORDINARY, partner=partner, worth=worth)
    if own is not None:
        return own
    mfn = rate_of(facts, line, Kind.MFN, partner=partner, worth=worth)
    rule = facts.rule("ordinary_share")
    if mfn is None or rule is None:
        return None
    percent = Decimal(rule.value)
    return replace(mfn, leaf=_scaled(mfn.leaf, percent), share=percent, rules=(rule,))


def vat(facts: Facts, line: ShipmentLine) -> Rate | None:
    """Return the VAT rate of a line, less the reduction of the law data where the row is eligible."""
    found, rule = rate_of(facts, line, Kind.VAT, partner=""), facts.rule("vat_reduction")
    if found is None or rule is None or not found.measure.conditions.get("vat_reduction"):
        return found
    points = Decimal(rule.value)
    if not isinstance(found.leaf, Pct) or found.leaf.rate <= points:
        return found
    return replace(found, leaf=Pct(found.leaf.rate - points), reduction=points, rules=(rule,))


def work_out(
    rate: Rate, *, base: Decimal, line: ShipmentLine, exchange: Mapping[str, Decimal], rounding: Rounder
) -> Step | Needs:
    """Evaluate a rate; every part is rounded, so that what is shown can be added up again."""
    if rate.needs is not None:
        return Needs(rate.needs)
    return _step(rate.leaf, base, line, exchange, rounding)


def trace(rate: Rate, step: Step, rounding: Rounder, rules: Iterable[RuleValue | None] = ()) -> Trace:
    """Say where a figure comes from."""
    measure = rate.measure
    applied = (*(rule for rule in rules if rule), *rate.rules)
    return Trace(
        step=step,
        rate_id=str(measure.id),
        act=measure.act,
        article=measure.article or "",
        annex=measure.annex or "",
        status=weakest(measure.status, *(rule.status for rule in applied)),
        valid_from=measure.valid.start,
        valid_to=measure.valid.end,
        rounding=rounding.rule,
        rules=applied,
        share=rate.share,
        reduction=rate.reduction,
    )


def weakest(*statuses: str) -> str:
    """Return the status that a figure made of several can claim."""
    return min(statuses, key=("ASSUMED", "CITED", "VERIFIED").index)


def words(leaf: Leaf) -> str:
    """Write a rate as customs tables do: ``30 % + 50 USD/NMB``."""
    match leaf:
        case Pct(rate):
            return f"{plain(rate)} %"
        case Amount(amount, currency, per):
            return f"{plain(amount)} {currency}/{per}"
        case Combined("sum", of):
            return " + ".join(words(part) for part in of)  # type: ignore[arg-type]
        case Combined(op, of):
            return f"{op}({'; '.join(words(part) for part in of)})"  # type: ignore[arg-type]


def _step(
    leaf: Leaf, base: Decimal, line: ShipmentLine, exchange: Mapping[str, Decimal], rounding: Rounder
) -> Step | Needs:
    if isinstance(leaf, Pct):
        exact = EXACT.divide(EXACT.multiply(base, leaf.rate), _HUNDRED)
        return Percent(base, leaf.rate, rounding(exact))
    if isinstance(leaf, Amount):
        return _per_unit(leaf, line, exchange, rounding)
    parts: list[Step] = []
    for each in leaf.of:
        part = _step(each, base, line, exchange, rounding)  # type: ignore[arg-type]
        if isinstance(part, Needs):
            return part
        parts.append(part)
    results = [part.result for part in parts]
    joined = (
        sum(results, Decimal(0)) if leaf.op == "sum" else min(results) if leaf.op == "min" else max(results)
    )
    return Joined(leaf.op, tuple(parts), joined)  # type: ignore[arg-type]


def _per_unit(
    leaf: Amount, line: ShipmentLine, exchange: Mapping[str, Decimal], rounding: Rounder
) -> PerUnit | Needs:
    found = declared(line, leaf.per)
    if found is None:
        return Needs(unit_problem(line, leaf.per))
    stated, unit, quantity = found
    rate = exchange.get(leaf.currency)
    if rate is None:
        return Needs(
            problem("tariff.exchange-missing", "currency", line=line.number, currency=leaf.currency, day="")
        )
    exact = EXACT.multiply(EXACT.multiply(quantity, leaf.amount), rate)
    result = rounding(exact)
    if unit == leaf.per:
        return PerUnit(quantity, leaf.per, leaf.amount, leaf.currency, rate, result)
    return PerUnit(
        quantity, leaf.per, leaf.amount, leaf.currency, rate, result, declared=stated, declared_unit=unit
    )


def _scaled(leaf: Leaf, percent: Decimal) -> Leaf:
    def scale(number: Decimal) -> Decimal:
        return EXACT.divide(EXACT.multiply(number, percent), _HUNDRED)

    if isinstance(leaf, Pct):
        return Pct(scale(leaf.rate))
    if isinstance(leaf, Amount):
        return replace(leaf, amount=scale(leaf.amount))
    return Combined(leaf.op, tuple(_scaled(part, percent) for part in leaf.of))  # type: ignore[arg-type]


def warning(
    code: str, field: str, line: ShipmentLine, rule: RuleValue | None = None, **params: str
) -> Problem:
    """Make a warning about a line, with the rule behind it."""
    return problem(
        code, field, line=line.number, severity=Severity.WARNING, act=rule.act if rule else "",
        article=rule.article if rule else "", **params,
    )  # fmt: skip
