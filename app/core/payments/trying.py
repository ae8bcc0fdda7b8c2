"""What moves money in steps: its row is locked and read again; the bank is told later and later, never given up."""

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.payments.models import Clearing, Outside, Refund

Row = TypeVar("Row", Clearing, Outside, Refund)

GRACE = timedelta(seconds=60)
"""A job that was deferred is given so much time before a scan takes it for lost."""

_FIRST_WAIT_S = 3
_LONGEST_WAIT_S = 600
_MOST_DOUBLINGS = 10


def locked(session: Session, model: type[Row], key: UUID) -> Row:
    """
    Return a row under its lock, read anew: whoever decides on it sees what was decided before.

    :raises NotFound: there is none, or it is not the session's to see.
    """
    session.flush()  # the row is read again under its lock
    found = session.get(model, key, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def put_off(row: Refund | Clearing, error: str, now: datetime) -> None:
    """Note that the bank has not done it yet, and when it is asked again."""
    row.attempts += 1
    row.error = error
    wait = min(_FIRST_WAIT_S * 2 ** min(row.attempts, _MOST_DOUBLINGS), _LONGEST_WAIT_S)
    row.next_at = now + timedelta(seconds=wait)
