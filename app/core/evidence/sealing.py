"""
Sealing: numbering committed entries and appending them to the Merkle tree.

Business transactions insert without a number, so they never wait for one another. One sealer at a time numbers what
has been committed; a transaction that commits late simply gets a later number.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import Database, DbRole, SessionContext
from app.core.evidence.merkle import Frontier
from app.core.evidence.models import EvidenceHead
from app.core.kit.time import utcnow
from app.core.telemetry import get_logger

BATCH = 1_000
SEALER = SessionContext(DbRole.WORKER)

_LOCK = 5_106_962  # any number that nothing else of this database locks
_TRY_LOCK = text("select pg_try_advisory_xact_lock(:lock)")
_LAST_HEAD = text("select size, root, frontier from evidence_head order by size desc limit 1")
_NUMBER = text(
    """
    with batch as (
        select id, row_number() over (order by id) - 1 as place
          from (select id from evidence_entry where seq is null order by id limit :limit) unsealed
    )
    update evidence_entry entry
       set seq = :size + batch.place, sealed_at = :now
      from batch
     where entry.id = batch.id and entry.seq is null
    returning entry.seq, entry.leaf_hash
    """
)
_LAG = text(
    "select count(*), extract(epoch from :now - min(at))::float8 from evidence_entry where seq is null"
)

_log = get_logger(__name__)


class EvidenceBroken(RuntimeError):
    """The stored tree contradicts itself; sealing stops until ``verify`` has named the row and people have looked."""


def seal(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """
    Number committed entries in the order of their keys and append one tree head over them.

    Runs as the worker role, in a READ COMMITTED transaction of its own. It may be called again at any time and may
    die at any point: numbers and head commit together or not at all. Returns how many entries were sealed; 0 also
    when another sealer is at work.

    :param limit: the most entries taken at once (> 0).
    :raises EvidenceBroken: the last head does not fit its own subtree roots.
    """
    if not session.scalar(_TRY_LOCK, {"lock": _LOCK}):
        return 0
    frontier = _last_frontier(session)
    rows = session.execute(_NUMBER, {"size": frontier.size, "limit": limit, "now": now}).all()
    if not rows:
        return 0
    for seq, leaf in sorted(rows):
        if seq != frontier.size:
            raise EvidenceBroken(f"Entry {seq} was numbered where {frontier.size} was due.")
        frontier.append(leaf)
    session.add(EvidenceHead(size=frontier.size, root=frontier.root(), frontier=frontier.to_bytes(), at=now))
    return len(rows)


def _last_frontier(session: Session) -> Frontier:
    head = session.execute(_LAST_HEAD).one_or_none()
    if head is None:
        return Frontier()
    try:
        frontier = Frontier.from_bytes(head.size, head.frontier)
    except ValueError as error:
        raise EvidenceBroken(str(error)) from error
    if frontier.root() != head.root:
        raise EvidenceBroken(f"The tree head of {head.size} entries does not match its subtree roots.")
    return frontier


class Sealer:
    """
    Seal in a thread of its own, about once in ``interval_s`` seconds, until stopped.

    Several processes may run one: the advisory lock lets one work at a time.
    """

    def __init__(
        self,
        database: Database,
        *,
        interval_s: float = 0.5,
        batch: int = BATCH,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._database = database
        self._interval_s = interval_s
        self._batch = batch
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evidence-sealer", daemon=True)
        self.error: str | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the batch at hand and end the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread.is_alive()

    def lag(self) -> tuple[int, float]:
        """Return how many entries wait for their number, and the age in seconds of the oldest (0 when none)."""
        with self._database.session(SEALER) as session:
            return read_lag(session, now=self._clock())

    def _run(self) -> None:
        while not self._stop.is_set():
            sealed = 0
            try:
                with self._database.transaction(SEALER) as session:
                    sealed = seal(session, now=self._clock(), limit=self._batch)
                self.error = None
            except Exception as error:
                # The database may be down for a while, and a broken tree must stay visible: say it, try again.
                self.error = f"{type(error).__name__}: {error}"
                _log.error("evidence.seal_failed", error=self.error)
            if sealed < self._batch:
                self._stop.wait(self._interval_s)


def read_lag(session: Session, *, now: datetime) -> tuple[int, float]:
    """Return the number of unsealed entries and the age in seconds of the oldest one."""
    count, age = session.execute(_LAG, {"now": now}).one()
    return count, max(age or 0.0, 0.0)
