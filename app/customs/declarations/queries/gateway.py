"""How the gateway of customs does: whether it answers, what waits, what is missing, what nobody could read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, defer

from app.core.errors import NotFound
from app.customs.declarations.models import Declaration, Dispatch, Feed, Notice, Unread

_FEED = 1
SHOWN = 50
SIMULATED = "simulated"
"""Kept with a notice where whoever answered said that it is a simulator."""


@dataclass(frozen=True, slots=True)
class Health:
    """The gateway at this instant. ``since`` and ``oldest_*`` are empty where nothing waits."""

    feed: Feed | None
    queued: int
    oldest_queued: datetime | None
    unanswered: int
    oldest_unanswered: datetime | None
    incomplete: int
    unread: int


def simulated(session: Session, answers: Iterable[Mapping[str, Any]]) -> bool:
    """
    Tell whether a page has to say that customs is simulated: the one rule for declarations and low-value lists.

    :param answers: bodies of the notices that the page shows; without any the gateway's last answer counts.
    """
    said = [bool(each.get(SIMULATED)) for each in answers]
    if said:
        return any(said)
    feed = session.get(Feed, _FEED)
    return feed is not None and feed.simulated


def health(session: Session) -> Health:
    """Count what waits on both sides."""
    queued, unanswered = (_messages(session, state) for state in ("QUEUED", "SENT"))
    incomplete = session.scalar(
        select(func.count(Notice.declaration_id.distinct())).where(Notice.applied_at.is_(None))
    )
    unread = session.scalar(select(func.count()).select_from(Unread).where(Unread.state == "OPEN"))
    return Health(session.get(Feed, _FEED), *queued, *unanswered, incomplete or 0, unread or 0)


def waiting_messages(session: Session) -> Sequence[Row[Dispatch, str]]:
    """Return messages that wait to be sent with the code of their declaration, the oldest first."""
    return session.execute(
        select(Dispatch, Declaration.code)
        .join(Declaration, Declaration.id == Dispatch.declaration_id)
        .where(Dispatch.state == "QUEUED")
        .order_by(Dispatch.queued_at, Dispatch.id)
        .limit(SHOWN)
    ).all()


def incomplete_declarations(
    session: Session,
) -> Sequence[Row[UUID, str, int, datetime, datetime | None]]:
    """Return declarations of which a notice is missing: key, code, first that waits, since when, asked when."""
    return session.execute(
        select(
            Declaration.id, Declaration.code, func.min(Notice.sequence), func.min(Notice.received_at),
            func.max(Notice.asked_at),
        )
        .join(Notice, Notice.declaration_id == Declaration.id)
        .where(Notice.applied_at.is_(None))
        .group_by(Declaration.id)
        .order_by(func.min(Notice.received_at))
        .limit(SHOWN)
    ).all()  # fmt: skip


def unread_notices(session: Session, *, settled: bool) -> Sequence[Unread]:
    """Return pieces that could not be taken, those that are open or those that are settled; without their bodies."""
    chosen = Unread.state != "OPEN" if settled else Unread.state == "OPEN"
    order = Unread.settled_at.desc() if settled else Unread.received_at
    return session.scalars(
        select(Unread).where(chosen).order_by(order, Unread.id).limit(SHOWN).options(defer(Unread.raw))
    ).all()


def unread_notice(session: Session, unread_id: UUID) -> Unread:
    """
    Return one piece.

    :raises NotFound: no such piece.
    """
    row = session.get(Unread, unread_id)
    if row is None:
        raise NotFound
    return row


def _messages(session: Session, state: str) -> tuple[int, datetime | None]:
    found = session.execute(
        select(func.count(), func.min(Dispatch.queued_at)).where(Dispatch.state == state)
    ).one()
    return found[0], found[1]
