"""What investment shows on the board."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.time import local_day
from app.core.workflow import procedures
from app.investment import queries
from app.web.tiles import Scope, Share, Tile, TileRow


def _online(session: Session, scope: Scope) -> tuple[dict[str, str], str]:
    """Return the codes that can be filed online at the end of the scope with their offices, and the first office."""
    day = min(local_day(scope.now, scope.zone), scope.quarter.following.first)
    found = {each.catalogue: each.office for each in procedures.catalogue(session, day)}
    listed = {entry["code"] for entry in queries.catalogue()}
    online = {code: office for code, office in found.items() if code in listed}
    return online, next(iter(online.values()), "")


def offered_online(session: Session, scope: Scope) -> Share:
    """Return indicator 3.1: procedures that can be filed online, of all procedures of the catalogue."""
    return Share(len(_online(session, scope)[0]), len(queries.catalogue()))


def _by_office(session: Session, scope: Scope) -> Sequence[tuple[str, Share]]:
    # The catalogue names no division of its own: all of it is handled where its online procedures are.
    online, office = _online(session, scope)
    return [(office, Share(len(online), len(queries.catalogue())))] if office else []


def _not_online(session: Session, scope: Scope) -> Sequence[TileRow]:
    online, office = _online(session, scope)
    reason = N_("Cannot be filed online yet")
    return [
        TileRow(code=entry["code"], title=entry["title"], office=office, reason=reason, href="/procedures")
        for entry in queries.catalogue()
        if entry["code"] not in online
    ]


TILES = (
    Tile(
        "3.1",
        N_("Procedures offered online"),
        N_("Procedures that can be filed online, of all procedures of the authority's catalogue."),
        "decision-766-qd-ttg",
        offered_online,
        target="ioc.target.online_services",
        by_office=_by_office,
        rows=_not_online,
        order=31,
    ),
)
