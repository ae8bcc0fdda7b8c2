"""
The taxes of a line in their legal order, each on what came before.

``CV`` the customs value; duty on CV; trade remedies on CV; excise on CV + duty + remedies; environment tax by quantity;
VAT on the sum of all. Every tax of every line is rounded once, totals add up what is shown. Formulas with their
articles are values of the law data (``customs.tariff.formula.*``).
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from app.customs.tariff.domain.choosing import (
    MFN,
    NO_MFN,
    ORDINARY,
    Needs,
    Rate,
    ordinary,
    rate_of,
    trace,
    under_quota,
    vat,
    warning,
    words,
    work_out,
)
from app.customs.tariff.domain.facts import Facts, RuleValue
from app.customs.tariff.domain.measures import REMEDIES, Kind
from app.customs.tariff.domain.problems import problem
from app.customs.tariff.domain.results import (
    Assessment,
    LineAssessment,
    Problem,
    Severity,
    Step,
    Tax,
    TaxKind,
)
from app.customs.tariff.domain.shipment import Direction, Shipment, ShipmentLine
from app.customs.tariff.domain.valuation import Rounder, Valuation, rounder, value

Parts = tuple[tuple[str, Decimal], ...]
ZERO = Decimal(0)
_LENGTHS = (8, 10)


@dataclass(slots=True)
class _Line:
    """One line while its taxes are worked out."""

    line: ShipmentLine
    partner: str
    facts: Facts
    rounding: Rounder
    worth: Decimal
    scheme: str = ""
    taxes: list[Tax] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True

    def lack(self, found: Problem) -> None:
        self.problems.append(found)
        self.complete = False

    def lack_rate(self, kind: str) -> None:
        self.lack(
            problem(
                "tariff.rate-missing", "hs", line=self.line.number, kind=kind, hs=self.line.hs,
                day=self.facts.day.isoformat(),
            )
        )  # fmt: skip

    def amount(self, *kinds: TaxKind) -> Decimal:
        return sum((tax.amount for tax in self.taxes if tax.kind in kinds), ZERO)

    def step(self, rate: Rate, base: Decimal) -> Step | None:
        found = work_out(
            rate, base=base, line=self.line, exchange=self.facts.exchange, rounding=self.rounding
        )
        if isinstance(found, Needs):
            self.lack(found.problem)
            return None
        return found

    def add(
        self, kind: TaxKind, rate: Rate, parts: Parts, *rules: RuleValue | None, scheme: str = ""
    ) -> None:
        base = sum((amount for _, amount in parts), ZERO)
        self.problems += rate.told
        found = self.step(rate, base)
        if found is None:
            return
        said = trace(rate, found, self.rounding, rules)
        self.taxes.append(Tax(kind, scheme, base, parts, words(rate.leaf), found.result, said))


def assess(shipment: Shipment, facts: Facts) -> Assessment:
    """
    Work out customs values and taxes of a shipment from facts alone.

    Nothing is raised for what a person typed or for law that is missing: problems say it. A line with an error has
    no figure rather than a guessed one, and the assessment is then not complete.
    """
    rounding = rounder(facts)
    if rounding is None:
        missing = problem("tariff.rule-missing", "on", rule="rounding", day=facts.day.isoformat())
        return _result(shipment, facts, [], [missing])
    valued = value(shipment, facts, rounding)
    problems = list(valued.problems)
    lines = []
    for line in shipment.lines:
        done, told = assess_line(shipment, line, facts, valued, rounding)
        lines.append(done)
        problems += told
    return _result(shipment, facts, lines, problems)


def assess_line(
    shipment: Shipment, line: ShipmentLine, facts: Facts, valued: Valuation, rounding: Rounder
) -> tuple[LineAssessment, list[Problem]]:
    """Work out the taxes of one line whose value is known."""
    wrong = _code_problem(line, facts)
    worth = valued.values.get(line.number)
    work = _Line(line, shipment.partner(line), facts, rounding, worth or ZERO, scheme=line.scheme)
    reason = None
    if wrong is not None:
        work.lack(wrong)
    elif worth is None:
        work.complete = False
    elif not shipment.dutiable:
        reason = facts.rule("formula.not_dutiable")
    else:
        _tax_export(work) if shipment.direction is Direction.EXPORT else _tax_import(work)
    total = sum((tax.amount for tax in work.taxes), ZERO)
    done = LineAssessment(
        line.number, line.hs, worth, valued.parts.get(line.number, ()), work.scheme, tuple(work.taxes), total,
        work.complete, reason,
    )  # fmt: skip
    return done, work.problems


def _tax_import(work: _Line) -> None:
    facts, rule = work.facts, work.facts.rule
    cv = (("CV", work.worth),)
    rate, scheme = _import_rate(work)
    work.scheme = scheme
    if rate is None:
        return
    work.add(TaxKind.IMPORT_DUTY, rate, cv, rule(_formula(rate)), scheme=scheme)
    for kind in REMEDIES:
        found = rate_of(facts, work.line, kind, partner=work.partner, worth=work.worth)
        if found is not None:
            work.add(TaxKind(kind.value), found, cv, rule("formula.remedy"))
    if not work.complete:
        return
    parts = _grown(work, cv, TaxKind.IMPORT_DUTY, *(TaxKind(kind.value) for kind in REMEDIES))
    for kind, formula in ((Kind.EXCISE, "formula.excise"), (Kind.ENVIRONMENT, "formula.environment")):
        found = rate_of(facts, work.line, kind, partner=work.partner, worth=work.worth)
        if found is not None:
            base = parts if kind is Kind.EXCISE else ()
            work.add(TaxKind(kind.value), found, base, rule(formula))
    found = vat(facts, work.line)
    if found is None:
        work.lack_rate("VAT")
    elif work.complete:
        base = _grown(work, parts, TaxKind.EXCISE, TaxKind.ENVIRONMENT)
        work.add(TaxKind.VAT, found, base, rule("formula.vat"))


def _tax_export(work: _Line) -> None:
    rate, scheme = (
        rate_of(work.facts, work.line, Kind.EXPORT, partner=work.partner, worth=work.worth),
        "",
    )
    claimed = "" if work.line.scheme == MFN else work.line.scheme
    if claimed:
        better = rate_of(work.facts, work.line, Kind.EXPORT_PREFERENCE, partner=work.partner, scheme=claimed)
        if better is None:
            _explain(work, Kind.EXPORT_PREFERENCE, claimed)
        elif not work.line.origin_proof:
            work.problems.append(_unproven(work, claimed))
        elif rate is not None:
            rate, scheme = better, claimed
    work.scheme = scheme
    if rate is not None:
        rules = work.facts.rule(_formula(rate))
        work.add(TaxKind.EXPORT_DUTY, rate, (("CV", work.worth),), rules, scheme=scheme)


def _import_rate(work: _Line) -> tuple[Rate | None, str]:
    """Choose the duty rate: what is claimed and proven, and MFN where it is lower; the ordinary one without MFN."""
    facts, line = work.facts, work.line
    if not line.origin:
        work.problems.append(warning("tariff.origin-missing", "origin", line))
    general = ORDINARY if _without_mfn(work) else MFN
    rate = (
        ordinary(facts, line, partner=work.partner, worth=work.worth)
        if general == ORDINARY
        else rate_of(facts, line, Kind.MFN, partner=work.partner, worth=work.worth)
    )
    if under_quota(facts, line):
        work.problems.append(warning("tariff.quota-open", "variants", line))
    if line.scheme in (MFN, ORDINARY):
        if rate is None:
            work.lack_rate(general)
        return rate, general
    preference = rate_of(
        facts, line, Kind.PREFERENCE, partner=work.partner, scheme=line.scheme, worth=work.worth
    )
    if preference is None:
        _explain(work, Kind.PREFERENCE, line.scheme)
    elif not line.origin_proof:
        work.problems.append(_unproven(work, line.scheme))
    elif preference.needs is not None:
        work.problems.append(replace(preference.needs, severity=Severity.WARNING))
    elif rate is None:
        return preference, line.scheme
    else:
        return _lower(work, rate, preference, general)
    if rate is None:
        work.lack_rate(general)
    return rate, general


def _without_mfn(work: _Line) -> bool:
    if work.line.scheme == ORDINARY or not work.line.origin:
        return True
    return NO_MFN in work.facts.groups.get(work.partner, ())


def _lower(work: _Line, general: Rate, preference: Rate, scheme: str) -> tuple[Rate, str]:
    claimed = work.line.scheme
    first, second = work.step(general, work.worth), work.step(preference, work.worth)
    if first is None or second is None or scheme == ORDINARY or second.result <= first.result:
        return preference, claimed
    rule = work.facts.rule("formula.lower_mfn")
    work.problems.append(warning("tariff.mfn-lower", "scheme", work.line, rule, scheme=claimed))
    return general, scheme


def _explain(work: _Line, kind: Kind, scheme: str) -> None:
    """Say why a treatment that is claimed is not given."""
    offered = [
        measure
        for measure in work.facts.by_line.get(work.line.hs8, ())
        if measure.kind is kind and measure.scheme == scheme
    ]
    if offered:
        told = warning(
            "tariff.origin-not-in-scheme", "origin", work.line, scheme=scheme, origin=work.partner or "?"
        )
    else:
        day = work.facts.day.isoformat()
        told = warning("tariff.scheme-unknown", "scheme", work.line, scheme=scheme, hs=work.line.hs, day=day)
    work.problems.append(told)


def _unproven(work: _Line, scheme: str) -> Problem:
    rule = work.facts.rule("formula.unproven")
    return warning("tariff.preference-without-proof", "origin_proof", work.line, rule, scheme=scheme)


def _formula(rate: Rate) -> str:
    return {"Pct": "formula.duty", "Amount": "formula.specific"}.get(
        type(rate.leaf).__name__, "formula.mixed"
    )


def _grown(work: _Line, parts: Parts, *kinds: TaxKind) -> Parts:
    return parts + tuple((tax.kind.value, tax.amount) for tax in work.taxes if tax.kind in kinds)


def _code_problem(line: ShipmentLine, facts: Facts) -> Problem | None:
    if len(line.hs) not in _LENGTHS or not (line.hs.isascii() and line.hs.isdigit()):
        return problem("tariff.code-form", "hs", line=line.number, hs=line.hs[:20])
    if line.hs8 not in facts.in_force:
        day = facts.day.isoformat()
        return problem("tariff.code-not-in-force", "hs", line=line.number, hs=line.hs, day=day)
    return None


def _result(
    shipment: Shipment, facts: Facts, lines: list[LineAssessment], problems: list[Problem]
) -> Assessment:
    totals: dict[TaxKind, Decimal] = {}
    for line in lines:
        for tax in line.taxes:
            totals[tax.kind] = totals.get(tax.kind, ZERO) + tax.amount
    in_order = {kind: totals[kind] for kind in TaxKind if kind in totals}
    complete = all(line.complete for line in lines) and not any(
        found.severity is Severity.ERROR for found in problems
    )
    total = sum(in_order.values(), ZERO)
    return Assessment(shipment, facts, tuple(lines), in_order, total, complete, tuple(problems))
