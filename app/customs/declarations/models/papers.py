"""Tables of a declaration's papers. Rows are added; what changes is whether they count and when they were shown."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class Paper(Base):
    """A document in a place of a declaration's dossier: uploaded for it, or taken by reference from the vault."""

    __tablename__ = "customs_paper"
    __table_args__ = (
        # With the party in the key no paper of another firm can stand in a declaration.
        ForeignKeyConstraint(
            ["document_id", "party_id"], ["documents_document.id", "documents_document.party_id"]
        ),
        CheckConstraint("source in ('UPLOAD', 'VAULT')", name="source"),
        CheckConstraint("state in ('ATTACHED', 'REPLACED', 'REMOVED')", name="state"),
        CheckConstraint("length(file_name) between 1 and 255", name="file_name"),
        CheckConstraint("reused >= 0 and (source = 'VAULT') = (reused > 0)", name="reused"),
        Index("ix_customs_paper_declaration_id", "declaration_id", "slot", "attached_at"),
        Index("ix_customs_paper_document_id", "document_id"),
        Index(
            "uq_customs_paper_attached", "declaration_id", "slot", "document_id", unique=True,
            postgresql_where=text("state = 'ATTACHED'"),
        ),
        tenancy(Tenancy.TENANT),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("customs_declaration.id"))
    slot: Mapped[str] = mapped_column(comment="code of the place in the list of papers")
    form: Mapped[str] = mapped_column(
        comment="which of several papers of the place; empty where there is one"
    )
    document_id: Mapped[UUID]
    file_name: Mapped[str] = mapped_column(comment="as the sender named it")
    number: Mapped[str] = mapped_column(comment="of a certificate, as it stands on the paper")
    issued_on: Mapped[date | None] = mapped_column(comment="of a certificate")
    holder: Mapped[str] = mapped_column(comment="tax code of the firm that a certificate names")
    valid_until: Mapped[date | None] = mapped_column(
        comment="last day of a certificate; empty: it names none"
    )
    source: Mapped[str]
    reused: Mapped[int] = mapped_column(comment="0 for a new paper, n for its n-th use")
    state: Mapped[str]
    attached_at: Mapped[datetime]
    attached_by: Mapped[UUID | None]
    shown_at: Mapped[datetime | None] = mapped_column(
        comment="when it was handed to the gateway; a shown paper stays in the record"
    )
