"""What tests of the second factor share: a device, and a session that waits for its code."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.core.auth.pending import Pending, find_pending
from app.core.auth.sessions import SignedIn
from app.core.auth.totp import STEP_SECONDS
from app.core.db import Database
from tests.core.auth.people import NOW, Person

STEP = timedelta(seconds=STEP_SECONDS)
MINUTE = timedelta(minutes=1)

Device = Callable[[datetime], str]
Enrol = Callable[[Person], tuple[Device, list[str]]]
Step = Callable[..., SignedIn]


def waiting(database: Database, signed_in: SignedIn, now: datetime = NOW) -> Pending:
    """Return the session that waits."""
    found = find_pending(database, token=signed_in.token, now=now)
    assert found is not None
    return found
