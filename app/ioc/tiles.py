"""The tiles of the operations centre itself, over the dossiers of all procedures, and how any tile is read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from app.core import law, live
from app.core.i18n import N_
from app.core.kit.time import local_day
from app.core.law import LawValueMissing
from app.ioc import queries
from app.web.tiles import Figure, Scope, Share, Tile

# What feeds a tile shows at least once a minute that it works; two missed signs make the tile stale.
STALE_AFTER = timedelta(minutes=2, seconds=30)


@dataclass(frozen=True, slots=True)
class Reading:
    """
    A tile's value at one moment: figure, target, change against the quarter before, and how fresh it is.

    :ivar fed_at: last sign of life of what feeds the tile; None when it needs no feed or the feed never worked.
    """

    tile: Tile
    figure: Figure
    target: Decimal | None
    target_assumed: bool
    change: Decimal | None
    read_at: datetime
    fed_at: datetime | None
    stale: bool

    @property
    def meets_target(self) -> bool | None:
        """Tell whether a share reaches its target; None without a value or a target."""
        if not isinstance(self.figure, Share) or self.figure.percent is None or self.target is None:
            return None
        return self.figure.percent >= self.target


DECISION_766 = "decision-766-qd-ttg"

TILES = (
    Tile(
        "2.1",
        N_("Dossiers handled on time"),
        N_("Dossiers handled on time or still in time, of those received or handled in the quarter."),
        DECISION_766,
        queries.HANDLED_ON_TIME.share,
        by_office=queries.HANDLED_ON_TIME.by_office,
        rows=queries.HANDLED_ON_TIME.rows,
        fed_at=live.last_step,
        order=21,
    ),
    Tile(
        "3.3",
        N_("Dossiers filed online"),
        N_(
            "Dossiers filed online, of those received in the quarter. One that ended with a result on paper alone does"
            " not count. The rate of synchronisation with the national portal is not applied: the portal is not"
            " connected."
        ),
        DECISION_766,
        queries.FILED_ONLINE.share,
        target="ioc.target.online_use",
        by_office=queries.FILED_ONLINE.by_office,
        rows=queries.FILED_ONLINE.rows,
        fed_at=live.last_step,
        order=33,
    ),
    Tile(
        "4.1",
        N_("Electronic results"),
        N_("Finished dossiers whose result is issued electronically, of those that return a paper."),
        DECISION_766,
        queries.ELECTRONIC_RESULTS.share,
        target="ioc.target.electronic_results",
        by_office=queries.ELECTRONIC_RESULTS.by_office,
        rows=queries.ELECTRONIC_RESULTS.rows,
        fed_at=live.last_step,
        order=41,
    ),
)


def read(session: Session, tile: Tile, scope: Scope) -> Reading:
    """Compute a tile for a quarter, with its target, the change against the quarter before, and its freshness."""
    figure, earlier = tile.value(session, scope), tile.value(session, scope.before())
    target, assumed = _target(session, tile, scope)
    change = None
    if figure.size is not None and earlier.size is not None:
        change = figure.size - earlier.size
    fed_at = tile.fed_at(session) if tile.fed_at is not None else None
    silent = tile.fed_at is not None and (fed_at is None or scope.now - fed_at > STALE_AFTER)
    return Reading(tile, figure, target, assumed, change, scope.now, fed_at, silent)


def _target(session: Session, tile: Tile, scope: Scope) -> tuple[Decimal | None, bool]:
    if tile.target is None:
        return None, False
    try:
        value = law.at(session, local_day(scope.now, scope.zone)).get(tile.target)
    except LawValueMissing:
        return None, False
    return value.decimal(), value.status is law.Status.ASSUMED
