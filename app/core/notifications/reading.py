"""A person's own notices: the list, the number of unread ones, and marking them read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.core.db import WEB_LOGINS, Database, DbRole
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.core.notifications.events import NoticesChanged
from app.core.notifications.models import Notification, NotificationDelivery
from app.core.outbox import publish

PAGE_SIZE = 30

_UNREAD = text("select notification_unread(:user_id, :parties)")


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """How far a notice has come by one channel."""

    channel: str
    state: str
    error: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice as it was written down; ``KindBook.word`` gives it words."""

    id: UUID
    kind: str
    subject_id: UUID | None
    params: dict[str, Any]
    at: datetime
    read: bool
    deliveries: tuple[DeliveryLine, ...] = ()


def unread(database: Database, actor: Actor) -> int:
    """Return how many notices an actor has not read; one statement on the bare login, outside any transaction."""
    if actor.user_id is None:
        return 0
    parties = None if actor.is_officer else list(actor.party_ids)
    with database.single(WEB_LOGINS[DbRole.AUTH]).connect() as connection:
        count: int = connection.execute(_UNREAD, {"user_id": actor.user_id, "parties": parties}).scalar_one()
    return count


def notices(
    session: Session, *, actor: Actor, before: UUID | None = None, size: int = PAGE_SIZE
) -> list[NoticeLine]:
    """Return an actor's notices, the newest first; one more than ``size`` when there is a next page."""
    query = select(Notification).where(Notification.user_id == actor.user_id)
    if before is not None:
        query = query.where(Notification.id < before)
    rows = session.scalars(query.order_by(Notification.id.desc()).limit(size + 1)).all()
    deliveries: dict[UUID, list[DeliveryLine]] = {}
    found = session.scalars(
        select(NotificationDelivery)
        .where(NotificationDelivery.notification_id.in_([row.id for row in rows]))
        .order_by(NotificationDelivery.channel)
    )
    for each in found:
        line = DeliveryLine(each.channel, each.state, each.error, each.changed_at)
        deliveries.setdefault(each.notification_id, []).append(line)
    return [_line(row, deliveries.get(row.id, [])) for row in rows]


def find(session: Session, notice_id: UUID, *, actor: Actor) -> NoticeLine:
    """
    Return one notice of an actor.

    :raises NotFound: there is none, or it is another person's.
    """
    row = session.scalar(
        select(Notification).where(Notification.id == notice_id, Notification.user_id == actor.user_id)
    )
    if row is None:
        raise NotFound
    return _line(row, [])


def mark_read(session: Session, *, actor: Actor, now: datetime, ids: Collection[UUID] | None = None) -> int:
    """Mark an actor's notices as read, all of them when none is named; return how many were unread."""
    statement = update(Notification).where(
        Notification.user_id == actor.user_id, Notification.read_at.is_(None)
    )
    if ids is not None:
        statement = statement.where(Notification.id.in_(ids))
    marked = session.execute(
        statement.values(read_at=now).returning(Notification.id),
        execution_options={"synchronize_session": False},
    ).all()
    if marked and actor.user_id is not None:
        publish(session, NoticesChanged((actor.user_id,)), actor=actor, at=now)
    return len(marked)


def _line(row: Notification, deliveries: Collection[DeliveryLine]) -> NoticeLine:
    return NoticeLine(
        id=row.id,
        kind=row.kind,
        subject_id=row.subject_id,
        params=row.params,
        at=row.at,
        read=row.read_at is not None,
        deliveries=tuple(deliveries),
    )
