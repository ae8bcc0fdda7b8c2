"""The declarative base: naming convention, column types, and the tenancy that each table declares."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, MetaData, Numeric, Uuid
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Tenancy(StrEnum):
    """
    Who may see the rows of a table.

    TENANT rows belong to one party (``party_id``) and stand under row-level security. SHARED rows are
    public reference. SYSTEM rows are reached by the platform's own services only. A test refuses a table
    that declares none.
    """

    TENANT = "TENANT"
    SHARED = "SHARED"
    SYSTEM = "SYSTEM"


def tenancy(kind: Tenancy) -> dict[str, Any]:
    """Return the table arguments that declare a tenancy, to stand last in ``__table_args__``."""
    return {"info": {"tenancy": kind}}


class Base(DeclarativeBase):
    """Base of every mapped class."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        Decimal: Numeric(20, 4),
        int: BigInteger(),
    }
