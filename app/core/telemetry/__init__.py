"""Logs, metrics and one correlation id from the request through its jobs."""

from app.core.telemetry.correlation import correlation_id, new_correlation
from app.core.telemetry.log import configure_logging, get_logger

__all__ = ["configure_logging", "correlation_id", "get_logger", "new_correlation"]
