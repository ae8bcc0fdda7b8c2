"""Background work with customs: lists leave outside of transactions, answers are asked for, what was lost is found."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.db import DbRole, SessionContext
from app.core.jobs import JobRegistry, NewJob, Run, defer_jobs
from app.core.kit.actor import SYSTEM
from app.customs.declarations.facade import CustomsGateway, GatewayDown, GatewayRefused
from app.customs.parcels.service import receiving, sending

READ = "parcels.read_answers"
SCAN = "parcels.exchange"
WORKER = SessionContext(DbRole.WORKER)
_EVERY_S = 10
_MINUTE_S = 60
_AFTER_SENDING_S = (1, 3, 8)


def register(jobs: JobRegistry, gateway: CustomsGateway) -> None:
    """Add the jobs that send and read, and the scan that keeps them going."""

    @jobs.job(sending.SEND, runs_as_system=True)
    def send(run: Run, *, dispatch_id: str) -> None:
        send_message(run, gateway, UUID(dispatch_id))

    @jobs.job(READ, runs_as_system=True, attempts=1)
    def read(run: Run) -> None:
        read_answers(run, gateway)

    @jobs.every_minute(SCAN)
    def scan(session: Session, *, now: datetime) -> None:
        sending.send_overdue(session, now=now)
        seconds = range(0, _MINUTE_S, _EVERY_S) if sending.is_waiting(session) else (0,)
        defer_reads(session, seconds, now=now)


def defer_reads(session: Session, seconds: range | tuple[int, ...], *, now: datetime) -> None:
    """Let the answers be asked for after so many seconds each; one reading at a time."""
    later = [now + timedelta(seconds=each) for each in seconds]
    defer_jobs(session, [NewJob(READ, {}, SYSTEM, at=at, lock=READ) for at in later])


def send_message(run: Run, gateway: CustomsGateway, dispatch_id: UUID) -> None:
    """Send one message: noted first, then sent, then noted again; a second try asks before it sends."""
    with run.database.transaction(WORKER) as session:
        attempt = sending.begin(session, dispatch_id=dispatch_id, now=run.now)
    if attempt is None:
        return
    try:
        if not (attempt.ask_first and gateway.has(dispatch_id)):
            gateway.send(dispatch_id, attempt.content)
    except GatewayDown as failure:
        with run.database.transaction(WORKER) as session:
            sending.note_silence(session, dispatch_id=dispatch_id, error=failure.code, now=run.now)
        return
    except GatewayRefused as refusal:
        with run.database.transaction(WORKER) as session:
            sending.note_refusal(session, dispatch_id=dispatch_id, error=refusal.code, now=run.now)
        return
    with run.database.transaction(WORKER) as session:
        sending.note_sent(session, dispatch_id=dispatch_id, now=run.now)
        defer_reads(session, _AFTER_SENDING_S, now=run.now)


def read_answers(run: Run, gateway: CustomsGateway) -> None:
    """Ask for the answers to each list that waits; where the gateway is silent the next round asks again."""
    with run.database.transaction(WORKER) as session:
        waiting = receiving.waiting(session, now=run.now)
    for list_id, code, after in waiting:
        try:
            batch = gateway.notices_of(code, after)
        except GatewayDown:
            return
        if batch.notices:
            with run.database.transaction(WORKER) as session:
                receiving.take(session, list_id=list_id, notices=batch.notices, now=run.now)
