"""
Lists to customs, and that their tax was paid: queued in the transaction of the act, sent by a job after its commit,
never heard twice.

The message keeps its key however often it is tried. Before a second try the gateway is asked whether it has it.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.jobs import NewJob, defer_jobs
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.core.payments import stop_for_debts
from app.customs.declarations.facade import (
    DeclarationMessage,
    MessageKind,
    PaidSlip,
    WireFault,
    WireLine,
    write_declaration,
)
from app.customs.parcels.events import ListAnswered
from app.customs.parcels.models import ListDispatch, ListLine, ParcelList
from app.customs.parcels.permissions import LIST
from app.customs.parcels.queries import lists
from app.customs.parcels.service.freeing import free

SEND = "parcels.send"
PROCEDURE = "MIC"
"""The authority's name of a low-value import; the form around it is ours, since none is published."""

_FIRST_WAIT_S = 3
_LONGEST_WAIT_S = 300
# While a try is on its way nobody else begins one; longer than the client's own limit.
_UNDER_WAY = timedelta(seconds=60)
_GRACE = timedelta(seconds=30)
_MOST = 200


class CorrectionTooEarly(Conflict):
    """A correction names the official number of its list, and there is none."""

    code = "parcels.correction-too-early"
    title = "The list has no official number yet."
    detail = (
        "A correction is sent to customs under the number of the list that it corrects. Nothing was sent."
    )
    hint = "Send the list first and wait until customs has registered it; then send the correction."


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that begins. ``ask_first``: the message may have arrived before."""

    dispatch_id: UUID
    content: bytes
    ask_first: bool


def send_list(session: Session, *, list_id: UUID, actor: Actor, now: datetime, zone: ZoneInfo) -> UUID:
    """
    Queue a list or a correction for customs; however often it is asked for, it is one message.

    :raises Forbidden: the actor may not list for the party.
    :raises CorrectionTooEarly:
    :raises DebtStopsRegistration: a new list, and the operator owes taxes for longer than the law allows.
    """
    row = lists.one(session, list_id).row
    require(actor, LIST, party_id=row.party_id)
    if row.corrects_id is not None and not session.get_one(ParcelList, row.corrects_id).official_number:
        raise CorrectionTooEarly
    kind = MessageKind.DECLARE if row.corrects_id is None else MessageKind.AMEND
    if kind is MessageKind.DECLARE and lists.dispatch_of(session, row.id) is None:
        stop_for_debts(session, party_id=row.party_id, now=now, zone=zone)
    return _queue(session, row, kind, actor=actor, now=now)


def tell_payment(
    session: Session, *, row: ParcelList, reference: str, amount: Decimal, paid_on: date, transaction: str,
    now: datetime,
) -> UUID:  # fmt: skip
    """
    Queue for customs that the bank confirmed the tax of a list; it alone posts it. Twice is one message.

    :param reference: of the tax notice.
    :param transaction: number of the bank, which keeps two payments of one notice apart.
    """
    payment = {
        "reference": reference, "amount": f"{amount:f}", "paid_on": paid_on.isoformat(), "transaction": transaction,
        "official_number": row.official_number or "",
    }  # fmt: skip
    return _queue(
        session, row, MessageKind.PAYMENT, subject=f"{reference}-{transaction}", payment=payment, actor=SYSTEM, now=now
    )  # fmt: skip


def _queue(
    session: Session, row: ParcelList, kind: MessageKind, *, subject: str = "",
    payment: dict[str, Any] | None = None, actor: Actor, now: datetime,
) -> UUID:  # fmt: skip
    made: UUID | None = session.scalar(
        insert(ListDispatch)
        .values(
            id=uuid7(), party_id=row.party_id, list_id=row.id, kind=kind.value, state="QUEUED", queued_at=now,
            queued_by=actor.user_id, next_at=now, attempts=0, error="", subject=subject,
            **({"payment": payment} if payment else {}),
        )
        .on_conflict_do_nothing(index_elements=[ListDispatch.list_id, ListDispatch.subject])
        .returning(ListDispatch.id)
    )  # fmt: skip
    if made is None:
        known = select(ListDispatch.id).where(ListDispatch.list_id == row.id, ListDispatch.subject == subject)
        return session.scalars(known).one()
    record(
        session, "parcels:list:queue", subject=Subject("parcels_list", row.id), actor=actor, at=now,
        party_id=row.party_id, facts={"code": row.code, "message": str(made), "kind": kind.value},
    )  # fmt: skip
    _defer(session, made, actor=actor, at=None)
    return made


def begin(session: Session, *, dispatch_id: UUID, now: datetime) -> Attempt | None:
    """
    Note that a try begins and return the document; None when there is nothing to send now.

    The note is committed before anything leaves: whoever finds it later knows that the gateway must be asked.
    """
    dispatch = _queued(session, dispatch_id)
    if dispatch is None or dispatch.next_at > now:
        return None
    try:
        content = write_declaration(_message_of(session, dispatch))
    except WireFault as fault:
        _fail(session, dispatch, error=f"form-{fault.code}", now=now)
        return None
    ask_first = dispatch.first_tried_at is not None
    dispatch.first_tried_at = dispatch.first_tried_at or now
    dispatch.next_at = now + _UNDER_WAY
    dispatch.attempts += 1
    dispatch.sha256 = hashlib.sha256(content).hexdigest()
    return Attempt(dispatch.id, content, ask_first)


def note_sent(session: Session, *, dispatch_id: UUID, now: datetime) -> None:
    """Note that the gateway has the message."""
    dispatch = _queued(session, dispatch_id)
    if dispatch is None:
        return
    dispatch.state, dispatch.sent_at, dispatch.error = "SENT", now, ""
    row = session.get_one(ParcelList, dispatch.list_id)
    if row.state == "CLOSED":
        row.state, row.sent_at = "SENT", now
    record(
        session, "parcels:list:send", subject=Subject("parcels_list", row.id), actor=SYSTEM, at=now,
        party_id=row.party_id, facts={"message": str(dispatch.id), "sha256": dispatch.sha256 or ""},
    )  # fmt: skip


def note_silence(session: Session, *, dispatch_id: UUID, error: str, now: datetime) -> None:
    """Note that the gateway did not answer, and when the message is tried again."""
    dispatch = _queued(session, dispatch_id)
    if dispatch is None:
        return
    wait = min(_FIRST_WAIT_S * 2 ** min(dispatch.attempts, 10), _LONGEST_WAIT_S)
    dispatch.error, dispatch.next_at = error, now + timedelta(seconds=wait)
    _defer(session, dispatch.id, actor=SYSTEM, at=dispatch.next_at)


def note_refusal(session: Session, *, dispatch_id: UUID, error: str, now: datetime) -> None:
    """Note that the gateway will never take the message and tell the firm; the parcels of a list are free again."""
    dispatch = _queued(session, dispatch_id)
    if dispatch is not None:
        _fail(session, dispatch, error=error, now=now)


def payment_unheard(session: Session, dispatch: ListDispatch, *, error: str, now: datetime) -> None:
    """Note that customs does not enter a payment, and tell the firm; the list stays as it is."""
    dispatch.state, dispatch.error = "FAILED", error
    row = session.get_one(ParcelList, dispatch.list_id)
    _note_failure(session, row, dispatch, now=now)
    told = ListAnswered(row.id, row.code, "PAYMENT_FAILED", 0)
    publish(session, told, actor=SYSTEM, at=now, party_id=row.party_id)


def send_overdue(session: Session, *, now: datetime) -> None:
    """Defer the job of each waiting message whose own job was lost."""
    lost = (
        select(ListDispatch.id)
        .where(ListDispatch.state == "QUEUED", ListDispatch.next_at < now - _GRACE)
        .order_by(ListDispatch.next_at)
        .limit(_MOST)
    )
    for dispatch_id in session.scalars(lost).all():
        _defer(session, dispatch_id, actor=SYSTEM, at=None)


def is_waiting(session: Session) -> bool:
    """Tell whether a list waits to be sent or answered."""
    queued = select(ListDispatch.id).where(
        (ListDispatch.state == "QUEUED") | ((ListDispatch.kind == "PAYMENT") & (ListDispatch.state == "SENT"))
    )
    sent = select(ParcelList.id).where(ParcelList.state == "SENT")
    return bool(session.scalar(select(exists(queued) | exists(sent))))


def _message_of(session: Session, dispatch: ListDispatch) -> DeclarationMessage:
    """Return the message; always the same one, since neither a closed list nor a payment changes."""
    row = session.get_one(ParcelList, dispatch.list_id)
    if dispatch.payment is not None:
        return _payment(row, dispatch, dispatch.payment)
    return _content(session, row, dispatch)


def _payment(row: ParcelList, dispatch: ListDispatch, said: dict[str, Any]) -> DeclarationMessage:
    paid = PaidSlip(
        said["reference"], Decimal(said["amount"]), date.fromisoformat(said["paid_on"]), said["transaction"]
    )
    return DeclarationMessage(
        message_id=str(dispatch.id), kind=MessageKind.PAYMENT, reference=row.code, type_code=PROCEDURE,
        official_number=said["official_number"], issued_at=dispatch.queued_at, payment=paid,
    )  # fmt: skip


def _content(session: Session, row: ParcelList, dispatch: ListDispatch) -> DeclarationMessage:
    first = row if row.corrects_id is None else session.get_one(ParcelList, row.corrects_id)
    found = session.scalars(
        select(ListLine).where(ListLine.list_id == row.id).order_by(ListLine.number)
    ).all()
    header = {
        "IP3": "VND",
        "IP4": f"{row.customs_value:.0f}",
        "FLIGHT": row.flight,
        "ARR": row.day.isoformat(),
        "VAT": f"{row.vat:.0f}",
        "LAWDAY": row.law_day.isoformat(),
    }
    if row.corrects_id is not None:
        header["CORRECTION"] = row.code
    return DeclarationMessage(
        message_id=str(dispatch.id),
        kind=MessageKind(dispatch.kind),
        reference=first.code,
        version=_place(session, row),
        official_number=(first.official_number or "") if row.corrects_id is not None else "",
        type_code=PROCEDURE,
        issued_at=dispatch.queued_at,
        header=header,
        lines=tuple(_wire_line(each) for each in found),
    )


def _place(session: Session, row: ParcelList) -> int:
    """Return which correction of its list this is, from 1; the list itself is 0."""
    if row.corrects_id is None:
        return 0
    earlier = select(ParcelList.id).where(ParcelList.corrects_id == row.corrects_id, ParcelList.id <= row.id)
    return len(session.scalars(earlier).all())


def _wire_line(line: ListLine) -> WireLine:
    headings = line.hs.split(", ")
    more = {
        "WAYBILL": line.waybill_no,
        "PAID": f"{line.total:f} {line.currency}",
        "EXCHANGE": f"{line.exchange:f}",
        "HSALL": line.hs if len(headings) > 1 else "",
        "DUTY": f"{line.duty:.0f}",
        "VATRATE": line.vat_rates,
        "VAT": f"{line.vat:.0f}",
    }
    return WireLine(
        number=line.number, hs=headings[0], own_code=line.order_no, description=line.description,
        quantity=Decimal(line.weight_kg), unit="KGM", value=Decimal(line.customs_value),
        more={name: value for name, value in more.items() if value},
    )  # fmt: skip


def _fail(session: Session, dispatch: ListDispatch, *, error: str, now: datetime) -> None:
    if dispatch.payment is not None:
        payment_unheard(session, dispatch, error=error, now=now)
        return
    dispatch.state, dispatch.error = "FAILED", error
    row = session.get_one(ParcelList, dispatch.list_id, with_for_update=True, populate_existing=True)
    row.state = "REFUSED"
    _note_failure(session, row, dispatch, now=now)
    session.flush()  # what is matched anew looks at the state of its list
    if row.corrects_id is None:
        free(session, row, None, now=now)
    told = ListAnswered(row.id, row.code, "FAILED", 0)
    publish(session, told, actor=SYSTEM, at=now, party_id=row.party_id)


def _note_failure(session: Session, row: ParcelList, dispatch: ListDispatch, *, now: datetime) -> None:
    record(
        session, "parcels:list:fail", subject=Subject("parcels_list", row.id), actor=SYSTEM, at=now,
        party_id=row.party_id, facts={"message": str(dispatch.id), "kind": dispatch.kind, "error": dispatch.error},
    )  # fmt: skip


def _queued(session: Session, dispatch_id: UUID) -> ListDispatch | None:
    found = session.get(ListDispatch, dispatch_id, with_for_update=True, populate_existing=True)
    return found if found is not None and found.state == "QUEUED" else None


def _defer(session: Session, dispatch_id: UUID, *, actor: Actor, at: datetime | None) -> None:
    job = NewJob(SEND, {"dispatch_id": str(dispatch_id)}, actor, at=at, lock=f"parcels:{dispatch_id}")
    defer_jobs(session, [job])
