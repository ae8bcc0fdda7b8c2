"""Writing notices: one row for each person, one delivery for each channel, one job for each delivery."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.core.jobs import NewJob, defer_jobs
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.notifications.delivery import DELIVER
from app.core.notifications.events import NoticesChanged
from app.core.notifications.kinds import Audience, Kind
from app.core.notifications.models import (
    DeliveryState,
    Notification,
    NotificationChoice,
    NotificationDelivery,
)
from app.core.notifications.notifier import Notifier, current
from app.core.notifications.recipients import Recipient, resolve
from app.core.outbox import publish


def notify(
    session: Session,
    *,
    recipients: Sequence[Recipient],
    kind: str,
    subject: tuple[str, UUID | None],
    party_id: UUID,
    params: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> list[UUID]:
    """
    Tell people something, and return who was told; whoever caused it is not told of it.

    What an absent officer is told, the substitute hears as well.

    Runs as officer or worker, which is how a handler of the platform runs.

    :param subject: kind and key of the matter, ``("case", case.id)``.
    :param party_id: whose matter it is; a customer sees the notice as long as they act for that party.
    :param params: texts, instants (ISO 8601, name ending in ``_at``) and texts by language; nothing that the reader
        may not see by the time of reading.
    :raises NotifierMissing: the composition root has not installed a notifier.
    :raises KeyError: no such kind.
    """
    notifier = current()
    chosen = notifier.kinds[kind]
    found = resolve(session, recipients, at=now)
    if chosen.audience is Audience.OFFICER:
        found = [*found, *notifier.stand_ins(session, found, now)]
    people = [each for each in dict.fromkeys(found) if each != actor.user_id]
    if not people:
        return []
    shared = {"kind": kind, "subject_kind": subject[0], "subject_id": subject[1], "params": dict(params)}
    rows = [
        {"id": uuid7(), "user_id": person, "party_id": party_id, "at": now, "read_at": None, **shared}
        for person in people
    ]
    session.execute(insert(Notification), rows)
    deliveries = _deliveries(session, notifier, chosen, rows, now)
    if deliveries:
        session.execute(insert(NotificationDelivery), deliveries)
        defer_jobs(session, [NewJob(DELIVER, {"delivery_id": str(row["id"])}, actor) for row in deliveries])
    publish(session, NoticesChanged(tuple(people)), actor=actor, at=now)
    return people


def _deliveries(
    session: Session, notifier: Notifier, kind: Kind, rows: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    if not notifier.ports:
        return []
    choices = {
        (row.user_id, row.channel): row.wanted
        for row in session.execute(
            select(NotificationChoice.user_id, NotificationChoice.channel, NotificationChoice.wanted).where(
                NotificationChoice.user_id.in_([row["user_id"] for row in rows]),
                NotificationChoice.kind == kind.code,
            )
        )
    }
    return [
        {
            "id": uuid7(),
            "notification_id": row["id"],
            "user_id": row["user_id"],
            "party_id": row["party_id"],
            "channel": channel.value,
            "state": DeliveryState.QUEUED.value,
            "attempts": 0,
            "error": "",
            "created_at": now,
            "changed_at": now,
        }
        for row in rows
        for channel in notifier.ports
        if choices.get((row["user_id"], channel.value), channel in kind.channels)
    ]
