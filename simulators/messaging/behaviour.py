"""How the simulated networks behave at the moment, and what they have taken."""

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

NETWORKS = ("email", "sms", "zalo")
KEPT = 500


@dataclass(slots=True)
class Behaviour:
    """
    One network's mood.

    :ivar late_s: seconds before it answers.
    :ivar down: it answers that it cannot serve now.
    :ivar refuse: addresses that it never takes; ``*`` is every one.
    :ivar fail_next: so many more messages are turned away for now.
    """

    late_s: float = 0.0
    down: bool = False
    refuse: tuple[str, ...] = ()
    fail_next: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that a network took charge of."""

    network: str
    id: str
    to: str
    subject: str
    text: str


@dataclass(slots=True)
class Networks:
    """All networks of one simulator; used from several threads."""

    moods: dict[str, Behaviour] = field(default_factory=lambda: {name: Behaviour() for name in NETWORKS})
    taken: list[Taken] = field(default_factory=list)
    attempts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, network: str, to: str) -> str:
        """Say what becomes of a message: ``take``, ``later`` or ``never``."""
        with self._lock:
            self.attempts += 1
            mood = self.moods[network]
            if mood.fail_next > 0:
                mood.fail_next -= 1
                return "later"
            if mood.down:
                return "later"
            return "never" if to in mood.refuse or "*" in mood.refuse else "take"

    def take(self, message: Taken) -> bool:
        """Keep a message; a second one of the same id is dropped, as a good network does. Tell whether it was new."""
        with self._lock:
            if any((each.network, each.id) == (message.network, message.id) for each in self.taken):
                return False
            self.taken.append(message)
            del self.taken[:-KEPT]
            return True

    def change(self, network: str, wanted: dict[str, Any]) -> None:
        """
        Change a network's mood.

        :raises KeyError: no such network.
        :raises ValueError: a value does not fit.
        """
        mood = self.moods[network]
        with self._lock:
            mood.late_s = min(max(float(wanted.get("late_s", mood.late_s)), 0.0), 60.0)
            mood.down = bool(wanted.get("down", mood.down))
            mood.refuse = tuple(map(str, wanted.get("refuse", mood.refuse)))
            mood.fail_next = int(wanted.get("fail_next", mood.fail_next))

    def messages(self) -> list[dict[str, str]]:
        """Return what was taken, the newest first."""
        with self._lock:
            return [asdict(each) for each in reversed(self.taken)]
