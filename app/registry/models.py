"""Tables of the registry: enterprises with what hangs on them, code lists, projects."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.privacy import opens_on_load
from app.registry.domain import (
    AddressKind,
    EnterpriseKind,
    ProposalState,
    RowDecision,
    RowState,
    Source,
    TakeOverKind,
    TakeOverState,
    Verification,
)


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
        # For rows of a take-over that have a similar name.
        Index(
            "ix_registry_enterprise_name_trigram",
            "name_vi",
            postgresql_using="gin",
            postgresql_ops={"name_vi": "gin_trgm_ops"},
        ),
        Index("ix_registry_enterprise_updated_at", "updated_at", "party_id"),
        # The list of enterprises is read in this order.
        Index(
            "ix_registry_enterprise_name_vi",
            "name_vi",
            "party_id",
            postgresql_ops={"name_vi": 'collate "vi-x-icu"'},
        ),
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
    """
    Who acts for an enterprise by law or appointment, in which position, for a period.

    ``identity`` is empty, or the kind of the identity document and its number, sealed for this person alone.
    """

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
    identity: Mapped[dict[str, Any]] = mapped_column(
        default=dict,
        server_default=text("'{}'"),
        comment="kind of the identity document, and its number sealed",
    )
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    created_at: Mapped[datetime]


opens_on_load(Representative, "identity")


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


class Proposal(Base):
    """What an enterprise proposes to change in its record, and what an officer answered."""

    __tablename__ = "registry_proposal"
    __table_args__ = (
        _one_of("state", ProposalState),
        Index("ix_registry_proposal_party_id", "party_id"),
        Index("uq_registry_proposal_open", "party_id", unique=True, postgresql_where=text("state = 'OPEN'")),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("registry_enterprise.party_id"))
    values: Mapped[dict[str, Any]] = mapped_column(comment="by field: what it should be")
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[ProposalState] = mapped_column(_code(ProposalState))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[UUID]
    answer: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]


class CodeList(Base):
    """
    One version of a list of codes, in force for a period; what it said never changes, only its end is set.

    ``status`` says how far its codes can be relied on, as with values of the law; ``partial``: not all are loaded.
    """

    __tablename__ = "registry_code_list"
    __table_args__ = (
        CheckConstraint("status in ('CITED', 'ASSUMED', 'ILLUSTRATIVE')", name="status"),
        ExcludeConstraint(("list", "="), ("valid", "&&"), name="ex_registry_code_list_in_force"),
        tenancy(Tenancy.SHARED),
    )

    list: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = mapped_column(comment="by language")
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    source: Mapped[str] = mapped_column(
        Text, comment="number of the instrument, or where the codes come from"
    )
    status: Mapped[str] = mapped_column(Text)
    partial: Mapped[bool]
    content_hash: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]


class Code(Base):
    """A code of one version of a list: the same code may mean another thing in another version."""

    __tablename__ = "registry_code"
    __table_args__ = (
        ForeignKeyConstraint(["list", "version"], ["registry_code_list.list", "registry_code_list.version"]),
        tenancy(Tenancy.SHARED),
    )

    list: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    parent: Mapped[str | None] = mapped_column(Text)
    label: Mapped[dict[str, Any]] = mapped_column(comment="by language")
    folded: Mapped[str] = mapped_column(Text, comment="code and labels as a search compares them")


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
        Index("ix_registry_project_created_at", "created_at", "id"),
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


class TakeOver(Base):
    """
    A batch: one file of older records on its way into the registry.

    ``mapping`` says which column holds which field. A batch that was undone stays as the trace of what it brought.
    """

    __tablename__ = "registry_takeover"
    __table_args__ = (
        _one_of("kind", TakeOverKind),
        _one_of("state", TakeOverState),
        # The same file is one batch, until that was cancelled, failed or undone.
        Index(
            "uq_registry_takeover_file",
            "kind",
            "sha256",
            unique=True,
            postgresql_where=text("state not in ('CANCELLED', 'FAILED', 'UNDONE')"),
        ),
        Index("ix_registry_takeover_created_at", "created_at"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[TakeOverKind] = mapped_column(_code(TakeOverKind))
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    workbook: Mapped[bool]
    sheet: Mapped[str] = mapped_column(Text)
    header: Mapped[list[Any]]
    samples: Mapped[list[Any]] = mapped_column(comment="the first rows, for choosing the columns")
    mapping: Mapped[dict[str, Any]] = mapped_column(comment="field to number of its column")
    state: Mapped[TakeOverState] = mapped_column(_code(TakeOverState))
    rows_done: Mapped[int] = mapped_column(comment="rows that the present pass has worked off")
    rows_total: Mapped[int] = mapped_column(comment="rows of the present pass, 0 while unknown")
    cancel_asked: Mapped[bool]
    fault: Mapped[dict[str, Any]] = mapped_column(
        comment="why the last pass stopped: code, texts' parameters"
    )
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]


class TakeOverRow(Base):
    """One row of a batch: what it says, what is wrong with it, what it may double, and what became of it."""

    __tablename__ = "registry_takeover_row"
    __table_args__ = (
        _one_of("state", RowState),
        _one_of("decision", RowDecision),
        Index("ix_registry_takeover_row_state", "takeover_id", "state", "number"),
        tenancy(Tenancy.SYSTEM),
    )

    takeover_id: Mapped[UUID] = mapped_column(ForeignKey("registry_takeover.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="as in the file")
    cells: Mapped[dict[str, Any]] = mapped_column(comment="field to text")
    values: Mapped[dict[str, Any]]
    problems: Mapped[list[Any]]
    state: Mapped[RowState] = mapped_column(_code(RowState))
    double_of: Mapped[UUID | None] = mapped_column(comment="the record that it may double")
    double_name: Mapped[str | None] = mapped_column(Text)
    double_by: Mapped[str | None] = mapped_column(Text, comment="TAX_CODE, CODE or NAME")
    decision: Mapped[RowDecision | None] = mapped_column(_code(RowDecision))
    result_id: Mapped[UUID | None]
    filled: Mapped[dict[str, Any]] = mapped_column(comment="what a merge filled in, for undoing it")


class TakeOverMapping(Base):
    """The columns that were chosen for a shape of file, for the next one of that shape."""

    __tablename__ = "registry_takeover_mapping"
    __table_args__ = (_one_of("kind", TakeOverKind), tenancy(Tenancy.SYSTEM))

    signature: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="hash of kind and folded column names"
    )
    kind: Mapped[TakeOverKind] = mapped_column(_code(TakeOverKind))
    mapping: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
    saved_by: Mapped[UUID]
