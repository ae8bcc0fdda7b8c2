"""What a page asks by itself: it tells nothing about whether somebody sits before it.

Such requests do not keep a session awake, so an open inbox that refreshes itself for hours still ends with the rest
that the policy allows. They are known by their route, or by the header that the page's script sends with whatever it
fetches without a click.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.requests import Request

HEADER = "X-Background"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def in_background(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that only pages ask by themselves; stands below the line of the route."""
    endpoint.in_background = True  # type: ignore[attr-defined]
    return endpoint


def is_background(request: Request) -> bool:
    """Tell whether a page asks by itself."""
    return HEADER in request.headers or getattr(request.scope.get("endpoint"), "in_background", False)
