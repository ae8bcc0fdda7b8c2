"""Every route is a unit of work, needs somebody or is listed as public, and takes no form without its token."""

from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from app.core.auth.clients.scopes import SCOPES
from app.core.settings import Settings
from app.main import create_app
from app.web.forms import read_form
from app.web.need import Holder, Scoped, known
from app.web.unit import UnitRoute, get_session, router
from tests.architecture.routes import Found, walk
from tests.browser.pages import KEYS, PARAMETER

# What everybody may open, and why nothing there is anybody's own. A new line is a decision, not a formality.
PUBLIC = {
    "GET /": "the start page shows counts of the whole zone",
    "GET /healthz": "tells only that the process answers",
    "GET /api/v1/procedures": "the catalogue is public by law",
    "GET /developers": "how to begin with the API, the same for everybody",
    "GET /procedures": "the catalogue is public by law",
    "GET /code-lists": "reference data, no enterprise's",
    "GET /code-lists/{code_list}": "reference data",
    "GET /code-lists/{code_list}/pick": "reference data",
    "GET /tariff": "the schedule is public law",
    "GET /tariff/pick": "the schedule is public law",
    "GET /tariff/{code}": "the schedule is public law",
    "GET /tariff/calculator": "what the visitor gives, worked out by public law; nothing is kept",
    "GET /api/v1/tariff/headings": "the schedule is public law",
    "GET /api/v1/tariff/headings/{code}": "the schedule is public law",
    "GET /api/v1/tariff/calculation": "as the calculator",
    "GET /search": "under the policies of whoever asks; a visitor finds the public catalogue",
    "GET /search/suggest": "as the page of results",
    "GET /track": "state of a dossier for who holds its code, no name, no content",
    "GET /verify": "asks for a code",
    "GET /verify/{code}": "what the register says of a paper in somebody's hands",
    "GET /verify/file": "asks for a signed file",
    "POST /verify/file": "what the signatures of a file in somebody's hands say; the file is not kept",
    "GET /customs/clocks": "figures of the law's time limits; no firm and no declaration",
    "GET /zone": "the map of the zone is public",
    "GET /api/v1/sites/at": "what the public map says about coordinates that the caller gives",
    "GET /api/v1/sites": "the map of the zone is public",
    "GET /guide": "which approvals a plan needs, before anybody has an account",
    "GET /login": "the way in",
    "POST /login": "the way in",
    "GET /login/identity": "the way in: to the identity provider",
    "GET /login/identity/callback": "the way in: back from the identity provider, for the browser that went there",
    "GET /login/identity/new": "the way in: a first account, for who holds the sealed answer of the provider",
    "POST /login/identity/new": "the way in: a first account",
    "GET /login/identity/left": "after signing out: the provider may still know the browser",
    "GET /login/identity/leave": "after signing out: to the identity provider, to sign out there",
    "GET /login/code": "the way in: second step, for who holds the token of the first",
    "POST /login/code": "the way in: second step",
    "GET /login/recovery": "the way in: second step without the device",
    "POST /login/recovery": "the way in: second step without the device",
    "GET /login/password": "the way in: a password that must be changed first",
    "POST /login/password": "the way in: a password that must be changed first",
    "GET /login/enrol": "the way in: a second factor that must be set up first",
    "POST /login/enrol/begin": "the way in: the key anew when it has run out, by the token of the first step",
    "POST /login/enrol": "the way in: a second factor that must be set up first",
    "GET /login/totp.svg": "the way in: the secret of the one who sets it up, by the token of the first step",
    "GET /register": "the way in: who has no account yet",
    "POST /register": "the way in: a letter is sent, the answer tells nothing of other accounts",
    "GET /register/confirm": "the way in: asks for the code of the letter",
    "POST /register/confirm": "the way in: for who knows the code of the letter",
    "GET /invitation": "the way in: what a letter offers, for who holds it",
    "POST /invitation": "accepts for the account that is signed in; asks a visitor to sign in",
    "POST /invitation/account": "the way in: opens the account of the address that the letter proves",
    "POST /logout": "ends whatever session there is",
    "POST /preferences/language": "a cookie of this browser",
    "POST /preferences/theme": "a cookie of this browser",
}
# Programs post here with credentials of their own in the body or header; no cookie is read, so no form token is due.
PROTOCOLS = {
    "POST /oauth/token": "client credentials for a token (RFC 6749)",
    "POST /oauth/revoke": "client credentials to end a token (RFC 7009)",
    "POST /bank/callback": "a message that the bank signed (Standard Webhooks)",
    "POST /login/identity/logout": "a token that the identity provider signed (OpenID Connect Back-Channel Logout)",
}
PUBLIC |= PROTOCOLS | {"GET /.well-known/oauth-authorization-server": "metadata of the above (RFC 8414)"}
# Answered by the framework itself, without a transaction.
OUTSIDE = {"GET /api/v1/openapi.json"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The application as composed; nothing of it is started."""
    return create_app(Settings(var=Path(tmp_path_factory.mktemp("var"))))


@pytest.fixture(scope="module")
def routes(app: FastAPI) -> list[Found]:
    return [route for route in walk(app) if route.key not in OUTSIDE]


def test_the_walk_sees_into_included_routers(routes: list[Found]) -> None:
    keys = {route.key for route in routes}
    assert {"GET /", "GET /inbox", "POST /dossiers/{case_id}/actions/{action}"} <= keys
    assert len(keys) == len(routes), "two routes share method and path; the second is never reached"


def test_what_the_walk_leaves_out_is_known(app: FastAPI) -> None:
    """A stream holds no transaction, so it is no unit of work; it must turn strangers away by itself."""
    left_out = {context.path for context in iter_route_contexts(app.routes) if context.methods is None}
    assert left_out - {"/static"} <= {"/metrics", "/events", "/api/v1/ioc/stream"}


def test_the_tour_of_all_pages_knows_every_key(routes: list[Found]) -> None:
    """The tour needs a browser and minutes; a key that it lacks is told here, beside the new route."""
    wanted = {
        name for each in routes if each.method == "GET" and each.html for name in PARAMETER.findall(each.path)
    }
    assert wanted
    assert wanted - KEYS.keys() == set(), "say in tests/browser where the tour finds one"


def test_every_route_is_a_unit_of_work(routes: list[Found]) -> None:
    assert [route.key for route in routes if not isinstance(route.route, UnitRoute)] == []


def test_every_route_needs_somebody_or_is_public(routes: list[Found]) -> None:
    open_to_all = {route.key for route in routes if not _guarded(route)}
    assert open_to_all - PUBLIC.keys() == set(), "no signed-in actor, no permission, and not listed as public"
    assert PUBLIC.keys() - open_to_all == set(), "listed as public, but guarded or gone"


def test_every_permission_of_a_route_exists(app: FastAPI, routes: list[Found]) -> None:
    known = {permission.code for permission in app.state.permissions}
    wanted = {call.permission for route in routes for call in route.calls() if isinstance(call, Holder)}
    assert wanted
    assert wanted - known == set()


def test_every_scope_of_a_route_exists_and_is_the_apis(routes: list[Found]) -> None:
    wanted = {
        (route.key, call.scope) for route in routes for call in route.calls() if isinstance(call, Scoped)
    }
    assert {scope for _, scope in wanted} <= SCOPES.keys()
    assert [key for key, _ in wanted if " /api/" not in key] == [], (
        "a program's token is read below /api only"
    )


def test_every_posted_form_passes_its_token(routes: list[Found]) -> None:
    unsafe = [route for route in routes if route.html and route.method in {"POST", "PUT", "PATCH", "DELETE"}]
    assert unsafe
    assert {route.key for route in unsafe if read_form not in route.calls()} == set(PROTOCOLS)


def test_html_routes_stay_out_of_the_api_document(routes: list[Found]) -> None:
    assert [route.key for route in routes if route.html and route.in_schema] == []


def test_the_session_commits_before_the_answer(app: FastAPI) -> None:
    scopes = {
        (context.path, each.scope)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for each in _session_dependants(context)
    }
    assert scopes
    assert [path for path, scope in scopes if scope != "function"] == []


@pytest.mark.parametrize("lack", ["unit", "actor", "token"])
def test_the_tests_above_notice_what_lacks(lack: str) -> None:
    app = FastAPI(openapi_url=None)
    found = _app_with_a_bare_route(app, unit=lack != "unit")
    assert isinstance(found.route, UnitRoute) == (lack != "unit")
    assert not _guarded(found)
    assert read_form not in found.calls()


def _app_with_a_bare_route(app: FastAPI, *, unit: bool) -> Found:
    inner, outer = (router() if unit else FastAPI().router), router(prefix="/deep")

    @inner.post("/bare")
    def bare(request: Request) -> None:
        """Do nothing."""

    outer.include_router(inner)
    app.include_router(outer)
    return next(route for route in walk(app) if route.key == "POST /deep/bare")


def _guarded(route: Found) -> bool:
    return any(call is known for call in route.calls())


def _session_dependants(context: RouteContext) -> list[object]:
    found, waiting = [], list(context.dependant.dependencies)
    while waiting:
        each = waiting.pop()
        waiting += each.dependencies
        if each.call is get_session:
            found.append(each)
    return found
