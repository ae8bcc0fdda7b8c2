"""Wiring of low-value parcels."""

from pathlib import Path

import app.customs.parcels.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.core.jobs import JobRegistry
from app.core.outbox import HandlerRegistry
from app.core.search import SearchProvider
from app.customs.declarations.facade import gateway_of
from app.customs.parcels import handlers, jobs
from app.customs.parcels.api import parcels_api, parcels_once
from app.customs.parcels.events import ListAnswered, ListClosed, ListTaxed
from app.customs.parcels.pages import (
    HERE,
    board_pages,
    list_pages,
    parcel_pages,
    upload_pages,
    upload_uploads,
)
from app.customs.parcels.permissions import PERMISSIONS, READ
from app.customs.parcels.queries.found import list_documents
from app.customs.parcels.service.erasing import TERM, due, erase
from app.customs.parcels.tiles import TILES
from app.web.keeping import Eraser
from app.web.kernel import Kernel
from app.web.spec import MenuItem, ModuleSpec


def _register(kernel: Kernel, heard: HandlerRegistry, background: JobRegistry) -> None:
    handlers.register(heard, kernel.zone.tz)
    jobs.register(background, gateway_of(kernel.settings))


MODULE = ModuleSpec(
    code="parcels",
    routers=(parcels_once, parcels_api, board_pages, list_pages, upload_pages, upload_uploads, parcel_pages),
    permissions=PERMISSIONS,
    menu=(
        MenuItem("parcels", N_("Low-value parcels"), HERE, "package", frozenset({READ}), 48, N_("Parcels")),
    ),
    erasers=(Eraser("parcel-buyers", (TERM,), due, erase),),
    templates=Path(__file__).parent / "templates" / "parcels",
    register=_register,
    notice_kinds=handlers.KINDS,
    tiles=TILES,
    search=(
        SearchProvider(
            "parcels-list",
            N_("Low-value lists"),
            "package",
            list_documents,
            permission=READ,
            order=47,
            events={
                ListClosed: lambda event: {str(event.list_id)},
                ListAnswered: lambda event: {str(event.list_id)},
            },
        ),
    ),
    pokes={each.name: handlers.pokes_of for each in (ListAnswered, ListTaxed)},
)
