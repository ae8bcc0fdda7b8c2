"""Wiring of the operations centre."""

from pathlib import Path

from app.core.i18n import N_
from app.ioc.api import api
from app.ioc.pages import pages
from app.ioc.permissions import BOARD_READ, PERMISSIONS
from app.web.spec import MenuItem, ModuleSpec

MODULE = ModuleSpec(
    code="ioc",
    routers=(api, pages),
    permissions=PERMISSIONS,
    menu=(MenuItem("board", N_("Board"), "/board", "chart-bar", frozenset({BOARD_READ}), 30),),
    templates=Path(__file__).parent / "templates" / "ioc",
)
