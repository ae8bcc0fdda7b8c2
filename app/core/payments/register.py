"""The lists of the payment desk: entries of a day, what waits, refunds, and what was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.payments.models import BankEntry, BankMessage, Clearing, DifferenceItem, Outside, Refund, Slip
from app.core.payments.slips import CURRENCY
from app.core.payments.states import (
    OPEN_CLEARINGS,
    OPEN_OUTSIDE,
    OPEN_REFUNDS,
    ClearingKind,
    ClearingState,
    DifferenceState,
    EntryState,
    MessageState,
    RefundState,
)


@dataclass(frozen=True, slots=True)
class EntryLine:
    """What the bank booked, with the slip that it settled, if any; ``payer`` is covered, its parts may be personal."""

    id: UUID
    transaction_id: str
    amount: Decimal
    currency: str
    booked_at: datetime
    reference: str
    payer: Mapping[str, Any]
    payer_account: str
    source: str
    state: EntryState
    problem: str
    slip_id: UUID | None
    slip_reference: str
    assigned_at: datetime | None
    assign_reason: str
    clearing: str = ""


@dataclass(frozen=True, slots=True)
class RefundLine:
    """A refund with whose it is and for which slip."""

    refund: Refund
    reference: str
    payer: str


@dataclass(frozen=True, slots=True)
class SentLine:
    """Money that the bank confirmed to have sent: a refund, or a booking sent back."""

    transaction_id: str
    amount: Decimal
    currency: str
    at: datetime
    reference: str


def entries_between(
    session: Session, start: datetime, end: datetime, *, limit: int = 10_000
) -> list[EntryLine]:
    """Return what the bank booked in a stretch of time, the newest first."""
    return _entries(
        session,
        _entry_query().where(BankEntry.booked_at >= start, BankEntry.booked_at < end).order_by(
            BankEntry.booked_at.desc(), BankEntry.id.desc()
        ).limit(limit),
    )  # fmt: skip


def suspended(session: Session, *, limit: int = 500) -> list[EntryLine]:
    """Return what belongs to no slip, the oldest first."""
    return _entries(
        session,
        _entry_query().where(BankEntry.state == EntryState.SUSPENSE).order_by(BankEntry.booked_at, BankEntry.id)
        .limit(limit),
    )  # fmt: skip


def entry(session: Session, entry_id: UUID) -> EntryLine | None:
    """Return one entry; None when there is none."""
    found = _entries(session, _entry_query().where(BankEntry.id == entry_id))
    return found[0] if found else None


def refused_messages(session: Session, *, limit: int = 100) -> Sequence[BankMessage]:
    """Return messages that could not be applied, the newest first."""
    return session.scalars(
        select(BankMessage)
        .where(BankMessage.state == MessageState.REFUSED)
        .order_by(BankMessage.received_at.desc(), BankMessage.id.desc())
        .limit(limit)
    ).all()


def list_refunds(
    session: Session, *, under_way: bool = True, refund_id: UUID | None = None, limit: int = 200
) -> list[RefundLine]:
    """Return refunds with slips and payers: those that wait the oldest first, or the newest of all, or one."""
    query = (
        select(Refund, Slip.reference, Party.name)
        .join(Slip, Slip.id == Refund.slip_id)
        .join(Party, Party.id == Refund.party_id)
        .limit(limit)
    )
    if refund_id is not None:
        query = query.where(Refund.id == refund_id)
    elif under_way:
        query = query.where(Refund.state.in_(OPEN_REFUNDS)).order_by(Refund.asked_at, Refund.id)
    else:
        query = query.order_by(Refund.asked_at.desc(), Refund.id.desc())
    return [RefundLine(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class OutsideLine:
    """An entry about a payment elsewhere, with whose it is and for which slip."""

    outside: Outside
    reference: str
    payer: str


def list_outside(
    session: Session, *, waiting: bool = True, outside_id: UUID | None = None, limit: int = 200
) -> list[OutsideLine]:
    """Return entries about payments elsewhere: those that wait the oldest first, or the newest of all, or one."""
    query = (
        select(Outside, Slip.reference, Party.name)
        .join(Slip, Slip.id == Outside.slip_id)
        .join(Party, Party.id == Outside.party_id)
        .limit(limit)
    )
    if outside_id is not None:
        query = query.where(Outside.id == outside_id)
    elif waiting:
        query = query.where(Outside.state.in_(OPEN_OUTSIDE)).order_by(Outside.asked_at, Outside.id)
    else:
        query = query.order_by(Outside.asked_at.desc(), Outside.id.desc())
    return [OutsideLine(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for an officer."""

    suspense: int
    messages: int
    refunds: int
    differences: int
    outside: int


def count_waiting(session: Session) -> Waiting:
    """Return how many entries are in suspense, messages refused, refunds, differences and payments elsewhere open."""
    wanted = (
        (BankEntry, BankEntry.state == EntryState.SUSPENSE),
        (BankMessage, BankMessage.state == MessageState.REFUSED),
        (Refund, Refund.state.in_(OPEN_REFUNDS)),
        (DifferenceItem, DifferenceItem.state == DifferenceState.OPEN),
        (Outside, Outside.state.in_(OPEN_OUTSIDE)),
    )
    counts = [select(func.count()).select_from(model).where(rule).scalar_subquery() for model, rule in wanted]
    return Waiting(*session.execute(select(*counts)).one())


def sent_between(session: Session, start: datetime, end: datetime) -> list[SentLine]:
    """Return what the bank confirmed in a stretch of time to have sent, the newest first."""
    refunds = session.execute(
        select(Refund.transaction_id, Refund.amount, Refund.paid_at, Slip.reference)
        .join(Slip, Slip.id == Refund.slip_id)
        .where(Refund.state == RefundState.PAID, Refund.paid_at >= start, Refund.paid_at < end)
    )
    returns = session.execute(
        select(Clearing.transaction_id, BankEntry.amount, BankEntry.currency, Clearing.done_at)
        .join(BankEntry, BankEntry.id == Clearing.entry_id)
        .where(
            Clearing.kind == ClearingKind.RETURN, Clearing.state == ClearingState.DONE,
            Clearing.done_at >= start, Clearing.done_at < end,
        )
    )  # fmt: skip
    found = [SentLine(row[0], row[1], CURRENCY, row[2], row[3]) for row in refunds if row[2]]
    found += [SentLine(row[0], row[1], row[2], row[3], "") for row in returns if row[3]]
    return sorted(found, key=lambda line: line.at, reverse=True)


def _entry_query() -> Select[BankEntry, str, str]:
    return (
        select(BankEntry, Slip.reference, Clearing.kind)
        .outerjoin(Slip, Slip.id == BankEntry.slip_id)
        .outerjoin(Clearing, and_(Clearing.entry_id == BankEntry.id, Clearing.state.in_(OPEN_CLEARINGS)))
    )


def _entries(session: Session, query: Select[BankEntry, str, str]) -> list[EntryLine]:
    return [
        EntryLine(
            id=row.id, transaction_id=row.transaction_id, amount=row.amount, currency=row.currency,
            booked_at=row.booked_at, reference=row.reference, payer=row.payer, payer_account=row.payer_account,
            source=row.source, state=EntryState(row.state), problem=row.problem, slip_id=row.slip_id,
            slip_reference=slip or "", assigned_at=row.assigned_at, assign_reason=row.assign_reason,
            clearing=clearing or "",
        )
        for row, slip, clearing in session.execute(query)
    ]  # fmt: skip
