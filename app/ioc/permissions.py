"""Who sees the board."""

from app.core.auth.permissions import Permission
from app.core.i18n import N_

BOARD_READ = "ioc.board.read"

PERMISSIONS = (
    Permission(
        BOARD_READ,
        N_("See the board"),
        "See the indicators of the zone and the rows behind them.",
        frozenset({"INTAKE", "APPRAISER", "HEAD", "LEADER", "AUDITOR", "ADMIN"}),
    ),
)
