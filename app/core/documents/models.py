"""Tables of documents: bytes by their hash, whose they are, which were issued, and the register of letters."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Tenancy, tenancy


class DocumentState(StrEnum):
    """Whether a version of a document is the one that counts, or lost its bytes when their time had passed."""

    CURRENT = "CURRENT"
    REPLACED = "REPLACED"
    WITHDRAWN = "WITHDRAWN"
    ERASED = "ERASED"


class IssuedState(StrEnum):
    """What an issued paper is worth now. PRINTED waits for a signature by hand; VOID never came into force."""

    PRINTED = "PRINTED"
    VALID = "VALID"
    AMENDED = "AMENDED"
    REVOKED = "REVOKED"
    VOID = "VOID"


class Medium(StrEnum):
    """What the original of an issued paper is: the signed file, or a sheet signed by hand whose scan is kept."""

    ELECTRONIC = "ELECTRONIC"
    PAPER = "PAPER"


class DocumentFile(Base):
    """
    A file in the store, once per content.

    No row tells whose it is: who may read it follows from the documents that name it, and a document
    is made only from bytes in hand, so that knowing a hash opens nothing.
    """

    __tablename__ = "documents_file"
    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("size_bytes > 0", name="size_bytes"),
        tenancy(Tenancy.SYSTEM),
    )

    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int]
    media_type: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[datetime] = mapped_column(comment="first time; proves that the content existed then")


class Document(Base):
    """One version of a paper of a party. Versions are added, never edited."""

    __tablename__ = "documents_document"
    __table_args__ = (
        CheckConstraint("state in ('CURRENT', 'REPLACED', 'WITHDRAWN', 'ERASED')", name="state"),
        CheckConstraint("version >= 1 and (version = 1) = (replaces_id is null)", name="version"),
        CheckConstraint("length(title) between 1 and 500", name="title"),
        UniqueConstraint("id", "party_id"),
        # With the party in the key no version can replace another party's paper.
        ForeignKeyConstraint(
            ["replaces_id", "party_id"], ["documents_document.id", "documents_document.party_id"]
        ),
        Index(
            "uq_documents_document_replaces_id",
            "replaces_id",
            unique=True,
            postgresql_where=text("replaces_id is not null"),
        ),
        Index("ix_documents_document_party_id", "party_id", "id"),
        Index("ix_documents_document_subject", "subject_id", "subject_kind", "id"),
        Index("ix_documents_document_sha256", "sha256"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text, comment="code of the kind of paper, given by the module")
    title: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text, ForeignKey("documents_file.sha256"))
    version: Mapped[int]
    replaces_id: Mapped[UUID | None]
    subject_kind: Mapped[str] = mapped_column(Text, comment="what it belongs to: case, certificate, project")
    subject_id: Mapped[UUID]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(comment="null: made by the platform")
    state: Mapped[str] = mapped_column(Text)


class DocumentUse(Base):
    """
    A paper of a party that an object outside of the dossiers of procedures uses, for example a declaration.

    Whoever is about to withdraw or erase a paper looks here as well; the vault tells the owner where it is used.
    """

    __tablename__ = "documents_use"
    __table_args__ = (
        # With the party in the key nothing can use another party's paper.
        ForeignKeyConstraint(
            ["document_id", "party_id"], ["documents_document.id", "documents_document.party_id"]
        ),
        Index("ix_documents_use_document_id", "document_id", "ended_at"),
        Index("ix_documents_use_subject_id", "subject_id", "subject_kind"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    document_id: Mapped[UUID]
    subject_kind: Mapped[str] = mapped_column(Text, comment="what uses it, for example a declaration")
    subject_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text, comment="public code of the object, as the vault shows it")
    href: Mapped[str] = mapped_column(Text, comment="page of the object on this site")
    place: Mapped[dict[str, Any]] = mapped_column(comment="which paper of the object it is, by language")
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Issued(Base):
    """A paper that the authority issued, as the public may verify it; ``public`` holds redacted fields only."""

    __tablename__ = "documents_issued"
    __table_args__ = (
        CheckConstraint("state in ('PRINTED', 'VALID', 'AMENDED', 'REVOKED', 'VOID')", name="state"),
        CheckConstraint(
            "(state in ('PRINTED', 'VALID')) = (state_at is null) and (state_at is null) = (state_reason is null)",
            name="state_reason",
        ),
        CheckConstraint("replaced_by is null or state in ('AMENDED', 'REVOKED')", name="replaced_by"),
        CheckConstraint("medium in ('ELECTRONIC', 'PAPER')", name="medium"),
        CheckConstraint("medium = 'PAPER' or state not in ('PRINTED', 'VOID')", name="printed"),
        Index("ix_documents_issued_document_id", "document_id"),
        Index("ix_documents_issued_sha256", "sha256"),
        Index(
            "ix_documents_issued_replaced_by",
            "replaced_by",
            postgresql_where=text("replaced_by is not null"),
        ),
        tenancy(Tenancy.SHARED),
    )

    verification_code: Mapped[str] = mapped_column(Text, primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents_document.id"))
    kind: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text, comment="number and symbol printed on the paper")
    public: Mapped[dict[str, Any]] = mapped_column(comment="redacted fields for the public page")
    sha256: Mapped[str] = mapped_column(
        Text, comment="of the signed file, copied so that a file finds its paper"
    )
    medium: Mapped[str] = mapped_column(
        Text, server_default="ELECTRONIC", comment="PAPER: signed by hand; the file is a scan of the original"
    )
    issued_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Text)
    state_at: Mapped[datetime | None]
    state_reason: Mapped[str | None] = mapped_column(Text)
    replaced_by: Mapped[str | None] = mapped_column(Text, ForeignKey("documents_issued.verification_code"))

    document: Mapped[Document] = relationship(lazy="raise")


class LetterNumber(Base):
    """The last number used by an office for a kind of paper in a year; its row lock makes the sequence gapless."""

    __tablename__ = "documents_letter_number"
    __table_args__ = (
        CheckConstraint("last_number >= 1", name="last_number"),
        tenancy(Tenancy.SYSTEM),
    )

    office_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    last_number: Mapped[int]


class Letter(Base):
    """A row of the register of outgoing papers (Decree 30/2020/NĐ-CP, chapter II)."""

    __tablename__ = "documents_letter"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(voided_at is null) = (void_reason is null)", name="voided"),
        CheckConstraint("voided_at is null or voided_at >= issued_at", name="voided_after"),
        UniqueConstraint("office_id", "year", "kind", "number"),
        Index(
            "uq_documents_letter_document_id",
            "document_id",
            unique=True,
            postgresql_where=text("document_id is not null"),
        ),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[UUID]
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text, comment="number and symbol as printed")
    issued_at: Mapped[datetime]
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents_document.id"))
    subject: Mapped[str] = mapped_column(Text, comment="abstract of the paper")
    voided_at: Mapped[datetime | None] = mapped_column(
        comment="the number counts no more, and is never given again"
    )
    void_reason: Mapped[str | None] = mapped_column(Text)

    document: Mapped[Document | None] = relationship(lazy="raise")
