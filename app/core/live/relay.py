"""
The relay: the one place that notifies.

It reads committed facts, writes their pokes and notifies in a transaction of its own, because a NOTIFY inside the
business transaction would take a lock that all commits of the cluster wait for. The notice carries no topic: the
table is the truth, so a lost notice costs a second, not a poke.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import WORK_LOGINS, DbRole
from app.core.kit.time import utcnow
from app.core.live.models import LivePosition
from app.core.live.pokes import RESYNC, Poke, PokeBook
from app.core.settings import DatabaseTarget
from app.core.telemetry import get_logger

CHANNEL = "ftz_live"
MEMORY = timedelta(minutes=10)
"""How long pokes are kept for streams that come back, and how old a fact may be to poke anybody."""

_LOCK = 5_106_963  # any number that nothing else of this database locks
_NAME = "main"
_TRY_LOCK = "select pg_try_advisory_lock(%s)"
_POSITION = "select position, at from live_position where relay = %s"
_KEEP_POSITION = """
insert into live_position (relay, position, at) values (%s, %s, %s)
on conflict (relay) do update set position = excluded.position, at = excluded.at
"""
_WRITE = """
with written as (
    insert into live_poke (topic, party_id, at)
    select topic, party_id, %(at)s from jsonb_to_recordset(%(pokes)s::jsonb) as poke(topic text, party_id uuid)
    returning seq
)
select pg_notify(%(channel)s, max(seq)::text) from written
"""
# The newest poke stays, so that a stream that comes back late can tell that it missed something.
_FORGET = "delete from live_poke where at < %s and seq < (select max(seq) from live_poke)"
_TIDY_EVERY = timedelta(minutes=1)
_RETRY_S = 2.0

_log = get_logger(__name__)


def last_step(session: Session) -> datetime | None:
    """Return when a relay last showed that it works, to the minute; None when none ever did. For officers' sessions."""
    return session.scalar(select(LivePosition.at).where(LivePosition.relay == _NAME))


class Fact(Protocol):
    """A committed event, as far as pokes need it."""

    @property
    def name(self) -> str:
        """Its wire name."""

    @property
    def party_id(self) -> UUID | None:
        """Whose matter it is."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """Its fields as JSON values."""


class Tail(Protocol):
    """What was committed since a position; ``lost`` when the position belongs to another history."""

    @property
    def facts(self) -> Sequence[Fact]:
        """The facts, each returned once."""

    @property
    def position(self) -> str:
        """Where to go on."""

    @property
    def lost(self) -> bool:
        """Whether nobody knows what is missing (a restored database)."""


class Source(Protocol):
    """Reads facts in commit order; each is returned once, however late its transaction committed."""

    def __call__(
        self, connection: "psycopg.Connection[Any]", position: str | None, *, names: tuple[str, ...]
    ) -> Tail:
        """Return the facts of these names since a position; without one, none and where to begin."""


class Relay:
    """
    Pass facts on as pokes in a thread of its own, until stopped.

    Several processes may run one: an advisory lock lets one work at a time.

    :param interval_s: seconds between two looks; half of it is what the relay adds to a poke's way on average.
    """

    def __init__(
        self,
        target: DatabaseTarget,
        book: PokeBook,
        source: Source,
        *,
        interval_s: float = 0.05,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._target = target
        self._book = book
        self._source = source
        self._interval_s = interval_s
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-relay", daemon=True)
        self._position: str | None = None
        self._kept_at: datetime | None = None
        self.error: str | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the batch at hand and end the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def connect(self) -> "psycopg.Connection[Any]":
        """Return a connection of the relay's own, as the worker role, in autocommit."""
        login, role = WORK_LOGINS[DbRole.WORKER], DbRole.WORKER
        return psycopg.connect(
            self._target.conninfo(login),
            autocommit=True,
            options=f"-c role={role}",
            application_name="ftz:relay",
            connect_timeout=5,
        )

    def step(self, connection: "psycopg.Connection[Any]") -> int:
        """Look once: write and announce the pokes of what was committed since; return how many."""
        now = self._clock()
        if self._position is None:
            self._position, self._kept_at = self._begin(connection, now)
        tail = self._source(connection, self._position, names=self._book.events)
        pokes = {Poke(RESYNC): None} if tail.lost else self._pokes(tail)
        tidy = self._kept_at is None or now - self._kept_at >= _TIDY_EVERY
        if pokes or tidy:
            self._write(connection, list(pokes), tail.position, now, tidy)
            self._kept_at = now
        self._position = tail.position
        return len(pokes)

    def _begin(
        self, connection: "psycopg.Connection[Any]", now: datetime
    ) -> tuple[str | None, datetime | None]:
        row = connection.execute(_POSITION, (_NAME,)).fetchone()
        if row is not None and now - row[1] < MEMORY:
            return row[0], row[1]
        # A relay that slept longer than the memory does not wake browsers with each old fact, but with one resync.
        position = self._source(connection, None, names=()).position
        self._write(connection, [Poke(RESYNC)], position, now, tidy=True)
        return position, now

    def _pokes(self, tail: Tail) -> dict[Poke, None]:
        found: dict[Poke, None] = {}
        for fact in tail.facts:
            try:
                found |= dict.fromkeys(self._book.of(fact.name, fact.payload, fact.party_id))
            except (KeyError, ValueError, TypeError) as error:
                # A fact of an older release must not stop the stream for everybody.
                _log.warning("live.fact_not_read", fact=fact.name, error=repr(error))
        return found

    def _write(
        self,
        connection: "psycopg.Connection[Any]",
        pokes: list[Poke],
        position: str,
        now: datetime,
        tidy: bool,
    ) -> None:
        rows = [
            {"topic": poke.topic, "party_id": str(poke.party_id) if poke.party_id else None} for poke in pokes
        ]
        with connection.transaction():
            connection.execute(_KEEP_POSITION, (_NAME, position, now))
            if rows:
                connection.execute(_WRITE, {"at": now, "pokes": json.dumps(rows), "channel": CHANNEL})
            if tidy:
                connection.execute(_FORGET, (now - MEMORY,))

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self.connect() as connection:
                    self._lead(connection)
            except Exception as error:
                # The database may be down for a while: say it, try again.
                self.error = f"{type(error).__name__}: {error}"
                _log.warning("live.relay_lost_database", error=self.error)
                self._position = None
                self._stop.wait(_RETRY_S)

    def _lead(self, connection: "psycopg.Connection[Any]") -> None:
        """Work as long as the connection holds; without the lock, wait for the one who has it to go."""
        while not self._stop.is_set():
            row = connection.execute(_TRY_LOCK, (_LOCK,)).fetchone()
            if row is not None and row[0]:
                break
            self._stop.wait(_RETRY_S)
        self._position = None  # another relay may have worked meanwhile
        while not self._stop.is_set():
            self.step(connection)
            self.error = None
            self._stop.wait(self._interval_s)
