"""Reading the map: sites with their areas, and what lies at a place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, select
from sqlalchemy.orm import Session

from app.core.geo import Place, Shape, legal_geometry, wgs84_json
from app.registry.sites.models import Area, ProjectPlace, Site, ZoneMap

M2_PER_HA = 10_000
# Shapes drawn side by side may share a sliver; less than this is no overlap.
SLIVER_M2 = 1
# Sites lie apart: a place touches one of the nearest or none.
NEAREST = 5


@dataclass(frozen=True, slots=True)
class MapVersion:
    """The map in use."""

    id: UUID
    hash: str
    status: str
    as_of: date
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AreaView:
    """A functional area as pages show it."""

    code: str
    name: Mapping[str, str]
    function: str
    area_ha: Decimal


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site as pages show it; ``drawn_ha`` is the area of the shape on the map."""

    code: str
    name: Mapping[str, str]
    announced_ha: Decimal
    drawn_ha: Decimal
    areas: tuple[AreaView, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A site or area that a place touches; ``share`` of the place in it, 0 to 1, for a point 1."""

    code: str
    share: Decimal
    site: str = ""
    function: str = ""
    industries: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """
    Where a place lies on the map in use.

    ``area_m2`` is None for a point; ``border_m`` is the distance to the border of the nearest site, whichever side;
    ``overlaps`` counts registered projects with ground in common; ``legal`` is its GeoJSON in legal metres.
    """

    map: MapVersion
    area_m2: Decimal | None
    sites: tuple[Hit, ...]
    areas: tuple[Hit, ...]
    nearest_site: str
    border_m: Decimal
    overlaps: int
    legal: str


def current_map(session: Session) -> MapVersion | None:
    """Return the map in use; None before the first one is loaded."""
    row = session.scalars(select(ZoneMap).where(ZoneMap.replaced_at.is_(None))).one_or_none()
    return MapVersion(row.id, row.hash, row.status, row.as_of, row.source) if row else None


def sites(session: Session) -> list[SiteView]:
    """Return the sites of the map in use with their functional areas, both in the order of their codes."""
    rows = session.execute(
        _current(select(Site.id, Site.code, Site.name, Site.announced_ha, func.ST_Area(Site.geometry)), Site)
        .order_by(Site.code)
    ).all()  # fmt: skip
    inside: dict[UUID, list[AreaView]] = {}
    found = _current(
        select(Area.site_id, Area.code, Area.name, Area.function, func.ST_Area(Area.geometry)), Area
    )
    for site_id, code, name, function, area in session.execute(found.order_by(Area.code)):
        inside.setdefault(site_id, []).append(AreaView(code, name, function, hectares(area)))
    return [
        SiteView(code, name, announced, hectares(area), tuple(inside.get(site_id, ())))
        for site_id, code, name, announced, area in rows
    ]


def hectares(square_metres: float | Decimal) -> Decimal:
    """Return an area in hectares with two decimals, half up."""
    return (Decimal(str(square_metres)) / M2_PER_HA).quantize(Decimal("0.01"))


def feature_collection(session: Session) -> dict[str, Any]:
    """Return sites and areas of the map in use as GeoJSON in longitude and latitude (RFC 7946)."""
    version = current_map(session)
    features: list[dict[str, Any]] = []
    if version is not None:
        about_site = (Site.code, Site.name, Site.announced_ha, func.ST_AsGeoJSON(Site.geometry_wgs84, 6))
        for code, name, announced, shape in session.execute(
            select(*about_site).where(Site.map_id == version.id).order_by(Site.code)
        ):
            about = {"kind": "SITE", "code": code, "name": name, "announced_ha": f"{announced.normalize():f}"}
            features.append(_feature(code, about, shape))
        about_area = (
            Area.code,
            Area.name,
            Area.function,
            Site.code,
            func.ST_AsGeoJSON(Area.geometry_wgs84, 6),
        )
        for code, name, function, site, shape in session.execute(
            select(*about_area).join(Site, Site.id == Area.site_id).where(Area.map_id == version.id)
            .order_by(Area.code)
        ):  # fmt: skip
            about = {"kind": "AREA", "code": code, "name": name, "function": function, "site": site}
            features.append(_feature(code, about, shape))
    source: dict[str, Any] = {"status": "", "as_of": "", "text": {}, "hash": ""}
    if version is not None:
        source = {
            "status": version.status, "as_of": version.as_of.isoformat(), "text": version.source,
            "hash": version.hash,
        }  # fmt: skip
    return {"type": "FeatureCollection", "source": source, "features": features}


def _feature(code: str, about: Mapping[str, Any], shape: str) -> dict[str, Any]:
    return {"type": "Feature", "id": code, "properties": about, "geometry": json.loads(shape)}


def shapes(session: Session, *, site: str = "") -> list[Shape]:
    """Return what a drawing of the zone shows, in legal metres: areas below, borders of the sites above."""
    found = _current(
        select(Area.function, Site.code, func.ST_AsGeoJSON(Area.geometry, 0)).join(
            Site, Site.id == Area.site_id
        ),
        Area,
    ).order_by(Area.code)
    areas = [Shape(shape, function.lower()) for function, code, shape in session.execute(found)
             if site in ("", code)]  # fmt: skip
    borders = _current(select(Site.code, func.ST_AsGeoJSON(Site.geometry, 0)), Site).order_by(Site.code)
    return areas + [
        Shape(shape, "site", code) for code, shape in session.execute(borders) if site in ("", code)
    ]


def in_degrees(session: Session, place: Place) -> dict[str, Any]:
    """Return a place as GeoJSON geometry in longitude and latitude."""
    geometry: dict[str, Any] = json.loads(
        session.execute(select(wgs84_json(legal_geometry(place)))).scalar_one()
    )
    return geometry


def areas_at(session: Session, place: Place) -> list[Hit]:
    """Return the functional areas that a place touches, the largest share first."""
    return list(_area_hits(session, legal_geometry(place)))


def position(session: Session, place: Place, *, project_id: UUID | None = None) -> Position | None:
    """
    Return where a place lies; None while there is no map.

    :param project_id: the place's own project, which is no overlap.
    """
    ground = legal_geometry(place)
    row = session.execute(
        select(ZoneMap, func.ST_Area(ground), func.ST_AsGeoJSON(ground, 2), _overlaps(ground, project_id))
        .where(ZoneMap.replaced_at.is_(None))
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    version, extent, legal, overlaps = row
    border = func.ST_Distance(func.ST_Boundary(Site.geometry), ground)
    near = session.execute(
        select(Site.code, border, func.ST_Intersects(Site.geometry, ground), _share(Site.geometry, ground))
        .where(Site.map_id == version.id)
        .order_by(Site.geometry.op("<->")(ground))
        .limit(NEAREST)
    ).all()
    nearest = min(near, key=lambda each: (each[1], each[0]))
    return Position(
        map=MapVersion(version.id, version.hash, version.status, version.as_of, version.source),
        area_m2=_metres(extent) if place.is_area else None,
        sites=tuple(sorted((Hit(code, _ratio(share)) for code, _, touches, share in near if touches and share > 0),
                           key=lambda hit: hit.code)),
        areas=tuple(_area_hits(session, ground)),
        nearest_site=nearest[0],
        border_m=_metres(nearest[1]),
        overlaps=overlaps,
        legal=legal,
    )  # fmt: skip


def _area_hits(session: Session, ground: ColumnElement[Any]) -> Sequence[Hit]:
    share = _share(Area.geometry, ground)
    found = _current(
        select(Area.code, Site.code, Area.function, Area.industries, share).join(
            Site, Site.id == Area.site_id
        ),
        Area,
    ).where(func.ST_Intersects(Area.geometry, ground))
    return [
        Hit(code, _ratio(part), site, function, None if allowed is None else tuple(allowed))
        for code, site, function, allowed, part in session.execute(found.order_by(share.desc(), Area.code))
        if part > 0
    ]


def _overlaps(ground: ColumnElement[Any], project_id: UUID | None) -> ScalarSelect[int]:
    common = func.ST_Area(func.ST_Intersection(ProjectPlace.geometry, ground))
    flat = (func.ST_Dimension(ProjectPlace.geometry) == 0) | (func.ST_Dimension(ground) == 0)
    found = select(func.count()).where(
        func.ST_Intersects(ProjectPlace.geometry, ground), flat | (common > SLIVER_M2)
    )
    if project_id is not None:
        found = found.where(ProjectPlace.project_id != project_id)
    return found.scalar_subquery()


def _share(shape: Any, ground: ColumnElement[Any]) -> ColumnElement[float]:
    """Return which part of a place lies in a shape; all of it for a point, which has no extent."""
    inside = func.ST_Area(func.ST_Intersection(shape, ground))
    return case((func.ST_Dimension(ground) == 0, 1.0), else_=inside / func.nullif(func.ST_Area(ground), 0))


def _current(statement: Select[Any], table: type[Site] | type[Area]) -> Select[Any]:
    return statement.join(ZoneMap, ZoneMap.id == table.map_id).where(ZoneMap.replaced_at.is_(None))


def _metres(value: float) -> Decimal:
    # The two systems are tied together to a metre: finer digits would pretend.
    return Decimal(str(value)).quantize(Decimal(1))


def _ratio(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.0001"))
