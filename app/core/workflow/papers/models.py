"""Tables of a dossier's papers: which document fills which component, and the applicant's form."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Tenancy, tenancy
from app.core.documents.models import Document

# Kind of a document: a scan of a whole paper dossier, whose pages are assigned to components.
SCAN_KIND = "COUNTER_SCAN"


class Source(StrEnum):
    """How a paper came into a dossier."""

    UPLOAD = "UPLOAD"
    VAULT = "VAULT"
    SCAN = "SCAN"


class Part(StrEnum):
    """What a file holds of a paper that needs a translation: the original, its translation, or all of it."""

    WHOLE = "WHOLE"
    ORIGINAL = "ORIGINAL"
    TRANSLATION = "TRANSLATION"


class AttachmentState(StrEnum):
    """Whether an attachment counts."""

    ATTACHED = "ATTACHED"
    REPLACED = "REPLACED"
    REMOVED = "REMOVED"


class FormState(StrEnum):
    """Whether a print of the form waits for a signature or carries one."""

    PREPARED = "PREPARED"
    SIGNED = "SIGNED"


class SigningMethod(StrEnum):
    """How the form was signed: here with the account's certificate, elsewhere and brought back, or by hand on paper."""

    CERTIFICATE = "CERTIFICATE"
    UPLOAD = "UPLOAD"
    PAPER = "PAPER"


class CaseComponent(Base):
    """A document in a component of a dossier. Rows are added; only their state changes, and only once."""

    __tablename__ = "workflow_component"
    __table_args__ = (
        CheckConstraint("source in ('UPLOAD', 'VAULT', 'SCAN')", name="source"),
        CheckConstraint("state in ('ATTACHED', 'REPLACED', 'REMOVED')", name="state"),
        CheckConstraint("reused >= 0 and (source = 'VAULT') = (reused > 0)", name="reused"),
        CheckConstraint("length(file_name) between 1 and 255", name="file_name"),
        CheckConstraint("part in ('WHOLE', 'ORIGINAL', 'TRANSLATION')", name="part"),
        Index("ix_workflow_component_case_id", "case_id", "component"),
        Index("ix_workflow_component_document_id", "document_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    component: Mapped[str] = mapped_column(Text, comment="code of the component of the procedure")
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents_document.id"))
    file_name: Mapped[str] = mapped_column(Text, comment="as the sender named it; tells several files apart")
    attached_at: Mapped[datetime]
    attached_by: Mapped[UUID | None] = mapped_column(comment="null: the platform itself")
    source: Mapped[str] = mapped_column(Text)
    part: Mapped[str] = mapped_column(Text, server_default="WHOLE")
    signers: Mapped[list[Any]] = mapped_column(
        server_default="[]", comment="names of valid signatures when it was attached"
    )
    reused: Mapped[int] = mapped_column(comment="0 for a new paper, n for its n-th use in a further dossier")
    state: Mapped[str] = mapped_column(Text)

    document: Mapped[Document] = relationship(lazy="raise")


class CaseForm(Base):
    """A print of the application form: prepared for signing elsewhere, or signed. Never changed."""

    __tablename__ = "workflow_form"
    __table_args__ = (
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        CheckConstraint("state in ('PREPARED', 'SIGNED')", name="state"),
        CheckConstraint("method in ('CERTIFICATE', 'UPLOAD', 'PAPER')", name="method"),
        CheckConstraint("(state = 'SIGNED') = (method is not null and signer is not null)", name="signed"),
        Index("ix_workflow_form_case_id", "case_id", "at"),
        Index("ix_workflow_form_document_id", "document_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    digest: Mapped[str] = mapped_column(Text, comment="SHA-256 of the printed answers")
    state: Mapped[str] = mapped_column(Text)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents_document.id"))
    method: Mapped[str | None] = mapped_column(Text)
    signer: Mapped[str | None] = mapped_column(Text, comment="name in the signing certificate")
    at: Mapped[datetime]
    by: Mapped[UUID]

    document: Mapped[Document] = relationship(lazy="raise")
