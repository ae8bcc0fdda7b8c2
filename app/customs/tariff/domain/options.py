"""Every lawful treatment of a line, ranked by what it costs in the end."""

from dataclasses import dataclass, replace
from decimal import Decimal

from app.customs.tariff.domain.choosing import MFN, ORDINARY, under_quota
from app.customs.tariff.domain.conditions import IN_QUOTA, OUT_OF_QUOTA
from app.customs.tariff.domain.facts import Facts
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.results import LineAssessment, TaxKind
from app.customs.tariff.domain.shipment import Direction, Shipment, ShipmentLine
from app.customs.tariff.domain.stack import assess_line
from app.customs.tariff.domain.valuation import rounder, value

# An option is worked out as if its paper were there; the papers that would serve are named beside it.
_IF_PROVEN = "?"
_DUTIES = frozenset({TaxKind.IMPORT_DUTY, TaxKind.EXPORT_DUTY})


@dataclass(frozen=True, slots=True)
class Option:
    """
    One treatment of a line.

    :ivar needs_proof: whether a paper must prove origin for it.
    :ivar saving: what it saves against the treatment that needs no paper; negative where it costs more.
    :ivar best: the cheapest; among equals the one that needs no paper.
    :ivar quota: IN_QUOTA or OUT_OF_QUOTA where the goods are under a tariff quota; within it a licence is needed.
    """

    scheme: str
    rate: str
    duty: Decimal
    total: Decimal
    saving: Decimal
    needs_proof: bool
    best: bool
    status: str
    line: LineAssessment
    quota: str = ""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """The options of one line, cheapest first."""

    number: int
    options: tuple[Option, ...]


def rank(shipment: Shipment, facts: Facts) -> tuple[LineOptions, ...]:
    """Return all options of all lines; a line that cannot be worked out has none."""
    rounding = rounder(facts)
    if rounding is None or not shipment.dutiable:
        return ()
    valued = value(shipment, facts, rounding)
    ranked = []
    for line in shipment.lines:
        found = []
        for quota in _quotas(shipment, line, facts):
            variants = (*line.variants, quota) if quota else line.variants
            for scheme in _schemes(shipment, line, facts):
                claimed = replace(line, scheme=scheme, origin_proof=_IF_PROVEN, variants=variants)
                done, _ = assess_line(shipment, claimed, facts, valued, rounding)
                if done.complete and done.scheme in (scheme, ORDINARY if scheme == MFN else scheme, ""):
                    found.append((quota, done))
                if quota == OUT_OF_QUOTA:
                    break  # what a preference gives it gives within its own terms: listed once
        ranked.append(LineOptions(line.number, _ranked(found)))
    return tuple(ranked)


def _quotas(shipment: Shipment, line: ShipmentLine, facts: Facts) -> tuple[str, ...]:
    """Return out of quota, which needs no licence, and within it, where the schedule knows both and nothing is said."""
    open_to_both = shipment.direction is Direction.IMPORT and under_quota(facts, line)
    return (OUT_OF_QUOTA, IN_QUOTA) if open_to_both else ("",)


def _schemes(shipment: Shipment, line: ShipmentLine, facts: Facts) -> list[str]:
    """Return the general treatment and every preference that the schedule has for goods of this country."""
    partner = shipment.partner(line)
    around = {partner, *facts.groups.get(partner, ())}
    wanted = Kind.EXPORT_PREFERENCE if shipment.direction is Direction.EXPORT else Kind.PREFERENCE
    offered = {
        measure.scheme
        for measure in facts.by_line.get(line.hs8, ())
        if measure.kind is wanted and measure.geo in around
    }
    return [MFN, *sorted(offered)]


def _ranked(found: list[tuple[str, LineAssessment]]) -> tuple[Option, ...]:
    """Rank treatments; the first of them is the one that needs no paper."""
    if not found:
        return ()
    _, general = found[0]
    in_order = sorted(found, key=lambda each: (each[1].total, each[1] is not general, each[1].scheme))
    return tuple(
        _option(done, general.total, quota, needs_proof=done is not general, best=index == 0)
        for index, (quota, done) in enumerate(in_order)
    )


def _option(done: LineAssessment, general: Decimal, quota: str, *, needs_proof: bool, best: bool) -> Option:
    duty = next((tax for tax in done.taxes if tax.kind in _DUTIES), None)
    return Option(
        scheme=done.scheme or MFN,
        rate=duty.rate if duty else "",
        duty=duty.amount if duty else Decimal(0),
        total=done.total,
        saving=general - done.total,
        needs_proof=needs_proof,
        best=best,
        status=duty.trace.status if duty else "",
        line=done,
        quota=quota,
    )
