"""Coordinates as people type and paste them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.geo import (
    MAX_POINTS,
    Place,
    PlaceFault,
    System,
    parse_place,
    place_from_json,
    place_json,
    place_text,
)
from app.core.geo.places import MAX_TEXT

LEGAL = (Decimal("614316.76"), Decimal("2301203.17"))


@pytest.mark.parametrize(
    "text",
    ["20.8, 106.85", "106.85 20.8", "20,8; 106,85", "20,8,106,85", "20.8° N, 106.85° E", "(20.8 106.85)",
     "20°48'00\" 106°51'00\"", "20°48′B 106°51′Đ", "  20.80\t106.850  "],
)  # fmt: skip
def test_degrees_are_understood_in_any_order_and_spelling(text: str) -> None:
    place = parse_place(text)
    assert (place.system, place.points) == (System.WGS84, ((Decimal("106.85"), Decimal("20.8")),))
    assert not place.is_area


@pytest.mark.parametrize(
    "text",
    ["2301203.17; 614316.76", "614316.76 2301203.17", "2.301.203,17 614.316,76", "2,301,203.17 614,316.76",
     "X = 2301203,17  Y = 614316,76", "1 2301203.17 614316.76", "12. 2301203.17 614316.76"],
)  # fmt: skip
def test_metres_of_the_land_records_are_understood(text: str) -> None:
    assert parse_place(text) == Place(System.VN2000, (LEGAL,))


def test_a_single_mark_may_part_thousands() -> None:
    assert parse_place("2.301.203; 614.316").points == ((Decimal(614316), Decimal(2301203)),)


def test_three_lines_are_the_corners_of_an_area_and_a_repeated_first_one_closes_it() -> None:
    place = parse_place("20.80 106.80\n20.81 106.80\n\n20.81 106.82\n20.80 106.80")
    assert place.is_area
    assert len(place.points) == 3
    assert place.wkt == "POLYGON((106.80 20.80, 106.80 20.81, 106.82 20.81, 106.80 20.80))"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("near the gate", "not-coordinates"),
        ("20.8", "not-coordinates"),
        ("51.5 -0.12", "not-coordinates"),
        ("51.5 7.1", "not-coordinates"),
        ("20.8 106.8 5.5 9", "not-coordinates"),
        ("²0.8 106.8", "not-coordinates"),
        (";", "not-coordinates"),
        ("   ", "not-coordinates"),
        ("20.8 106.8\n2301203 614316", "two-systems"),
        ("20.8 106.8\n20.9 106.8", "two-points"),
        ("20.8 106.8\n20.9 106.8\n20.85 106.8", "no-extent"),
        ("20.80 106.80\n20.82 106.82\n20.82 106.80\n20.80 106.82", "crossing"),
        ("20.80 106.80\n20.80 106.84\n20.80 106.82\n20.82 106.82", "crossing"),
        ("20.80 106.80\n" * 3000, "too-long"),
        ('{"type": "LineString", "coordinates": [[106, 20]]}', "bad-geojson"),
        ('{"type": "Point", "coordinates": [20.8, 106.8]}', "bad-geojson"),
        ('{"type": "Point", "coordinates": ["106.8", 20.8]}', "bad-geojson"),
        ('{"type": "Point"', "bad-geojson"),
        ('{"a": ' + "[" * 19_000, "bad-geojson"),
        (
            '{"type": "Polygon", "coordinates": [[[106.8, 20.8], [106.9, 20.8], [106.9, 20.9]], []]}',
            "bad-geojson",
        ),
    ],
)
def test_what_is_no_place_is_told_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(PlaceFault) as caught:
        parse_place(text)
    assert caught.value.code == code


def test_a_fault_names_its_line() -> None:
    with pytest.raises(PlaceFault) as caught:
        parse_place("20.80 106.80\n20.81 106.80\n20.81 and so on")
    assert caught.value.params == {"line": 3}


def test_too_many_corners_are_refused() -> None:
    lines = [f"20.{8000 + n % 2} 106.{1000 + n}" for n in range(MAX_POINTS + 1)]
    assert sum(map(len, lines)) < MAX_TEXT
    with pytest.raises(PlaceFault, match="too-many-points"):
        parse_place("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "Polygon", "coordinates": [[[106.8, 20.8], [106.9, 20.8], [106.9, 20.9], [106.8, 20.8]]]}',
        '{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates":'
        " [[[106.8, 20.8, 3], [106.9, 20.8, 3], [106.9, 20.9, 3], [106.8, 20.8, 3]]]}}",
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates":'
        " [[[106.8, 20.8], [106.9, 20.8], [106.9, 20.9], [106.8, 20.8]]]}}]}",
    ],
)
def test_geojson_of_other_programs_is_taken_in(text: str) -> None:
    place = parse_place(text)
    assert place.points == tuple(
        (Decimal(east), Decimal(north))
        for east, north in [("106.8", "20.8"), ("106.9", "20.8"), ("106.9", "20.9")]
    )


@given(
    st.lists(
        st.tuples(
            st.decimals("102.1", "117.9", places=7, allow_nan=False),
            st.decimals("6.1", "23.9", places=7, allow_nan=False),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_place_survives_text_and_json(points: list[tuple[Decimal, Decimal]]) -> None:
    text = "\n".join(f"{north} {east}" for east, north in points)
    try:
        place = parse_place(text)
    except PlaceFault:
        return
    assert parse_place(place_text(place)) == place
    assert place_from_json(place_json(place)) == place
