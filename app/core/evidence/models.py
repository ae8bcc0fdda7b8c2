"""Tables of the evidence log: entries as they happened, and the tree heads over them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy

TAG_PATTERN = r"^[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*){2}$"


class EvidenceEntry(Base):
    """
    One recorded act. ``body`` is what is proved; the other columns repeat parts of it for look-ups.

    A trigger refuses columns that differ from the body, every change but the one numbering, and deletion.
    """

    __tablename__ = "evidence_entry"
    __table_args__ = (
        CheckConstraint(f"tag ~ '{TAG_PATTERN}'", name="tag"),
        CheckConstraint(r"leaf_hash = sha256('\x00'::bytea || convert_to(body, 'UTF8'))", name="leaf"),
        CheckConstraint("(seq is null) = (sealed_at is null)", name="sealed"),
        CheckConstraint("seq >= 0", name="seq"),
        Index("uq_evidence_entry_seq", "seq", unique=True, postgresql_where=text("seq is not null")),
        Index("ix_evidence_entry_unsealed", "id", postgresql_where=text("seq is null")),
        Index(
            "ix_evidence_entry_subject", "subject_id", "id", postgresql_where=text("subject_id is not null")
        ),
        Index("ix_evidence_entry_party", "party_id", "id", postgresql_where=text("party_id is not null")),
        Index("ix_evidence_entry_actor", "actor_id", "id", postgresql_where=text("actor_id is not null")),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(Text, comment="noun:subject:verb")
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID | None]
    party_id: Mapped[UUID | None]
    body: Mapped[str] = mapped_column(Text, comment="canonical JSON (RFC 8785); its bytes are the leaf")
    salt: Mapped[bytes] = mapped_column(BYTEA, comment="key of the value digests; the body holds its hash")
    leaf_hash: Mapped[bytes] = mapped_column(BYTEA)
    seq: Mapped[int | None] = mapped_column(comment="leaf index from 0; null until sealed")
    sealed_at: Mapped[datetime | None]


class EvidenceHead(Base):
    """A tree head: what the first ``size`` entries hash to. Append-only."""

    __tablename__ = "evidence_head"
    __table_args__ = (CheckConstraint("size > 0", name="size"), tenancy(Tenancy.SYSTEM))

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(BYTEA)
    frontier: Mapped[bytes] = mapped_column(BYTEA, comment="roots of the complete subtrees, largest first")
    at: Mapped[datetime]
