"""Slow statements: the text with its placeholders, where it was sent from, and never what was filled in."""

from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.core.telemetry import get_logger
from app.core.telemetry.metrics import SLOW
from app.core.telemetry.route import whereabouts

_LONGEST_TEXT = 2_000
_STARTED = "ftz_started"

log = get_logger("db")


def watch_slow(engine: Engine, threshold_s: float) -> None:
    """Log and count each statement of an engine that takes at least so many seconds; below 0 nothing is watched."""
    if threshold_s < 0:
        return

    @event.listens_for(engine, "before_cursor_execute")
    def begin(connection: Connection, *_: Any) -> None:
        connection.info[_STARTED] = perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def end(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        took = perf_counter() - connection.info.pop(_STARTED, perf_counter())
        if took >= threshold_s:
            where = whereabouts()
            SLOW.labels(where or "-").inc()
            text = " ".join(statement.split())[:_LONGEST_TEXT]
            log.warning("db.slow_query", seconds=round(took, 3), statement=text, where=where)
