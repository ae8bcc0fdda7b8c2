"""The reference systems, as the database transforms them."""

import json

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.geo import LEGAL_SRID, legal_geometry, parse_place, wgs84_json

# 106.85 E 20.80 N as PROJ has it in EPSG:9210 by EPSG:6960; wrong signs of the rotation move it by 0.745 m.
GOLDEN = (614316.7642, 2301203.1721)


def test_a_known_point_lands_to_the_millimetre(officer_session: Session) -> None:
    point = legal_geometry(parse_place("20.80, 106.85"))
    east, north = officer_session.execute(select(func.ST_X(point), func.ST_Y(point))).one()
    assert (east, north) == pytest.approx(GOLDEN, abs=0.001)


def test_metres_are_taken_as_they_stand_and_back_again(officer_session: Session) -> None:
    point = legal_geometry(parse_place("2301203.172; 614316.764"))
    srid, found = officer_session.execute(select(func.ST_SRID(point), wgs84_json(point))).one()
    assert srid == LEGAL_SRID
    assert json.loads(found) == {"type": "Point", "coordinates": pytest.approx([106.85, 20.8], abs=1e-6)}


def test_an_area_is_measured_on_the_ground_and_not_in_degrees(officer_session: Session) -> None:
    corners = legal_geometry(parse_place("20.79 106.84\n20.80 106.84\n20.80 106.85\n20.79 106.85"))
    legal, ellipsoid = officer_session.execute(
        select(func.ST_Area(corners), func.ST_Area(func.Geography(func.ST_Transform(corners, 4326))))
    ).one()
    assert legal == pytest.approx(ellipsoid, rel=0.0003)
