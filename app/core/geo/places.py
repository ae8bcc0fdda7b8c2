"""
A place as a person gives it: one point, or the corners of an area, in degrees or in metres of the land records.

What was typed is kept digit by digit. Which system the numbers are in, and which of the two is the northing, follows
from their size, so that a table copied from a survey, a map or a satellite receiver is understood as it stands.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.geo.rings import Point, crosses_itself, is_flat
from app.core.geo.systems import System, plausible

MAX_POINTS = 200
MAX_TEXT = 20_000
MIN_CORNERS = 3
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_DEGREES = re.compile(
    r"([0-9]{1,3})\s*°\s*([0-9]{1,2})\s*['′’]\s*(?:([0-9]{1,2}(?:[.,][0-9]+)?)\s*(?:\"|″|”|''))?"
)
# Letters that stand beside coordinates: N, E, B (north), Đ (east), X, Y, H (height) with signs of all kinds.
_ORNAMENT = re.compile(r"[A-Za-zĐđ°:=()\[\]]+")
_GAP = re.compile(r"[;|\s]+")
_MAX_DECIMALS = 9
_PAIR, _NUMBERED = 2, 3


class PlaceFault(ValueError):
    """What was typed is no place; carries a stable code and what its sentence needs."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True)
class Place:
    """
    One point, or the corners of an area in their order, without the closing one.

    Each point is (east, north): longitude and latitude in degrees, or metres of the legal system.
    """

    system: System
    points: tuple[Point, ...]

    @property
    def is_area(self) -> bool:
        """Tell whether the place has an extent."""
        return len(self.points) > 1

    @property
    def wkt(self) -> str:
        """Return the well-known text, east before north."""
        corners = [f"{east:f} {north:f}" for east, north in self.points]
        return f"POLYGON(({', '.join([*corners, corners[0]])}))" if self.is_area else f"POINT({corners[0]})"


def parse_place(text: str) -> Place:
    """
    Read a place from lines of two numbers each, or from GeoJSON.

    :raises PlaceFault: ``too-long``, ``not-coordinates`` (with the number of the line), ``two-systems``,
        ``two-points``, ``too-many-points``, ``crossing``, ``no-extent``, ``bad-geojson``.
    """
    if len(text) > MAX_TEXT:
        raise PlaceFault("too-long", limit=MAX_TEXT)
    if text.lstrip().startswith("{"):
        return _checked(*_from_geojson(text))
    found = [_line(line, number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    systems = {system for system, _ in found}
    if len(systems) > 1:
        raise PlaceFault("two-systems")
    if not found:
        raise PlaceFault("not-coordinates", line=1)
    return _checked(found[0][0], [point for _, point in found])


def place_text(place: Place) -> str:
    """Write a place as lines that :func:`parse_place` reads, north before east as surveys and maps do."""
    return "\n".join(f"{north:f}; {east:f}" for east, north in place.points)


def place_line(place: Place) -> str:
    """Write a place on one line with its system, for lists and papers."""
    return f"{place.system.label}: {place_text(place).replace(chr(10), ' | ')}"


def place_json(place: Place) -> dict[str, Any]:
    """Return a place as JSON without fractions: coordinates are decimal text."""
    return {
        "system": place.system.value,
        "points": [[f"{east:f}", f"{north:f}"] for east, north in place.points],
    }


def place_from_json(value: Mapping[str, Any]) -> Place:
    """Return the place that :func:`place_json` wrote."""
    points = tuple((Decimal(east), Decimal(north)) for east, north in value["points"])
    return Place(System(value["system"]), points)


def _checked(system: System, points: Sequence[Point]) -> Place:
    distinct = [point for number, point in enumerate(points) if number == 0 or point != points[number - 1]]
    if len(distinct) > 1 and distinct[0] == distinct[-1]:
        distinct.pop()
    if len(distinct) > MAX_POINTS:
        raise PlaceFault("too-many-points", limit=MAX_POINTS)
    if 1 < len(distinct) < MIN_CORNERS:
        raise PlaceFault("two-points")
    if len(distinct) > 1:
        if is_flat(distinct):
            raise PlaceFault("no-extent")
        if crosses_itself(distinct):
            raise PlaceFault("crossing")
    return Place(system, tuple(distinct))


def _line(line: str, number: int) -> tuple[System, Point]:
    plain = _ORNAMENT.sub(" ", _DEGREES.sub(_decimal_degrees, line))
    parts = [part for part in (each.strip(",") for each in _GAP.split(plain)) if part]
    if len(parts) == _NUMBERED and re.fullmatch(r"[0-9]{1,3}\.?", parts[0]):
        parts = parts[1:]  # tables of surveys number their corners
    if len(parts) == 1:
        pieces = parts[0].split(",")
        splits = [(",".join(pieces[:n]), ",".join(pieces[n:])) for n in range(1, len(pieces))]
    else:
        splits = [(parts[0], parts[1])] if len(parts) == _PAIR else []
    for one, other in splits:
        for found in _readings(one, other):
            return found
    raise PlaceFault("not-coordinates", line=number)


def _readings(one: str, other: str) -> Iterator[tuple[System, Point]]:
    """Yield every way in which two texts are a point, in either order."""
    for a in _values(one):
        for b in _values(other):
            for system in System:
                if plausible(system, b, a):
                    yield system, (b, a)
                elif plausible(system, a, b):
                    yield system, (a, b)


def _values(text: str) -> Iterator[Decimal]:
    """Yield what a number may mean: a single dot or comma parts the decimals or, failing that, thousands."""
    if not _NUMBER.fullmatch(text):
        return
    marks = [mark for mark in text if mark in ".,"]
    if len(set(marks)) > 1:
        decimal = marks[-1]
        yield from _exact(text.replace("," if decimal == "." else ".", "").replace(decimal, "."))
        return
    if len(marks) <= 1:
        yield from _exact(text.replace(",", "."))
    if marks:
        yield from _exact(text.replace(marks[0], ""))


def _exact(text: str) -> Iterator[Decimal]:
    whole, _, fraction = text.partition(".")
    if len(whole) <= _MAX_DECIMALS and "." not in fraction:
        yield Decimal(f"{whole}.{fraction[:_MAX_DECIMALS] or '0'}" if fraction else whole)


def _decimal_degrees(found: re.Match[str]) -> str:
    seconds = Decimal((found[3] or "0").replace(",", "."))
    value = Decimal(found[1]) + Decimal(found[2]) / 60 + seconds / 3600
    return f" {value.quantize(Decimal('1e-8')):f} "


def _from_geojson(text: str) -> tuple[System, list[Point]]:
    try:
        found = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        if found.get("type") == "FeatureCollection":
            (found,) = found["features"]
        geometry = found["geometry"] if found.get("type") == "Feature" else found
        match geometry["type"]:
            case "Point":
                pairs = [geometry["coordinates"]]
            case "Polygon":
                (pairs,) = geometry["coordinates"]
            case _:
                raise PlaceFault("bad-geojson")
        points = [(east, north) for east, north, *_ in pairs]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PlaceFault("bad-geojson") from None
    for east, north in points:
        if not (
            isinstance(east, Decimal) and isinstance(north, Decimal) and plausible(System.WGS84, east, north)
        ):
            raise PlaceFault("bad-geojson")
    digits = Decimal(1).scaleb(-_MAX_DECIMALS)
    return System.WGS84, [tuple(_short(value, digits) for value in point) for point in points]  # type: ignore[misc]


def _short(value: Decimal, digits: Decimal) -> Decimal:
    rounded = value.quantize(digits) if value.as_tuple().exponent < -_MAX_DECIMALS else value  # type: ignore[operator]
    return Decimal(f"{rounded:f}")
