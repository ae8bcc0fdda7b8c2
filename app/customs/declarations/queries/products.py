"""The goods that a firm declares again: its catalogue, and what a line takes over from it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customs.declarations.models import Product
from app.customs.declarations.queries.lines import plain

PICKED = 500
TAKEN = ("hs", "description", "unit", "unit2", "origin", "scheme")


def products_of(
    session: Session, party_id: UUID, *, query: str = "", most: int = PICKED
) -> Sequence[Product]:
    """Return a firm's products by code, those that are still offered."""
    asked = select(Product).where(Product.party_id == party_id, Product.withdrawn_at.is_(None))
    if query:
        asked = asked.where(
            Product.own_code.icontains(query, autoescape=True)
            | Product.description.icontains(query, autoescape=True)
            | Product.hs.startswith(query, autoescape=True)
        )
    return list(session.scalars(asked.order_by(Product.own_code).limit(most)))


def completed(
    session: Session, party_id: UUID, lines: Sequence[Mapping[str, str]]
) -> Sequence[Mapping[str, str]]:
    """
    Fill lines whose own code names a product and that say nothing else of it; what was typed is kept.

    The last price is taken where none was typed: it is the declarant's to check.
    """
    wanted = {line["own_code"] for line in lines if line.get("own_code") and not line.get("description")}
    if not wanted:
        return lines
    rows = session.scalars(
        select(Product).where(
            Product.party_id == party_id, Product.own_code.in_(wanted), Product.withdrawn_at.is_(None)
        )
    )
    known = {row.own_code: row for row in rows}
    return [_filled(line, known.get(line.get("own_code", ""))) for line in lines]


def _filled(line: Mapping[str, str], product: Product | None) -> Mapping[str, str]:
    if product is None or line.get("description"):
        return line
    filled = {**line, **{name: line.get(name) or getattr(product, name) for name in TAKEN}}
    if not line.get("unit_price") and product.last_price is not None:
        filled["unit_price"] = plain(product.last_price)
    return filled
