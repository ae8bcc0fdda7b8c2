"""The web process: middleware, error handlers and what the modules offer; nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from app.core.auth.sessions import resolve
from app.core.db import WEB_LOGINS, Database
from app.core.kit.actor import ANONYMOUS, Actor
from app.core.kit.time import utcnow
from app.core.settings import Settings
from app.core.telemetry import configure_logging
from app.modules import MODULES, Platform, compose
from app.web import errors, shell
from app.web.edge import Edge
from app.web.pages.account import account
from app.web.pages.documents import papers
from app.web.pages.dossiers import dossiers
from app.web.pages.inbox import desk_inbox
from app.web.pages.preferences import preferences
from app.web.pages.public import public

STATIC = Path(__file__).parent / "web" / "static"
# Connections a pool keeps beyond the gate: a request in its commit has left the gate already.
SPARE_CONNECTIONS = 4
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


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

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads * 2
        app.state.gate = anyio.CapacityLimiter(settings.threads)
        database = Database(
            settings.database, logins=WEB_LOGINS, pool_size=settings.threads + SPARE_CONNECTIONS
        )
        database.refuse_unsafe_logins()
        app.state.database = database
        yield
        database.close()

    app = FastAPI(
        title="Free Trade Zone platform",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    _state(app, platform)
    errors.install(app)
    for each in (public, account, preferences, dossiers, papers, desk_inbox):
        app.include_router(each)
    for module in MODULES:
        for each in module.routers:
            app.include_router(each)
    app.mount("/static", Immutable(directory=STATIC, check_dir=False), name="static")
    secure = settings.origin.startswith("https://") or urlsplit(settings.origin).hostname in LOOPBACK
    app.state.edge = Edge(app, origin=settings.origin, secure=secure)
    app.add_middleware(Edge, origin=settings.origin, secure=secure)
    return app


def _state(app: FastAPI, platform: Platform) -> None:
    """Hand the platform's parts to pages, under the names that ``app.web`` reads."""
    zone = platform.zone
    app.state.settings = platform.settings
    app.state.kernel = platform.kernel
    app.state.permissions = platform.permissions
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
    app.state.shell = shell.LINKS
    app.state.identify = _identify


def _identify(request: Request) -> Actor:
    """Find out who asks, and which menu they see."""
    token = request.state.session_token
    actor = ANONYMOUS
    if token:
        app = request.app
        found = resolve(app.state.database, token=token, book=app.state.permissions, now=utcnow())
        actor = found or ANONYMOUS
    request.state.nav = shell.navigation(request, actor)
    return actor
