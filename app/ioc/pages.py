"""The board as a page: tiles, and the rows behind each. It asks the same functions as the API."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fastapi import Request, Response

from app.ioc.api import (
    NamedTile,
    OfferedTiles,
    QuarterText,
    Reader,
    rows_of,
    scope_of,
    series_of,
    tile_out,
)
from app.ioc.schemas import Point, TileOut
from app.web.dossier_view import office_name
from app.web.exports import csv_response
from app.web.render import Crumb, is_htmx, render, request_translator
from app.web.services import CurrentZone
from app.web.tiles import HUNDRED, HUNDREDTH
from app.web.unit import DbSession, router

pages = router()

# The line of a tile over the last quarters is drawn in this box, in the units of its own coordinates.
SPARK_WIDTH, SPARK_HEIGHT = 120, 32


@pages.get("/board", name="board", include_in_schema=False)
def board(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    tiles: OfferedTiles,
    quarter: QuarterText = None,
) -> Response:
    """Show all tiles of a quarter; a live page asks for the tiles alone."""
    translator, scope = request_translator(request), scope_of(zone.tz, quarter)
    view = {
        "title": translator.gettext("Board"),
        "quarter": str(scope.quarter),
        "previous": str(scope.quarter.previous),
        "following": str(scope.quarter.following) if scope.until <= scope.now else "",
        "groups": _grouped(
            _view(
                tile_out(session, tile, scope, translator.gettext),
                zone,
                spark=_spark(series_of(session, tile, scope)),
            )
            for tile in tiles.values()
        ),
        "read_at": scope.now,
    }
    part = is_htmx(request) and request.headers.get("hx-target") == "board-tiles"
    return render(request, "ioc/_tiles.html" if part else "ioc/board.html", view)


@pages.get("/board/{code}", name="board-rows", include_in_schema=False)
def rows_behind(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    tile: NamedTile,
    quarter: QuarterText = None,
) -> Response:
    """Show a tile over time and what counts against it."""
    translator, scope = request_translator(request), scope_of(zone.tz, quarter)
    series = series_of(session, tile, scope)
    rows, may_open = rows_of(session, tile, scope, translator), actor.may(tile.opens)
    view = {
        "title": translator.gettext(tile.title),
        "tile": _view(tile_out(session, tile, scope, translator.gettext), zone, spark=_spark(series)),
        "quarter": str(scope.quarter),
        "series": [_shares(point.model_dump()) for point in series],
        "rows": [
            {
                **row.model_dump(),
                "href": row.href if may_open else "",
                "office": office_name(zone, row.office),
            }
            for row in rows
        ],
        "crumbs": [Crumb(translator.gettext("Board"), f"/board?quarter={scope.quarter}")],
    }
    return render(request, "ioc/rows.html", view)


@pages.get("/board/{code}/rows.csv", name="board-rows-csv", include_in_schema=False)
def rows_as_csv(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    tile: NamedTile,
    quarter: QuarterText = None,
) -> Response:
    """Send what counts against a tile as a table."""
    translator, scope = request_translator(request), scope_of(zone.tz, quarter)
    header = [
        translator.gettext(name) for name in ("Code", "Subject", "Handled by", "Why", "Return date", "Ended")
    ]
    rows = [
        [
            row.code,
            row.title,
            row.office,
            row.reason,
            *(each.isoformat() if each else "" for each in (row.due_at, row.ended_at)),
        ]
        for row in rows_of(session, tile, scope, translator)
    ]
    return csv_response(f"board-{tile.code}-{scope.quarter}.csv", header, rows)


def _grouped(tiles: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the tiles under their headings, both in the order of the tiles."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for tile in tiles:
        groups.setdefault(tile["group"], []).append(tile)
    return groups


def _view(tile: TileOut, zone: Any, *, spark: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a tile with its numbers as numbers, for the formats of the reader's language."""
    values = tile.model_dump()
    target = Decimal(values["target"]) if values["target"] is not None else None
    offices = []
    for each in values["offices"]:
        share = _shares(each)
        below = target is not None and share["percent"] is not None and share["percent"] < target
        offices.append({**share, "office": office_name(zone, each["office"]), "below": below})
    change = Decimal(values["change"]) if values["change"] is not None else None
    parts = [{**each, "number": Decimal(each["number"])} for each in values["parts"]]
    more = {"change": change, "target": target, "offices": offices, "parts": parts, "spark": spark}
    return {**_shares(values), **more}


def _shares(values: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a tile or a point as numbers."""
    told = {key: values[key] for key in ("percent", "value") if key in values}
    return {**values, **{key: Decimal(each) if each is not None else None for key, each in told.items()}}


def _spark(series: Sequence[Point]) -> dict[str, Any] | None:
    """Return the line of the known values in the units of the box; None when there are not two of them."""
    known = [(place, Decimal(point.value)) for place, point in enumerate(series) if point.value is not None]
    if len(known) < 2 or not any(value for _, value in known):  # noqa: PLR2004  one value, or none, makes no line
        return None
    shares = any(point.percent is not None for point in series)
    top = HUNDRED if shares else max(*(value for _, value in known), Decimal(1))
    step = Decimal(SPARK_WIDTH) / (len(series) - 1)
    spots = [
        (step * place, SPARK_HEIGHT - (value * SPARK_HEIGHT / top).quantize(HUNDREDTH))
        for place, value in known
    ]
    points = " ".join(f"{x.normalize():f},{y.normalize():f}" for x, y in spots)
    return {"points": points, "width": SPARK_WIDTH, "height": SPARK_HEIGHT}
