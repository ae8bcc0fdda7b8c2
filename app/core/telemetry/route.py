"""Where a process is: the route of a request or the name of a job, for log lines and slow statements."""

import structlog


def note_route(route: str) -> None:
    """Let every line of this request say which route it is; a request runs in a context of its own."""
    structlog.contextvars.bind_contextvars(route=route)


def whereabouts() -> str:
    """Return the route or the job at hand, empty outside of both."""
    known = structlog.contextvars.get_contextvars()
    return str(known.get("route") or known.get("task") or "")
