"""The read side of the registry: cards of enterprises and projects, as primitives."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from app.core.kit.taxcode import InvalidTaxCode
from app.registry.domain import AddressKind, Source, canonical_tax_code
from app.registry.models import Address, Enterprise, Project

# Asked at each check of a declaration: made once, so that it is not put together and compared anew each time.
_TAX_CODE = select(Enterprise.tax_code).where(Enterprise.party_id == bindparam("party"))


@dataclass(frozen=True, slots=True)
class EnterpriseCard:
    """Who an enterprise is, as every module may show it; codes, no labels."""

    party_id: UUID
    tax_code: str | None
    kind: str
    name_vi: str
    name_en: str | None
    country: str
    legal_form: str | None
    registration_number: str | None
    established_on: date | None
    phone: str | None
    email: str | None
    website: str | None
    verification: str
    source: str
    takeover_id: UUID | None
    revision: int
    updated_at: datetime

    @property
    def demo(self) -> bool:
        """Tell whether the enterprise is fictitious."""
        return self.source == Source.DEMO


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """What a project is, as every module may show it."""

    id: UUID
    party_id: UUID
    code: str | None
    name_vi: str
    name_en: str | None
    site: str
    verification: str
    takeover_id: UUID | None
    created_at: datetime


def enterprise_card(session: Session, party_id: UUID) -> EnterpriseCard | None:
    """Return an enterprise that the session may see."""
    return _card(session.get(Enterprise, party_id))


def enterprise_tax_code(session: Session, party_id: UUID) -> str:
    """Return the tax code of an enterprise that the session may see, empty where none is known."""
    return session.execute(_TAX_CODE, {"party": party_id}).scalar_one_or_none() or ""


def enterprise_by_tax_code(session: Session, tax_code: str) -> EnterpriseCard | None:
    """Return the enterprise with a tax code as typed, if the session may see it; a text that is none finds none."""
    try:
        canonical = canonical_tax_code(tax_code)
    except InvalidTaxCode:
        return None
    return _card(session.scalar(select(Enterprise).where(Enterprise.tax_code == canonical)))


def project_card(session: Session, project_id: UUID) -> ProjectCard | None:
    """Return a project that the session may see."""
    return _project(session.get(Project, project_id))


def project_cards(
    session: Session, *, after: tuple[datetime, UUID] | None = None, size: int
) -> list[ProjectCard]:
    """
    Return the projects that the session may see, the newest first.

    :param after: time and key of the last project of the page before.
    """
    query = select(Project).order_by(Project.created_at.desc(), Project.id.desc()).limit(size)
    if after is not None:
        query = query.where(tuple_(Project.created_at, Project.id) < after)
    return [card for row in session.scalars(query) if (card := _project(row))]


def project_by_code(session: Session, code: str) -> ProjectCard | None:
    """Return the project with a code of the national investment registry, if the session may see it."""
    return _project(session.scalar(select(Project).where(Project.code == code)))


def _project(row: Project | None) -> ProjectCard | None:
    if row is None:
        return None
    return ProjectCard(
        row.id, row.party_id, row.code, row.name_vi, row.name_en, row.site, row.verification.value, row.takeover_id,
        row.created_at,
    )  # fmt: skip


def _card(row: Enterprise | None) -> EnterpriseCard | None:
    if row is None:
        return None
    return EnterpriseCard(
        party_id=row.party_id, tax_code=row.tax_code, kind=row.kind.value, name_vi=row.name_vi, name_en=row.name_en,
        country=row.country, legal_form=row.legal_form, registration_number=row.registration_number,
        established_on=row.established_on, phone=row.phone, email=row.email, website=row.website,
        verification=row.verification.value, source=row.source.value, takeover_id=row.takeover_id,
        revision=row.revision, updated_at=row.updated_at,
    )  # fmt: skip


def head_office(session: Session, party_id: UUID, day: date) -> str:
    """Return the head office of an enterprise on a day in one line; empty where none is recorded."""
    office = session.scalars(
        select(Address).where(
            Address.party_id == party_id, Address.kind == AddressKind.HEAD_OFFICE, Address.valid.contains(day)
        )
    ).one_or_none()
    return ", ".join(filter(None, (office.street, office.ward, office.province))) if office else ""
