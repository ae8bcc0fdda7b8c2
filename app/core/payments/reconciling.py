"""Reconciliation: the bank's statement of a day beside what was taken in here, and what differs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.payments.bank import Booking, Sent
from app.core.payments.differences import Difference, enter_differences
from app.core.payments.intake import EntryAhead, EntryDiffers, take_booking
from app.core.payments.models import BankEntry, Clearing, Reconciliation, Refund
from app.core.payments.states import ClearingKind, ClearingState, RefundState


def compare(statement: Sequence[Booking], own: Mapping[str, tuple[Decimal, str]]) -> list[Difference]:
    """
    Compare a statement with the entries of the same day. Pure.

    :param own: amount and content hash by transaction.
    """
    told = {each.transaction_id: each for each in statement}
    found = [
        Difference("TAKEN_IN", key, told[key].amount, None)
        if key not in own
        else Difference("DIFFERS", key, told[key].amount, own[key][0])
        for key in sorted(told)
        if key not in own or own[key][1] != told[key].content_sha256
    ]
    return found + [
        Difference("NOT_AT_BANK", key, None, own[key][0]) for key in sorted(own) if key not in told
    ]


def compare_sent(
    told: Sequence[Sent], ordered: Mapping[str, Decimal], own_day: Mapping[str, Decimal]
) -> list[Difference]:
    """
    Compare what the bank sent with what was ordered here. Pure.

    :param ordered: amount by the bank's transaction, of any day, for those that the bank told.
    :param own_day: the same for what the bank confirmed on that day.
    """
    sent = {each.transaction_id: each.amount for each in told}
    found = [
        Difference("SENT_DIFFERS" if key in ordered else "SENT_UNKNOWN", key, sent[key], ordered.get(key))
        for key in sorted(sent)
        if ordered.get(key) != sent[key]
    ]
    return found + [
        Difference("NOT_SENT", key, None, own_day[key]) for key in sorted(own_day) if key not in sent
    ]


def reconcile(
    session: Session, *, day: date, statement: Sequence[Booking], zone: ZoneInfo, actor: Actor, now: datetime,
    sent: Sequence[Sent] = (),
) -> Reconciliation:  # fmt: skip
    """
    Compare the statement of a day, take in what no message told, and keep the result with each difference as an item.

    A transaction whose message comes later than the statement changes nothing any more.
    """
    own = _own(session, day, zone)
    differences = compare(statement, own) + compare_sent(
        sent, _ordered(session, [each.transaction_id for each in sent]), _confirmed(session, day, zone)
    )
    for each in differences:
        if each.kind == "TAKEN_IN":
            booking = next(told for told in statement if told.transaction_id == each.transaction_id)
            _take(session, booking, now)
    kept = Reconciliation(
        id=uuid7(), day=day, at=now, by=actor.user_id, bank_count=len(statement),
        bank_total=sum((each.amount for each in statement), Decimal(0)), own_count=len(own),
        own_total=sum((amount for amount, _ in own.values()), Decimal(0)),
        differences=[dict(each.to_json()) for each in differences],
    )  # fmt: skip
    session.add(kept)
    enter_differences(session, day, differences, now=now)
    record(
        session, "payments:statement:reconcile", subject=Subject("reconciliation", kept.id), actor=actor, at=now,
        facts={"day": day.isoformat(), "bank": kept.bank_count, "own": kept.own_count,
               "differences": len(differences)},
    )  # fmt: skip
    return kept


def latest(session: Session, *, limit: int = 31) -> Sequence[Reconciliation]:
    """Return the latest comparisons, the newest first."""
    return session.scalars(
        select(Reconciliation).order_by(Reconciliation.at.desc(), Reconciliation.id.desc()).limit(limit)
    ).all()


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants between which a local day lies."""
    return (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + timedelta(days=1), time.min, zone),
    )


def _own(session: Session, day: date, zone: ZoneInfo) -> dict[str, tuple[Decimal, str]]:
    start, end = bounds(day, zone)
    rows = session.execute(
        select(BankEntry.transaction_id, BankEntry.amount, BankEntry.content_sha256).where(
            BankEntry.booked_at >= start, BankEntry.booked_at < end
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _ordered(session: Session, transactions: Sequence[str]) -> dict[str, Decimal]:
    """Return what was ordered to be sent, by the bank's transactions."""
    refunds = select(Refund.transaction_id, Refund.amount).where(Refund.transaction_id.in_(transactions))
    returns = (
        select(Clearing.transaction_id, BankEntry.amount)
        .join(BankEntry, BankEntry.id == Clearing.entry_id)
        .where(Clearing.transaction_id.in_(transactions))
    )
    return {row[0]: row[1] for query in (refunds, returns) for row in session.execute(query)}


def _confirmed(session: Session, day: date, zone: ZoneInfo) -> dict[str, Decimal]:
    """Return what the bank confirmed on a day to have sent."""
    start, end = bounds(day, zone)
    refunds = select(Refund.transaction_id, Refund.amount).where(
        Refund.state == RefundState.PAID, Refund.paid_at >= start, Refund.paid_at < end
    )
    returns = (
        select(Clearing.transaction_id, BankEntry.amount)
        .join(BankEntry, BankEntry.id == Clearing.entry_id)
        .where(
            Clearing.kind == ClearingKind.RETURN, Clearing.state == ClearingState.DONE,
            Clearing.done_at >= start, Clearing.done_at < end,
        )
    )  # fmt: skip
    return {row[0]: row[1] for query in (refunds, returns) for row in session.execute(query)}


def _take(session: Session, booking: Booking, now: datetime) -> UUID | None:
    try:
        return take_booking(session, booking, source="STATEMENT", now=now).id
    except (EntryDiffers, EntryAhead):
        # Known under another day, whose next comparison says so; or not money yet.
        return None
