"""
Domain events: the fact is a row, and each handler gets a job in the same transaction.

Handlers run later, in transactions of their own, each with effect once for each event. There is no order between
them, nor between events.
"""

from app.core.outbox.delivery import EventLost, add_jobs
from app.core.outbox.events import DomainEvent, UnfitEvent
from app.core.outbox.models import OutboxEvent, OutboxInbox
from app.core.outbox.publishing import (
    NoHandlersInstalled,
    Published,
    install,
    installed,
    pending,
    publish,
    send_pending,
)
from app.core.outbox.registry import Handler, HandlerRegistry
from app.core.outbox.tailing import EventTail, TailedEvent, tail

__all__ = [
    "DomainEvent",
    "EventLost",
    "EventTail",
    "Handler",
    "HandlerRegistry",
    "NoHandlersInstalled",
    "OutboxEvent",
    "OutboxInbox",
    "Published",
    "TailedEvent",
    "UnfitEvent",
    "add_jobs",
    "install",
    "installed",
    "pending",
    "publish",
    "send_pending",
    "tail",
]
