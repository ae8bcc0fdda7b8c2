"""All routes of the application, however deep their routers lie."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute


@dataclass(frozen=True, slots=True)
class Found:
    """A route as the application serves it: the whole path, one of its methods, and what it depends on."""

    method: str
    path: str
    route: BaseRoute
    dependant: Dependant | None
    in_schema: bool

    @property
    def key(self) -> str:
        """Return method and path, as lists of routes name it."""
        return f"{self.method} {self.path}"

    @property
    def html(self) -> bool:
        """Tell whether people's browsers call it with forms, not programs with JSON."""
        return not self.path.startswith("/api/")

    def calls(self) -> list[Callable[..., Any]]:
        """Return every callable that runs before the route: its dependencies and theirs."""
        return list(_calls(self.dependant)) if self.dependant else []


def walk(app: FastAPI) -> list[Found]:
    """Return the routes of all included routers and the application's own; mounted files are not among them."""
    found = []
    for context in iter_route_contexts(app.routes):
        path = context.path
        if path is None or context.methods is None:
            continue
        dependant = context.dependant if isinstance(context.original_route, APIRoute) else None
        found += [
            Found(method, path, context.original_route, dependant, _in_schema(context))
            for method in sorted(context.methods - {"HEAD", "OPTIONS"})
        ]
    return found


def _in_schema(context: RouteContext) -> bool:
    return bool(getattr(context, "include_in_schema", False))


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    for each in dependant.dependencies:
        if each.call is not None:
            yield each.call
        yield from _calls(each)
