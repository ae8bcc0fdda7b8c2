"""
The hub: the streams of one process and their mailboxes. Everything here runs in the event loop, so nothing is locked.

A mailbox holds at most one frame of a topic, since a poke says nothing but its name; a reader who falls behind gets
each topic once, and one who falls far behind a single ``resync``.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.core.errors import DomainError
from app.core.live.pokes import RESYNC, RIGHTS, Poke

MOST_WAITING = 32
REMEMBERED = 5_000


class TooManyStreams(DomainError):
    """The process, or the session, has all the streams it may have."""

    code = "live.too-many-streams"
    status = 503
    title = "No further live connection is possible."
    detail = "All %(most)s places are taken."
    hint = "Close other windows of the platform, or reload the page later. The pages work without it."


def frame(seq: int, name: str) -> bytes:
    """Return one event of the stream."""
    return f"id: {seq}\ndata: {name}\n\n".encode()


@dataclass(eq=False, slots=True)
class Mailbox:
    """
    What waits for one stream.

    :ivar keys: what it may hear.
    :ivar wanted: topics it asked for; ``None`` is all that it may hear.
    """

    session_id: UUID
    keys: frozenset[str]
    wanted: frozenset[str] | None = None
    closed: bool = False
    _waiting: dict[str, bytes] = field(default_factory=dict)
    _signal: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, poke: Poke) -> bool:
        """Tell whether the stream asked for a poke that it may hear."""
        return self.wanted is None or poke.topic in self.wanted or poke.name in self.wanted

    def put(self, seq: int, name: str, data: bytes) -> None:
        """Leave a frame; it takes the place of an older one of the same name."""
        waiting = self._waiting
        waiting.pop(name, None)
        if len(waiting) >= MOST_WAITING or RESYNC in waiting or name == RESYNC:
            waiting.clear()
            name, data = RESYNC, frame(seq, RESYNC)
        waiting[name] = data
        self._signal.set()

    def close(self) -> None:
        """End the stream after what waits."""
        self.closed = True
        self._signal.set()

    async def take(self) -> bytes:
        """Return all that waits, as soon as anything does; empty when the stream has been closed."""
        await self._signal.wait()
        self._signal.clear()
        data = b"".join(self._waiting.values())
        self._waiting.clear()
        if self.closed:
            self._signal.set()  # the next call ends at once
        return data


class Hub:
    """
    All streams of a process.

    :param most: places of the process; :param most_per_session: places of one browser.
    """

    def __init__(self, *, most: int = 4_000, most_per_session: int = 12) -> None:
        self._most = most
        self._most_per_session = most_per_session
        self._boxes: set[Mailbox] = set()
        self._by_key: dict[str, set[Mailbox]] = {}
        self._recent: deque[tuple[int, Poke]] = deque(maxlen=REMEMBERED)
        self.last_seq = 0
        self.rights_changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._boxes)

    @property
    def clients(self) -> int:
        """Return how many streams are open."""
        return len(self._boxes)

    @property
    def session_ids(self) -> frozenset[UUID]:
        """Return the sessions that hold a stream."""
        return frozenset(box.session_id for box in self._boxes)

    def join(
        self,
        session_id: UUID,
        keys: frozenset[str],
        *,
        wanted: frozenset[str] | None = None,
        last_seq: int | None = None,
    ) -> Mailbox:
        """
        Open a mailbox. Whoever calls this must call ``leave``.

        :param last_seq: the last poke a browser saw; what it missed since waits in the new mailbox.
        :raises TooManyStreams: no place is left.
        """
        if len(self._boxes) >= self._most:
            raise TooManyStreams(most=self._most)
        if sum(box.session_id == session_id for box in self._boxes) >= self._most_per_session:
            raise TooManyStreams(most=self._most_per_session)
        box = Mailbox(session_id, keys, wanted)
        self._boxes.add(box)
        self._index(box)
        if last_seq is not None:
            self._replay(box, last_seq)
        return box

    def leave(self, box: Mailbox) -> None:
        """Give the place back; repeating it does no harm."""
        self._boxes.discard(box)
        self._unindex(box)

    def publish(self, pokes: Iterable[tuple[int, Poke]]) -> None:
        """Give each poke, with its number, to the mailboxes that may hear it."""
        for seq, poke in pokes:
            self.last_seq = seq
            self._recent.append((seq, poke))
            if poke.topic == RIGHTS:
                self.rights_changed.set()
            elif poke.topic == RESYNC:
                self.resync()
            else:
                self._deliver(seq, poke)

    def resync(self) -> None:
        """Tell every stream that something was missed."""
        data = frame(self.last_seq, RESYNC)
        for box in self._boxes:
            box.put(self.last_seq, RESYNC, data)

    def restart(self, pokes: Iterable[tuple[int, Poke]]) -> None:
        """Take over what the table remembers, in place of what this process remembered; nobody is told."""
        self._recent.clear()
        self._recent.extend(pokes)
        self.last_seq = self._recent[-1][0] if self._recent else 0

    def review(self, keys: Mapping[UUID, frozenset[str] | None]) -> int:
        """
        Give streams the rights of now and close those whose session has ended; return how many were closed.

        :param keys: what the owner of a session may hear; ``None`` when the session has ended. Streams of sessions
            that are not named were opened after the question and stay as they are.
        """
        closed = 0
        for box in [box for box in self._boxes if box.session_id in keys]:
            allowed = keys[box.session_id]
            if allowed is None:
                box.close()
                closed += 1
            elif allowed != box.keys:
                self._unindex(box)
                box.keys = allowed
                self._index(box)
        return closed

    def close_all(self) -> None:
        """End all streams; the process stops."""
        for box in self._boxes:
            box.close()

    def _deliver(self, seq: int, poke: Poke) -> None:
        data = frame(seq, poke.name)
        found: set[Mailbox] = set()
        for box in found.union(*(self._by_key.get(key, ()) for key in poke.keys)):
            if box.wants(poke):
                box.put(seq, poke.name, data)

    def _replay(self, box: Mailbox, last_seq: int) -> None:
        oldest = self._recent[0][0] if self._recent else self.last_seq + 1
        missed = [(seq, poke) for seq, poke in self._recent if seq > last_seq]
        if not oldest - 1 <= last_seq <= self.last_seq or any(poke.topic == RESYNC for _, poke in missed):
            box.put(self.last_seq, RESYNC, frame(self.last_seq, RESYNC))
            return
        for seq, poke in missed:
            if not box.keys.isdisjoint(poke.keys) and box.wants(poke):
                box.put(seq, poke.name, frame(seq, poke.name))

    def _index(self, box: Mailbox) -> None:
        for key in box.keys:
            self._by_key.setdefault(key, set()).add(box)

    def _unindex(self, box: Mailbox) -> None:
        for key in box.keys:
            boxes = self._by_key.get(key)
            if boxes is not None:
                boxes.discard(box)
                if not boxes:
                    del self._by_key[key]
