"""Wiring of investment."""

from collections.abc import Mapping
from pathlib import Path

import app.investment.models  # noqa: F401  maps the tables
from app.core.workflow.step import Effect
from app.investment import procedures
from app.investment.service import PressRoom
from app.web.kernel import Kernel
from app.web.spec import ModuleSpec


def _effects(kernel: Kernel) -> Mapping[str, Effect]:
    room = PressRoom(kernel.store, kernel.signing, kernel.zone, kernel.settings.origin)
    return procedures.effects(room)


MODULE = ModuleSpec(code="investment", procedures=Path(__file__).parent / "procedures", effects=_effects)
