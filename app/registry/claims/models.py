"""Tables of claims."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class Claim(Base):
    """
    A person's claim to act for an enterprise. It belongs to the party of the person.

    ``enterprise_party_id`` stays empty until the desk confirms: the person does not learn from it whether the
    enterprise is known in the zone.
    """

    __tablename__ = "registry_claim"
    __table_args__ = (
        CheckConstraint("kind in ('EXISTING', 'NOT_FOUNDED', 'FOUNDED')", name="kind"),
        CheckConstraint(
            "state in ('DRAFT', 'SUBMITTED', 'RETURNED', 'CONFIRMED', 'REFUSED', 'WITHDRAWN')", name="state"
        ),
        CheckConstraint("standing in ('LEGAL_REPRESENTATIVE', 'AUTHORISED')", name="standing"),
        CheckConstraint("(kind = 'NOT_FOUNDED') = (tax_code is null)", name="tax_code"),
        CheckConstraint("(kind = 'FOUNDED') = (for_party_id is not null)", name="for_party"),
        Index("ix_registry_claim_party_id", "party_id", "id"),
        Index("ix_registry_claim_user_id", "user_id"),
        Index("ix_registry_claim_for_party_id", "for_party_id"),
        Index("ix_registry_claim_enterprise_party_id", "enterprise_party_id"),
        Index(
            "ix_registry_claim_waiting",
            "submitted_at",
            "id",
            postgresql_where=text("state = 'SUBMITTED'"),
        ),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="the person")
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    standing: Mapped[str] = mapped_column(Text)
    takeover: Mapped[bool] = mapped_column(comment="the administrator before has left")
    tax_code: Mapped[str | None] = mapped_column(Text, comment="canonical, see TaxCode")
    name: Mapped[str] = mapped_column(Text, comment="of the enterprise, as the person writes it")
    country: Mapped[str | None] = mapped_column(Text, comment="of the investor, where nothing is founded yet")
    for_party_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth_party.id"), comment="whose tax code is told, when it has been founded"
    )
    revision: Mapped[int]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None] = mapped_column(comment="none: by word of the enterprise itself")
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    note: Mapped[str] = mapped_column(Text)
    enterprise_party_id: Mapped[UUID | None] = mapped_column(ForeignKey("auth_party.id"))


class ClaimReferral(Base):
    """A claim as the administrators of the enterprise see it, who know their own people best."""

    __tablename__ = "registry_claim_referral"
    __table_args__ = (
        CheckConstraint("state in ('OPEN', 'ADMITTED', 'DECLINED', 'CLOSED')", name="state"),
        Index("ix_registry_claim_referral_party_id", "party_id", "id"),
        Index("ix_registry_claim_referral_claim_id", "claim_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="the enterprise")
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("registry_claim.id"))
    claimant: Mapped[str] = mapped_column(Text, comment="full name, as the account says it")
    login: Mapped[str] = mapped_column(Text)
    standing: Mapped[str] = mapped_column(Text)
    takeover: Mapped[bool]
    state: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="given with the admission")
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
