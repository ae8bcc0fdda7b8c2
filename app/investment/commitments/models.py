"""Tables of commitments. What was shown and what was found are rows that are added and never changed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class Commitment(Base):
    """One promise of a certificate of the special procedure, in the words of the dossier."""

    __tablename__ = "investment_commitment"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("kind in ('CONSTRUCTION', 'ENVIRONMENT', 'FIRE')", name="kind"),
        Index("ix_investment_commitment_due_on", "due_on", "id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("registry_project.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    number: Mapped[int]
    kind: Mapped[str]
    text: Mapped[str]
    article: Mapped[str] = mapped_column(comment="article or standard that the commitment names")
    promised: Mapped[str] = mapped_column(comment="evidence that the dossier announced; may be empty")
    due_on: Mapped[date]
    created_at: Mapped[datetime]
    warned_at: Mapped[datetime | None] = mapped_column(comment="when the enterprise was reminded")
    overdue_at: Mapped[datetime | None] = mapped_column(comment="when it was told that the day has passed")
    replaced_at: Mapped[datetime | None] = mapped_column(
        comment="when an adjustment put another in its place"
    )


class CommitmentEvidence(Base):
    """A paper handed in for a commitment."""

    __tablename__ = "investment_commitment_evidence"
    __table_args__ = (
        Index("ix_investment_commitment_evidence_commitment_id", "commitment_id", "at"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    commitment_id: Mapped[UUID] = mapped_column(ForeignKey("investment_commitment.id"))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents_document.id"), index=True)
    file_name: Mapped[str]
    note: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[UUID]


class CommitmentDecision(Base):
    """What an officer found about one piece of evidence."""

    __tablename__ = "investment_commitment_decision"
    __table_args__ = (
        UniqueConstraint("evidence_id"),
        CheckConstraint("confirmed or reason <> ''", name="reason"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("investment_commitment_evidence.id"))
    confirmed: Mapped[bool]
    reason: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[UUID]
