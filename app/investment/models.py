"""Tables of investment: requests for project codes, and the certificate register, bitemporal."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.privacy import opens_on_load


class Certificate(Base):
    """
    One revision of an Investment Registration Certificate, as the register knew it for some time.

    A revision that is superseded stands twice: as it was known until then, and with its end in law.
    """

    __tablename__ = "investment_certificate"
    __table_args__ = (
        Index(
            "uq_investment_certificate_known_number",
            "number",
            "revision",
            unique=True,
            postgresql_where=text("upper_inf(recorded)"),
        ),
        Index(
            "uq_investment_certificate_known_verification_code",
            "verification_code",
            unique=True,
            postgresql_where=text("upper_inf(recorded)"),
        ),
        Index("ix_investment_certificate_number", "number", "revision"),
        Index("ix_investment_certificate_signed_at", "signed_at", "id"),
        Index("ix_investment_certificate_site", "site", "signed_at", "id"),
        Index(
            "ix_investment_certificate_folded",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        ExcludeConstraint(
            ("project_id", "="),
            ("valid", "&&"),
            ("recorded", "&&"),
            name="ex_investment_certificate_in_force",
        ),
        CheckConstraint("medium in ('ELECTRONIC', 'PAPER')", name="medium"),
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
    verification_code: Mapped[str]
    signed_at: Mapped[datetime]
    site: Mapped[str]
    medium: Mapped[str] = mapped_column(
        Text, server_default="ELECTRONIC", comment="PAPER: signed by hand, the document is a scan"
    )
    folded: Mapped[str] = mapped_column(comment="what a search looks into, folded")


opens_on_load(Certificate, "content")  # it holds numbers of passports, sealed with the dossier they come from


class CodeRequest(Base):
    """
    A request for a project code at the national investment registry; ``id`` is the key under which it knows it.

    A refused request stays as it is; asking again is another row with the next ``number``.
    """

    __tablename__ = "investment_code_request"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("state in ('WAITING', 'RECEIVED', 'REFUSED')", name="state"),
        CheckConstraint("(state = 'RECEIVED') = (code is not null)", name="received"),
        CheckConstraint("(state = 'WAITING') = (answered_at is null)", name="answered"),
        CheckConstraint("code ~ '^[0-9]{10}$'", name="code"),
        Index(
            "uq_investment_code_request_code", "code", unique=True, postgresql_where=text("code is not null")
        ),
        Index("ix_investment_code_request_waiting", "next_at", postgresql_where=text("state = 'WAITING'")),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    number: Mapped[int] = mapped_column(comment="1 for the first request of the dossier")
    state: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(comment="what is sent, word for word")
    simulated: Mapped[bool] = mapped_column(comment="asked at a simulator: the code has no meaning elsewhere")
    requested_at: Mapped[datetime]
    requested_by: Mapped[UUID | None]
    attempts: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(comment="when a waiting request is sent again")
    error: Mapped[str] = mapped_column(
        comment="why the last attempt brought no answer; empty: it is being decided"
    )
    answered_at: Mapped[datetime | None]
    code: Mapped[str | None]
    reason_code: Mapped[str]
    reason: Mapped[str]


class LetterState(StrEnum):
    """How a letter stands: it waits for a second officer, counts or not, or the registry has said otherwise."""

    ENTERED = "ENTERED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    DISPUTED = "DISPUTED"
    DROPPED = "DROPPED"


_LIVE = text("state in ('ENTERED', 'CONFIRMED', 'DISPUTED')")


class CodeLetter(Base):
    """
    A letter of the national investment registry with a project's code, entered while the registry does not answer.

    ``request_id`` is the request whose answer it stands in for. At most one letter of a dossier is live.
    """

    __tablename__ = "investment_code_letter"
    __table_args__ = (
        CheckConstraint("state in ('ENTERED', 'CONFIRMED', 'REJECTED', 'DISPUTED', 'DROPPED')", name="state"),
        CheckConstraint("code ~ '^[0-9]{10}$'", name="code"),
        CheckConstraint("(state = 'ENTERED') = (decided_at is null)", name="decided"),
        CheckConstraint("decided_by <> entered_by and settled_by <> entered_by", name="four_eyes"),
        Index("uq_investment_code_letter_case_id", "case_id", unique=True, postgresql_where=_LIVE),
        Index("uq_investment_code_letter_code", "code", unique=True, postgresql_where=_LIVE),
        Index("ix_investment_code_letter_case_id", "case_id", "entered_at"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    request_id: Mapped[UUID] = mapped_column(ForeignKey("investment_code_request.id"), index=True)
    code: Mapped[str]
    number: Mapped[str] = mapped_column(comment="number of the letter")
    dated_on: Mapped[date]
    reason: Mapped[str] = mapped_column(comment="why the registry's answer was not waited for")
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents_document.id"), index=True)
    state: Mapped[str]
    entered_at: Mapped[datetime]
    entered_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    remark: Mapped[str] = mapped_column(comment="why it was rejected")
    agreed_at: Mapped[datetime | None] = mapped_column(comment="when the registry said the same")
    disputed_at: Mapped[datetime | None] = mapped_column(comment="when the registry said otherwise")
    said: Mapped[str] = mapped_column(comment="what the registry said otherwise")
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None]
    settled: Mapped[str] = mapped_column(comment="why the one or the other counts")
