"""The OpenAPI 3.1 document: what FastAPI knows, with the ways of coming in and the form of refusals."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from app.core.auth.clients.scopes import SCOPES
from app.web.api.schemas import Problem
from app.web.edge import SESSION_COOKIE, Edge
from app.web.need import Scoped, known

DESCRIPTION = """
Dossiers, papers and the board for programs. How to begin: [/developers](/developers).

A program comes with a token (OAuth 2 client credentials). Refusals are `application/problem+json` with a stable `code`.
A POST that creates wants an `Idempotency-Key`; a change may carry `If-Match`. Times are RFC 3339, money is
`{amount, currency}` with the amount as text.
"""
# Answered by any route below /api: what came is wrong, nobody is known, it is not theirs, or it is not the moment.
_REFUSALS = {
    "400": "The request lacks something, for instance its key.",
    "401": "Nobody is signed in, or the token is not valid.",
    "403": "The caller may not do this.",
    "404": "There is nothing here, or it is not the caller's.",
    "409": "The state does not allow it now.",
    "412": "If-Match names another state.",
    "413": "A file or body is too large.",
    "415": "A file is of a kind that is not taken.",
    "422": "The content does not fit; every fault is listed.",
    "429": "Too many requests; Retry-After tells how long to wait.",
    "503": "Busy or interrupted; nothing was changed.",
}
_METHODS = frozenset({"get", "put", "post", "patch", "delete"})


def install(app: FastAPI) -> None:
    """Let the application describe itself so."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    # FastAPI's own way of extending the document.
    app.openapi = document  # type: ignore[method-assign]


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document."""
    made = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    )  # fmt: skip
    schemas = made["components"]["schemas"]
    for left_over in ("HTTPValidationError", "ValidationError"):
        schemas.pop(left_over, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    made["components"]["securitySchemes"] = _schemes(app)
    needs = _needs(app)
    for path, operations in made["paths"].items():
        for method in operations.keys() & _METHODS:
            _complete(operations[method], needs.get((path, method)))
    return made


def _schemes(app: FastAPI) -> dict[str, Any]:
    edge: Edge = app.state.edge
    flow = {
        "tokenUrl": "/oauth/token",
        "scopes": {scope.code: scope.description for scope in SCOPES.values()},
    }
    return {
        "program": {"type": "oauth2", "flows": {"clientCredentials": flow}},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": edge.name(SESSION_COOKIE),
            "description": "A browser that is signed in; a change also carries X-CSRF-Token.",
        },
    }


def _needs(app: FastAPI) -> dict[tuple[str, str], list[dict[str, list[str]]]]:
    """Return by path and method how callers come in; routes open to everybody are missing."""
    found: dict[tuple[str, str], list[dict[str, list[str]]]] = {}
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute) or context.path is None:
            continue
        calls: list[Any] = list(_calls(context.dependant))
        if known not in calls:
            continue
        scopes = sorted({each.scope for each in calls if isinstance(each, Scoped)})
        ways: list[dict[str, list[str]]] = [{"program": scopes}] if scopes else []
        for method in context.methods or ():
            found[context.path, method.lower()] = [*ways, {"session": []}]
    return found


def _calls(dependant: Any) -> Any:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _complete(operation: dict[str, Any], security: list[dict[str, list[str]]] | None) -> None:
    operation["security"] = security or []
    refusal = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, description in _REFUSALS.items():
        operation["responses"][status] = {"description": description, "content": refusal}
