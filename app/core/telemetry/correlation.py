"""The correlation id: one short text that follows a request into its jobs, logs and error pages."""

import re
import secrets
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("correlation_id", default="")
# What a caller may hand in: anything else could carry line breaks into the log.
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def correlation_id() -> str:
    """Return the id of what is being done now, empty outside of requests and jobs."""
    return _current.get()


def new_correlation(given: str | None = None) -> str:
    """Begin something: take over the caller's id when it is well-formed, else make one."""
    value = given if given and _ACCEPTABLE.fullmatch(given) else secrets.token_hex(8)
    _current.set(value)
    return value
