"""Which person at the identity provider is which account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class LinkedIdentity(Base):
    """
    A person of a provider, tied to an account.

    The provider's number of the person is not stored: it may be a national one. Its keyed digest finds the row.
    """

    __tablename__ = "auth_identity"
    __table_args__ = (
        Index("uq_auth_identity_person", "digest", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_auth_identity_user_id", "user_id"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(
        LargeBinary, comment="of issuer and subject, see SecretsBox.digests"
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
