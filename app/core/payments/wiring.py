"""What payments do by themselves: apply messages, pay refunds, compare statements, make receipts."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.documents.signing import DevelopmentAuthority
from app.core.documents.store import FileStore
from app.core.jobs import JobRegistry, NewJob, Run, defer_jobs
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.time import local_day
from app.core.outbox import HandlerRegistry
from app.core.payments import intake, refunds, suspense
from app.core.payments.bank import Bank, BankDown, BankMissing
from app.core.payments.events import SlipPaid
from app.core.payments.models import Reconciliation
from app.core.payments.receipts import NotPaid, issue_receipt
from app.core.payments.reconciling import reconcile
from app.core.settings.zone import ZoneConfig

COMPARE = "payments.compare_statement"
_MINUTE = 5


def add_jobs(jobs: JobRegistry, bank: Bank, zone: ZoneInfo) -> None:
    """Add the jobs that apply what the bank told, and those that ask it."""

    @jobs.job(intake.APPLY, runs_as_system=True)
    def apply(run: Run, *, message_id: str) -> None:
        with run.transaction() as session:
            intake.apply_message(session, message_id=UUID(message_id), now=run.now)

    @jobs.every_minute("payments.apply_waiting")
    def apply_waiting(session: Session, *, now: datetime) -> None:
        intake.apply_waiting(session, now=now)

    @jobs.job(refunds.PAY_REFUND, runs_as_system=True)
    def pay_refund(run: Run, *, refund_id: str) -> None:
        key = UUID(refund_id)
        with run.transaction() as session:
            order = refunds.order_of(session, refund_id=key)
        if order is None:
            return
        try:
            result = bank.refund(order)
        except BankDown as failure:
            with run.transaction() as session:
                refunds.note_failure(session, refund_id=key, error=failure.code, now=run.now)
            return
        with run.transaction() as session:
            refunds.take_result(session, refund_id=key, result=result, now=run.now)

    @jobs.every_minute("payments.pay_waiting")
    def pay_waiting(session: Session, *, now: datetime) -> None:
        refunds.pay_waiting(session, now=now)

    _add_returns(jobs, bank)
    _add_comparison(jobs, bank, zone)


def _add_returns(jobs: JobRegistry, bank: Bank) -> None:
    @jobs.job(suspense.GIVE_BACK, runs_as_system=True)
    def give_back(run: Run, *, clearing_id: str) -> None:
        key = UUID(clearing_id)
        with run.transaction() as session:
            order = suspense.return_order(session, clearing_id=key)
        if order is None:
            return
        try:
            result = bank.give_back(order)
        except BankDown as failure:
            with run.transaction() as session:
                suspense.note_unanswered(session, clearing_id=key, error=failure.code, now=run.now)
            return
        with run.transaction() as session:
            suspense.take_return(session, clearing_id=key, result=result, now=run.now)

    @jobs.every_minute("payments.return_waiting")
    def return_waiting(session: Session, *, now: datetime) -> None:
        suspense.return_waiting(session, now=now)


def _add_comparison(jobs: JobRegistry, bank: Bank, zone: ZoneInfo) -> None:
    @jobs.job(COMPARE, runs_as_system=True)
    def compare(run: Run, *, day: str) -> None:
        chosen = datetime.fromisoformat(day).date()
        statement, sent = bank.statement(chosen), bank.sent(chosen)
        with run.transaction() as session:
            reconcile(
                session, day=chosen, statement=statement, sent=sent, zone=zone, actor=SYSTEM, now=run.now
            )

    @jobs.every_minute("payments.compare_yesterday")
    def compare_yesterday(session: Session, *, now: datetime) -> None:
        """Have yesterday compared once it is over; tried once an hour until the bank answers."""
        if now.minute != _MINUTE:
            return
        day = local_day(now, zone) - timedelta(days=1)
        done = session.scalar(select(Reconciliation.id).where(Reconciliation.day == day).limit(1))
        if done is None and not isinstance(bank, BankMissing):
            defer_jobs(session, [NewJob(COMPARE, {"day": day.isoformat()}, SYSTEM)])


def add_receipts(
    handlers: HandlerRegistry, *, store: FileStore, signing: DevelopmentAuthority, zone: ZoneConfig, origin: str,
    simulated: bool,
) -> None:  # fmt: skip
    """Have a receipt made as soon as a slip is paid."""

    @handlers.handles(SlipPaid, name="payments.make_receipt", runs_as="system")
    def make_receipt(session: Session, event: SlipPaid, *, actor: Actor, now: datetime) -> None:
        try:
            issue_receipt(
                session, slip_id=event.slip_id, store=store, signing=signing, zone=zone, origin=origin,
                simulated=simulated, actor=SYSTEM, now=now,
            )  # fmt: skip
        except NotPaid:
            return  # cancelled since: there is nothing to confirm
