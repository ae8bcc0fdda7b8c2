"""Wiring of the registry."""

from pathlib import Path

import app.registry.claims.models
import app.registry.models
import app.registry.sites.models  # noqa: F401  maps the tables
from app.core.i18n import N_
from app.core.jobs import JobRegistry
from app.core.outbox import HandlerRegistry
from app.core.search import SearchProvider
from app.core.workflow.permissions import FILE
from app.core.workflow.permissions import READ as READ_DOSSIERS
from app.core.workflow.retention import TERMS
from app.registry import jobs as takeover_jobs
from app.registry.claims import handlers as claim_handlers
from app.registry.claims.facade import claims_due, erase_claims
from app.registry.claims.pages import claim_desk, claim_pages, my_claims_panel, referral_pages
from app.registry.claims.permissions import DECIDE
from app.registry.claims.permissions import PERMISSIONS as CLAIM_PERMISSIONS
from app.registry.events import EnterpriseChanged, EnterpriseRegistered, ProjectChanged, ProjectRegistered
from app.registry.pages import ROUTERS
from app.registry.pages.takeover_view import HOME as TAKE_OVERS
from app.registry.pages.takeovers import takeovers
from app.registry.permissions import FIND_PERSON, PERMISSIONS, READ, TAKE_OVER
from app.registry.queries.found import enterprise_documents, project_documents
from app.registry.service import identities
from app.registry.sites.api import api as sites_api
from app.registry.sites.pages import MAP
from app.registry.sites.pages import pages as sites_pages
from app.web.keeping import Eraser
from app.web.kernel import Kernel
from app.web.spec import Door, MenuItem, ModuleSpec, ObjectPanel

FOLDER = Path(__file__).parent


def _register(kernel: Kernel, handlers: HandlerRegistry, jobs: JobRegistry) -> None:
    claim_handlers.register(handlers)
    takeover_jobs.register(jobs, kernel)


ERASERS = (
    Eraser(
        "representative",
        (identities.TERM,),
        lambda session, now, zone: identities.identities_due(session, now=now, zone=zone),
        lambda session, found, actor, now: identities.erase_identities(session, found, actor=actor, now=now),
    ),
    Eraser(
        "claim",
        tuple(TERMS.values()),
        lambda session, now, zone: claims_due(session, now=now, zone=zone),
        lambda session, found, actor, now: erase_claims(session, found, actor=actor, now=now),
    ),
)

MODULE = ModuleSpec(
    code="registry",
    routers=(*ROUTERS, claim_pages, referral_pages, claim_desk, sites_pages, sites_api, takeovers),
    permissions=(*PERMISSIONS, *CLAIM_PERMISSIONS),
    menu=(
        MenuItem("enterprises", N_("Enterprises"), "/enterprises", "building", frozenset({READ}), 20),
        MenuItem(
            "my-enterprise",
            N_("My enterprise"),
            "/my-enterprise",
            "building",
            frozenset({FILE}),
            30,
            N_("Enterprise"),
        ),
        MenuItem("code-lists", N_("Code lists"), "/code-lists", "list", frozenset({READ}), 65),
        MenuItem("takeovers", N_("Take-over"), TAKE_OVERS, "database", frozenset({TAKE_OVER}), 75),
        MenuItem("find-person", N_("Find a person"), "/registry/people", "id", frozenset({FIND_PERSON}), 66),
        MenuItem("claims", N_("Representatives"), "/desk/claims", "user-check", frozenset({DECIDE}), 65),
        MenuItem("zone", N_("Map of the zone"), MAP, "map", frozenset(), 65, N_("Map")),
    ),
    doors=(
        Door(
            N_("Map of the zone"),
            N_("Its sites and functional areas, and what they are for."),
            MAP,
            "map",
            40,
        ),
    ),
    first_steps=(
        Door(
            N_("Act for an enterprise"),
            N_(
                "It has a tax code, or is to be founded by an investor. Have a passport or identity card ready."
            ),
            "/claims",
            "building",
        ),
    ),
    counter_steps=(
        Door(
            N_("Enter the applicant in the registry"),
            N_(
                "An enterprise by its tax code; an investor from abroad, or one whose enterprise is not founded yet, by"
                " name and country and without a tax code. The record counts as declared until it is checked."
            ),
            "/enterprises/new",
            "building",
        ),
    ),
    applicants=("enterprise",),
    erasers=ERASERS,
    panels=(
        ObjectPanel(
            "my-zone",
            "claims",
            N_("Requests to act for an enterprise"),
            "registry/_my_claims.html",
            my_claims_panel,
        ),
    ),
    search=(
        SearchProvider(
            "enterprise",
            N_("Enterprises"),
            "building",
            enterprise_documents,
            permission=READ,
            order=20,
            events={
                EnterpriseRegistered: lambda event: {str(event.enterprise_id)},
                EnterpriseChanged: lambda event: {str(event.enterprise_id)},
            },
        ),
        SearchProvider(
            "project",
            N_("Projects"),
            "building-factory-2",
            project_documents,
            permission=READ_DOSSIERS,
            order=30,
            events={
                ProjectRegistered: lambda event: {str(event.project_id)},
                ProjectChanged: lambda event: {str(event.project_id)},
            },
        ),
    ),
    renames={EnterpriseChanged: lambda event: event.enterprise_id},
    templates=FOLDER / "templates" / "registry",
    notice_kinds=claim_handlers.KINDS,
    register=_register,
)
