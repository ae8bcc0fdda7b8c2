"""The switchboard finds the route that FastAPI alone would find, for every address of the application."""

from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from app.core.settings import Settings
from app.main import create_app
from app.web.switchboard import Switchboard
from tests.architecture.routes import walk


def small(*, switched: bool) -> TestClient:
    """Make an application of routers whose addresses overlap."""
    app = FastAPI()
    things, api, named = APIRouter(prefix="/things"), APIRouter(prefix="/api/v1"), APIRouter()
    things.add_api_route("", lambda: "all")
    things.add_api_route("/{key}", lambda key: key)
    things.add_api_route("/{key}", lambda key: f"post {key}", methods=["POST"])
    api.add_api_route("/things/{key}", lambda key: f"api {key}")
    api.add_api_route("/{kind}", lambda kind: f"kind {kind}")
    named.add_api_route("/", lambda: "start")
    named.add_api_route("/{name}/card", lambda name: f"card {name}")
    for router in (things, api, named):
        app.include_router(router)
    if switched:
        app.router.middleware_stack = Switchboard(app.router)
    later = APIRouter()
    later.add_api_route("/later", lambda: "later")
    app.include_router(later)
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    ["/", "/things", "/things/", "/things/1", "/things/1/", "/things/card", "/things/1/2", "/x/card", "/later",
     "/api", "/api/v1", "/api/v1/things", "/api/v1/things/7", "/api/v1/x", "/api/v1/x/y", "/api/v2/things", "//",
     "/unknown", "/th%69ngs/1"],
)  # fmt: skip
def test_the_answer_is_that_of_the_router_alone(method: str, path: str) -> None:
    plain, switched = (small(switched=each).request(method, path) for each in (False, True))
    assert (switched.status_code, switched.text) == (plain.status_code, plain.text)
    assert switched.headers.get("location") == plain.headers.get("location")


def test_every_route_of_the_application_is_on_its_line(tmp_path: Path) -> None:
    app = create_app(Settings(var=tmp_path))
    board = app.router.middleware_stack
    assert isinstance(board, Switchboard)
    shortest = len(app.routes)
    for found in walk(app):
        line = board.line(found.path.replace("{", "").replace("}", ""))
        assert any(found.route is each.original_route for each in iter_route_contexts(line.routes)), found.key
        shortest = min(shortest, len(line.routes))
    assert shortest < len(app.routes) // 4
