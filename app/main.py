"""The web process: middleware, error handlers and what the modules offer; nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from app.core.auth.oidc.provider import Provider, ProviderConfig
from app.core.auth.roles import UserKind
from app.core.auth.sessions import resolve
from app.core.auth.stages import SecondFactorPolicy
from app.core.db import WEB_LOGINS, Database
from app.core.kit.actor import ANONYMOUS, Actor
from app.core.kit.time import utcnow
from app.core.live import Hub
from app.core.notifications import unread
from app.core.payments.bank import bank_of, collecting_of
from app.core.payments.webhooks import read_keys
from app.core.privacy.box import SecretsBox
from app.core.settings import Settings
from app.core.telemetry import configure_logging
from app.modules import MODULES, Platform, compose
from app.web import errors, panels, shell
from app.web.api import document
from app.web.api.dossiers import dossier_api, dossier_once
from app.web.api.oauth import oauth
from app.web.api.papers import paper_api
from app.web.background import is_background
from app.web.bearer import API, identify_program, token_of
from app.web.edge import Edge
from app.web.kept_forms import FormKeeper
from app.web.measure import Measure, metrics
from app.web.operations import VIEW
from app.web.pages.account import account
from app.web.pages.admin import admin
from app.web.pages.admin_person import admin_person
from app.web.pages.api_clients import api_clients
from app.web.pages.bank import bank_callback
from app.web.pages.colleagues import colleague_pages
from app.web.pages.counter import counter_pages
from app.web.pages.counter_papers import counter_papers
from app.web.pages.delegations import delegation_pages
from app.web.pages.documents import papers
from app.web.pages.dossier_form import dossier_form
from app.web.pages.dossiers import dossiers
from app.web.pages.form_papers import form_pages
from app.web.pages.identity_provider import identity_pages
from app.web.pages.inbox import desk_inbox
from app.web.pages.invitation import invitation_pages
from app.web.pages.kept import kept
from app.web.pages.legal import legal
from app.web.pages.letters import letter_pages
from app.web.pages.live import listener_of, stream, watches
from app.web.pages.members import members_pages
from app.web.pages.notices import notices
from app.web.pages.operations import alarm_minutes, operations
from app.web.pages.opinions import opinions
from app.web.pages.own_data import own_data
from app.web.pages.paper_signatures import paper_signatures
from app.web.pages.papers import component_pages
from app.web.pages.payment_desk import payment_desk
from app.web.pages.payment_list import payment_list
from app.web.pages.payment_outside import payment_outside, payment_outside_uploads
from app.web.pages.payment_statements import payment_statements
from app.web.pages.payment_suspense import payment_suspense
from app.web.pages.payments import payment_pages
from app.web.pages.personal import personal_pages
from app.web.pages.preferences import preferences
from app.web.pages.public import public
from app.web.pages.register import register_pages
from app.web.pages.search import search_pages
from app.web.pages.security import security
from app.web.pages.setup import setup_pages
from app.web.pages.signed_papers import signed_papers
from app.web.pages.steps import steps
from app.web.pages.verify_upload import verify_pages
from app.web.payments_view import FEE_PANEL
from app.web.switchboard import Switchboard
from app.web.watch import Watch

STATIC = Path(__file__).parent / "web" / "static"
# Connections a pool keeps beyond the gate: a request in its commit has left the gate already.
SPARE_CONNECTIONS = 4
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# Pages and routes of the kernel; those of the modules follow.
PAGES = (
    public,
    search_pages,
    account,
    register_pages,
    invitation_pages,
    members_pages,
    delegation_pages,
    security,
    kept,
    admin,
    admin_person,
    identity_pages,
    setup_pages,
    api_clients,
    oauth,
    preferences,
    personal_pages,
    own_data,
    dossiers,
    dossier_form,
    verify_pages,
    papers,
    component_pages,
    form_pages,
    paper_signatures,
    counter_pages,
    counter_papers,
    signed_papers,
    letter_pages,
    steps,
    opinions,
    operations,
    dossier_api,
    dossier_once,
    paper_api,
    desk_inbox,
    colleague_pages,
    legal,
    notices,
    watches,
    bank_callback,
    payment_list,
    payment_pages,
    payment_desk,
    payment_suspense,
    payment_outside_uploads,
    payment_outside,
    payment_statements,
)


class Immutable(StaticFiles):
    """Built files: their names carry a hash of their content, so a browser need never ask again."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Answer with a file that may be kept for a year."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application; its pools live as long as its lifespan."""
    settings = settings or Settings()
    configure_logging(json=settings.log_json)
    platform = compose(settings)
    app = FastAPI(
        title="Free Trade Zone platform",
        version="0.1.0",
        lifespan=partial(_lifespan, settings=settings, platform=platform),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    _state(app, platform)
    errors.install(app)
    for each in PAGES:
        app.include_router(each)
    app.router.routes += [stream, metrics]
    for module in MODULES:
        for each in module.routers:
            app.include_router(each)
        app.router.routes.extend(module.streams)
    app.mount("/static", Immutable(directory=STATIC, check_dir=False), name="static")
    app.router.middleware_stack = Switchboard(app.router)
    secure = settings.origin.startswith("https://") or urlsplit(settings.origin).hostname in LOOPBACK
    app.state.edge = Edge(app, origin=settings.origin, secure=secure)
    app.add_middleware(Measure)
    app.add_middleware(Edge, origin=settings.origin, secure=secure)
    document.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, *, settings: Settings, platform: Platform) -> AsyncIterator[None]:
    """Hold what needs a running loop: the pools, the stream of facts and the watch."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads * 2
    app.state.gate = anyio.CapacityLimiter(settings.threads)
    database = Database(
        settings.database,
        logins=WEB_LOGINS,
        pool_size=settings.threads + SPARE_CONNECTIONS,
        slow_s=settings.slow_query_ms / 1000,
    )
    database.refuse_unsafe_logins()
    app.state.database = database
    app.state.hub = Hub()
    listener = listener_of(app, database)
    listener.start()
    app.state.watch = Watch(database, platform.jobs.scans)
    app.state.watch.start()
    yield
    await app.state.watch.stop()
    await listener.stop()
    database.close()


def _state(app: FastAPI, platform: Platform) -> None:
    """Hand the platform's parts to pages, under the names that ``app.web`` reads."""
    zone = platform.zone
    app.state.settings = platform.settings
    app.state.kernel = platform.kernel
    app.state.notifier = platform.notifier
    app.state.permissions = platform.permissions
    app.state.bank_keys = read_keys(platform.settings.bank_callback_keys.get_secret_value())
    app.state.bank = bank_of(platform.settings)
    app.state.collecting = collecting_of(platform.settings)
    app.state.secrets_box = SecretsBox(platform.settings.secrets_dir / "totp.key")
    must = {UserKind.OFFICER} if platform.settings.officers_need_totp else set()
    app.state.form_keeper = FormKeeper(SecretsBox(platform.settings.secrets_dir / "forms.key"))
    app.state.second_factor_policy = SecondFactorPolicy(required_for=frozenset(must))
    app.state.desk = platform.desk
    app.state.templates = platform.templates
    app.state.zone_config = zone
    app.state.zone = {
        "name": zone.name,
        "short": zone.short,
        "authority": zone.authority.name,
        "timezone": zone.timezone,
    }
    app.state.menu = [*shell.MENU, *(item for module in MODULES for item in module.menu)]
    app.state.doors = sorted(
        [*shell.DOORS, *(door for module in MODULES for door in module.doors)], key=lambda door: door.order
    )
    app.state.tiles = platform.tiles
    app.state.topics = {topic: need for module in MODULES for topic, need in module.topics.items()}
    app.state.paper_homes = {kind: home for module in MODULES for kind, home in module.papers.items()}
    app.state.panels = panels.by_kind([FEE_PANEL, *(panel for module in MODULES for panel in module.panels)])
    app.state.counter_steps = [step for module in MODULES for step in module.counter_steps]
    app.state.held_results = {
        code: found for module in MODULES for code, found in module.held_results.items()
    }
    app.state.applicants = frozenset(kind for module in MODULES for kind in module.applicants)
    app.state.first_steps = [step for module in MODULES for step in module.first_steps]
    app.state.catalogue = [module.catalogue for module in MODULES if module.catalogue is not None]
    app.state.search = platform.search
    app.state.shell = shell.LINKS
    app.state.identify = _identify
    app.state.identity_provider = _identity_provider(platform.settings)


def _identity_provider(settings: Settings) -> Provider | None:
    """Return the identity provider that the installation names, if it does."""
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret.get_secret_value()
    return Provider(
        ProviderConfig(
            settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_name, settings.oidc_simulated
        )
    )


def _identify(request: Request) -> Actor:
    """Find out who asks, and which menu they see."""
    if (bearer := token_of(request)) is not None:
        return identify_program(request, bearer)
    token = request.state.session_token
    actor = ANONYMOUS
    if token:
        app = request.app
        found = resolve(
            app.state.database,
            token=token,
            book=app.state.permissions,
            now=utcnow(),
            touch=not is_background(request),
        )
        actor = found or ANONYMOUS
    if request.url.path.startswith(API):
        return actor
    request.state.nav = shell.navigation(request, actor)
    if actor.may(VIEW):
        request.state.alarm_minutes = alarm_minutes(request.app.state.watch.alarm, utcnow())
    if actor.session_id is not None:
        request.state.events_url = f"/events?after={request.app.state.hub.last_seq}"
        counted = shell.shows_frame(request)  # elsewhere the bell asks by itself when it is shown
        request.state.notice_count = unread(request.app.state.database, actor) if counted else None
    return actor
