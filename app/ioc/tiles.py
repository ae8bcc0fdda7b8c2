"""Tiles: an indicator with value, target, trend and freshness. Modules above register theirs in the same shape."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core import law
from app.core.i18n import N_
from app.core.kit.time import local_day
from app.core.law import LawValueMissing
from app.investment import facade as investment
from app.ioc import queries
from app.ioc.domain import Quarter, Share
from app.ioc.queries import LateDossier

# Kinds of papers that are results of procedures.
RESULT_KINDS = ["IRC"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a tile is computed for: a quarter, seen at an instant."""

    quarter: Quarter
    now: datetime
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """Return the first instant of the quarter."""
        return self.quarter.bounds(self.zone)[0]

    @property
    def until(self) -> datetime:
        """Return the first instant after the quarter."""
        return self.quarter.bounds(self.zone)[1]

    def before(self) -> "Scope":
        """Return the same for the quarter before, as it ended."""
        earlier = self.quarter.previous
        return Scope(earlier, min(self.now, earlier.bounds(self.zone)[1]), self.zone)


@dataclass(frozen=True, slots=True)
class Tile:
    """
    One indicator.

    ``code`` is its number in the source; ``title`` and ``meaning`` are English message ids; ``target`` is a law key.
    ``rows`` lists what counts against it, for the page behind the tile.
    """

    code: str
    title: str
    meaning: str
    source: str
    value: Callable[[Session, Scope], Share]
    target: str | None = None
    by_office: Callable[[Session, Scope], Sequence[tuple[str, Share]]] | None = None
    rows: Callable[[Session, Scope], Sequence[LateDossier]] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A tile's value at one moment: share, target, change against the quarter before, and when it was computed."""

    tile: Tile
    share: Share
    target: Decimal | None
    target_assumed: bool
    change: Decimal | None
    read_at: datetime

    @property
    def meets_target(self) -> bool | None:
        """Tell whether the target is reached; None without a value or a target."""
        if self.share.percent is None or self.target is None:
            return None
        return self.share.percent >= self.target


def _on_time(session: Session, scope: Scope) -> Share:
    return queries.handled_on_time(session, since=scope.since, until=scope.until, now=scope.now)


def _on_time_by_office(session: Session, scope: Scope) -> Sequence[tuple[str, Share]]:
    return queries.handled_by_office(session, since=scope.since, until=scope.until, now=scope.now)


def _late(session: Session, scope: Scope) -> Sequence[LateDossier]:
    return queries.late_dossiers(session, since=scope.since, until=scope.until, now=scope.now)


def _online(session: Session, scope: Scope) -> Share:
    day = min(local_day(scope.now, scope.zone), scope.quarter.following.first)
    online, all_procedures = investment.offered_online(session, day)
    return Share(online, all_procedures)


def _results(session: Session, scope: Scope) -> Share:
    return queries.electronic_results(session, since=scope.since, until=scope.until, kinds=RESULT_KINDS)


def _without_result(session: Session, scope: Scope) -> Sequence[LateDossier]:
    return queries.without_electronic_result(
        session, since=scope.since, until=scope.until, kinds=RESULT_KINDS
    )


TILES: Mapping[str, Tile] = {
    tile.code: tile
    for tile in (
        Tile(
            "2.1",
            N_("Dossiers handled on time"),
            N_("Dossiers handled on time or still in time, of those received or handled in the quarter."),
            "decision-766-qd-ttg",
            _on_time,
            by_office=_on_time_by_office,
            rows=_late,
        ),
        Tile(
            "3.1",
            N_("Procedures offered online"),
            N_("Procedures that can be filed online, of all procedures of the authority's catalogue."),
            "decision-766-qd-ttg",
            _online,
            target="ioc.target.online_services",
        ),
        Tile(
            "4.1",
            N_("Electronic results"),
            N_("Finished dossiers whose result is issued electronically, of those that return a paper."),
            "decision-766-qd-ttg",
            _results,
            target="ioc.target.electronic_results",
            rows=_without_result,
        ),
    )
}


def read(session: Session, tile: Tile, scope: Scope) -> Reading:
    """Compute a tile for a quarter, with its target and the change against the quarter before."""
    share, earlier = tile.value(session, scope), tile.value(session, scope.before())
    target, assumed = _target(session, tile, scope)
    change = None
    if share.percent is not None and earlier.percent is not None:
        change = share.percent - earlier.percent
    return Reading(tile, share, target, assumed, change, scope.now)


def _target(session: Session, tile: Tile, scope: Scope) -> tuple[Decimal | None, bool]:
    if tile.target is None:
        return None, False
    try:
        value = law.at(session, local_day(scope.now, scope.zone)).get(tile.target)
    except LawValueMissing:
        return None, False
    return value.decimal(), value.status is law.Status.ASSUMED
