"""What came in over a time, by purpose: for boards and reports."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.payments.models import Allocation, Payment, Slip, SlipLine


@dataclass(frozen=True, slots=True)
class Taken:
    """Money that settled lines of one purpose, in whole dong."""

    purpose: str
    amount: Decimal


def taken_between(session: Session, *, subject_kind: str, since: datetime, until: datetime) -> list[Taken]:
    """
    Return what settled the slips of one kind of subject, by purpose, the largest first.

    A payment counts at the instant at which the bank booked it, in the settlement that counts now; what lies on a slip
    beyond its lines is owed back and counts nothing. What a later notice no longer demands stays counted: it belongs to
    no line, and no source at hand says from which purpose it comes off.
    """
    rows = session.execute(
        select(SlipLine.purpose, func.sum(Allocation.amount))
        .join(Payment, Payment.id == Allocation.payment_id)
        .join(SlipLine, SlipLine.id == Allocation.line_id)
        .join(Slip, (Slip.id == Allocation.slip_id) & (Slip.round == Allocation.round))
        .where(Slip.subject_kind == subject_kind, Payment.booked_at >= since, Payment.booked_at < until)
        .group_by(SlipLine.purpose)
        .order_by(func.sum(Allocation.amount).desc(), SlipLine.purpose)
    )
    return [Taken(purpose, amount) for purpose, amount in rows]
