"""Tables of the outbox: the events as facts, and which handler has had its effect."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from app.core.db import Base, Tenancy, tenancy


class Xid8(UserDefinedType[str]):
    """The number of a transaction, 64 bits: it is compared in the database only."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        """Return the name of the type."""
        return "xid8"


ischema_names["xid8"] = Xid8  # the dialect does not know the type when it compares tables with models


class OutboxEvent(Base):
    """A domain event that was committed together with the change that it tells of."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("ix_outbox_event_name", "name", "id"),
        Index("ix_outbox_event_xid", "xid"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, comment="module.subject.past_participle")
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    party_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]
    xid: Mapped[str] = mapped_column(
        Xid8(),
        server_default=text("pg_current_xact_id()"),
        comment="transaction that wrote it: who tails compares snapshots",
    )


class OutboxInbox(Base):
    """A handler has handled an event; the row commits with the handler's effect, so the effect comes once."""

    __tablename__ = "outbox_inbox"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
