"""Everything about one enterprise: addresses, representatives, projects, history, proposals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.registry.models import Address, Change, Enterprise, Project, Proposal, Representative

MOST_CHANGES = 50


@dataclass(frozen=True, slots=True)
class AddressLine:
    """An address with its period."""

    id: UUID
    kind: str
    country: str
    province: str
    ward: str
    street: str
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class RepresentativeLine:
    """A representative with the period; ``until`` is the first day on which it no longer holds."""

    id: UUID
    name: str
    position: str
    nationality: str
    legal: bool
    since: date | None
    until: date | None
    identity: Mapping[str, Any]
    """``kind`` and ``number``, the number under its cover; empty when none is entered."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A revision: what it was before and after, who changed it and why."""

    revision: int
    at: datetime
    actor_kind: str
    actor_name: str
    what: str
    values: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal of the enterprise."""

    id: UUID
    values: Mapping[str, Any]
    note: str
    state: str
    proposed_at: datetime
    answer: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A project of the enterprise."""

    id: UUID
    code: str | None
    name_vi: str
    site: str
    verification: str
    created_at: datetime


def addresses(session: Session, party_id: UUID) -> list[AddressLine]:
    """Return all addresses, the present ones first, each kind in the order of time."""
    rows = session.scalars(
        select(Address)
        .where(Address.party_id == party_id)
        .order_by(
            func.upper_inf(Address.valid).desc(),
            Address.kind.desc(),
            func.lower(Address.valid).desc(),
            Address.id,
        )
    )
    return [
        AddressLine(
            row.id,
            row.kind.value,
            row.country,
            row.province,
            row.ward,
            row.street,
            row.valid.lower,
            row.valid.upper,
        )
        for row in rows
    ]


def representatives(session: Session, party_id: UUID) -> list[RepresentativeLine]:
    """Return who represents the enterprise or did, the present ones first."""
    rows = session.scalars(
        select(Representative)
        .where(Representative.party_id == party_id)
        .order_by(
            func.upper_inf(Representative.valid).desc(),
            func.lower(Representative.valid).desc(),
            Representative.id,
        )
    )
    return [
        RepresentativeLine(
            row.id,
            row.name,
            row.position,
            row.nationality,
            row.legal,
            row.valid.lower,
            row.valid.upper,
            row.identity,
        )
        for row in rows
    ]


def changes(session: Session, party_id: UUID) -> list[ChangeLine]:
    """Return the last revisions, the newest first."""
    rows = session.scalars(
        select(Change).where(Change.party_id == party_id).order_by(Change.revision.desc()).limit(MOST_CHANGES)
    )
    return [
        ChangeLine(row.revision, row.at, row.actor_kind, row.actor_name, row.what, row.values, row.reason)
        for row in rows
    ]


def proposals(session: Session, party_id: UUID, *, most: int = 3) -> list[ProposalLine]:
    """Return the last proposals, the newest first."""
    rows = session.scalars(
        select(Proposal)
        .where(Proposal.party_id == party_id)
        .order_by(Proposal.proposed_at.desc(), Proposal.id)
        .limit(most)
    )
    return [
        ProposalLine(
            row.id, row.values, row.note, row.state.value, row.proposed_at, row.answer, row.decided_at
        )
        for row in rows
    ]


def projects(session: Session, party_id: UUID) -> list[ProjectLine]:
    """Return the projects of an enterprise, the newest first."""
    rows = session.scalars(
        select(Project).where(Project.party_id == party_id).order_by(Project.created_at.desc(), Project.id)
    )
    return [
        ProjectLine(row.id, row.code, row.name_vi, row.site, row.verification.value, row.created_at)
        for row in rows
    ]


def names(session: Session, party_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Return key and name of those parties that have a record, by name."""
    rows = session.execute(
        select(Enterprise.party_id, Enterprise.name_vi)
        .where(Enterprise.party_id.in_(party_ids))
        .order_by(Enterprise.name_vi, Enterprise.party_id)
    )
    return [(row.party_id, row.name_vi) for row in rows]
