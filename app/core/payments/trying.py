"""When the bank is told again: later and later, and never given up."""

from datetime import datetime, timedelta

from app.core.payments.models import Clearing, Refund

GRACE = timedelta(seconds=60)
"""A job that was deferred is given so much time before a scan takes it for lost."""

_FIRST_WAIT_S = 3
_LONGEST_WAIT_S = 600
_MOST_DOUBLINGS = 10


def put_off(row: Refund | Clearing, error: str, now: datetime) -> None:
    """Note that the bank has not done it yet, and when it is asked again."""
    row.attempts += 1
    row.error = error
    wait = min(_FIRST_WAIT_S * 2 ** min(row.attempts, _MOST_DOUBLINGS), _LONGEST_WAIT_S)
    row.next_at = now + timedelta(seconds=wait)
