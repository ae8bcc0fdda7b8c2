"""
The job that hands one delivery to its network.

The call stands between two transactions. A worker that dies in between makes the letter go out twice at worst, under
the same id, by which the network recognises it.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.core.db import DbRole, SessionContext
from app.core.jobs import JobRegistry, JobSpec, Run
from app.core.notifications.channels import Channel, ChannelDown, ChannelRefused, Letter
from app.core.notifications.models import (
    DeliveryState,
    Notification,
    NotificationDelivery,
)
from app.core.notifications.notifier import Notifier, current

DELIVER = "notifications.deliver"
DELIVERY_ATTEMPTS = 12
"""With the waits of the job queue a network may be down for about an hour."""

NO_ADDRESS = "no-address"
NOT_SET_UP = "not-set-up"
_ROUTE = text("select email, address, language from notification_route(:id)")
_WORKER = SessionContext(DbRole.WORKER)


@dataclass(frozen=True, slots=True)
class _Order:
    channel: Channel
    letter: Letter


def add_jobs(jobs: JobRegistry) -> None:
    """Register the job of deliveries."""

    def deliver(run: Run, *, delivery_id: str) -> None:
        _deliver(run, UUID(delivery_id), current())

    jobs.add(JobSpec(DELIVER, deliver, attempts=DELIVERY_ATTEMPTS, runs_as_system=True))


def _deliver(run: Run, delivery_id: UUID, notifier: Notifier) -> None:
    with run.database.session(_WORKER) as session:
        order = _read(session, delivery_id, notifier)
    if order is None:
        return
    port = notifier.ports.get(order.channel)
    if port is None or not order.letter.to:
        _note(run, delivery_id, DeliveryState.GIVEN_UP, NOT_SET_UP if port is None else NO_ADDRESS)
        return
    try:
        port.send(order.letter)
    except ChannelRefused as refusal:
        _note(run, delivery_id, DeliveryState.GIVEN_UP, refusal.code)
    except ChannelDown as failure:
        last = run.attempt >= DELIVERY_ATTEMPTS
        _note(run, delivery_id, DeliveryState.GIVEN_UP if last else DeliveryState.FAILED, failure.code)
        raise  # the queue tries again with growing waits, and keeps the last one as a dead letter
    else:
        _note(run, delivery_id, DeliveryState.SENT, "")


def _read(session: Session, delivery_id: UUID, notifier: Notifier) -> _Order | None:
    """Return what to send; None when it has been sent already."""
    route = session.execute(_ROUTE, {"id": delivery_id}).one_or_none()
    if route is None:
        return None
    delivery, notice = session.execute(
        select(NotificationDelivery, Notification)
        .join(Notification, Notification.id == NotificationDelivery.notification_id)
        .where(NotificationDelivery.id == delivery_id)
    ).one()
    words = notifier.kinds.word(
        notice.kind,
        notice.params,
        subject_id=notice.subject_id,
        lang=route.language,
        timezone=notifier.timezone,
    )
    channel = Channel(delivery.channel)
    to = route.address or (route.email if channel is Channel.EMAIL else None) or ""
    body = f"{words.text}\n\n{notifier.origin}{words.path}\n"
    return _Order(channel, Letter(delivery.id, to, words.subject, body, route.language))


def _note(run: Run, delivery_id: UUID, state: DeliveryState, error: str) -> None:
    with run.database.transaction(_WORKER) as session:
        session.execute(
            update(NotificationDelivery)
            .where(NotificationDelivery.id == delivery_id)
            .values(
                state=state.value,
                attempts=NotificationDelivery.attempts + 1,
                error=error,
                changed_at=run.now,
            )
        )
