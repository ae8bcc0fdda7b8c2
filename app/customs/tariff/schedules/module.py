"""Wiring of the schedules."""

from pathlib import Path

import app.customs.tariff.schedules.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.customs.tariff.schedules import jobs
from app.customs.tariff.schedules.pages import HOME, change_panel, schedules
from app.customs.tariff.schedules.service.content import TariffContent
from app.web.legal_permissions import READ
from app.web.panels import LAW_CHANGE
from app.web.spec import MenuItem, ModuleSpec, ObjectPanel

MODULE = ModuleSpec(
    code="schedules",
    routers=(schedules,),
    templates=Path(__file__).parent / "templates" / "schedules",
    menu=(
        MenuItem(
            "schedules", N_("Schedules of the tariff"), HOME, "table", frozenset({READ}), 62, N_("Schedules")
        ),
    ),
    panels=(
        ObjectPanel(
            LAW_CHANGE, "tariff", N_("What changes in the tariff"), "schedules/_summary.html", change_panel
        ),
    ),
    law_contents=(TariffContent(),),
    register=jobs.register,
)
