"""How long to wait until a gateway that is silent is tried again: each time twice as long, up to an end."""

from dataclasses import dataclass
from datetime import timedelta

_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the second try, and the longest that is waited between two."""

    first_s: int = 3
    longest_s: int = 300

    def wait(self, tries: int) -> timedelta:
        """Return how long to wait after so many tries."""
        return timedelta(seconds=min(self.first_s * 2 ** min(tries, _MOST_DOUBLINGS), self.longest_s))


GAPS = Patience(first_s=3, longest_s=3_600)
"""Notices that are missing: they are asked for at once, then ever more rarely, for the gateway may never give them."""
