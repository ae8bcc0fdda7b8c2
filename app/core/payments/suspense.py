"""
Money in suspense: one officer finds its slip or wants it sent back, another approves, and only then it moves.

What goes back goes to the account from which it came: the bank knows it, nobody types one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.jobs import NewJob, defer_jobs
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.core.payments.bank import RefundAnswer, RefundResult, ReturnOrder
from app.core.payments.booking import book_payment
from app.core.payments.events import ClearingMoved
from app.core.payments.models import BankEntry, Clearing, Slip
from app.core.payments.permissions import KEEP, REFUND
from app.core.payments.references import find_reference
from app.core.payments.slips import CURRENCY
from app.core.payments.states import OPEN_CLEARINGS, ClearingKind, ClearingState, EntryState
from app.core.payments.trying import GRACE, locked, put_off

GIVE_BACK = "payments.give_back"
MAX_REASON = 1000


class EntryAssigned(Conflict):
    """The money is no longer in suspense, or a colleague deals with it."""

    code = "payments.entry-assigned"
    title = "This payment is dealt with already."
    detail = "It belongs to a slip, was sent back, or a colleague's proposal for it waits for approval."
    hint = "Look at the payment again."


class EntryForeign(Conflict):
    """Slips are in dong."""

    code = "payments.entry-foreign"
    title = "This payment is not in dong."
    detail = "It came in %(currency)s, and slips are settled in dong only."
    hint = "Have the bank exchange it, or send it back."


class ClearingDecided(Conflict):
    """The proposal is at another step."""

    code = "payments.clearing-decided"
    title = "This proposal has been decided meanwhile."
    detail = "A colleague has approved or refused it."
    hint = "Look at the payment again."


class OwnClearing(Forbidden):
    """Four eyes."""

    code = "payments.own-clearing"
    title = "Another officer has to approve this."
    detail = "Whoever proposes what is to be done with money does not approve it."
    hint = "A colleague with the permission finds it among the payments without a slip."


def propose_assignment(
    session: Session, *, entry_id: UUID, reference: str, reason: str, actor: Actor, now: datetime
) -> UUID:  # fmt: skip
    """
    Propose the slip that money in suspense is for; nothing moves before a colleague approves.

    :param reference: of the slip, as typed.
    :param reason: how the officer knows; kept for ever.
    :raises Invalid: no such reference, or no reason.
    :raises EntryAssigned: somebody was faster.
    :raises EntryForeign: it is not in dong.
    """
    require(actor, KEEP)
    entry = _in_suspense(session, entry_id)
    if entry.currency != CURRENCY:
        raise EntryForeign(currency=entry.currency)
    slip_id, problems = _typed(session, reference)
    problems += _unsaid(reason, N_("Say how it is known that the money is for this slip."))
    if problems or slip_id is None:
        raise Invalid(errors=problems)
    return _propose(session, entry, ClearingKind.ASSIGN, slip_id, reason, actor=actor, now=now)


def propose_return(session: Session, *, entry_id: UUID, reason: str, actor: Actor, now: datetime) -> UUID:
    """
    Propose to send money in suspense back to the account from which it came.

    :raises Invalid: no reason.
    :raises EntryAssigned: somebody was faster.
    """
    require(actor, KEEP)
    entry = _in_suspense(session, entry_id)
    if problems := _unsaid(reason, N_("Say why the money goes back.")):
        raise Invalid(errors=problems)
    return _propose(session, entry, ClearingKind.RETURN, None, reason, actor=actor, now=now)


def approve_clearing(session: Session, *, clearing_id: UUID, actor: Actor, now: datetime) -> Clearing:
    """
    Approve a colleague's proposal: the slip is settled at once; the bank is told to send money back after the commit.

    :raises ClearingDecided: it was decided meanwhile.
    :raises OwnClearing: the actor proposed it.
    """
    require(actor, REFUND)
    clearing = locked(session, Clearing, clearing_id)
    if clearing.state != ClearingState.ASKED:
        raise ClearingDecided
    if clearing.asked_by == actor.user_id:
        raise OwnClearing(permission=REFUND)
    entry = session.get_one(BankEntry, clearing.entry_id, with_for_update=True, populate_existing=True)
    clearing.decided_at, clearing.decided_by = now, actor.user_id
    if clearing.slip_id is not None:
        # Locked before the entry refers to it: two bookings that share its key first would wait for each other.
        session.get_one(Slip, clearing.slip_id, with_for_update=True, populate_existing=True)
        clearing.state, clearing.done_at = ClearingState.DONE, now
        entry.state, entry.problem, entry.slip_id = EntryState.APPLIED, "", clearing.slip_id
        entry.assigned_at, entry.assigned_by, entry.assign_reason = now, clearing.asked_by, clearing.reason
        book_payment(session, entry=entry, slip_id=clearing.slip_id, actor=actor, now=now)
    else:
        clearing.state, clearing.next_at = ClearingState.APPROVED, now
        defer_jobs(session, [NewJob(GIVE_BACK, {"clearing_id": str(clearing.id)}, actor)])
    _note(session, clearing, "approve", actor=actor, now=now)
    return clearing


def refuse_clearing(
    session: Session, *, clearing_id: UUID, reason: str, actor: Actor, now: datetime
) -> Clearing:
    """
    Refuse a proposal, or take back the own one; the money stays in suspense.

    :raises Invalid: no reason.
    :raises ClearingDecided: it was decided meanwhile.
    """
    clearing = locked(session, Clearing, clearing_id)
    require(actor, KEEP if clearing.asked_by == actor.user_id else REFUND)
    if clearing.state != ClearingState.ASKED:
        raise ClearingDecided
    if problems := _unsaid(reason, N_("Give the reason; the colleague reads it.")):
        raise Invalid(errors=problems)
    clearing.state, clearing.decision = ClearingState.REFUSED, reason.strip()
    clearing.decided_at, clearing.decided_by = now, actor.user_id
    _note(session, clearing, "refuse", actor=actor, now=now)
    return clearing


def return_order(session: Session, *, clearing_id: UUID) -> ReturnOrder | None:
    """Return what the bank is told; None when it is not approved, or done."""
    clearing = session.get(Clearing, clearing_id)
    if clearing is None or clearing.state != ClearingState.APPROVED:
        return None
    entry = session.get_one(BankEntry, clearing.entry_id)
    return ReturnOrder(clearing.id, entry.transaction_id, entry.amount, entry.currency)


def take_return(session: Session, *, clearing_id: UUID, result: RefundResult, now: datetime) -> None:
    """Enter what the bank said; what it refuses to send back is in suspense again."""
    clearing = locked(session, Clearing, clearing_id)
    if clearing.state != ClearingState.APPROVED:
        return
    if result.answer is RefundAnswer.PENDING:
        put_off(clearing, "", now)
        return
    if result.answer is RefundAnswer.REFUSED:
        clearing.state, clearing.decision = ClearingState.REFUSED, result.reason or "bank"
    else:
        entry = session.get_one(BankEntry, clearing.entry_id, with_for_update=True, populate_existing=True)
        entry.state, entry.problem = EntryState.RETURNED, ""
        clearing.state, clearing.done_at = ClearingState.DONE, now
        clearing.transaction_id = result.transaction_id
    _note(session, clearing, "answer", actor=SYSTEM, now=now)


def note_unanswered(session: Session, *, clearing_id: UUID, error: str, now: datetime) -> None:
    """Note that the bank did not answer, and when it is asked again."""
    clearing = locked(session, Clearing, clearing_id)
    if clearing.state == ClearingState.APPROVED:
        put_off(clearing, error, now)


def return_waiting(session: Session, *, now: datetime) -> None:
    """Defer the job of each approved return whose turn has come."""
    waiting = session.scalars(
        select(Clearing)
        .where(Clearing.state == ClearingState.APPROVED, Clearing.next_at < now - GRACE)
        .order_by(Clearing.next_at)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    for clearing in waiting:
        clearing.next_at = now
        defer_jobs(session, [NewJob(GIVE_BACK, {"clearing_id": str(clearing.id)}, SYSTEM)])


def clearings_of(session: Session, entry_id: UUID) -> Sequence[Clearing]:
    """Return all proposals for an entry, the oldest first."""
    return session.scalars(
        select(Clearing).where(Clearing.entry_id == entry_id).order_by(Clearing.asked_at, Clearing.id)
    ).all()


def _propose(
    session: Session, entry: BankEntry, kind: ClearingKind, slip_id: UUID | None, reason: str, *, actor: Actor,
    now: datetime,
) -> UUID:  # fmt: skip
    assert actor.user_id is not None, "only a person proposes"
    clearing = Clearing(
        id=uuid7(), entry_id=entry.id, kind=kind.value, slip_id=slip_id, reason=reason.strip(),
        state=ClearingState.ASKED.value, asked_at=now, asked_by=actor.user_id,
    )  # fmt: skip
    session.add(clearing)
    try:
        session.flush()  # a second proposal at the same moment meets the unique index
    except IntegrityError as twice:
        raise EntryAssigned from twice
    _note(session, clearing, "propose", actor=actor, now=now)
    return clearing.id


def _in_suspense(session: Session, entry_id: UUID) -> BankEntry:
    session.flush()  # the row is read again under its lock
    entry = session.get(BankEntry, entry_id, with_for_update=True, populate_existing=True)
    if entry is None:
        raise NotFound
    under_way = select(Clearing.id).where(Clearing.entry_id == entry_id, Clearing.state.in_(OPEN_CLEARINGS))
    if entry.state != EntryState.SUSPENSE or session.scalar(under_way) is not None:
        raise EntryAssigned
    return entry


def _note(session: Session, clearing: Clearing, verb: str, *, actor: Actor, now: datetime) -> None:
    record(
        session, f"payments:clearing:{verb}", subject=Subject("bank-entry", clearing.entry_id), actor=actor, at=now,
        facts={"clearing": str(clearing.id), "kind": str(clearing.kind), "state": str(clearing.state),
               "slip": str(clearing.slip_id or "")},
        digests={"reason": clearing.reason},
    )  # fmt: skip
    publish(
        session, ClearingMoved(clearing.id, clearing.entry_id, str(clearing.kind), str(clearing.state)), actor=actor,
        at=now,
    )  # fmt: skip


def _typed(session: Session, reference: str) -> tuple[UUID | None, list[FieldProblem]]:
    if not reference.strip():
        reason = N_("Enter the reference of the slip that this money is for.")
        return None, [FieldProblem("reference", "missing", reason)]
    found = find_reference(reference)
    if found is None:
        reason = N_("This is no reference: it reads like NT-2026-000123-9; check each character.")
        return None, [FieldProblem("reference", "check", reason)]
    slip_id = session.scalar(select(Slip.id).where(Slip.reference == found))
    if slip_id is None:
        return None, [FieldProblem("reference", "unknown", N_("There is no slip of this reference."))]
    return slip_id, []


def _unsaid(reason: str, missing: str) -> list[FieldProblem]:
    if not reason.strip():
        return [FieldProblem("reason", "missing", missing)]
    if len(reason) > MAX_REASON:
        return [FieldProblem("reason", "too-long", N_("The reason has at most 1,000 characters."))]
    return []
