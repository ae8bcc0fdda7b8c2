"""Slowing down guesses: waits that double, per login and per address, counted in the database.

An attempt is counted *before* the password is looked at, so that a hundred parallel guesses do not all pass the
check; success takes the count back. Keys are hashes: people type passwords into the field of the login.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.auth.models import Throttle
from app.core.errors import DomainError

_LARGEST_EXPONENT = 20
_IPV6_SITE_BITS = 64


class TooManyAttempts(DomainError):
    """Too many wrong attempts for this login or from this address; ``params['retry_after']`` in seconds."""

    code = "auth.too-many-attempts"
    status = 429
    title = "Too many attempts."
    detail = "There were several unsuccessful attempts to sign in. This one was not looked at."
    hint = "Wait %(retry_after)s seconds and try again. If you forgot the password, ask your administrator."


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How fast attempts may follow each other.

    The attempt number ``free`` is followed by a wait of ``base``, each further one by twice the wait before, up to
    ``longest``. A quiet time of ``forget_after`` clears the count.
    """

    free: int
    base: timedelta
    longest: timedelta
    forget_after: timedelta

    def wait_after(self, count: int) -> timedelta:
        """Return how long to wait after the given number of failures in a row."""
        if count < self.free:
            return timedelta()
        doublings = min(count - self.free, _LARGEST_EXPONENT)
        return min(self.base * (1 << doublings), self.longest)


# Bounded, so that nobody can lock another person out for longer than a quarter of an hour. An address stands for a
# whole office behind one line, therefore it has more free attempts.
LOGIN_PACE = Pace(5, timedelta(seconds=2), timedelta(minutes=15), timedelta(hours=24))
ADDRESS_PACE = Pace(30, timedelta(seconds=2), timedelta(minutes=15), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Attempt:
    """The keys under which one attempt to sign in is counted."""

    login_key: str
    address_key: str | None

    @classmethod
    def of(cls, *, login: str, ip: str | None, purpose: str = "") -> "Attempt":
        """
        Make the keys from a folded login and an address; an unreadable address is not counted.

        :param purpose: what is counted apart from signing in, for instance ``register``.
        """
        address = _site(ip)
        mark = f"{purpose} " if purpose else ""
        return cls(_key("login", mark + login), _key("address", mark + address) if address else None)

    @property
    def paces(self) -> Sequence[tuple[str, Pace]]:
        """Return keys and paces in the order of the keys, in which all callers lock the rows."""
        pairs = [(self.login_key, LOGIN_PACE)]
        if self.address_key is not None:
            pairs.append((self.address_key, ADDRESS_PACE))
        return sorted(pairs, key=lambda pair: pair[0])


def count_attempt(session: Session, attempt: Attempt, *, now: datetime) -> timedelta:
    """
    Count an attempt; return the wait that will follow if it fails.

    The caller commits before it looks at the password.

    :raises TooManyAttempts: a wait is not over; nothing is counted, the caller rolls back.
    """
    paces = dict(attempt.paces)
    statement = insert(Throttle).values([{"key": key, "failures": 0, "last_at": now} for key in paces])
    # The update changes nothing and is there for its row lock: the next attempt must see this one's count.
    locked = statement.on_conflict_do_update(
        index_elements=[Throttle.key], set_={"key": statement.excluded.key}
    ).returning(Throttle.key, Throttle.failures, Throttle.last_at, Throttle.not_before)
    rows = session.execute(locked).all()
    blocked = max((row.not_before for row in rows if row.not_before is not None), default=now)
    if blocked > now:
        raise TooManyAttempts(retry_after=-(-(blocked - now) // timedelta(seconds=1)))
    longest, changes = timedelta(), []
    for row in rows:
        pace = paces[row.key]
        count = 1 if now - row.last_at > pace.forget_after else row.failures + 1
        wait = pace.wait_after(count)
        longest = max(longest, wait)
        changes.append(
            {"key": row.key, "failures": count, "last_at": now, "not_before": now + wait if wait else None}
        )
    session.execute(update(Throttle), changes)
    return longest


def forgive(session: Session, attempt: Attempt) -> None:
    """
    Take an attempt back that succeeded.

    The login starts anew. The address only gets this one attempt back: whoever owns one account must not clear the
    count of guesses at others.
    """
    # The address first, as in count_attempt: its key sorts before the login's, and two orders would deadlock.
    if attempt.address_key is not None:
        session.execute(
            update(Throttle)
            .where(Throttle.key == attempt.address_key, Throttle.failures > 0)
            .values(failures=Throttle.failures - 1, not_before=None)
        )
    session.execute(delete(Throttle).where(Throttle.key == attempt.login_key))


def _site(ip: str | None) -> str | None:
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    # One IPv6 subscriber owns a whole /64 and may use another address for each guess.
    return str(ipaddress.ip_network((int(address), _IPV6_SITE_BITS), strict=False))


def _key(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"
