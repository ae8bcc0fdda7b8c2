"""
The watch over the timers: says aloud when nothing fires any more.

It runs in each web process and asks the database, so it does not rest on the worker whose death it is there to notice.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from app.core.db import Database, DbRole, SessionContext
from app.core.jobs import PULSE, TICK_TOLERANCE, Tick, read_ticks
from app.core.kit.time import utcnow
from app.core.telemetry import get_logger

LOOK_EVERY_S = 15.0
SAY_AGAIN = timedelta(minutes=5)
_OFFICER = SessionContext(DbRole.OFFICER)

log = get_logger("watch")


@dataclass(frozen=True, slots=True)
class Alarm:
    """Scans that did not succeed for two minutes, and since when the longest one is silent."""

    scans: tuple[str, ...]
    since: datetime

    def minutes(self, now: datetime) -> int:
        """Return the whole minutes of silence."""
        return int((now - self.since) / timedelta(minutes=1))


def judge(
    ticks: Sequence[Tick], *, known: Collection[str], started_at: datetime, now: datetime
) -> Alarm | None:
    """
    Return the alarm that the pulse gives at an instant, ``None`` when every scan ticks.

    :param known: scans that ought to run; what an earlier release scanned is forgotten.
    :param started_at: a scan that never ran counts from here, so that a new installation has time to begin.
    """
    ticked = {tick.name: tick.ticked_at for tick in ticks}
    last = {name: ticked.get(name) or started_at for name in known}
    silent = {name: at for name, at in last.items() if now - at > TICK_TOLERANCE}
    return Alarm(tuple(sorted(silent)), min(silent.values())) if silent else None


class Watch:
    """Looks every few seconds; the last finding is read by banner and metrics."""

    def __init__(self, database: Database, scans: Collection[str]) -> None:
        self._database = database
        self._known = frozenset({PULSE, *scans})
        self._started_at = utcnow()
        self._said_at: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self.alarm: Alarm | None = None
        self.database_up = True
        self.looked_at: datetime | None = None

    def start(self) -> None:
        """Begin to watch; call it inside the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def look(self, now: datetime) -> None:
        """Look once and say what is new."""
        try:
            with self._database.session(_OFFICER) as session:
                ticks = read_ticks(session, now=now)
        except SQLAlchemyError as error:
            # Whether timers fire is not known then; that the database is away is.
            if self.database_up:
                log.error("database.away", error=type(error).__name__)
            self.database_up = False
            return
        self.database_up, self.looked_at = True, now
        found = judge(ticks, known=self._known, started_at=self._started_at, now=now)
        if found is None and self.alarm is not None:
            log.info("timers.heard_again", scans=list(self.alarm.scans))
            self._said_at = None
        elif found is not None and (self._said_at is None or now - self._said_at >= SAY_AGAIN):
            log.error("timers.silent", scans=list(found.scans), since=found.since.isoformat())
            self._said_at = now
        self.alarm = found

    async def _run(self) -> None:
        while True:
            await run_in_threadpool(self.look, utcnow())
            await asyncio.sleep(LOOK_EVERY_S)
