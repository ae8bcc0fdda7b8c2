"""Wiring of the operations centre."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.routing import Route

from app.core.i18n import N_
from app.core.live import Poke
from app.core.workflow.events import CaseMoved
from app.ioc.api import api
from app.ioc.pages import pages
from app.ioc.permissions import BOARD_READ, PERMISSIONS
from app.ioc.tiles import TILES
from app.web.pages.live import Events
from app.web.spec import MenuItem, ModuleSpec

TOPIC = "board"


def _pokes(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    return [Poke(TOPIC)]


MODULE = ModuleSpec(
    code="ioc",
    routers=(api, pages),
    permissions=PERMISSIONS,
    menu=(MenuItem("board", N_("Board"), "/board", "chart-bar", frozenset({BOARD_READ}), 30),),
    templates=Path(__file__).parent / "templates" / "ioc",
    tiles=TILES,
    topics={TOPIC: BOARD_READ},
    pokes={CaseMoved.name: _pokes},
    streams=(Route("/api/v1/ioc/stream", Events(TOPIC), name="ioc-stream"),),
)
