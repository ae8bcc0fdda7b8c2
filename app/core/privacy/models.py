"""Tables of personal data: keys of sealed values, their blind index, and who read what for which purpose."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class DataKey(Base):
    """
    The key under which the personal values of one holder are sealed, itself sealed with the key file.

    Destroying ``wrapped`` erases every value of the holder wherever a copy of it lies; the row stays as the trace.
    """

    __tablename__ = "privacy_key"
    __table_args__ = (
        UniqueConstraint("holder_kind", "holder_id"),
        Index("ix_privacy_key_party_id", "party_id"),
        CheckConstraint("(wrapped is null) = (erased_at is not null)", name="erased"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="whose data")
    holder_kind: Mapped[str] = mapped_column(Text, comment="what the values belong to, for instance case")
    holder_id: Mapped[UUID]
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary, comment="sealed, see SecretsBox; null: erased")
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class BlindIndex(Base):
    """A keyed digest of a sealed value, for finding equal ones without opening any."""

    __tablename__ = "privacy_index"
    __table_args__ = (
        UniqueConstraint("key_id", "field", "digest"),
        Index("ix_privacy_index_digest", "digest"),
        Index("ix_privacy_index_party_id", "party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("privacy_key.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    field: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary, comment="null: erased")


class Reading(Base):
    """One reading of personal data: by whom, in which office and role, for which purpose; never the values."""

    __tablename__ = "privacy_reading"
    __table_args__ = (
        Index("ix_privacy_reading_party_id", "party_id", "at"),
        Index("ix_privacy_reading_recent", "reader_id", "object_id", "at"),
        CheckConstraint("kind in ('SHOWN', 'EXPORTED', 'SEARCHED')", name="kind"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="whose data")
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    reader_id: Mapped[UUID]
    office_id: Mapped[UUID | None] = mapped_column(comment="the reader's office at that time")
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purpose: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, comment="the reader's own words, where a purpose asks for them")
    object_kind: Mapped[str] = mapped_column(Text)
    object_id: Mapped[UUID]
    object_code: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="names of the fields, not their values")
    entry_id: Mapped[UUID] = mapped_column(comment="the entry of the evidence log")
