"""The list of enterprises for officers: filtered, sorted, in keyset pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, cast, collate, select, tuple_
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Session

from app.core.kit.text import fold
from app.core.search.models import TenantDocument
from app.registry.domain import AddressKind
from app.registry.models import Address, Enterprise

PAGE_SIZE = 50
_VIETNAMESE = "vi-x-icu"


@dataclass(frozen=True, slots=True)
class EnterpriseFilter:
    """What the list is narrowed to; empty texts narrow nothing."""

    query: str = ""
    kind: str = ""
    country: str = ""
    verification: str = ""


@dataclass(frozen=True, slots=True)
class EnterpriseLine:
    """An enterprise in the list, with its head office of the day."""

    party_id: UUID
    name_vi: str
    name_en: str | None
    tax_code: str | None
    kind: str
    country: str
    legal_form: str | None
    province: str | None
    ward: str | None
    street: str | None
    phone: str | None
    email: str | None
    verification: str
    source: str
    updated_at: datetime


# How the list can be sorted; a minus turns it round.
SORTS = ("name", "-name", "-updated", "updated")
Key = tuple[str, UUID] | tuple[datetime, UUID]


def enterprises(
    session: Session, wanted: EnterpriseFilter, *, day: date, sort: str = "name", after: Key | None = None
) -> list[EnterpriseLine]:
    """
    Return a page of enterprises, one more than ``PAGE_SIZE`` when there is a next one.

    :param sort: one of ``SORTS``; Vietnamese names sort as the language does.
    :param after: sort key of the last row of the page before.
    """
    statement = _ordered(_filtered(wanted, day), sort, after).limit(PAGE_SIZE + 1)
    return [EnterpriseLine(*row) for row in session.execute(statement)]


def all_enterprises(
    session: Session, wanted: EnterpriseFilter, *, day: date, sort: str
) -> Iterator[EnterpriseLine]:
    """Yield every enterprise of the filter, for a file."""
    statement = _ordered(_filtered(wanted, day), sort, None).execution_options(yield_per=500)
    for row in session.execute(statement):
        yield EnterpriseLine(*row)


def _filtered(wanted: EnterpriseFilter, day: date) -> Select[Any]:
    office = (Address.party_id == Enterprise.party_id) & (Address.kind == AddressKind.HEAD_OFFICE)
    columns: tuple[Any, ...] = (
        Enterprise.party_id, Enterprise.name_vi, Enterprise.name_en, Enterprise.tax_code, Enterprise.kind,
        Enterprise.country, Enterprise.legal_form, Address.province, Address.ward, Address.street, Enterprise.phone,
        Enterprise.email, Enterprise.verification, Enterprise.source, Enterprise.updated_at,
    )  # fmt: skip
    listed = select(*columns).outerjoin(Address, office & Address.valid.contains(day))
    for column, value in (
        (Enterprise.kind, wanted.kind),
        (Enterprise.country, wanted.country),
        (Enterprise.verification, wanted.verification),
    ):
        if value:
            listed = listed.where(column == value)
    if words := fold(wanted.query).split():
        found = select(cast(TenantDocument.key, PgUUID)).where(TenantDocument.kind == "enterprise")
        for word in words:
            found = found.where(TenantDocument.folded.contains(f" {word}", autoescape=True))
        listed = listed.where(Enterprise.party_id.in_(found))
    return listed


def _ordered(statement: Select[Any], sort: str, after: Key | None) -> Select[Any]:
    descending = sort.startswith("-")
    column = collate(Enterprise.name_vi, _VIETNAMESE) if sort.endswith("name") else Enterprise.updated_at
    if after is not None:
        # The parameters carry the type of the columns, or the comparison would be of unknown texts.
        place, key = tuple_(column, Enterprise.party_id), tuple_(*after)
        statement = statement.where(place < key if descending else place > key)
    order = (column.desc(), Enterprise.party_id.desc()) if descending else (column, Enterprise.party_id)
    return statement.order_by(*order)


def countries_of(session: Session) -> list[str]:
    """Return the countries that enterprises of the registry are registered in."""
    return list(session.scalars(select(Enterprise.country).distinct().order_by(Enterprise.country)))


def is_empty(session: Session) -> bool:
    """Tell whether there is no enterprise that the session may see."""
    return session.scalar(select(Enterprise.party_id).limit(1)) is None
