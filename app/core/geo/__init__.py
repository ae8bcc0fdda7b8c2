"""
Places on the ground: coordinates as people give them, GeoJSON in and out, areas, and drawings without a map server.

Legal geometry is stored in the reference system of the land records (EPSG:9210); the database transforms, since one
engine must answer every question about where something lies.
"""

from app.core.geo.expressions import legal_geometry, wgs84_json
from app.core.geo.geojson import GeoFault, Ring, read_polygon
from app.core.geo.places import (
    MAX_POINTS,
    Place,
    PlaceFault,
    parse_place,
    place_from_json,
    place_json,
    place_line,
    place_text,
)
from app.core.geo.sketches import Shape, Sketch, sketch
from app.core.geo.systems import LEGAL_SRID, WGS84_SRID, System

__all__ = [
    "LEGAL_SRID",
    "MAX_POINTS",
    "WGS84_SRID",
    "GeoFault",
    "Place",
    "PlaceFault",
    "Ring",
    "Shape",
    "Sketch",
    "System",
    "legal_geometry",
    "parse_place",
    "place_from_json",
    "place_json",
    "place_line",
    "place_text",
    "read_polygon",
    "sketch",
    "wgs84_json",
]
