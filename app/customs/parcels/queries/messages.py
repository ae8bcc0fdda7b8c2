"""What an operator told of one order: every message of every revision, the buyer still sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.privacy import opened
from app.customs.parcels.models import Order, Payment, Return, Waybill


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of an order, the latest revision first."""

    orders: Sequence[Order]
    payments: Sequence[Payment]
    waybills: Sequence[Waybill]
    returns: Sequence[Return]


def messages(session: Session, party_id: UUID, order_no: str) -> Messages:
    """Return everything that was told of an order."""

    def of(model: type[Any], number: str) -> Sequence[Any]:
        query = select(model).where(model.party_id == party_id, model.order_no == order_no)
        order = (
            (model.revision.desc(),) if model is Order else (getattr(model, number), model.revision.desc())
        )
        return session.scalars(query.order_by(*order)).all()

    return Messages(
        of(Order, "order_no"), of(Payment, "payment_no"), of(Waybill, "waybill_no"), of(Return, "return_no")
    )


def people(session: Session, found: Messages) -> dict[str, Any]:
    """Return buyer and consignee as sealed texts, opened as far as the keys allow and still under their cover."""
    sealed = {}
    if found.orders:
        sealed["buyer"] = found.orders[0].buyer.get("sealed", "")
    if found.waybills:
        sealed["consignee"] = found.waybills[0].consignee.get("sealed", "")
    shown: dict[str, Any] = opened(session, sealed)
    return shown
