"""Writing the map: a new version replaces the one in use, and a registered project gets its place."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from geoalchemy2 import WKTElement
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.core.errors import DomainError
from app.core.evidence import Subject, record
from app.core.geo import LEGAL_SRID, WGS84_SRID, Place, Ring, legal_geometry
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.registry.sites.domain import AnnouncedSite, MapFile
from app.registry.sites.models import Area, ProjectPlace, Site, ZoneMap
from app.registry.sites.queries import SLIVER_M2


class MapFaulty(DomainError):
    """Shapes of a map contradict each other; nothing was loaded."""

    code = "registry.map-faulty"
    status = 422
    title = "The map cannot be loaded."
    detail = "Its shapes do not fit together: %(faults)s"
    hint = "Correct the file of the map and load it again; the map in use stays."


def load_map(
    session: Session, *, drawn: MapFile, announced: Sequence[AnnouncedSite], actor: Actor, now: datetime
) -> UUID | None:
    """
    Put a map into use; the one before it stays for the checks that refer to it. None when it is in use already.

    :raises MapFaulty: a shape is not valid, an area leaves its site, or two areas share ground.
    """
    before = session.scalars(
        select(ZoneMap).where(ZoneMap.replaced_at.is_(None)).with_for_update()
    ).one_or_none()
    if before is not None:
        if before.hash == drawn.hash:
            return None
        before.replaced_at = now
        session.flush()  # one map only is in use: the old one steps back first
    version = ZoneMap(
        id=uuid7(), hash=drawn.hash, status=drawn.status, as_of=drawn.as_of, source=dict(drawn.source),
        loaded_at=now, replaced_at=None,
    )  # fmt: skip
    session.add(version)
    session.flush()  # sites refer to the map's row
    _draw(session, version.id, drawn, announced)
    session.flush()  # the shapes are judged where they lie
    faults = _faults(session, version.id)
    if faults:
        raise MapFaulty(faults="; ".join(faults))
    record(
        session, "registry:map:load", subject=Subject("map", version.id), actor=actor, at=now,
        facts={"hash": drawn.hash, "status": drawn.status, "sites": len(drawn.sites), "areas": len(drawn.areas)},
    )  # fmt: skip
    return version.id


def _draw(session: Session, map_id: UUID, drawn: MapFile, announced: Sequence[AnnouncedSite]) -> None:
    about = {site.code: site for site in announced}
    keys = {}
    for site in drawn.sites:
        keys[site.code] = uuid7()
        session.add(
            Site(
                id=keys[site.code], map_id=map_id, code=site.code, name=dict(about[site.code].name),
                announced_ha=about[site.code].area_ha, geometry=_legal(site.rings),
            )
        )  # fmt: skip
    session.flush()  # areas refer to the rows of their sites
    for area in drawn.areas:
        session.add(
            Area(
                id=uuid7(), map_id=map_id, site_id=keys[area.site], code=area.code, name=dict(area.name),
                function=area.function, geometry=_legal(area.rings),
                industries=None if area.industries is None else list(area.industries),
            )
        )  # fmt: skip


def _legal(rings: Sequence[Ring]) -> object:
    text = ", ".join("(" + ", ".join(f"{east} {north}" for east, north in ring) + ")" for ring in rings)
    return func.ST_Transform(WKTElement(f"POLYGON({text})", WGS84_SRID), LEGAL_SRID)


def _faults(session: Session, map_id: UUID) -> list[str]:
    invalid = [
        f"{code} is no valid polygon"
        for table in (Site, Area)
        for code in session.scalars(
            select(table.code)
            .where(table.map_id == map_id, ~func.ST_IsValid(table.geometry))
            .order_by(table.code)
        )
    ]
    if invalid:
        return invalid
    outside = func.ST_Area(func.ST_Difference(Area.geometry, Site.geometry)) > SLIVER_M2
    leaving = session.scalars(
        select(Area.code)
        .join(Site, Site.id == Area.site_id)
        .where(Area.map_id == map_id, outside)
        .order_by(Area.code)
    )
    twin = aliased(Site)
    merged = session.execute(
        select(Site.code, twin.code)
        .where(Site.map_id == map_id, twin.map_id == map_id, Site.code < twin.code)
        .where(func.ST_Intersects(Site.geometry, twin.geometry))
        .order_by(Site.code, twin.code)
    )
    other = aliased(Area)
    common = func.ST_Area(func.ST_Intersection(Area.geometry, other.geometry)) > SLIVER_M2
    sharing = session.execute(
        select(Area.code, other.code)
        .where(Area.map_id == map_id, other.map_id == map_id, Area.code < other.code)
        .where(func.ST_Intersects(Area.geometry, other.geometry), common)
        .order_by(Area.code, other.code)
    )
    pairs = [*merged, *sharing]
    return [f"{code} leaves its site" for code in leaving] + [
        f"{one} and {two} overlap" for one, two in pairs
    ]


def keep_place(session: Session, *, project_id: UUID, place: Place, now: datetime) -> None:
    """Note where a registered project lies; the caller records why."""
    session.add(ProjectPlace(project_id=project_id, recorded_at=now, geometry=legal_geometry(place)))
