"""Tables of the certificate register, bitemporal: valid in law, and recorded when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.privacy import opens_on_load


class Certificate(Base):
    """One revision of an Investment Registration Certificate."""

    __tablename__ = "investment_certificate"
    __table_args__ = (
        UniqueConstraint("number", "revision"),
        ExcludeConstraint(
            ("project_id", "="),
            ("valid", "&&"),
            ("recorded", "&&"),
            name="ex_investment_certificate_in_force",
        ),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("registry_project.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"), index=True)
    number: Mapped[str]
    revision: Mapped[int]
    valid: Mapped[Range[Any]] = mapped_column(DATERANGE)
    recorded: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    content: Mapped[dict[str, Any]]
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents_document.id"), index=True)
    verification_code: Mapped[str] = mapped_column(unique=True)


opens_on_load(Certificate, "content")  # it holds numbers of passports, sealed with the dossier they come from
