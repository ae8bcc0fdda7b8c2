"""The board as a page: tiles, and the rows behind each. It asks the same functions as the API."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from fastapi import Request, Response

from app.core.workflow.permissions import READ as READ_DOSSIERS
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
        "tiles": [
            _view(
                tile_out(session, tile, scope, translator.gettext),
                zone,
                spark=_spark(series_of(session, tile, scope)),
            )
            for tile in tiles.values()
        ],
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
    rows, may_open = rows_of(session, tile, scope, translator), actor.may(READ_DOSSIERS)
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
    return {**_shares(values), "change": change, "target": target, "offices": offices, "spark": spark}


def _shares(values: dict[str, Any]) -> dict[str, Any]:
    percent = values["percent"]
    return {**values, "percent": Decimal(percent) if percent is not None else None}


def _spark(series: Sequence[Point]) -> dict[str, Any] | None:
    """Return the line of the known values in the units of the box; None when there are not two of them."""
    known = [
        (place, Decimal(point.percent)) for place, point in enumerate(series) if point.percent is not None
    ]
    if len(known) < 2:  # noqa: PLR2004  one value makes no line
        return None
    step = Decimal(SPARK_WIDTH) / (len(series) - 1)
    points = " ".join(
        f"{(step * place).normalize():f},{(SPARK_HEIGHT - percent * SPARK_HEIGHT / 100).normalize():f}"
        for place, percent in known
    )
    return {"points": points, "width": SPARK_WIDTH, "height": SPARK_HEIGHT}
