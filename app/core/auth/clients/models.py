"""Tables of API clients: the client itself, its secrets, its tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class ApiClient(Base):
    """A program that acts for one enterprise, within scopes, until it expires or is revoked."""

    __tablename__ = "auth_client"
    __table_args__ = (
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
        CheckConstraint("expires_at > created_at", name="period"),
        Index("ix_auth_client_party_id", "party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="also the client_id of OAuth")
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ClientSecret(Base):
    """
    A secret of a client. Only its SHA-256 hash is stored; tenants may write one but never read it back.

    At most two are in force, so that a program can change over without a break.
    """

    __tablename__ = "auth_client_secret"
    __table_args__ = (
        Index("ix_auth_client_secret_client_id", "client_id"),
        Index("ix_auth_client_secret_party_id", "party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("auth_client.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    ends_at: Mapped[datetime | None] = mapped_column(
        comment="set when it was replaced; not in force from then"
    )
    last_used_at: Mapped[datetime | None]


class ClientToken(Base):
    """An access token, by its hash; it falls with its secret and its client."""

    __tablename__ = "auth_client_token"
    __table_args__ = (
        Index("ix_auth_client_token_client_id", "client_id"),
        Index("ix_auth_client_token_secret_id", "secret_id"),
        Index("ix_auth_client_token_expires_at", "expires_at"),
        tenancy(Tenancy.SYSTEM),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("auth_client.id"))
    secret_id: Mapped[UUID] = mapped_column(ForeignKey("auth_client_secret.id"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
