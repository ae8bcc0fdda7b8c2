"""Polygons of data sets: taken in as RFC 7946 has them, refused with the part that is wrong."""

from decimal import Decimal
from typing import Any

import pytest

from app.core.geo import GeoFault, read_polygon
from app.core.geo.rings import doubled_area

SQUARE = [[106.8, 20.8], [106.9, 20.8], [106.9, 20.9], [106.8, 20.9], [106.8, 20.8]]
HOLE = [[106.82, 20.82], [106.84, 20.82], [106.84, 20.84], [106.82, 20.82]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_rings_are_turned_as_the_standard_asks() -> None:
    outer, hole = read_polygon(polygon(SQUARE[::-1], HOLE))
    assert outer == SQUARE
    assert hole == HOLE[::-1]
    assert doubled_area([(Decimal(str(x)), Decimal(str(y))) for x, y in outer[:-1]]) > 0


def test_heights_are_left_out() -> None:
    assert read_polygon(polygon([[*position, 2.5] for position in SQUARE])) == [SQUARE]


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "Point", "coordinates": [106.8, 20.8]}, "Polygon"),
        (polygon(), "rings"),
        ({"type": "Polygon", "coordinates": None}, "rings"),
        (polygon(SQUARE[:3]), "ring 0"),
        (polygon(SQUARE[:4]), "repeat"),
        (polygon(SQUARE, SQUARE[:4]), "ring 1"),
        (polygon([[106.8, 20.8], [106.9, 20.8], [106.95, 20.8], [106.8, 20.8]]), "extent"),
        (polygon([[106.8, 20.8], [106.9, 20.9], [106.9, 20.8], [106.8, 20.9], [106.8, 20.8]]), "cross"),
        (polygon([[106.8, 20.8], [106.9, 20.9], [106.95, 20.8], [106.8, 20.9], [106.8, 20.8]]), "cross"),
        (polygon([[20.8, 106.8], [20.9, 106.8], [20.9, 106.9], [20.8, 106.8]]), "outside"),
        (polygon([[float("nan"), 20.8], *SQUARE[1:]]), "finite"),
        (polygon([["106.8", 20.8], *SQUARE[1:]]), "finite"),
        (polygon([[True, 20.8], *SQUARE[1:]]), "finite"),
        (polygon([None, *SQUARE[1:]]), "finite"),
    ],
)
def test_a_faulty_polygon_is_refused_with_its_part(geometry: dict[str, Any], words: str) -> None:
    with pytest.raises(GeoFault, match=words):
        read_polygon(geometry)
