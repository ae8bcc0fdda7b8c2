"""
The listener of a web process: hears the relay on a connection of its own and reads the new pokes from the table.

The notice is only a wake-up. Each look reads everything after the last number, so a notice that was lost, or a
connection that was away, leaves no gap.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from app.core.db import WEB_LOGINS, DbRole
from app.core.live.hub import Hub
from app.core.live.pokes import Poke
from app.core.live.relay import CHANNEL
from app.core.settings import DatabaseTarget
from app.core.telemetry import get_logger

_SINCE = "select seq, topic, party_id from live_poke where seq > %s order by seq"
_LONGEST_WAIT_S = 2.0
_RETRY_S = 1.0

_log = get_logger(__name__)


class Listener:
    """
    Feed a hub, and have the rights of its streams looked at again.

    :param review: looks at all rights again; called when one has changed and at least every ``review_s`` seconds.
    """

    def __init__(
        self,
        target: DatabaseTarget,
        hub: Hub,
        review: Callable[[], Awaitable[None]],
        *,
        review_s: float = 20.0,
        least_review_s: float = 0.2,
    ) -> None:
        self._target = target
        self._hub = hub
        self._review = review
        self._review_s = review_s
        self._least_review_s = least_review_s
        self._tasks: list[asyncio.Task[None]] = []
        self._known = False
        self.listening = asyncio.Event()

    def start(self) -> None:
        """Begin to listen; call it inside the event loop."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch_rights())]

    async def stop(self) -> None:
        """End all streams and stop listening."""
        self._hub.close_all()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    await self._catch_up(connection)
                    self.listening.set()
                    while True:
                        async for _ in connection.notifies(timeout=_LONGEST_WAIT_S, stop_after=1):
                            pass
                        await self._look(connection)
            except (psycopg.Error, OSError) as error:
                _log.warning("live.listener_lost_database", error=repr(error))
            self.listening.clear()
            await asyncio.sleep(_RETRY_S)

    async def _connect(self) -> "psycopg.AsyncConnection[Any]":
        return await psycopg.AsyncConnection.connect(
            self._target.conninfo(WEB_LOGINS[DbRole.AUTH]),
            autocommit=True,
            options=f"-c role={DbRole.AUTH}",
            application_name="ftz:live",
            connect_timeout=5,
        )

    async def _catch_up(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        remembered = await self._read(connection, 0)
        if self._known and remembered and remembered[-1][0] >= self._hub.last_seq:
            await self._look(connection)
            return
        self._hub.restart(remembered)
        if self._known:
            self._hub.resync()  # the numbers run backwards: this is another history, a restored database
        self._known = True

    async def _look(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        pokes = await self._read(connection, self._hub.last_seq)
        if pokes:
            self._hub.publish(pokes)

    async def _read(self, connection: "psycopg.AsyncConnection[Any]", after: int) -> list[tuple[int, Poke]]:
        cursor = await connection.execute(_SINCE, (after,))
        return [(seq, Poke(topic, party_id)) for seq, topic, party_id in await cursor.fetchall()]

    async def _watch_rights(self) -> None:
        changed = self._hub.rights_changed
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), self._review_s)
            changed.clear()
            try:
                await self._review()
            except Exception as error:
                # Rights that cannot be looked at are looked at again soon; the database may be away.
                _log.warning("live.review_failed", error=repr(error))
                await asyncio.sleep(_RETRY_S)
                changed.set()
            await asyncio.sleep(self._least_review_s)
