"""What notices need from the installation, set once by the composition root."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.notifications.channels import Channel, Port
from app.core.notifications.kinds import KindBook

StandIns = Callable[[Session, Sequence[UUID], datetime], Sequence[UUID]]


def nobody(session: Session, people: Sequence[UUID], at: datetime) -> Sequence[UUID]:
    """Say that nobody stands in for anybody."""
    return ()


class NotifierMissing(RuntimeError):
    """Nobody told the process which kinds of notices there are."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """
    What notices need from the installation.

    :ivar ports: the channels that are set up; the others are not offered and nothing is queued for them.
    :ivar origin: where links in e-mails lead, ``https://host``.
    :ivar stand_ins: who hears what officers are told while they are away.
    """

    kinds: KindBook
    ports: Mapping[Channel, Port]
    origin: str
    timezone: ZoneInfo
    stand_ins: StandIns = nobody


class _Installed:
    notifier: Notifier | None = None


def install(notifier: Notifier) -> None:
    """Set the notifier of this process; called once by the composition root."""
    _Installed.notifier = notifier


@contextmanager
def installed(notifier: Notifier) -> Iterator[Notifier]:
    """Set the notifier of this process for the length of a block (tests)."""
    before = _Installed.notifier
    _Installed.notifier = notifier
    try:
        yield notifier
    finally:
        _Installed.notifier = before


def current() -> Notifier:
    """
    Return the notifier of this process.

    :raises NotifierMissing: the composition root has not installed one.
    """
    if _Installed.notifier is None:
        raise NotifierMissing("Call notifications.install(notifier) in the composition root first.")
    return _Installed.notifier
