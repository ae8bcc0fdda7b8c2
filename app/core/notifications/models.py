"""Tables of notices: the notice, its deliveries, and what each person wants by which channel."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class DeliveryState(StrEnum):
    """Where a delivery stands. FAILED is tried again, GIVEN_UP is not."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"
    GIVEN_UP = "GIVEN_UP"


class Notification(Base):
    """One notice to one person; a tenant sees the own ones only, and only those of parties that they act for."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_user_id", "user_id", "id"),
        Index("ix_notification_party_id", "party_id"),
        Index("ix_notification_unread", "user_id", postgresql_where=text("read_at is null")),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="whose matter it is")
    kind: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID | None]
    params: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class NotificationDelivery(Base):
    """One notice on its way by one channel."""

    __tablename__ = "notification_delivery"
    __table_args__ = (
        UniqueConstraint("notification_id", "channel"),
        CheckConstraint("channel in ('EMAIL', 'SMS', 'ZALO')", name="channel"),
        CheckConstraint("state in ('QUEUED', 'SENT', 'FAILED', 'GIVEN_UP')", name="state"),
        Index("ix_notification_delivery_user_id", "user_id"),
        Index("ix_notification_delivery_party_id", "party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notification.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    channel: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    error: Mapped[str] = mapped_column(Text, comment="code of the last refusal, else empty")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class NotificationChoice(Base):
    """Whether a person wants one kind of notice by one channel; what is not chosen follows the kind."""

    __tablename__ = "notification_choice"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    wanted: Mapped[bool]


class NotificationAddress(Base):
    """Where a person wants to be reached by a channel; only they may read it, and the job that sends to it."""

    __tablename__ = "notification_address"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]


class NotificationMail(Base):
    """A letter to an address that may belong to no account, until the network has taken it."""

    __tablename__ = "notification_mail"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(comment="may carry a secret; deleted with the letter")
    language: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
