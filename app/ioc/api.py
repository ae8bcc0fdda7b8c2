"""JSON of the board: /api/v1/ioc. The page is a client of the same functions."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypedDict
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, Invalid, NotFound
from app.core.i18n import N_, Translator, localise
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.ioc.permissions import BOARD_READ
from app.ioc.schemas import OfficeShare, PartOut, Point, RowOut, Rows, Series, TileOut, Tiles
from app.ioc.tiles import read
from app.web.need import Holder
from app.web.render import request_translator
from app.web.services import CurrentZone
from app.web.tiles import Figure, Quarter, Scope, Share, Takings, Tile, Times
from app.web.unit import DbSession, router

api = router(prefix="/api/v1/ioc", tags=["ioc"])

Reader = Annotated[Actor, Depends(Holder(BOARD_READ))]
QuarterText = Annotated[
    str | None, Query(description="Quarter such as 2026-Q4; the present one when left out.")
]
QUARTERS_SHOWN = 6


class _Numbers(TypedDict):
    value: str | None
    part: int | None
    whole: int | None
    percent: str | None


async def _offered(request: Request) -> Mapping[str, Tile]:
    tiles: Mapping[str, Tile] = request.app.state.tiles
    return tiles


async def _named(request: Request, code: str) -> Tile:
    """
    Return a tile by the number of its indicator.

    :raises NotFound: there is none.
    """
    found = (await _offered(request)).get(code)
    if found is None:
        raise NotFound
    return found


OfferedTiles = Annotated[Mapping[str, Tile], Depends(_offered)]
NamedTile = Annotated[Tile, Depends(_named)]


@api.get("/tiles")
def get_tiles(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    tiles: OfferedTiles,
    quarter: QuarterText = None,
) -> Tiles:
    """Return all tiles for a quarter; ``/api/v1/ioc/stream`` says ``board`` whenever they may have changed."""
    scope = scope_of(zone.tz, quarter)
    gettext = request_translator(request).gettext
    found = [tile_out(session, tile, scope, gettext) for tile in tiles.values()]
    return Tiles(quarter=str(scope.quarter), tiles=found)


@api.get("/tiles/{code}/series")
def get_series(
    session: DbSession, actor: Reader, zone: CurrentZone, tile: NamedTile, quarter: QuarterText = None
) -> Series:
    """Return a tile over the last quarters."""
    return Series(code=tile.code, points=series_of(session, tile, scope_of(zone.tz, quarter)))


@api.get("/tiles/{code}/rows")
def get_rows(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    tile: NamedTile,
    quarter: QuarterText = None,
) -> Rows:
    """Return what counts against a tile."""
    rows = rows_of(session, tile, scope_of(zone.tz, quarter), request_translator(request))
    return Rows(code=tile.code, rows=rows)


def series_of(session: Session, tile: Tile, scope: Scope) -> list[Point]:
    """Return a tile over the last quarters, the oldest first."""
    points: list[Point] = []
    for _ in range(QUARTERS_SHOWN):
        points.append(_point(scope.quarter, tile.value(session, scope)))
        scope = scope.before()
    return points[::-1]


def rows_of(session: Session, tile: Tile, scope: Scope, reader: Translator) -> list[RowOut]:
    """Return what counts against a tile, in the language of the reader."""
    return [
        RowOut(
            code=row.code,
            title=localise(row.title, reader.lang)[0],
            office=row.office,
            reason=reader.gettext(row.reason),
            href=row.href or None,
            due_at=row.due_at,
            ended_at=row.ended_at,
        )
        for row in (tile.rows(session, scope) if tile.rows else ())
    ]


def scope_of(zone: ZoneInfo, quarter: str | None) -> Scope:
    """
    Return what a request asks for: the named quarter, or the present one.

    :raises Invalid: the quarter cannot be read.
    """
    now = utcnow()
    if not quarter:
        return Scope(Quarter.of(local_day(now, zone)), now, zone)
    try:
        return Scope(Quarter.parse(quarter), now, zone)
    except ValueError:
        reason = N_("Write a quarter as year and number, for example 2026-Q4.")
        raise Invalid(errors=[FieldProblem("quarter", "not-a-quarter", reason)]) from None


def tile_out(session: Session, tile: Tile, scope: Scope, gettext: Callable[[str], str]) -> TileOut:
    """Return a tile in the language of the reader."""
    reading = read(session, tile, scope)
    figure = reading.figure
    offices = tile.by_office(session, scope) if tile.by_office else ()
    return TileOut(
        code=tile.code,
        group=gettext(tile.group),
        title=gettext(tile.title),
        meaning=gettext(tile.meaning),
        source=tile.source or None,
        quarter=str(scope.quarter),
        kind=figure.kind,
        currency=figure.amount.currency if isinstance(figure, Takings) else None,
        parts=[
            PartOut(title=gettext(part.title), number=str(part.number), href=part.href or None)
            for part in figure.parts
        ],
        **_numbers(figure),
        target=str(reading.target) if reading.target is not None else None,
        target_assumed=reading.target_assumed,
        meets_target=reading.meets_target,
        change=str(reading.change) if reading.change is not None else None,
        read_at=reading.read_at,
        fed_at=reading.fed_at,
        stale=reading.stale,
        offices=[
            OfficeShare(office=office, part=share.part, whole=share.whole, percent=_percent(share))
            for office, share in offices
        ],
        rows_href=f"/board/{tile.code}" if tile.rows else None,
    )


def _point(quarter: Quarter, figure: Figure) -> Point:
    return Point(quarter=str(quarter), **_numbers(figure))


def _numbers(figure: Figure) -> _Numbers:
    """Return the numbers of a figure as a tile and a point of its series tell them alike."""
    part = whole = percent = None
    if isinstance(figure, Share):
        part, whole, percent = figure.part, figure.whole, _percent(figure)
    elif isinstance(figure, Times):
        part, whole = figure.within, figure.counted
    value = str(figure.size) if figure.size is not None else None
    return {"value": value, "part": part, "whole": whole, "percent": percent}


def _percent(share: Share) -> str | None:
    return str(share.percent) if share.percent is not None else None
