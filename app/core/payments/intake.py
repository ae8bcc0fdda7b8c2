"""
What the bank tells: kept before it is acknowledged, then applied, each of its transactions once.

Nothing that is signed is thrown away. What cannot be understood stays as a refused message, what belongs to no slip
stays in suspense, and an officer sees both.
"""

import hashlib
import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.jobs import NewJob, defer_jobs
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.personal import reveal
from app.core.outbox import publish
from app.core.payments.bank import Booking, Unreadable
from app.core.payments.booking import book_payment
from app.core.payments.events import EntrySuspended
from app.core.payments.models import BankEntry, BankMessage, Slip
from app.core.payments.persons import sealed
from app.core.payments.references import find_reference
from app.core.payments.slips import CURRENCY
from app.core.payments.states import EntryState, MessageState
from app.core.payments.webhooks import TOLERANCE, Signed
from app.core.telemetry import get_logger

_log = get_logger(__name__)
APPLY = "payments.apply_message"
BOOKED = "payment.booked"
_BATCH = 200


class EntryDiffers(Exception):
    """The bank told one transaction in two ways; the first one counts."""


class EntryAhead(Exception):
    """The bank told of money that it is going to book; until then there is none."""


def keep_message(session: Session, *, signed: Signed, body: bytes, now: datetime) -> UUID | None:
    """
    Keep a message whose signature was found right, and let a job apply it after the commit.

    :return: its key; None when the same message was kept before, which changes nothing.
    """
    digest = hashlib.sha256(body).hexdigest()
    key = _keep(session, signed.id, signed, body, digest, now)
    if key is None:
        known = session.scalar(select(BankMessage.body_sha256).where(BankMessage.webhook_id == signed.id))
        if known == digest:
            return None
        # The same id with another content is kept too, for an officer; it is never applied by itself.
        return _keep(session, f"{signed.id}#{digest}", signed, body, digest, now, problem="id-used-twice")
    defer_jobs(session, [NewJob(APPLY, {"message_id": str(key)}, SYSTEM)])
    return key


def apply_message(session: Session, *, message_id: UUID, now: datetime) -> None:
    """Apply a kept message, once; one that was applied or refused stays as it is."""
    message = session.get(BankMessage, message_id, with_for_update=True, populate_existing=True)
    if message is None or message.state != MessageState.NEW:
        return
    try:
        told = json.loads(reveal(message.body)["text"])
        if not isinstance(told, dict) or told.get("type") != BOOKED:
            raise Unreadable("type")
        take_booking(session, Booking.read(told.get("data")), source="CALLBACK", now=now)
    except (Unreadable, ValueError, RecursionError):
        message.state, message.problem = MessageState.REFUSED, "unreadable"
    except EntryDiffers:
        message.state, message.problem = MessageState.REFUSED, "differs"
    except EntryAhead:
        message.state, message.problem = MessageState.REFUSED, "ahead"
    else:
        message.state = MessageState.DONE
    message.applied_at = now
    record(
        session, "payments:message:apply", subject=Subject("bank-message", message.id), actor=SYSTEM, at=now,
        facts={"state": str(message.state), "problem": message.problem, "sha256": message.body_sha256,
               "key": message.key_id},
    )  # fmt: skip


def apply_waiting(session: Session, *, now: datetime) -> None:
    """Apply the messages whose job was lost."""
    lost = session.scalars(
        select(BankMessage.id)
        .where(BankMessage.state == MessageState.NEW)
        .order_by(BankMessage.received_at, BankMessage.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    for key in list(lost):
        try:
            with session.begin_nested():
                apply_message(session, message_id=key, now=now)
        except SQLAlchemyError:  # what one message trips over keeps no other one waiting
            _log.exception("payments.message_not_applied", message=str(key))


def take_booking(session: Session, booking: Booking, *, source: str, now: datetime) -> BankEntry:
    """
    Take in what the bank booked, once for each of its transactions, and settle the slip that it names.

    :param source: CALLBACK or STATEMENT.
    :raises EntryDiffers: the transaction is known with another content.
    :raises EntryAhead: its booking lies in the future; the statement of that day brings it in.
    """
    if booking.booked_at > now + TOLERANCE:
        raise EntryAhead
    key = session.scalar(
        insert(BankEntry)
        .values(
            id=uuid7(), transaction_id=booking.transaction_id, amount=booking.amount, currency=booking.currency,
            booked_at=booking.booked_at, reference=booking.reference, payer_account=booking.payer_account,
            payer=sealed(session, now=now, name=booking.payer_name, remark=booking.remark), source=source,
            content_sha256=booking.content_sha256, received_at=now, state=EntryState.SUSPENSE.value, problem="",
            slip_id=None, assigned_at=None, assigned_by=None, assign_reason="",
        )
        .on_conflict_do_nothing()
        .returning(BankEntry.id)
    )  # fmt: skip
    if key is None:
        known = session.scalars(
            select(BankEntry).where(BankEntry.transaction_id == booking.transaction_id)
        ).one()
        if known.content_sha256 != booking.content_sha256:
            raise EntryDiffers
        return known
    entry = session.get_one(BankEntry, key)
    slip_id, problem = _slip_for(session, booking)
    if slip_id is None:
        entry.problem = problem
        record(
            session, "payments:entry:suspend", subject=Subject("bank-entry", entry.id), actor=SYSTEM, at=now,
            facts={"transaction": entry.transaction_id, "amount": f"{entry.amount:f}", "problem": problem},
        )  # fmt: skip
        publish(session, EntrySuspended(entry.id, problem), actor=SYSTEM, at=now)
        return entry
    entry.state, entry.slip_id = EntryState.APPLIED, slip_id
    book_payment(session, entry=entry, slip_id=slip_id, actor=SYSTEM, now=now)
    return entry


def _keep(
    session: Session, webhook_id: str, signed: Signed, body: bytes, digest: str, now: datetime, *, problem: str = ""
) -> UUID | None:  # fmt: skip
    return session.scalar(
        insert(BankMessage)
        .values(
            id=uuid7(), webhook_id=webhook_id, key_id=signed.key_id, body_sha256=digest,
            body=sealed(session, now=now, text=_readable(body)), signed_at=signed.at, received_at=now, problem=problem,
            applied_at=None, state=(MessageState.REFUSED if problem else MessageState.NEW).value,
        )
        .on_conflict_do_nothing()
        .returning(BankMessage.id)
    )  # fmt: skip


def _readable(body: bytes) -> str:
    """Return a body as text; one that is none is kept as hexadecimal digits, which is no JSON object either."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body.hex()
    return body.hex() if "\x00" in text else text


def _slip_for(session: Session, booking: Booking) -> tuple[UUID | None, str]:
    """Return the slip that a booking names, or why none can be told."""
    if booking.currency != CURRENCY:
        return None, "currency"
    reference = find_reference(booking.reference, booking.remark)
    if reference is None:
        return None, "wrong-reference" if booking.reference else "no-reference"
    # Locked before the entry refers to it: two bookings that share its key first would wait for each other.
    slip_id = session.scalar(select(Slip.id).where(Slip.reference == reference).with_for_update())
    return slip_id, "" if slip_id else "unknown-reference"
