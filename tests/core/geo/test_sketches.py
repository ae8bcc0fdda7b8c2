"""Drawings of places."""

from app.core.geo import Shape, sketch

SQUARE = '{"type":"Polygon","coordinates":[[[0,0],[0,1000],[1000,1000],[1000,0],[0,0]]]}'
POINT = '{"type":"Point","coordinates":[500,500]}'


def test_nothing_to_frame_is_no_drawing() -> None:
    assert sketch([]) is None
    assert sketch([Shape(POINT, "place", frame=False)]) is None


def test_north_is_up_and_everything_framed_is_inside() -> None:
    drawn = sketch([Shape(SQUARE, "site", "S1"), Shape(POINT, "place", frame=False)])
    assert drawn is not None
    ((style, path),) = drawn.paths
    assert style == "site"
    corners = [tuple(map(float, pair.split())) for pair in path[1:-1].split("L")]
    (west, south), (_, north), (east, _), _ = corners
    assert north < south
    assert west < east
    assert all(0 < x < 640 and 0 < y < drawn.height for x, y in corners)
    assert drawn.dots == (("place", *drawn.labels[0][:2]),)


def test_the_bar_is_a_round_length_at_the_scale_of_the_drawing() -> None:
    drawn = sketch([Shape(SQUARE, "site")])
    assert drawn is not None
    assert drawn.bar_metres == 200
    (_, path), *_ = drawn.paths
    xs = [float(pair.split()[0]) for pair in path[1:-1].split("L")]
    assert abs(drawn.bar_width - (max(xs) - min(xs)) / 5) < 0.2


def test_a_single_point_still_has_a_frame_and_a_dot() -> None:
    drawn = sketch([Shape(POINT, "place")])
    assert drawn is not None
    assert drawn.paths == ()
    assert len(drawn.dots) == 1


def test_all_parts_of_several_polygons_are_drawn() -> None:
    two = (
        '{"type":"MultiPolygon","coordinates":[[[[0,0],[0,9],[9,9],[0,0]]],[[[20,0],[20,9],[29,9],[20,0]]]]}'
    )
    drawn = sketch([Shape(two, "area")])
    assert drawn is not None
    assert drawn.paths[0][1].count("M") == 2
