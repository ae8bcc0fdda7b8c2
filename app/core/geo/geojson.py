"""GeoJSON (RFC 7946) of data sets: polygons taken in with every fault named."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.core.geo.rings import crosses_itself, doubled_area, is_flat
from app.core.geo.systems import System, plausible

Ring = list[list[float]]
MAX_RINGS = 50
MAX_CORNERS = 20_000
# A closed ring repeats its first corner.
_FEWEST = 4


class GeoFault(ValueError):
    """A geometry that cannot be taken in; the message says which part and why, for who prepares the file."""


def read_polygon(geometry: Mapping[str, Any], *, exact: bool = True) -> list[Ring]:
    """
    Return the rings of a GeoJSON polygon, the outer one first, closed, in degrees, turned as RFC 7946 asks.

    :param exact: look for crossing edges as well, which takes the square of the number of corners.
    :raises GeoFault: no polygon, too large, not closed, too few corners, outside the country, or crossing itself.
    """
    if geometry.get("type") != "Polygon":
        raise GeoFault(f"type is {geometry.get('type')!r}: a Polygon is needed")
    rings = geometry.get("coordinates")
    if not isinstance(rings, list) or not rings or len(rings) > MAX_RINGS:
        raise GeoFault(f"a polygon has 1 to {MAX_RINGS} rings")
    return [_ring(ring, number, exact=exact) for number, ring in enumerate(rings)]


def _ring(ring: Any, number: int, *, exact: bool) -> Ring:
    where = f"ring {number}"
    if not isinstance(ring, list) or not _FEWEST <= len(ring) <= MAX_CORNERS:
        raise GeoFault(f"{where}: {_FEWEST} to {MAX_CORNERS} positions are needed")
    corners: Ring = [_position(position, f"{where}, position {at}") for at, position in enumerate(ring)]
    if corners[0] != corners[-1]:
        raise GeoFault(f"{where}: the last position must repeat the first")
    points = [(Decimal(str(east)), Decimal(str(north))) for east, north in corners[:-1]]
    if is_flat(points):
        raise GeoFault(f"{where}: it has no extent")
    if exact and crosses_itself(points):
        raise GeoFault(f"{where}: its edges cross")
    # RFC 7946, 3.1.6: outer rings run against the clock, holes with it.
    return corners if (doubled_area(points) > 0) == (number == 0) else corners[::-1]


def _position(position: Any, where: str) -> list[float]:
    fits = isinstance(position, Sequence) and not isinstance(position, str) and len(position) in (2, 3)
    if not fits or not all(type(value) in (int, float) and math.isfinite(value) for value in position):
        raise GeoFault(f"{where}: two finite numbers are needed")
    east, north = float(position[0]), float(position[1])
    if not plausible(System.WGS84, Decimal(str(east)), Decimal(str(north))):
        raise GeoFault(f"{where}: {east}, {north} lies outside the country; longitude stands first")
    return [east, north]
