"""The board as a page: tiles, and the rows behind each."""

from decimal import Decimal
from typing import Any

from fastapi import Request, Response

from app.ioc import tiles
from app.ioc.api import QuarterText, Reader, find_tile, get_rows, get_series, scope_of, tile_out
from app.web.dossier_view import office_name
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

pages = router()


@pages.get("/board", name="board", include_in_schema=False)
def board(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, quarter: QuarterText = None
) -> Response:
    """Show all tiles of a quarter."""
    translator, scope = request_translator(request), scope_of(zone.tz, quarter)
    view = {
        "title": translator.gettext("Board"),
        "quarter": str(scope.quarter),
        "previous": str(scope.quarter.previous),
        "following": str(scope.quarter.following) if scope.until <= scope.now else "",
        "tiles": [
            _view(tile_out(session, tile, scope, translator.gettext).model_dump(), zone)
            for tile in tiles.TILES.values()
        ],
        "read_at": scope.now,
    }
    return render(request, "ioc/board.html", view)


@pages.get("/board/{code}", name="board-rows", include_in_schema=False)
def rows_behind(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    code: str,
    quarter: QuarterText = None,
) -> Response:
    """Show a tile over time and the dossiers that count against it."""
    translator, scope = request_translator(request), scope_of(zone.tz, quarter)
    tile = find_tile(code)
    rows = get_rows(session, actor, zone, code, quarter).rows
    view = {
        "title": translator.gettext(tile.title),
        "tile": _view(tile_out(session, tile, scope, translator.gettext).model_dump(), zone),
        "series": [
            _shares(point.model_dump()) for point in get_series(session, actor, zone, code, quarter).points
        ],
        "rows": [{**row.model_dump(), "office": office_name(zone, row.office)} for row in rows],
        "crumbs": [Crumb(translator.gettext("Board"), f"/board?quarter={scope.quarter}")],
    }
    return render(request, "ioc/rows.html", view)


def _view(tile: dict[str, Any], zone: Any) -> dict[str, Any]:
    """Return a tile with its numbers as numbers, for the formats of the reader's language."""
    offices = [{**_shares(each), "office": office_name(zone, each["office"])} for each in tile["offices"]]
    change = Decimal(tile["change"]) if tile["change"] is not None else None
    target = Decimal(tile["target"]) if tile["target"] is not None else None
    return {**_shares(tile), "change": change, "target": target, "offices": offices}


def _shares(values: dict[str, Any]) -> dict[str, Any]:
    percent = values["percent"]
    return {**values, "percent": Decimal(percent) if percent is not None else None}
