"""Wiring of investment."""

from collections.abc import Mapping
from pathlib import Path

import app.investment.commitments.models
import app.investment.models
import app.investment.spatial.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.core.jobs import JobRegistry
from app.core.outbox import HandlerRegistry
from app.core.search import SearchProvider
from app.core.workflow.permissions import FILE, READ, REVIEW
from app.core.workflow.step import Effect
from app.investment import handlers, jobs, procedures, queries
from app.investment.clients import registry_of
from app.investment.commitments import handlers as commitment_handlers
from app.investment.commitments.events import CommitmentJudged, CommitmentShown
from app.investment.commitments.pages import (
    LIST,
    commitment_pages,
    commitment_uploads,
    dossier_panel,
    my_zone_panel,
    project_panel,
)
from app.investment.commitments.permissions import CHECK, PERMISSIONS
from app.investment.commitments.queries import dossier_of
from app.investment.commitments.service import register_commitments
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
from app.investment.pages.code_letters import letter_pages, letter_uploads
from app.investment.pages.counter import COUNTER_RESULTS
from app.investment.pages.enterprise import dossiers_panel
from app.investment.queries.found import certificate_documents
from app.investment.service import PressRoom
from app.investment.service.adjusting import ADJUSTMENT
from app.investment.service.code_letters import SUBJECT_KIND
from app.investment.spatial.pages import spatial_pages, spatial_panel
from app.investment.tiles import TILES
from app.web.kernel import Kernel
from app.web.panels import DOSSIER, ENTERPRISE, MY_ZONE, PROJECT
from app.web.paper_access import PaperHome
from app.web.spec import Door, MenuItem, ModuleSpec, ObjectPanel

FOLDER = Path(__file__).parent


def _effects(kernel: Kernel) -> Mapping[str, Effect]:
    settings = kernel.settings
    room = PressRoom(kernel.store, kernel.signing, kernel.zone, settings.origin)
    return {
        **procedures.effects(room, simulated=settings.investment_registry_simulated),
        "register_commitments": register_commitments,
    }


def _register(kernel: Kernel, heard: HandlerRegistry, background: JobRegistry) -> None:
    handlers.register(heard)
    jobs.register(background, registry_of(kernel.settings))
    commitment_handlers.register(heard, background, kernel.zone.tz)


MODULE = ModuleSpec(
    code="investment",
    routers=(
        commitment_pages,
        commitment_uploads,
        guide_pages,
        code_pages,
        letter_pages,
        letter_uploads,
        certificate_pages,
        project_pages,
        spatial_pages,
    ),
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
    held_results={ADJUSTMENT: COUNTER_RESULTS},
    permissions=PERMISSIONS,
    templates=FOLDER / "templates" / "investment",
    procedures=FOLDER / "procedures",
    catalogue=FOLDER / "procedures" / "catalogue.yaml",
    tiles=TILES,
    guards=lambda kernel: procedures.GUARDS,
    effects=_effects,
    menu=(
        MenuItem("commitments", N_("Commitments"), LIST, "list-check", frozenset({CHECK}), 37),
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
        ObjectPanel(
            DOSSIER, "commitments", N_("Commitments"), "investment/_commitments_panel.html", dossier_panel, 20
        ),
        ObjectPanel(
            PROJECT, "commitments", N_("Commitments"), "investment/_commitments_panel.html", project_panel, 20
        ),
        ObjectPanel(
            MY_ZONE,
            "commitments",
            N_("Commitments to be met"),
            "investment/_commitments_panel.html",
            my_zone_panel,
            50,
        ),
    ),
    papers={
        "commitment": PaperHome(dossier_of, CHECK),
        SUBJECT_KIND: PaperHome(queries.dossier_of_letter, REVIEW),
    },
    register=_register,
    notice_kinds=(*handlers.KINDS, *commitment_handlers.KINDS),
    pokes={
        ProjectCodeAnswered.name: handlers.pokes_of,
        CommitmentShown.name: commitment_handlers.pokes_of,
        CommitmentJudged.name: commitment_handlers.pokes_of,
    },
)
