"""Wiring of the tariff."""

from pathlib import Path

import app.customs.tariff.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.core.search import SearchProvider
from app.customs.tariff import jobs
from app.customs.tariff.api import tariff_api
from app.customs.tariff.events import HeadingsChanged
from app.customs.tariff.pages import (
    CALCULATOR,
    EXCHANGE,
    TARIFF,
    browsing_pages,
    calculator_pages,
    exchange_pages,
    exchange_uploads,
)
from app.customs.tariff.permissions import EXCHANGE as KEEP
from app.customs.tariff.permissions import PERMISSIONS
from app.customs.tariff.queries.finding import heading_documents
from app.web.spec import Door, MenuItem, ModuleSpec

MODULE = ModuleSpec(
    code="tariff",
    # The calculator's address would else be read as that of a code.
    routers=(calculator_pages, browsing_pages, exchange_uploads, exchange_pages, tariff_api),
    permissions=PERMISSIONS,
    templates=Path(__file__).parent / "templates" / "tariff",
    search=(
        SearchProvider(
            "tariff",
            N_("Codes of the tariff"),
            "scale",
            heading_documents,
            shared=True,
            order=60,
            events={HeadingsChanged: lambda event: event.keys()},
        ),
    ),
    register=jobs.register,
    doors=(
        Door(
            N_("Tariff"),
            N_("Rates of a code on a day, with every preference and its source."),
            TARIFF,
            "scale",
            30,
        ),
        Door(
            N_("Taxes of a shipment"),
            N_("What duties and taxes come to, every lawful treatment ranked, two days side by side."),
            CALCULATOR,
            "calculator",
            31,
        ),
    ),
    menu=(
        MenuItem("tariff", N_("Tariff"), TARIFF, "scale", frozenset(), 60),
        MenuItem("exchange-rates", N_("Rates of exchange"), EXCHANGE, "currency-dong", frozenset({KEEP}), 61),
    ),
)
