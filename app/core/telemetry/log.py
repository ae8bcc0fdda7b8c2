"""Structured logs through structlog; the standard library's loggers of our dependencies flow into the same stream."""

import logging  # noqa: TID251  the one place that ties the standard library's loggers in
import sys
from typing import Any

import structlog
from structlog.types import EventDict, WrappedLogger

from app.core.telemetry.correlation import correlation_id

# Values under these keys never reach a log, whoever passes them.
_SECRET_KEYS = frozenset({"password", "token", "secret", "authorization", "cookie", "passphrase", "otp"})


def _add_correlation(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    if current := correlation_id():
        event.setdefault("correlation", current)
    return event


def _drop_secrets(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    for key in event:
        if key.lower() in _SECRET_KEYS:
            event[key] = "***"
    return event


def configure_logging(*, json: bool, level: str = "INFO") -> None:
    """Set up logging for a process: readable lines, or one JSON object a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation,
        _drop_secrets,
    ]
    # The plain formatter: the rich one prints local variables, which may be personal data, and takes seconds.
    readable = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = structlog.processors.JSONRenderer() if json else readable
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "pyhanko", "fontTools"):
        logging.getLogger(noisy).setLevel("WARNING")


def get_logger(name: str) -> Any:
    """Return a logger; bind what every line of a component should carry."""
    return structlog.get_logger(name)
