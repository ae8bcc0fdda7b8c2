"""
Taxes of a draft by the tariff: a pre-calculation with its arithmetic, never a demand.

What the tariff finds wrong or missing becomes findings of the check, beside the rules of form.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.kit.ids import uuid7
from app.customs.declarations.domain import catalogue, forms
from app.customs.declarations.domain.content import Content, LineText, number
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.models import Revision
from app.customs.tariff.facade import (
    OUT_OF_QUOTA,
    AllocateBy,
    Assessment,
    Charge,
    Direction,
    Shipment,
    ShipmentLine,
    assess,
    to_text,
)

PRECALCULATED = "PRECALCULATED"
# The record goes as its text: as a tree it would be walked twice more, and it is the largest thing that is kept.
# The predicate stands as the index has it: a parameter in its place would name no index once the plan is generic.
_KEEP = text(
    "insert into customs_assessment"  # noqa: S608  a name of ours
    " (id, party_id, revision_id, kind, content, total, computed_at, known_at)"
    f" values (:id, :party_id, :revision_id, '{PRECALCULATED}', cast(:content as jsonb), :total, :computed_at,"
    " :known_at)"
    f" on conflict (revision_id) where kind = '{PRECALCULATED}' do update set content = excluded.content,"
    " total = excluded.total, computed_at = excluded.computed_at, known_at = excluded.known_at"
)
# What the rules of form say already.
SAID = frozenset({"tariff.code-form", "tariff.preference-without-proof"})
# Rules by the tariff's codes. What is wrong with the declaration stops the sending: a code that is not in force
# is refused by customs as well. What the law data here lack stops nobody: customs has it, and a limit may be running.
RULES = {
    "tariff.code-not-in-force": "hs_not_in_force",
    "tariff.rate-missing": "missing_rate",
    "tariff.exchange-missing": "missing_exchange",
    "tariff.scheme-unknown": "preference_not_offered",
    "tariff.origin-not-in-scheme": "preference_not_offered",
}
OTHER = "tariff"
FIELDS = {"currency": "IP3", "incoterm": "IP2", "freight": "FR3", "insurance": "IN3", "adjustments": "FR3"}
# What the tariff asks of a line, by the field that answers it.
LINE_FIELDS = {"variants": "KWS"}
BY_WEIGHT = "D"
_OUTSIDE = "X"


def price(session: Session, content: Content) -> Assessment | None:
    """Compute the taxes as far as the draft allows; None while it names no currency or no line with a value."""
    shipment = shipment_of(content)
    return None if shipment is None else assess(session, shipment)


def shipment_of(content: Content) -> Shipment | None:
    """Return the shipment that a draft describes."""
    lengths = forms.listed("hs_lengths", content.today)
    lines = tuple(
        line
        for place, each in enumerate(content.lines, 1)
        if (line := _line(place, each, lengths)) is not None
    )
    currency = content.head("IP3")
    if not currency or not lines:
        return None
    return Shipment(
        direction=Direction(content.direction), on=content.today, currency=currency, incoterm=content.head("IP2"),
        lines=lines, freight=_charge(content, "FR3", "FR2"), insurance=_charge(content, "IN3", "IN2"),
        allocate_by=AllocateBy.WEIGHT
        if content.head("FR1") == BY_WEIGHT and all(line.weight for line in lines)
        else AllocateBy.VALUE,
        dutiable=catalogue.is_dutiable(content.movement, content.direction),
        destination=content.head("EPO") if content.direction == catalogue.EXPORT else "",
    )  # fmt: skip


def findings_of(assessment: Assessment | None) -> list[Finding]:
    """Return what the tariff says about a draft as findings of the check."""
    found = []
    for each in assessment.problems if assessment else ():
        if each.code in SAID:
            continue
        params = {**each.params, "code": each.code, "act": each.act, "article": each.article}
        named = FIELDS if each.line is None else LINE_FIELDS
        field = named.get(each.field, each.field)
        found.append(Finding(RULES.get(each.code, OTHER), field, each.line, params))
    return found


def keep(
    session: Session, *, revision: Revision, assessment: Assessment, known_at: datetime, now: datetime
) -> None:
    """Keep the pre-calculation of a revision; a draft has one, the last."""
    session.execute(
        _KEEP,
        {
            "id": uuid7(), "party_id": revision.party_id, "revision_id": revision.id,
            "content": to_text(assessment), "total": assessment.total, "computed_at": now, "known_at": known_at,
        },
    )  # fmt: skip


def _line(place: int, line: LineText, lengths: Sequence[int]) -> ShipmentLine | None:
    value, hs = number(line.get("value", "")), line.get("hs", "")
    if value is None or not hs.isdigit() or len(hs) not in lengths:
        return None
    weight = number(line.get("quantity2", "")) if line.get("unit2") == "KGM" else None
    return ShipmentLine(
        number=place, hs=hs, value=value, origin=line.get("origin", ""), scheme=line.get("scheme") or "MFN",
        origin_proof=line.get("origin_proof") or None, quantity=number(line.get("quantity", "")),
        unit=line.get("unit", ""), quantity2=number(line.get("quantity2", "")), unit2=line.get("unit2", ""),
        weight=weight, variants=(OUT_OF_QUOTA,) if line.get("KWS") == _OUTSIDE else (),
    )  # fmt: skip


def _charge(content: Content, amount: str, currency: str) -> Charge | None:
    value: Decimal | None = number(content.head(amount))
    if value is None or value < 0:
        return None
    return Charge(value, content.head(currency) or content.head("IP3"))
