"""A small drawing of polygons and points, for paper, for pages without script and for thumbnails."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 640
_MARGIN = 0.06
# A place smaller than this share of the drawing is marked by a dot as well, or nobody would see it.
_DOT = 0.02


@dataclass(frozen=True, slots=True)
class Shape:
    """
    A polygon or point to draw.

    :param geometry: GeoJSON text in metres of the legal system.
    :param style: suffix of the class that colours it.
    :param label: shown at its middle; empty for none.
    :param frame: the drawing is made large enough for this shape.
    """

    geometry: str
    style: str
    label: str = ""
    frame: bool = True


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a template draws: ``view_box``, paths (style, d), dots (style, x, y), labels (x, y, text), scale bar."""

    view_box: str
    height: int
    paths: tuple[tuple[str, str], ...]
    dots: tuple[tuple[str, float, float], ...]
    labels: tuple[tuple[float, float, str], ...]
    bar_width: float
    bar_metres: int


def sketch(shapes: Sequence[Shape]) -> Sketch | None:
    """Return a drawing of shapes in their order, north up; None when nothing gives it a frame."""
    read = [(shape, _rings(json.loads(shape.geometry))) for shape in shapes]
    framed = [point for shape, rings in read if shape.frame for ring in rings for point in ring]
    if not framed:
        return None
    place = _frame(framed)
    paths: list[tuple[str, str]] = []
    dots: list[tuple[str, float, float]] = []
    labels: list[tuple[float, float, str]] = []
    for shape, rings in read:
        drawn = [[place.at(point) for point in ring] for ring in rings]
        middle = _middle(drawn[0])
        size = max(_span(drawn[0], 0), _span(drawn[0], 1))
        if len(drawn[0]) > 1:
            paths.append((shape.style, "".join(_path(ring) for ring in drawn)))
        if size < WIDTH * _DOT:
            dots.append((shape.style, *middle))
        if shape.label:
            labels.append((*middle, shape.label))
    metres = _round_length(place.metres / 4)
    return Sketch(
        f"0 0 {WIDTH} {place.height}", place.height, tuple(paths), tuple(dots), tuple(labels),
        round(metres * place.scale, 1), metres,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Frame:
    west: float
    north: float
    scale: float
    height: int
    metres: float

    def at(self, point: Sequence[float]) -> tuple[float, float]:
        return round((point[0] - self.west) * self.scale, 1), round((self.north - point[1]) * self.scale, 1)


def _frame(points: Sequence[Sequence[float]]) -> _Frame:
    easts, norths = [point[0] for point in points], [point[1] for point in points]
    wide = max(max(easts) - min(easts), 200.0)
    tall = max(max(norths) - min(norths), wide * 0.45)
    wide = max(wide, tall * 0.9)
    margin = wide * _MARGIN
    west = (max(easts) + min(easts) - wide) / 2 - margin
    north = (max(norths) + min(norths) + tall) / 2 + margin
    scale = WIDTH / (wide + 2 * margin)
    return _Frame(west, north, scale, round((tall + 2 * margin) * scale), wide + 2 * margin)


def _rings(geometry: Any) -> list[list[list[float]]]:
    match geometry["type"]:
        case "Point":
            return [[geometry["coordinates"]]]
        case "Polygon":
            return list(geometry["coordinates"])
        case _:
            return [ring for polygon in geometry["coordinates"] for ring in polygon]


def _path(ring: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in ring[:-1]) + "Z"


def _middle(ring: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the centre of gravity of a ring, which lies where a reader expects a label."""
    twice = x = y = 0.0
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        cross = ax * by - bx * ay
        twice, x, y = twice + cross, x + (ax + bx) * cross, y + (ay + by) * cross
    if abs(twice) < 1:
        return ring[0]
    return round(x / (3 * twice), 1), round(y / (3 * twice), 1)


def _span(ring: Sequence[tuple[float, float]], axis: int) -> float:
    values = [point[axis] for point in ring]
    return max(values) - min(values)


def _round_length(metres: float) -> int:
    """Return the largest 1, 2 or 5 times a power of ten that is not longer."""
    power = 1
    while power * 10 <= metres:
        power *= 10
    return max(step * power for step in (1, 2, 5) if step * power <= metres)
