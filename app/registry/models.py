"""Tables of the registry."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.registry.domain import AddressKind, EnterpriseKind, Source, Verification


def _code(codes: type[StrEnum]) -> Enum:
    return Enum(codes, native_enum=False, create_constraint=False, length=20)


def _one_of(column: str, codes: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} in ({listed})", name=column)


class Enterprise(Base):
    """
    The identity card of an enterprise; its key is that of the party that holds dossiers and memberships.

    ``tax_code`` stands in its one spelling, or is missing: founded abroad, or not founded yet. ``revision`` grows
    with each change, those of addresses and representatives included.
    """

    __tablename__ = "registry_enterprise"
    __table_args__ = (
        _one_of("kind", EnterpriseKind),
        _one_of("verification", Verification),
        _one_of("source", Source),
        CheckConstraint("tax_code ~ '^([0-9]{10}(-[0-9]{3})?|[0-9]{12})$'", name="tax_code"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint("(source = 'TAKE_OVER') = (takeover_id is not null)", name="takeover"),
        Index("ix_registry_enterprise_takeover_id", "takeover_id"),
        tenancy(Tenancy.TENANT),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), primary_key=True)
    tax_code: Mapped[str | None] = mapped_column(Text, unique=True)
    kind: Mapped[EnterpriseKind] = mapped_column(_code(EnterpriseKind))
    name_vi: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text, comment="of registration, ISO 3166-1 alpha-2")
    legal_form: Mapped[str | None] = mapped_column(Text, comment="code of the list LEGAL_FORM")
    registration_number: Mapped[str | None] = mapped_column(
        Text, comment="in the register of its country, verbatim"
    )
    established_on: Mapped[date | None]
    phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    website: Mapped[str | None] = mapped_column(Text)
    verification: Mapped[Verification] = mapped_column(_code(Verification))
    source: Mapped[Source] = mapped_column(_code(Source))
    takeover_id: Mapped[UUID | None] = mapped_column(comment="batch of the take-over that brought the record")
    revision: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Address(Base):
    """
    Where an enterprise is, in two levels (province, ward or commune), for a period.

    Codes are those of the lists PROVINCE and WARD where the address is in the country; names stand beside them as they
    were written, since lists change. Abroad ``province`` is the region or city.
    """

    __tablename__ = "registry_address"
    __table_args__ = (
        _one_of("kind", AddressKind),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        ExcludeConstraint(
            ("party_id", "="),
            ("valid", "&&"),
            where=text("kind = 'HEAD_OFFICE'"),
            name="ex_registry_address_one_head_office",
        ),
        Index("ix_registry_address_party_id", "party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("registry_enterprise.party_id"))
    kind: Mapped[AddressKind] = mapped_column(_code(AddressKind))
    country: Mapped[str] = mapped_column(Text)
    province_code: Mapped[str | None] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    ward_code: Mapped[str | None] = mapped_column(Text)
    ward: Mapped[str] = mapped_column(Text)
    street: Mapped[str] = mapped_column(Text)
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    created_at: Mapped[datetime]


class Representative(Base):
    """Who acts for an enterprise by law or appointment, in which position, for a period."""

    __tablename__ = "registry_representative"
    __table_args__ = (
        CheckConstraint("nationality ~ '^[A-Z]{2}$'", name="nationality"),
        Index("ix_registry_representative_party_id", "party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("registry_enterprise.party_id"))
    name: Mapped[str] = mapped_column(Text)
    position: Mapped[str] = mapped_column(Text)
    nationality: Mapped[str] = mapped_column(Text)
    legal: Mapped[bool] = mapped_column(comment="represents by law, not by a power of attorney")
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    created_at: Mapped[datetime]


class Change(Base):
    """One change of an enterprise's record, never altered: which revision, who, when, what it was before and after."""

    __tablename__ = "registry_change"
    __table_args__ = (
        Index("uq_registry_change_party_id_revision", "party_id", "revision", unique=True),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("registry_enterprise.party_id"))
    revision: Mapped[int]
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text, comment="REGISTERED, EDITED, ADDRESS, REPRESENTATIVE, PROPOSAL")
    values: Mapped[dict[str, Any]] = mapped_column(comment="by field: what it was and what it is")
    reason: Mapped[str] = mapped_column(Text)


class Project(Base):
    """
    The identity of an investment project.

    ``code`` is the lifelong ten-digit code of the national investment registry; until it arrives there is none.
    """

    __tablename__ = "registry_project"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{10}$'", name="code"),
        _one_of("verification", Verification),
        Index("ix_registry_project_takeover_id", "takeover_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    code: Mapped[str | None] = mapped_column(unique=True)
    name_vi: Mapped[str]
    name_en: Mapped[str | None]
    site: Mapped[str]
    verification: Mapped[Verification] = mapped_column(_code(Verification), server_default="VERIFIED")
    takeover_id: Mapped[UUID | None] = mapped_column(comment="batch of the take-over that brought the record")
    created_at: Mapped[datetime]
