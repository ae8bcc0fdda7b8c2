"""Wiring of declarations."""

from pathlib import Path

import app.customs.declarations.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.core.jobs import JobRegistry
from app.core.outbox import HandlerRegistry
from app.core.search import SearchProvider
from app.customs.declarations import handlers, jobs
from app.customs.declarations.api import declarations_api
from app.customs.declarations.clients import gateway_of
from app.customs.declarations.domain.patience import Patience
from app.customs.declarations.events import (
    ClockRanOut,
    DeclarationMoved,
    DeclarationUpdated,
    DispatchFailed,
    InspectionCommented,
    InspectionNoted,
    NoticeApplied,
    QuestionAnswered,
    QuestionAsked,
)
from app.customs.declarations.pages import HOME, ROUTERS
from app.customs.declarations.pages.customs import BOARD_DOOR, EXCHANGE_PANELS, EXCHANGE_ROUTERS, GATEWAY_ITEM
from app.customs.declarations.pages.desk import DESK_MENU, DESK_PANELS, DESK_ROUTERS
from app.customs.declarations.permissions import FILE, PERMISSIONS, READ
from app.customs.declarations.queries.found import declaration_documents, firm_documents
from app.customs.declarations.service import desk_notices, indicating
from app.customs.declarations.tiles import TILES
from app.web.kernel import Kernel
from app.web.spec import MenuItem, ModuleSpec

FOLDER = Path(__file__).parent


def _register(kernel: Kernel, heard: HandlerRegistry, background: JobRegistry) -> None:
    handlers.register(heard, kernel.zone.tz)
    jobs.register(
        background, gateway_of(kernel.settings), kernel.zone.tz,
        patience=Patience(
            kernel.settings.customs_gateway_retry_first_s, kernel.settings.customs_gateway_retry_longest_s
        ),
    )  # fmt: skip
    desk_notices.register(heard)
    indicating.register(heard, kernel.zone.tz)


MODULE = ModuleSpec(
    code="declarations",
    permissions=PERMISSIONS,
    routers=(*EXCHANGE_ROUTERS, *ROUTERS, *DESK_ROUTERS, declarations_api),
    panels=(*EXCHANGE_PANELS, *DESK_PANELS),
    doors=(BOARD_DOOR,),
    menu=(
        MenuItem("declarations", N_("Declarations"), HOME, "clipboard-list", frozenset({FILE, READ}), 34),
        *DESK_MENU,
        GATEWAY_ITEM,
    ),
    search=(
        SearchProvider(
            "customs-firm",
            N_("Firms under customs"),
            "building-factory-2",
            firm_documents,
            permission=READ,
            officers_only=True,
            order=44,
            events={DeclarationMoved: lambda event: {str(event.declaration_id)}},
        ),
        SearchProvider(
            "declaration",
            N_("Declarations"),
            "clipboard-list",
            declaration_documents,
            permission=READ,
            order=45,
            events={
                DeclarationMoved: lambda event: {str(event.declaration_id)},
                DeclarationUpdated: lambda event: {str(event.declaration_id)},
            },
        ),
    ),
    templates=FOLDER / "templates" / "declarations",
    register=_register,
    notice_kinds=(*handlers.KINDS, *desk_notices.KINDS),
    tiles=TILES,
    pokes={
        event.name: handlers.pokes_of
        for event in (
            NoticeApplied,
            DeclarationMoved,
            DeclarationUpdated,
            DispatchFailed,
            ClockRanOut,
            QuestionAsked,
            QuestionAnswered,
            InspectionNoted,
            InspectionCommented,
        )
    },
)
