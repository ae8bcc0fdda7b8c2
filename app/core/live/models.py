"""Tables of the live stream: a short memory of pokes, and how far the relay has come."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class LivePoke(Base):
    """A poke of the last minutes. One relay at a time writes, so the numbers are the order of the commits."""

    __tablename__ = "live_poke"
    __table_args__ = (Index("ix_live_poke_at", "at"), tenancy(Tenancy.SYSTEM))

    seq: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    topic: Mapped[str] = mapped_column(Text)
    party_id: Mapped[UUID | None] = mapped_column(comment="whose matter it is, when it is one party's")
    at: Mapped[datetime]


class LivePosition(Base):
    """How far a relay has passed the facts on."""

    __tablename__ = "live_position"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    relay: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[str] = mapped_column(Text, comment="snapshot up to which events were passed on")
    at: Mapped[datetime]
