"""Wiring of investment."""

from collections.abc import Mapping
from pathlib import Path

import app.investment.models
import app.investment.spatial.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.core.jobs import JobRegistry
from app.core.outbox import HandlerRegistry
from app.core.search import SearchProvider
from app.core.workflow.permissions import FILE, READ
from app.core.workflow.step import Effect
from app.investment import handlers, jobs, procedures
from app.investment.clients import registry_of
from app.investment.events import CertificateIssued, ProjectCodeAnswered
from app.investment.pages import (
    GUIDE,
    PROJECTS,
    REGISTER,
    certificate_pages,
    certificates_panel,
    changes_panel,
    code_pages,
    code_panel,
    guide_pages,
    project_pages,
)
from app.investment.pages.enterprise import dossiers_panel
from app.investment.queries.found import certificate_documents
from app.investment.service import PressRoom
from app.investment.spatial.pages import spatial_pages, spatial_panel
from app.investment.tiles import TILES
from app.web.kernel import Kernel
from app.web.panels import DOSSIER, ENTERPRISE
from app.web.spec import Door, MenuItem, ModuleSpec, ObjectPanel

FOLDER = Path(__file__).parent


def _effects(kernel: Kernel) -> Mapping[str, Effect]:
    settings = kernel.settings
    room = PressRoom(kernel.store, kernel.signing, kernel.zone, settings.origin)
    return procedures.effects(room, simulated=settings.investment_registry_simulated)


def _register(kernel: Kernel, heard: HandlerRegistry, background: JobRegistry) -> None:
    handlers.register(heard)
    jobs.register(background, registry_of(kernel.settings))


MODULE = ModuleSpec(
    code="investment",
    routers=(guide_pages, code_pages, certificate_pages, project_pages, spatial_pages),
    doors=(
        Door(
            N_("What do I need?"),
            N_("A few questions lead to the procedure, its papers, time and incentives."),
            GUIDE,
            "help-circle",
            10,
        ),
    ),
    search=(
        SearchProvider(
            "certificate",
            N_("Certificates"),
            "certificate",
            certificate_documents,
            permission=READ,
            order=40,
            events={CertificateIssued: lambda event: {str(event.project_id)}},
        ),
    ),
    templates=FOLDER / "templates" / "investment",
    procedures=FOLDER / "procedures",
    catalogue=FOLDER / "procedures" / "catalogue.yaml",
    tiles=TILES,
    guards=lambda kernel: procedures.GUARDS,
    effects=_effects,
    menu=(
        MenuItem("projects", N_("Projects"), PROJECTS, "building-factory-2", frozenset({FILE, READ}), 36),
        MenuItem(
            "certificates", N_("Certificates"), REGISTER, "file-certificate", frozenset({FILE, READ}), 35
        ),
    ),
    panels=(
        ObjectPanel(
            DOSSIER, "project-code", N_("Project code"), "investment/_code_panel.html", code_panel, 10
        ),
        ObjectPanel(DOSSIER, "spatial", N_("Spatial check"), "investment/_spatial.html", spatial_panel, 50),
        ObjectPanel(
            ENTERPRISE,
            "certificates",
            N_("Certificates"),
            "investment/_certificates.html",
            certificates_panel,
            20,
        ),
        ObjectPanel(DOSSIER, "changes", N_("What changes"), "investment/_changes.html", changes_panel, 5),
        ObjectPanel(
            ENTERPRISE, "dossiers", N_("Dossiers"), "investment/_enterprise_dossiers.html", dossiers_panel, 30
        ),
    ),
    register=_register,
    notice_kinds=handlers.KINDS,
    pokes={ProjectCodeAnswered.name: handlers.pokes_of},
)
