"""The table of spatial checks; rows are added and never changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.geo import LEGAL_SRID


class SpatialCheck(Base):
    """One check of a dossier's place: inputs, the map it was held against, and what came out."""

    __tablename__ = "investment_spatial_check"
    __table_args__ = (
        CheckConstraint("reason in ('SUBMIT', 'DESK')", name="reason"),
        Index("ix_investment_spatial_check_case_id", "case_id", "at"),
        Index("ix_investment_spatial_check_geometry", "geometry", postgresql_using="gist"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    reason: Mapped[str] = mapped_column(comment="SUBMIT when filed, DESK when an officer asked again")
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    map_id: Mapped[UUID | None] = mapped_column(ForeignKey("registry_map.id"), index=True)
    map_hash: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(comment="SHA-256 over inputs, map and findings")
    geometry: Mapped[Any | None] = mapped_column(Geometry("GEOMETRY", LEGAL_SRID, spatial_index=False))
