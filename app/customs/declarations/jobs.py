"""Background work with customs: sending and reading outside of transactions, and the scan that finds what was lost."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.db import DbRole, SessionContext
from app.core.jobs import JobRegistry, NewJob, Run, defer_jobs
from app.core.kit.actor import SYSTEM
from app.core.telemetry import get_logger
from app.customs.declarations.clients import CustomsGateway, GatewayDown, GatewayRefused
from app.customs.declarations.domain.patience import Patience
from app.customs.declarations.queries import exchange
from app.customs.declarations.service import clocks, figures, receiving, sending
from app.customs.declarations.service.running import READ, SEND_NOW, TRY_AGAIN
from app.customs.declarations.wire import Batch

SWEEP = "customs.sweep"
SCAN = "customs.exchange"
# What the authority says is written by the worker's role alone; see the grants of the tables.
WORKER = SessionContext(DbRole.WORKER)
_EVERY_S = 5
_MINUTE_S = 60
_AFTER_SENDING_S = (1, 3, 8)
_MOST_ROUNDS = 50
PATIENCE = Patience()
_log = get_logger(__name__)


def register(
    jobs: JobRegistry, gateway: CustomsGateway, zone: ZoneInfo, *, patience: Patience = PATIENCE
) -> None:
    """Add the jobs that send and read, and the scan that keeps them going."""

    @jobs.job(sending.SEND, runs_as_system=True)
    def send(run: Run, *, dispatch_id: str) -> None:
        send_message(run, gateway, UUID(dispatch_id), patience=patience)

    @jobs.job(READ, runs_as_system=True, attempts=1)
    def read(run: Run, *, forced: bool = False) -> None:
        with run.database.transaction(WORKER) as session:
            resting = not forced and receiving.is_resting(session, now=run.now)
        if not resting:
            read_notices(run, gateway, zone, patience=patience, forced=forced)

    @jobs.job(SEND_NOW, runs_as_system=True, attempts=1)
    def send_now(run: Run) -> None:
        with run.database.transaction(WORKER) as session:
            sending.send_now(session, now=run.now)

    @jobs.job(TRY_AGAIN, runs_as_system=True, attempts=1)
    def try_again(run: Run, *, unread_id: str) -> None:
        take_unread(run, UUID(unread_id), zone)

    @jobs.job(SWEEP, runs_as_system=True, attempts=1)
    def sweep(run: Run) -> None:
        tell_overdue(run, zone)
        with run.database.transaction(WORKER) as session:
            figures.refresh(session, zone=zone, now=run.now)

    @jobs.every_minute(SCAN)
    def scan(session: Session, *, now: datetime) -> None:
        sending.send_overdue(session, now=now)
        busy = exchange.is_waiting_for_customs(session)
        seconds = range(0, _MINUTE_S, _EVERY_S) if busy else (0,)
        defer_reads(session, seconds, now=now)
        defer_jobs(session, [NewJob(SWEEP, {}, SYSTEM, lock=SWEEP)])


def defer_reads(session: Session, seconds: range | tuple[int, ...], *, now: datetime) -> None:
    """Let the gateway's queue be read after so many seconds each; one reading at a time."""
    later = [now + timedelta(seconds=each) for each in seconds]
    defer_jobs(session, [NewJob(READ, {}, SYSTEM, at=at, lock=READ) for at in later])


def send_message(
    run: Run, gateway: CustomsGateway, dispatch_id: UUID, *, patience: Patience = PATIENCE
) -> None:
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
            sending.note_silence(
                session, dispatch_id=dispatch_id, error=failure.code, patience=patience, now=run.now
            )
        return
    except GatewayRefused as refusal:
        with run.database.transaction(WORKER) as session:
            sending.note_refusal(session, dispatch_id=dispatch_id, error=refusal.code, now=run.now)
        return
    with run.database.transaction(WORKER) as session:
        sending.note_sent(session, dispatch_id=dispatch_id, now=run.now)
        defer_reads(session, _AFTER_SENDING_S, now=run.now)


def read_notices(
    run: Run, gateway: CustomsGateway, zone: ZoneInfo, *, patience: Patience = PATIENCE, forced: bool = False
) -> None:
    """Read the queue to its end, apply what is next, and ask for what is missing."""
    with run.database.transaction(WORKER) as session:
        cursor = receiving.cursor(session)
    try:
        for _ in range(_MOST_ROUNDS):
            batch = gateway.notices(cursor)
            _store(run, batch)
            if not batch.more or batch.cursor == cursor:
                break
            cursor = batch.cursor
        _apply_all(run, gateway, zone, forced=forced)
    except GatewayDown as failure:
        with run.database.transaction(WORKER) as session:
            receiving.note_silence(session, error=failure.code, patience=patience, now=run.now)


def take_unread(run: Run, unread_id: UUID, zone: ZoneInfo) -> None:
    """Try a piece again that could not be taken, and apply what it turned out to be."""
    with run.database.transaction(WORKER) as session:
        declaration_id = receiving.try_again(session, unread_id=unread_id, now=run.now)
    if declaration_id is not None:
        _apply(run, declaration_id, zone)


def tell_overdue(run: Run, zone: ZoneInfo) -> None:
    """Tell of each clock that has run out, each in its own transaction."""
    with run.database.transaction(WORKER) as session:
        found = clocks.overdue(session, now=run.now)
    for clock_id in found:
        with run.database.transaction(WORKER) as session:
            clocks.tell_overdue(session, clock_id=clock_id, zone=zone, now=run.now)


def _store(run: Run, batch: Batch) -> None:
    with run.database.transaction(WORKER) as session:
        receiving.store_all(session, batch, now=run.now)
        receiving.note_read(session, cursor=batch.cursor, simulated=batch.simulated, now=run.now)


def _apply_all(run: Run, gateway: CustomsGateway, zone: ZoneInfo, *, forced: bool) -> None:
    # All that waits, not only what has just come: a worker may have died between keeping and applying.
    with run.database.transaction(WORKER) as session:
        waiting = receiving.waiting(session)
    failed: Exception | None = None
    for declaration_id in waiting:
        try:
            missing_after = _apply(run, declaration_id, zone)
            if missing_after is not None and _fill(
                run, gateway, declaration_id, missing_after, forced=forced
            ):
                _apply(run, declaration_id, zone)
        except GatewayDown:
            raise
        except Exception as fault:  # what one declaration trips over keeps no other one waiting
            _log.exception("customs.notice_not_applied", declaration=str(declaration_id))
            failed = failed or fault
    if failed is not None:
        raise failed


def _fill(run: Run, gateway: CustomsGateway, declaration_id: UUID, after: int, *, forced: bool) -> bool:
    """Ask for the notices of a declaration that are missing behind a sequence; tell whether the gateway was asked."""
    with run.database.transaction(WORKER) as session:
        reference = receiving.ask_for_missing(
            session, declaration_id=declaration_id, now=run.now, forced=forced
        )
    if not reference:
        return False
    for _ in range(_MOST_ROUNDS):
        batch = gateway.notices_of(reference, after)
        with run.database.transaction(WORKER) as session:
            receiving.store_all(session, batch, now=run.now)
        further = max((each.sequence for each in batch.notices), default=after)
        if not batch.more or further <= after:
            break
        after = further
    return True


def _apply(run: Run, declaration_id: UUID, zone: ZoneInfo) -> int | None:
    with run.database.transaction(WORKER) as session:
        return receiving.apply(session, declaration_id=declaration_id, zone=zone, now=run.now)
