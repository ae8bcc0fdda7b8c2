"""Finding the route of a request without trying all of them.

FastAPI tries every route of every included router in turn, which costs more than a small page. The switchboard sorts
the routers by the first part of their addresses that tells them apart, and hands a request to a router that holds only
those that could answer it; how they match, redirect and refuse stays FastAPI's own.
"""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

# Every address of the API begins with these two parts, so its third one tells routes apart.
_API = ("api", "v1")
_ANY = None


class Switchboard:
    """
    Stands before the router of an application.

    :param router: the application's; what is added to it later is seen.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._sorted = -1
        self._lines: dict[str | None, APIRouter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._router.app(scope, receive, send)
            return
        scope.setdefault("router", self._router)  # by which pages find the addresses of other routes
        await self.line(scope["path"]).app(scope, receive, send)

    def line(self, path: str) -> APIRouter:
        """Return the router of all routes that could answer an address."""
        if len(self._router.routes) != self._sorted:
            self._sort()
        return self._lines.get(_key(path)) or self._lines[_ANY]

    def _sort(self) -> None:
        routes = list(self._router.routes)
        keys = [set(_keys_of(route)) for route in routes]
        self._lines = {
            key: self._line(
                [route for route, held in zip(routes, keys, strict=True) if key in held or _ANY in held]
            )
            for key in {_ANY}.union(*keys)
        }
        self._sorted = len(routes)

    def _line(self, routes: list[BaseRoute]) -> APIRouter:
        line = APIRouter(redirect_slashes=self._router.redirect_slashes)
        line.default = self._router.default
        line.routes = routes
        return line


def _key(path: str) -> str | None:
    parts = path.strip("/").split("/", 3)
    if tuple(parts[:2]) == _API:
        return "api " + parts[2] if len(parts) > len(_API) else _ANY
    return parts[0]


def _keys_of(route: BaseRoute) -> Iterator[str | None]:
    for context in iter_route_contexts([route]):
        key = _key(context.path) if context.path is not None else _ANY
        yield _ANY if key is None or "{" in key else key
