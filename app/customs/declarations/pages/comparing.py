"""The pre-calculation beside the official notice: in all, by tax, and by line and tax, with what differs in words."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.customs.declarations.domain.comparing import Figure, Taxes, taxes_of
from app.customs.declarations.models import Difference
from app.customs.declarations.pages.words import HOME
from app.customs.declarations.permissions import INSPECT
from app.customs.declarations.queries import exchange, reading
from app.customs.declarations.queries.naming import TAX_NAMES
from app.customs.declarations.queries.reach import acts_for, reach
from app.customs.declarations.service import pricing

OFFICIAL = "OFFICIAL"


def comparison_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return both sides of every tax, and the differences that somebody has to explain; empty before a notice."""
    row = reach(session, declaration_id, actor).declaration
    head = reading.head(session, row)
    official = reading.assessment(session, head.id, OFFICIAL)
    kept = exchange.differences_of(session, declaration_id)
    if official is None and not kept:
        return {}
    ours = reading.assessment(session, head.id, pricing.PRECALCULATED)
    left, right = (taxes_of(each.content) if each is not None else {} for each in (ours, official))
    return {
        "known": ours is not None,
        "ours": sum((each.amount for each in left.values()), Decimal(0)),
        "official": official.total if official is not None else None,
        "kinds": list(_by_kind(left, right)),
        "lines": list(_by_line(left, right)),
        "rows": [difference_view(each) for each in kept],
        "open": sum(each.state == "OPEN" for each in kept),
        "mine": acts_for(actor, row.party_id) or actor.may(INSPECT),
        "href": f"{HOME}/{declaration_id}/differences",
        "together": f"/customs/differences?state=OPEN&q={row.code}",
    }


def difference_view(row: Difference) -> dict[str, Any]:
    """Return a difference as pages show it."""
    return {
        "id": str(row.id), "line": row.line, "tax": TAX_NAMES.get(row.tax, row.tax), "ours": row.ours,
        "official": row.official, "more": (row.official or 0) - (row.ours or 0), "our_rate": row.our_rate,
        "official_rate": row.official_rate, "our_base": row.our_base, "official_base": row.official_base,
        "open": row.state == "OPEN", "explanation": row.explanation,
    }  # fmt: skip


def _by_kind(left: Taxes, right: Taxes) -> Iterator[dict[str, Any]]:
    for kind in dict.fromkeys(tax for _, tax in (*right, *left)):
        ours, official = (_sum(side, kind) for side in (left, right))
        yield {"tax": TAX_NAMES.get(kind, kind), **_both(ours, official)}


def _by_line(left: Taxes, right: Taxes) -> Iterator[dict[str, Any]]:
    for line, kind in sorted(left.keys() | right.keys()):
        ours, official = left.get((line, kind)), right.get((line, kind))
        yield {
            "line": line, "tax": TAX_NAMES.get(kind, kind), "our_rate": ours.rate if ours else "",
            "official_rate": official.rate if official else "", **_both(_amount(ours), _amount(official)),
        }  # fmt: skip


def _both(ours: Decimal | None, official: Decimal | None) -> dict[str, Any]:
    more = (official or Decimal(0)) - (ours or Decimal(0))
    return {"ours": ours, "official": official, "more": more, "standing": _standing(more)}


def _standing(more: Decimal) -> str:
    return "SAME" if not more else "HIGHER" if more > 0 else "LOWER"


def _sum(side: Taxes, kind: str) -> Decimal | None:
    amounts = [figure.amount for (_, tax), figure in side.items() if tax == kind]
    return sum(amounts, Decimal(0)) if amounts else None


def _amount(figure: Figure | None) -> Decimal | None:
    return figure.amount if figure is not None else None
