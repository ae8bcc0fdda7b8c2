"""Places in the language of the database, which alone transforms between reference systems."""

from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.sql.elements import SQLColumnExpression

from app.core.geo.places import Place
from app.core.geo.systems import LEGAL_SRID, WGS84_SRID


def legal_geometry(place: Place) -> ColumnElement[Any]:
    """Return a place as geometry of the legal reference system."""
    given = func.ST_GeomFromText(place.wkt, place.system.srid)
    return given if place.system.srid == LEGAL_SRID else func.ST_Transform(given, LEGAL_SRID)


def wgs84_json(geometry: SQLColumnExpression[Any], digits: int = 6) -> ColumnElement[str]:
    """
    Return a geometry as GeoJSON text in longitude and latitude, outer rings against the clock.

    :param digits: decimals of a degree; six are a tenth of a metre.
    """
    turned = func.ST_ForcePolygonCCW(func.ST_Transform(geometry, WGS84_SRID))
    return func.ST_AsGeoJSON(turned, digits)
