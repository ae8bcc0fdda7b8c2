"""
Debts that were paid outside the platform: a record of fact, with its paper, that two officers stand for.

The payer says so on the slip's page, or an officer enters it; one officer compares it with the paper, another confirms.
Then the amount is owed no more. It is no money that the bank told of: it settles no line, makes no receipt and is never
refunded here. What was said is not edited; a further entry, decided in the same way, takes it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.documents.intake import MediaType
from app.core.documents.store import StoredFile
from app.core.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.core.payments.events import OutsideMoved
from app.core.payments.models import Outside, Slip
from app.core.payments.permissions import KEEP, PAY, REFUND
from app.core.payments.settlement import Received
from app.core.payments.states import OPEN_OUTSIDE, OutsideState, SlipState
from app.core.payments.trying import locked

KIND = "OUTSIDE_PAYMENT"
MAX_NOTE = 1000
MAX_NAME = 200


class OutsideUnderWay(Conflict):
    """One at a time."""

    code = "payments.outside-under-way"
    title = "An entry for this slip waits already."
    detail = "What was said to be paid elsewhere has not been decided yet, or nothing is owed on the slip."
    hint = "The slip's page shows how it stands."


class OutsideDecided(Conflict):
    """The entry is at another step."""

    code = "payments.outside-decided"
    title = "This entry has moved on meanwhile."
    detail = "A colleague has recorded, confirmed, refused or taken it back."
    hint = "Look at the entry again."


class OutsideChanged(Conflict):
    """The slip moved after the entry was made."""

    code = "payments.outside-changed"
    title = "Less is owed on the slip than this entry says was paid."
    detail = "Money has come, or the slip was cancelled, since the entry was made."
    hint = "Refuse it with that reason; what is still owed can be entered anew."


class OutsideOwn(Forbidden):
    """Four eyes."""

    code = "payments.outside-own"
    title = "Another officer has to confirm this."
    detail = "Whoever recorded that a debt was paid elsewhere does not confirm it."
    hint = "A colleague with the permission finds it at the payment desk."


@dataclass(frozen=True, slots=True)
class Said:
    """What the paper shows, as typed; ``None`` where it could not be read."""

    amount: Decimal | None
    paid_on: date | None
    place: str
    paper: str
    note: str


@dataclass(frozen=True, slots=True)
class Scan:
    """The paper, received and kept in the store; ``name`` is the sender's."""

    file: StoredFile
    media_type: MediaType
    name: str


def say_paid(
    session: Session, *, slip_id: UUID, said: Said, scan: Scan | None, zone: ZoneInfo, actor: Actor, now: datetime
) -> UUID:  # fmt: skip
    """
    Say that a slip, or a part of it, was paid elsewhere: as its payer, or as the officer who has the paper in hand.

    :raises NotFound: no such slip, or not the actor's to see.
    :raises OutsideUnderWay: another entry waits, or nothing is owed.
    :raises Invalid: something is wanting, or more was paid than is owed.
    """
    slip = session.get(Slip, slip_id)
    if slip is None:
        raise NotFound
    require(actor, KEEP if actor.is_officer else PAY, party_id=slip.party_id)
    if _owed(slip) <= 0 or open_outside(session, slip_id) is not None:
        raise OutsideUnderWay
    problems = _problems(said, _owed(slip), local_day(now, zone))
    if scan is None:
        problems.append(FieldProblem("paper_file", "missing", N_("Attach the paper that shows the payment.")))
    if problems or scan is None or said.amount is None or said.paid_on is None:
        raise Invalid(errors=problems)
    document = documents.add_document(
        session, file=scan.file, media_type=scan.media_type, title=scan.name, kind=KIND, party_id=slip.party_id,
        subject=Subject("slip", slip.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the entry refers to the document's row
    row = {
        "amount": said.amount, "paid_on": said.paid_on, "place": said.place.strip(), "paper": said.paper.strip(),
        "note": said.note.strip(), "document_id": document.id,
    }  # fmt: skip
    return _enter(session, slip, row, actor=actor, now=now)


def take_back(session: Session, *, outside_id: UUID, note: str, actor: Actor, now: datetime) -> UUID:
    """
    Enter that a confirmed payment elsewhere was none; it counts until another officer has confirmed this entry too.

    :raises Invalid: no reason.
    :raises OutsideDecided: it is not confirmed, or taken back already.
    """
    require(actor, KEEP)
    found = locked(session, Outside, outside_id)
    again = select(Outside.id).where(
        Outside.undoes_id == outside_id, Outside.state != OutsideState.REFUSED.value
    )
    if (
        found.state != OutsideState.CONFIRMED
        or found.undoes_id is not None
        or session.scalar(again) is not None
    ):
        raise OutsideDecided
    if not note.strip() or len(note) > MAX_NOTE:
        raise Invalid(errors=[FieldProblem("note", "missing", N_("Give the reason; the payer reads it."))])
    row = {
        "undoes_id": found.id, "amount": found.amount, "paid_on": found.paid_on, "place": found.place,
        "paper": found.paper, "note": note.strip(),
    }  # fmt: skip
    return _enter(session, session.get_one(Slip, found.slip_id), row, actor=actor, now=now)


def record_outside(session: Session, *, outside_id: UUID, actor: Actor, now: datetime) -> Outside:
    """
    Find what a payer said in agreement with the paper; nothing counts before another officer confirms.

    :raises OutsideDecided: it was recorded or decided meanwhile.
    """
    require(actor, KEEP)
    found = locked(session, Outside, outside_id)
    if found.state != OutsideState.ASKED:
        raise OutsideDecided
    _record(session, found, actor=actor, now=now)
    return found


def confirm_outside(session: Session, *, outside_id: UUID, actor: Actor, now: datetime) -> Outside:
    """
    Confirm what a colleague recorded: the amount is owed no more, or again where the entry takes one back.

    :raises OutsideDecided: it is not recorded, or decided already.
    :raises OutsideOwn: the actor recorded it.
    :raises OutsideChanged: less is owed now than the entry says was paid.
    """
    require(actor, REFUND)
    found = locked(session, Outside, outside_id)
    if found.state != OutsideState.RECORDED:
        raise OutsideDecided
    if actor.user_id in (found.recorded_by, found.asked_by):
        raise OutsideOwn(permission=REFUND)
    slip = session.get_one(Slip, found.slip_id, with_for_update=True, populate_existing=True)
    if found.undoes_id is not None:
        slip.outside -= found.amount
    elif found.amount > _owed(slip):
        raise OutsideChanged
    else:
        slip.outside += found.amount
    slip.changed_at = now
    found.state, found.decided_at, found.decided_by = OutsideState.CONFIRMED.value, now, actor.user_id
    _note(session, found, "confirm", actor=actor, now=now)
    return found


def refuse_outside(
    session: Session, *, outside_id: UUID, reason: str, actor: Actor, now: datetime
) -> Outside:
    """
    Refuse an entry with a reason that the payer reads, or take back one that was recorded by mistake.

    :raises Invalid: no reason.
    :raises OutsideDecided: it is decided already.
    """
    found = locked(session, Outside, outside_id)
    own = found.recorded_by is not None and found.recorded_by == actor.user_id
    require(actor, KEEP if own or found.state == OutsideState.ASKED else REFUND)
    if found.state not in OPEN_OUTSIDE:
        raise OutsideDecided
    if not reason.strip() or len(reason) > MAX_NOTE:
        raise Invalid(errors=[FieldProblem("reason", "missing", N_("Give the reason; the payer reads it."))])
    found.state, found.decision = OutsideState.REFUSED.value, reason.strip()
    found.decided_at, found.decided_by = now, actor.user_id
    _note(session, found, "refuse", actor=actor, now=now)
    return found


def open_outside(session: Session, slip_id: UUID) -> Outside | None:
    """Return the entry that waits for a slip."""
    return session.scalars(
        select(Outside).where(Outside.slip_id == slip_id, Outside.state.in_(OPEN_OUTSIDE))
    ).one_or_none()


def outside_of(session: Session, slip_id: UUID) -> Sequence[Outside]:
    """Return all entries of a slip, the oldest first."""
    return session.scalars(
        select(Outside).where(Outside.slip_id == slip_id).order_by(Outside.asked_at, Outside.id)
    ).all()


def counted_on(session: Session, slip_id: UUID, zone: ZoneInfo) -> list[Received]:
    """Return what counts as paid elsewhere, at noon of the day that the paper says: for the arithmetic of interest."""
    undoing = aliased(Outside)
    undone = select(undoing.id).where(
        undoing.undoes_id == Outside.id, undoing.state == OutsideState.CONFIRMED
    )
    rows = session.scalars(
        select(Outside)
        .where(
            Outside.slip_id == slip_id, Outside.state == OutsideState.CONFIRMED, Outside.undoes_id.is_(None),
            ~undone.exists(),
        )
    )  # fmt: skip
    return [
        Received(row.id, str(row.id), datetime.combine(row.paid_on, time(12), zone), row.amount)
        for row in rows
    ]


def _owed(slip: Slip) -> Decimal:
    if slip.state not in (SlipState.OPEN, SlipState.PART_PAID):
        return Decimal(0)
    return slip.total - slip.paid - slip.outside


def _enter(
    session: Session, slip: Slip, row: dict[str, object], *, actor: Actor, now: datetime
) -> UUID:  # fmt: skip
    assert actor.user_id is not None, "only a person says it"
    outside_id = uuid7()
    common = {"id": outside_id, "party_id": slip.party_id, "slip_id": slip.id, "asked_at": now}
    try:
        # Only what a payer may say: how it stands is never in the statement, and a second one at the same moment
        # meets the unique index.
        session.execute(insert(Outside).values(**common, asked_by=actor.user_id, **row))
    except IntegrityError as twice:
        raise OutsideUnderWay from twice
    found = session.get_one(Outside, outside_id)
    _note(session, found, "ask", actor=actor, now=now)
    if actor.is_officer:
        _record(session, found, actor=actor, now=now)
    return outside_id


def _record(session: Session, found: Outside, *, actor: Actor, now: datetime) -> None:
    found.state, found.recorded_at, found.recorded_by = OutsideState.RECORDED.value, now, actor.user_id
    _note(session, found, "record", actor=actor, now=now)


def _note(session: Session, found: Outside, verb: str, *, actor: Actor, now: datetime) -> None:
    state = str(found.state)
    record(
        session, f"payments:outside:{verb}", subject=Subject("outside-payment", found.id), actor=actor, at=now,
        party_id=found.party_id,
        facts={"slip": str(found.slip_id), "amount": f"{found.amount:f}", "state": state,
               "paid_on": found.paid_on.isoformat(), "undoes": str(found.undoes_id or ""),
               "document": str(found.document_id or "")},
        digests={"paper": found.paper, "note": found.note},
    )  # fmt: skip
    if verb == "ask" and actor.is_officer:
        return  # it is recorded in the same breath, and told once
    publish(
        session, OutsideMoved(found.id, found.slip_id, state, found.undoes_id is not None), actor=actor, at=now,
        party_id=found.party_id,
    )  # fmt: skip


def _problems(said: Said, owed: Decimal, today: date) -> list[FieldProblem]:
    problems = []
    if said.amount is None or said.amount <= 0 or said.amount != said.amount.to_integral_value():
        problems.append(FieldProblem("amount", "shape", N_("Enter the amount in whole dong, above zero.")))
    elif said.amount > owed:
        problems.append(FieldProblem("amount", "too-much", N_("This is more than is owed on the slip.")))
    if said.paid_on is None:
        problems.append(
            FieldProblem("paid_on", "shape", N_("Enter the day of the payment as day/month/year."))
        )
    elif said.paid_on > today:
        problems.append(FieldProblem("paid_on", "future", N_("The day of the payment lies in the future.")))
    wanted = (
        ("place", said.place, N_("Say where it was paid.")),
        ("paper", said.paper, N_("Enter the number of the paper.")),
    )
    problems += [FieldProblem(name, "missing", reason) for name, value, reason in wanted if not value.strip()]
    if any(len(value) > MAX_NAME for value in (said.place, said.paper)) or len(said.note) > MAX_NOTE:
        problems.append(FieldProblem("note", "too-long", N_("A text is too long.")))
    return problems
