"""Counting requests, and handing the figures to whoever collects them (Prometheus)."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from threading import Lock
from time import perf_counter
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.auth.tokens import token_hash
from app.core.db import DbRole, SessionContext
from app.core.errors import NotFound
from app.core.kit.time import utcnow
from app.core.settings import Settings
from app.core.telemetry.metrics import DURATION, REQUESTS
from app.web.operations import Survey, survey

LOOPBACK = frozenset({"127.0.0.1", "::1"})
FRESH_FOR = timedelta(seconds=5)
_OFFICER = SessionContext(DbRole.OFFICER)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ENDLESS = "/events"


class Measure:
    """Counts every answer by its route, never by its address: addresses carry keys and have no end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route, method = route_of(scope), scope["method"] if scope["method"] in _METHODS else "other"
            REQUESTS.labels(route, method, status).inc()
            if route != _ENDLESS:
                DURATION.labels(route, method).observe(perf_counter() - began)


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that answered; files and what was never routed have one name each."""
    if scope["path"].startswith("/static/"):
        return "/static"
    path = getattr(scope.get("route"), "path", None)
    if path:
        return str(path)
    return _ENDLESS if scope["path"] == _ENDLESS else "none"


class Collected(Collector):
    """What is asked at the moment of collection: this process, and the survey of the whole platform."""

    def __init__(self, state: Any, found: Survey | None, now: datetime) -> None:
        self._state = state
        self._found = found
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield all figures as gauges."""
        yield from _here(self._state)
        yield _gauge("ftz_database_up", "Whether the database answered.", float(self._found is not None))
        alarm = self._state.watch.alarm
        yield _gauge(
            "ftz_timers_silent", "1 when a scan did not succeed for two minutes.", float(alarm is not None)
        )
        if self._found is None:
            return
        for figure in self._found.figures:
            if figure.value is not None:
                yield _gauge(f"ftz_{figure.code}", f"{figure.group}: {figure.code}", float(figure.value))
        ticks = GaugeMetricFamily("ftz_scan_age_seconds", "Since a scan last succeeded.", labels=["scan"])
        for tick in self._found.ticks:
            if tick.ticked_at is not None:
                ticks.add_metric([tick.name], (self._now - tick.ticked_at).total_seconds())
        yield ticks


def _here(state: Any) -> Iterator[Metric]:
    gate = state.gate.statistics()
    yield _gauge("ftz_gate_places", "Requests that may work at the same time.", float(gate.total_tokens))
    yield _gauge("ftz_gate_taken", "Requests at work.", float(gate.borrowed_tokens))
    yield _gauge("ftz_gate_waiting", "Requests that wait for a place.", float(gate.tasks_waiting))
    yield _gauge("ftz_stream_clients", "Open live streams of this process.", float(state.hub.clients))
    pools = GaugeMetricFamily("ftz_pool_taken", "Connections in use, by login.", labels=["login"])
    for login, taken in state.database.taken():
        pools.add_metric([login], taken)
    yield pools


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


class Metrics:
    """
    ``/metrics`` in the text format of Prometheus. Outside the gate: it must answer when nothing else does.

    With ``FTZ_METRICS_TOKEN`` it opens to that token only; without, in development, to the machine itself. To everybody
    else it is not there.
    """

    in_background = True

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: Survey | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.method not in ("GET", "HEAD") or not may_collect(request):
            raise NotFound
        text = await run_in_threadpool(self._text, request.app.state)
        await Response(text, media_type=CONTENT_TYPE_LATEST)(scope, receive, send)

    def _text(self, state: Any) -> bytes:
        now = utcnow()
        registry = CollectorRegistry()
        registry.register(Collected(state, self._survey(state, now), now))
        return generate_latest(REGISTRY) + generate_latest(registry)

    def _survey(self, state: Any, now: datetime) -> Survey | None:
        """Return the survey of the last seconds, or a new one: whoever collects often costs no more."""
        with self._lock:
            if self._known is None or now - self._known.at > FRESH_FOR:
                try:
                    with state.database.session(_OFFICER) as session:
                        self._known = survey(session, state.settings, now=now)
                except SQLAlchemyError:
                    self._known = None
            return self._known


def may_collect(request: Request) -> bool:
    """Tell whether a request may read the figures."""
    settings: Settings = request.app.state.settings
    if settings.metrics_token is not None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = settings.metrics_token.get_secret_value()
        # Hashes are compared, so that the time tells nothing of the token.
        return scheme.lower() == "bearer" and token_hash(given) == token_hash(wanted)
    forwarded: Iterable[str] = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
    return (
        settings.env == "development"
        and request.client is not None
        and request.client.host in LOOPBACK
        and not any(name in request.headers for name in forwarded)
    )


metrics = Route("/metrics", Metrics(), name="metrics")
