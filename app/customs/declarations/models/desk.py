"""Tables of the customs officer's desk: questions with their answers, inspection notes, indications of risk."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy

DEGREES = Numeric(9, 6)


class Question(Base):
    """A question to a firm: of the authority, through the gateway, or of an officer of the zone."""

    __tablename__ = "customs_question"
    __table_args__ = (
        UniqueConstraint("notice_id"),
        CheckConstraint("side in ('AUTHORITY', 'OFFICER')", name="side"),
        CheckConstraint("state in ('FIRM', 'ASKER', 'CLOSED')", name="state"),
        CheckConstraint("length(text) between 1 and 4000", name="text"),
        CheckConstraint("side = 'OFFICER' or declaration_id is not null", name="declaration"),
        Index("ix_customs_question_party_id", "party_id", "state", "asked_at"),
        Index("ix_customs_question_declaration_id", "declaration_id", "asked_at"),
        Index("ix_customs_question_state", "state", "asked_at", "id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    declaration_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("customs_declaration.id"), comment="empty: about the firm as a whole"
    )
    side: Mapped[str]
    text: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None] = mapped_column(comment="empty for the authority")
    due_at: Mapped[datetime | None] = mapped_column(comment="as the authority said; an officer sets none")
    notice_id: Mapped[UUID | None] = mapped_column(comment="notice of the gateway that asked")
    state: Mapped[str] = mapped_column(comment="who is waited for; CLOSED: nobody any more")
    changed_at: Mapped[datetime]


class Answer(Base):
    """One contribution to a question, of the firm or of the officer who goes on asking. Never changed."""

    __tablename__ = "customs_answer"
    __table_args__ = (
        CheckConstraint("side in ('FIRM', 'OFFICER')", name="side"),
        CheckConstraint("length(text) between 1 and 4000", name="text"),
        Index("ix_customs_answer_question_id", "question_id", "at"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    question_id: Mapped[UUID] = mapped_column(ForeignKey("customs_question.id"))
    side: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[UUID]


class InspectionNote(Base):
    """What an officer found, signed and never changed; a correction is a new note that names the old one."""

    __tablename__ = "customs_inspection_note"
    __table_args__ = (
        UniqueConstraint("corrects_id"),
        CheckConstraint("kind in ('GOODS', 'SITE', 'GATE', 'RECORDS')", name="kind"),
        CheckConstraint("result in ('AS_DECLARED', 'DIFFERS', 'OPEN')", name="result"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        Index("ix_customs_inspection_note_party_id", "party_id", "written_at"),
        Index("ix_customs_inspection_note_declaration_id", "declaration_id", "written_at"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    declaration_id: Mapped[UUID | None] = mapped_column(ForeignKey("customs_declaration.id"))
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("customs_inspection_note.id"))
    kind: Mapped[str]
    place: Mapped[str]
    found: Mapped[str]
    result: Mapped[str]
    happened_at: Mapped[datetime]
    written_at: Mapped[datetime]
    written_by: Mapped[UUID]
    officer: Mapped[str] = mapped_column(comment="name of the officer as it was when the note was signed")
    digest: Mapped[str] = mapped_column(comment="SHA-256 of the note with the hashes of its photos")


class InspectionPhoto(Base):
    """A photo of a note, freed of what the camera wrote into it."""

    __tablename__ = "customs_inspection_photo"
    __table_args__ = (
        ForeignKeyConstraint(
            ["document_id", "party_id"], ["documents_document.id", "documents_document.party_id"]
        ),
        UniqueConstraint("note_id", "position"),
        CheckConstraint("(latitude is null) = (longitude is null)", name="place"),
        Index("ix_customs_inspection_photo_document_id", "document_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    note_id: Mapped[UUID] = mapped_column(ForeignKey("customs_inspection_note.id"))
    document_id: Mapped[UUID]
    position: Mapped[int]
    latitude: Mapped[Decimal | None] = mapped_column(DEGREES, comment="kept only when the officer chose to")
    longitude: Mapped[Decimal | None] = mapped_column(DEGREES)


class InspectionComment(Base):
    """What the firm says to a note. Never changed."""

    __tablename__ = "customs_inspection_comment"
    __table_args__ = (
        CheckConstraint("length(text) between 1 and 4000", name="text"),
        Index("ix_customs_inspection_comment_note_id", "note_id", "at"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    note_id: Mapped[UUID] = mapped_column(ForeignKey("customs_inspection_note.id"))
    text: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[UUID]


class Indication(Base):
    """An indication of risk as it was computed. It holds factors that the firm does not see, so no firm reads it."""

    __tablename__ = "customs_indication"
    __table_args__ = (
        Index("ix_customs_indication_declaration_id", "declaration_id", "at"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"))
    rules: Mapped[str] = mapped_column(comment="version of the rules, by the day from which they count")
    score: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(
        comment="each factor with its weight, answer and what it lacked"
    )
    at: Mapped[datetime]
    by: Mapped[UUID | None]
