"""Refunds: the payer asks for what was paid beyond the lines, one officer checks, another approves, the bank pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
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
from app.core.payments.accounts import Account, account_of, proof_of, sealed
from app.core.payments.bank import RefundAnswer, RefundOrder, RefundResult
from app.core.payments.booking import resettle
from app.core.payments.events import RefundMoved
from app.core.payments.models import Refund, Slip
from app.core.payments.permissions import KEEP, PAY, REFUND
from app.core.payments.states import OPEN_REFUNDS, RefundState
from app.core.payments.trying import GRACE, locked, put_off

PAY_REFUND = "payments.pay_refund"
MAX_REASON = 1000
MAX_NAME = 200


class NothingToRefund(Conflict):
    """All that was paid is needed, or on its way back already."""

    code = "payments.nothing-to-refund"
    title = "There is nothing to refund."
    detail = "Nothing was paid beyond what the slip asks for, or a refund of it is under way."
    hint = "The slip's page shows what was received and what became of it."


class RefundDecided(Conflict):
    """The refund is at another step."""

    code = "payments.refund-decided"
    title = "This refund has moved on meanwhile."
    detail = "A colleague has checked, approved or refused it."
    hint = "Look at the refund again."


class RefundOwnCheck(Forbidden):
    """Four eyes."""

    code = "payments.refund-own-check"
    title = "Another officer has to approve this refund."
    detail = "Whoever checked a refund does not approve it."
    hint = "A colleague with the permission finds it in the list of refunds."


class RefundChanged(Conflict):
    """Money moved after the check."""

    code = "payments.refund-changed"
    title = "The amount to refund has changed."
    detail = "The slip's surplus is no longer the amount that was asked for."
    hint = "Refuse this request; the payer can ask for the present amount."


@dataclass(frozen=True, slots=True)
class WhereTo:
    """The payer's account and reason, as typed."""

    bank: str
    account: str
    holder: str
    reason: str


def ask_refund(session: Session, *, slip_id: UUID, where: WhereTo, actor: Actor, now: datetime) -> UUID:
    """
    Ask for all that was paid beyond the lines of a slip; twice means once.

    :raises NotFound: no such slip, or not the actor's.
    :raises NothingToRefund: there is no surplus, or a request is under way.
    :raises Invalid: something is not filled in.
    """
    slip = session.get(Slip, slip_id)
    if slip is None:
        raise NotFound
    require(actor, PAY, party_id=slip.party_id)
    if problems := _problems(where):
        raise Invalid(errors=problems)
    if slip.excess <= 0 or open_refund(session, slip_id) is not None:
        raise NothingToRefund
    refund_id = uuid7()
    account = Account(where.bank.strip(), "".join(where.account.split()), where.holder.strip())
    destination = sealed(session, refund_id=refund_id, party_id=slip.party_id, account=account, now=now)
    try:
        # Only what a payer may say: how a request stands is never in the statement, and a second one at the same
        # moment meets the unique index.
        session.execute(
            insert(Refund).values(
                id=refund_id, party_id=slip.party_id, slip_id=slip.id, amount=slip.excess,
                reason=where.reason.strip(), destination=destination, asked_at=now, asked_by=actor.user_id,
            )
        )  # fmt: skip
    except IntegrityError as twice:
        raise NothingToRefund from twice
    refund = session.get_one(Refund, refund_id)
    _note(session, refund, "ask", RefundState.ASKED, actor=actor, now=now)
    return refund.id


def check_refund(session: Session, *, refund_id: UUID, actor: Actor, now: datetime) -> Refund:
    """
    Find a request right: payer, account and amount fit.

    :raises RefundDecided: it was checked or decided meanwhile.
    """
    require(actor, KEEP)
    refund = locked(session, Refund, refund_id)
    if refund.state != RefundState.ASKED:
        raise RefundDecided
    refund.state, refund.checked_at, refund.checked_by = RefundState.CHECKED, now, actor.user_id
    _note(session, refund, "check", RefundState.CHECKED, actor=actor, now=now)
    return refund


def approve_refund(session: Session, *, refund_id: UUID, actor: Actor, now: datetime) -> Refund:
    """
    Approve a checked request; a job tells the bank after the commit.

    :raises RefundDecided: it is not checked, or decided already.
    :raises RefundOwnCheck: the actor checked it.
    :raises RefundChanged: the slip's surplus is another one now.
    """
    require(actor, REFUND)
    refund = locked(session, Refund, refund_id)
    if refund.state != RefundState.CHECKED:
        raise RefundDecided
    if refund.checked_by == actor.user_id:
        raise RefundOwnCheck(permission=REFUND)
    slip = session.get_one(Slip, refund.slip_id, with_for_update=True, populate_existing=True)
    if slip.excess < refund.amount:
        raise RefundChanged
    refund.state, refund.decided_at, refund.decided_by = RefundState.APPROVED, now, actor.user_id
    refund.next_at = now
    _note(session, refund, "approve", RefundState.APPROVED, actor=actor, now=now)
    defer_jobs(session, [NewJob(PAY_REFUND, {"refund_id": str(refund.id)}, actor)])
    return refund


def refuse_refund(session: Session, *, refund_id: UUID, reason: str, actor: Actor, now: datetime) -> Refund:
    """
    Refuse a request with a reason that the payer reads.

    :raises Invalid: no reason.
    :raises RefundDecided: it is decided already.
    """
    refund = locked(session, Refund, refund_id)
    require(actor, KEEP if refund.state == RefundState.ASKED else REFUND)
    if refund.state not in (RefundState.ASKED, RefundState.CHECKED):
        raise RefundDecided
    if not reason.strip() or len(reason) > MAX_REASON:
        raise Invalid(errors=[FieldProblem("reason", "missing", N_("Give the reason; the payer reads it."))])
    if refund.checked_by != actor.user_id:
        refund.decided_by = actor.user_id
    refund.state, refund.decided_at, refund.decision = RefundState.REFUSED, now, reason.strip()
    _note(session, refund, "refuse", RefundState.REFUSED, actor=actor, now=now)
    return refund


def order_of(session: Session, *, refund_id: UUID) -> RefundOrder | None:
    """
    Return what the bank is told; None when the refund is gone, not approved, or paid.

    :raises NotOpened: the account cannot be opened; nothing is paid, and the job is tried again.
    """
    refund = session.get(Refund, refund_id)
    if refund is None or refund.state != RefundState.APPROVED:
        return None
    slip = session.get_one(Slip, refund.slip_id)
    to = account_of(refund)
    return RefundOrder(refund.id, refund.amount, to.bank, to.account, to.holder, slip.reference)


def take_result(session: Session, *, refund_id: UUID, result: RefundResult, now: datetime) -> None:
    """Enter what the bank said; a refund that was paid stays paid."""
    refund = locked(session, Refund, refund_id)
    if refund.state != RefundState.APPROVED:
        return
    if result.answer is RefundAnswer.PENDING:
        put_off(refund, "", now)
        return
    if result.answer is RefundAnswer.REFUSED:
        refund.state, refund.decision = RefundState.REFUSED, result.reason or "bank"
    else:
        slip = session.get_one(Slip, refund.slip_id, with_for_update=True, populate_existing=True)
        refund.state, refund.paid_at = RefundState.PAID, now
        refund.transaction_id = result.transaction_id
        slip.refunded += refund.amount
        # The surplus goes down before the slip is settled anew, so that nobody is told of a new one.
        slip.excess -= refund.amount
        resettle(session, slip, actor=SYSTEM, now=now)
    _note(session, refund, "answer", RefundState(refund.state), actor=SYSTEM, now=now)


def note_failure(session: Session, *, refund_id: UUID, error: str, now: datetime) -> None:
    """Note that the bank did not answer, and when it is asked again."""
    refund = locked(session, Refund, refund_id)
    if refund.state == RefundState.APPROVED:
        put_off(refund, error, now)


def pay_waiting(session: Session, *, now: datetime) -> None:
    """Defer the job of each approved refund whose turn has come."""
    waiting = session.scalars(
        select(Refund)
        .where(Refund.state == RefundState.APPROVED, Refund.next_at < now - GRACE)
        .order_by(Refund.next_at)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    for refund in waiting:
        refund.next_at = now
        defer_jobs(session, [NewJob(PAY_REFUND, {"refund_id": str(refund.id)}, SYSTEM)])


def open_refund(session: Session, slip_id: UUID) -> Refund | None:
    """Return the request that is under way for a slip."""
    return session.scalars(
        select(Refund).where(Refund.slip_id == slip_id, Refund.state.in_(OPEN_REFUNDS))
    ).one_or_none()


def refunds_of(session: Session, slip_id: UUID) -> Sequence[Refund]:
    """Return all requests for a slip, the oldest first."""
    return session.scalars(
        select(Refund).where(Refund.slip_id == slip_id).order_by(Refund.asked_at, Refund.id)
    ).all()


def _note(
    session: Session, refund: Refund, verb: str, state: RefundState, *, actor: Actor, now: datetime
) -> None:
    record(
        session, f"payments:refund:{verb}", subject=Subject("refund", refund.id), actor=actor, at=now,
        party_id=refund.party_id,
        facts={"slip": str(refund.slip_id), "amount": f"{refund.amount:f}", "state": state.value},
        digests={"destination": proof_of(refund)},
    )  # fmt: skip
    publish(
        session, RefundMoved(refund.id, refund.slip_id, state.value), actor=actor, at=now, party_id=refund.party_id
    )  # fmt: skip


def _problems(where: WhereTo) -> list[FieldProblem]:
    wanted = (
        ("bank", where.bank, N_("Enter the name of the bank.")),
        ("account", where.account, N_("Enter the account number.")),
        ("holder", where.holder, N_("Enter the holder of the account as the bank knows it.")),
        ("reason", where.reason, N_("Say why the money should come back.")),
    )
    problems = [FieldProblem(name, "missing", reason) for name, value, reason in wanted if not value.strip()]
    account = "".join(where.account.split())
    if account and not (account.isascii() and account.isalnum() and len(account) <= 34):  # noqa: PLR2004  IBAN's length
        problems.append(
            FieldProblem("account", "shape", N_("An account number has letters and digits only, at most 34."))
        )
    if any(len(value) > MAX_NAME for value in (where.bank, where.holder)) or len(where.reason) > MAX_REASON:
        problems.append(FieldProblem("reason", "too-long", N_("A text is too long.")))
    return problems
