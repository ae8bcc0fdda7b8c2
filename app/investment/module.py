"""Wiring of investment."""

from collections.abc import Mapping
from pathlib import Path

import app.investment.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.core.workflow.step import Effect
from app.investment import procedures
from app.investment.pages import GUIDE, pages
from app.investment.service import PressRoom
from app.investment.tiles import TILES
from app.web.kernel import Kernel
from app.web.spec import Door, ModuleSpec

FOLDER = Path(__file__).parent


def _effects(kernel: Kernel) -> Mapping[str, Effect]:
    room = PressRoom(kernel.store, kernel.signing, kernel.zone, kernel.settings.origin)
    return procedures.effects(room)


MODULE = ModuleSpec(
    code="investment",
    routers=(pages,),
    doors=(
        Door(
            N_("What do I need?"),
            N_("A few questions lead to the procedure, its papers, time and incentives."),
            GUIDE,
            "help-circle",
            10,
        ),
    ),
    templates=FOLDER / "templates" / "investment",
    procedures=FOLDER / "procedures",
    catalogue=FOLDER / "procedures" / "catalogue.yaml",
    tiles=TILES,
    guards=lambda kernel: procedures.GUARDS,
    effects=_effects,
)
