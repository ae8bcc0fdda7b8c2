"""Tables of the zone's map. Geometry is public; older versions stay, because checks of the past refer to them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy
from app.core.geo import LEGAL_SRID, WGS84_SRID

_IN_DEGREES = f"st_transform(geometry, {WGS84_SRID})"


class ZoneMap(Base):
    """One version of the map: source, status, and the digest of the file that it was taken from."""

    __tablename__ = "registry_map"
    __table_args__ = (
        CheckConstraint("status in ('ILLUSTRATIVE', 'OFFICIAL')", name="status"),
        Index(
            "uq_registry_map_current",
            text("(replaced_at is null)"),
            unique=True,
            postgresql_where=text("replaced_at is null"),
        ),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(comment="SHA-256 of the file's canonical form")
    status: Mapped[str]
    as_of: Mapped[date]
    source: Mapped[dict[str, Any]] = mapped_column(comment="where the shapes come from, by language")
    loaded_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class Site(Base):
    """One of the zone's sites on one version of the map."""

    __tablename__ = "registry_site"
    __table_args__ = (
        UniqueConstraint("map_id", "code"),
        Index("ix_registry_site_geometry", "geometry", postgresql_using="gist"),
        Index("ix_registry_site_geometry_wgs84", "geometry_wgs84", postgresql_using="gist"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    map_id: Mapped[UUID] = mapped_column(ForeignKey("registry_map.id"))
    code: Mapped[str]
    name: Mapped[dict[str, Any]]
    announced_ha: Mapped[Decimal] = mapped_column(comment="area as announced, which the shape need not have")
    geometry: Mapped[Any] = mapped_column(Geometry("POLYGON", LEGAL_SRID, spatial_index=False))
    geometry_wgs84: Mapped[Any] = mapped_column(
        Geometry("POLYGON", WGS84_SRID, spatial_index=False), Computed(_IN_DEGREES, persisted=True)
    )


class Area(Base):
    """A functional area of a site; ``industries`` is what its plan allows, None when the data do not say."""

    __tablename__ = "registry_area"
    __table_args__ = (
        UniqueConstraint("map_id", "code"),
        Index("ix_registry_area_geometry", "geometry", postgresql_using="gist"),
        Index("ix_registry_area_geometry_wgs84", "geometry_wgs84", postgresql_using="gist"),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    map_id: Mapped[UUID] = mapped_column(ForeignKey("registry_map.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("registry_site.id"), index=True)
    code: Mapped[str]
    name: Mapped[dict[str, Any]]
    function: Mapped[str] = mapped_column(comment="what the area is for, a code of the request's form")
    industries: Mapped[list[Any] | None] = mapped_column(comment="beginnings of allowed VSIC codes")
    geometry: Mapped[Any] = mapped_column(Geometry("POLYGON", LEGAL_SRID, spatial_index=False))
    geometry_wgs84: Mapped[Any] = mapped_column(
        Geometry("POLYGON", WGS84_SRID, spatial_index=False), Computed(_IN_DEGREES, persisted=True)
    )


class ProjectPlace(Base):
    """Where a registered project lies: geometry without a name, so that everybody may be told of an overlap."""

    __tablename__ = "registry_project_place"
    __table_args__ = (
        Index("ix_registry_project_place_geometry", "geometry", postgresql_using="gist"),
        tenancy(Tenancy.SHARED),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("registry_project.id"), primary_key=True)
    recorded_at: Mapped[datetime]
    geometry: Mapped[Any] = mapped_column(Geometry("GEOMETRY", LEGAL_SRID, spatial_index=False))
    geometry_wgs84: Mapped[Any] = mapped_column(
        Geometry("GEOMETRY", WGS84_SRID, spatial_index=False), Computed(_IN_DEGREES, persisted=True)
    )
