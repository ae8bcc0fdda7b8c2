"""Plain geometry of closed rings: crossings and area, exact, in whatever unit the coordinates have."""

from collections.abc import Sequence
from decimal import Decimal

Point = tuple[Decimal, Decimal]


def doubled_area(points: Sequence[Point]) -> Decimal:
    """Return twice the signed area of a ring without its closing point; positive runs against the clock."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return sum((ax * by - bx * ay for (ax, ay), (bx, by) in pairs), Decimal(0))


def is_flat(points: Sequence[Point]) -> bool:
    """Tell whether all points lie on one line."""
    return all(_side(points[0], points[1], point) == 0 for point in points)


def crosses_itself(points: Sequence[Point]) -> bool:
    """Tell whether two edges of a ring meet anywhere but at the corner that neighbours share."""
    edges = list(zip(points, [*points[1:], points[0]], strict=True))
    last = len(edges) - 1
    if any(_runs_back(points[number - 1], corner, edges[number][1]) for number, corner in enumerate(points)):
        return True
    return any(
        _meet(*edge, *edges[other])
        for number, edge in enumerate(edges)
        for other in range(number + 2, len(edges))
        if not (number == 0 and other == last)
    )


def _runs_back(before: Point, corner: Point, after: Point) -> bool:
    """Tell whether the edge after a corner lies on the one before it."""
    forth = (before[0] - corner[0]) * (after[0] - corner[0]) + (before[1] - corner[1]) * (
        after[1] - corner[1]
    )
    return _side(before, corner, after) == 0 and forth > 0


def _side(a: Point, b: Point, c: Point) -> int:
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (turn > 0) - (turn < 0)


def _between(point: Point, a: Point, b: Point) -> bool:
    """Tell whether a point of the line through a and b lies between them."""
    return all(min(p, q) <= x <= max(p, q) for x, p, q in zip(point, a, b, strict=True))


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    if _side(a, b, c) != _side(a, b, d) and _side(c, d, a) != _side(c, d, b):
        return True
    touching = ((c, a, b), (d, a, b), (a, c, d), (b, c, d))
    return any(_side(p, q, x) == 0 and _between(x, p, q) for x, p, q in touching)
