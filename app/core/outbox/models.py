"""Tables of the outbox: the events as facts, and which handler has had its effect."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class OutboxEvent(Base):
    """A domain event that was committed together with the change that it tells of."""

    __tablename__ = "outbox_event"
    __table_args__ = (Index("ix_outbox_event_name", "name", "id"), tenancy(Tenancy.SYSTEM))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, comment="module.subject.past_participle")
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    party_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]


class OutboxInbox(Base):
    """A handler has handled an event; the row commits with the handler's effect, so the effect comes once."""

    __tablename__ = "outbox_inbox"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
