"""What the exchange with customs offers to the shell: panels of a declaration, results, the public board of clocks."""

from app.core.i18n import N_
from app.customs.declarations.pages.board import BOARD, board_pages
from app.customs.declarations.pages.comparing import comparison_panel
from app.customs.declarations.pages.exchange import (
    clocks_panel,
    exchange_pages,
    exchange_panel,
)
from app.customs.declarations.pages.gateway import GATEWAY, gateway_pages
from app.customs.declarations.pages.paying import payments_panel
from app.customs.declarations.pages.results import result_pages, result_uploads, results_panel
from app.customs.declarations.permissions import SEE_GATEWAY
from app.web.panels import DECLARATION
from app.web.spec import Door, MenuItem, ObjectPanel

# Before the pages of one declaration, whose address would take "results" for a key.
EXCHANGE_ROUTERS = (result_pages, result_uploads, exchange_pages, board_pages, gateway_pages)
GATEWAY_ITEM = MenuItem(
    "customs-gateway", N_("Gateway of customs"), GATEWAY, "send", frozenset({SEE_GATEWAY}), 41
)
EXCHANGE_PANELS = (
    ObjectPanel(
        DECLARATION, "customs", N_("Course of the declaration"), "declarations/_exchange_panel.html", exchange_panel, 10
    ),
    ObjectPanel(
        DECLARATION, "payments", N_("Payment"), "payments/_slips_panel.html", payments_panel, 11
    ),
    ObjectPanel(
        DECLARATION, "differences", N_("Pre-calculation and tax notice"), "declarations/_differences_panel.html",
        comparison_panel, 12,
    ),
    ObjectPanel(
        DECLARATION, "results", N_("Results from elsewhere"), "declarations/_results_panel.html", results_panel, 11
    ),
    ObjectPanel(
        DECLARATION, "clocks", N_("Time limits of customs law"), "declarations/_clocks_panel.html", clocks_panel, 60
    ),
)  # fmt: skip
BOARD_DOOR = Door(
    N_("Clocks of customs"),
    N_("How long the steps of customs take, against the limits of the law."),
    BOARD,
    "clock",
    70,
)
