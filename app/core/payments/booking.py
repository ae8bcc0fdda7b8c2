"""Booking: a bank entry becomes a payment of a slip, and the slip is settled anew."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox import DomainEvent, publish
from app.core.payments.events import SlipExceeded, SlipPaid, SlipPartPaid
from app.core.payments.models import Allocation, BankEntry, Payment, Slip, SlipLine
from app.core.payments.settlement import Due, Plan, Received, settle, state_of
from app.core.payments.states import SlipState

_UNPAID = frozenset({SlipState.OPEN.value, SlipState.PART_PAID.value})


def book_payment(session: Session, *, entry: BankEntry, slip_id: UUID, actor: Actor, now: datetime) -> Slip:
    """
    Make an entry a payment of a slip, and settle the slip. The caller has made sure that the entry is free.

    Also a cancelled slip takes payments: its payer can then have the money back.
    """
    session.flush()  # the slip is read again under its lock, and the payment refers to the entry
    slip = session.get_one(Slip, slip_id, with_for_update=True, populate_existing=True)
    payment = Payment(
        id=uuid7(), party_id=slip.party_id, slip_id=slip.id, entry_id=entry.id, transaction_id=entry.transaction_id,
        amount=entry.amount, booked_at=entry.booked_at, taken_at=now,
    )  # fmt: skip
    session.add(payment)
    record(
        session, "payments:payment:book", subject=Subject("slip", slip.id), actor=actor, at=now,
        party_id=slip.party_id,
        facts={"reference": slip.reference, "transaction": entry.transaction_id, "amount": f"{entry.amount:f}"},
    )  # fmt: skip
    resettle(session, slip, actor=actor, now=now)
    return slip


def resettle(session: Session, slip: Slip, *, actor: Actor, now: datetime) -> None:
    """Settle a slip, which the caller holds locked, from all its payments, and tell what changed."""
    session.flush()  # the payments are read together with the newest one
    lines = list(
        session.scalars(select(SlipLine).where(SlipLine.slip_id == slip.id).order_by(SlipLine.number))
    )
    payments = received_on(session, slip.id)
    plan = settle(
        [Due(line.id, line.number, line.priority, line.amount) for line in lines],
        payments,
        cancelled=slip.cancelled_at is not None,
    )
    before, excess_before = slip.state, slip.excess
    _keep(session, slip, lines, plan)
    received = sum((each.amount for each in payments), Decimal(0))
    if slip.cancelled_at is not None:
        slip.released = Decimal(0)  # of a cancelled slip nothing is demanded: all that came is a surplus
    slip.paid, slip.excess = plan.paid, plan.excess + slip.released - slip.refunded
    slip.state = state_of(
        total=slip.total, paid=plan.paid, received=received, refunded=slip.refunded,
        cancelled=slip.cancelled_at is not None,
    ).value  # fmt: skip
    slip.paid_at = plan.settled_by.booked_at if plan.settled_by else None
    slip.changed_at = now
    for event in _told(slip, plan, before, excess_before):
        publish(session, event, actor=actor, at=now, party_id=slip.party_id)


def received_on(session: Session, slip_id: UUID) -> list[Received]:
    """Return the payments of a slip."""
    rows = session.execute(
        select(Payment.id, Payment.transaction_id, Payment.booked_at, Payment.amount)
        .where(Payment.slip_id == slip_id)
        .order_by(Payment.booked_at, Payment.transaction_id)
    )
    return [Received(*row) for row in rows]


def _keep(session: Session, slip: Slip, lines: list[SlipLine], plan: Plan) -> None:
    """Write the plan as a new round; a plan without a change writes none."""
    current = {
        (row.payment_id, row.line_id): row.amount
        for row in session.scalars(
            select(Allocation).where(Allocation.slip_id == slip.id, Allocation.round == slip.round)
        )
    }
    wanted = {(share.payment_id, share.line_id): share.amount for share in plan.shares}
    if current == wanted:
        return
    highest = session.scalar(select(func.max(Allocation.round)).where(Allocation.slip_id == slip.id))
    slip.round = max(highest or 0, slip.round) + 1
    for line in lines:
        line.paid = sum((share.amount for share in plan.shares if share.line_id == line.id), Decimal(0))
    for share in plan.shares:
        session.add(
            Allocation(
                id=uuid7(), party_id=slip.party_id, slip_id=slip.id, round=slip.round, payment_id=share.payment_id,
                line_id=share.line_id, amount=share.amount,
            )
        )  # fmt: skip


def _told(slip: Slip, plan: Plan, before: str, excess_before: Decimal) -> list[DomainEvent]:
    told: list[DomainEvent] = []
    named = (slip.id, slip.reference, slip.subject_kind, slip.subject_id)
    if slip.state == SlipState.PAID and before in _UNPAID and plan.settled_by is not None:
        told.append(SlipPaid(*named, slip.total, plan.settled_by.transaction_id))
    elif slip.state == SlipState.PART_PAID:
        told.append(SlipPartPaid(*named, slip.paid, slip.total))
    if slip.excess > excess_before:
        told.append(SlipExceeded(*named, slip.excess))
    return told
