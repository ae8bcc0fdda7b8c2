"""
Signing in through the identity provider: there and back, the first time, linking, and its word that somebody left.

What must come back is kept by the browser in a sealed cookie, so that an answer serves the browser that asked, once.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse

from app.core.auth import step_up
from app.core.auth.oidc import service
from app.core.auth.oidc.provider import CONFIRM, Flow, Identity, IdentityAway, IdentityRefused, Provider
from app.core.auth.oidc.service import Visit
from app.core.auth.sessions import SessionPolicy
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.kit.time import utcnow
from app.core.privacy.box import NotOpened
from app.web.edge import Edge
from app.web.forms import PostedForm, text
from app.web.identity import (
    AuthSession,
    box_of,
    confirm_first,
    database_of,
    hint_of,
    ip_of,
    problems_of,
    rules_of,
)
from app.web.need import CustomerActor
from app.web.pages.account import onward, target_of
from app.web.render import Crumb, render, request_translator
from app.web.unit import router

identity_pages = router()

CALLBACK = "/login/identity/callback"
LOGOUT = "/login/identity/logout"
CONFIRMED = "/account/identity?done=confirmed"
_COOKIE, _SIGNED_IN = "identity", "identity-session"
_FLOW, _PERSON, _SESSION = "oidc:flow", "oidc:person", "oidc:session"
_KEPT_FOR = timedelta(minutes=10)
_LONGEST = 4096
# A cookie holds 4,096 bytes, sealed and in base64; without the hint the provider asks whose session ends.
_LONGEST_HINT = 2500


@identity_pages.get("/login/identity", name="login-identity", include_in_schema=False)
def begin(request: Request, next: str = "/") -> Response:
    """Send the browser to the provider."""
    return _go(request, Flow.begin(target=target_of(next), now=utcnow()))


@identity_pages.get(CALLBACK, name="login-identity-back", include_in_schema=False)
def come_back(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
    """Take the provider's answer: open the session, ask for a new account, or tie the identity to the present one."""
    provider, now = _provider(request), utcnow()
    try:
        flow = _flow(request, state)
        if error or not code:
            return _refused(request, IdentityRefused(reason="cancelled"))
        identity = provider.exchange(flow, code=code[:_LONGEST], redirect_uri=_callback(request), now=now)
        if flow.purpose in _FOR_THE_SIGNED_IN:
            return _FOR_THE_SIGNED_IN[flow.purpose](request, identity)
        opened = service.sign_in_by_identity(
            database_of(request), identity, box=box_of(request), rules=rules_of(request),
            visit=Visit(request.headers.get("user-agent"), ip_of(request)), now=now,
        )  # fmt: skip
    except IdentityRefused as refusal:
        with database_of(request).transaction(step_up.AUTH) as session:
            service.note_refusal(session, refusal.reason, now=now)
        return _refused(request, refusal)
    except IdentityAway as refusal:
        return _refused(request, refusal)
    if opened is not None:
        response: Response = onward(request, opened, flow.target)
        _keep(request, response, "")
        _remember(request, response, identity.token)
        return response
    kept = {"subject": identity.subject, "name": identity.name, "target": flow.target, "at": now.timestamp()}
    response = RedirectResponse("/login/identity/new", 303)
    _keep(request, response, _sealed(request, json.dumps(kept).encode(), _PERSON))
    return response


@identity_pages.get("/login/identity/new", name="login-identity-new", include_in_schema=False)
def new_page(request: Request) -> Response:
    """Tell somebody who comes for the first time what will be made, and what to do with an account from before."""
    person = _person(request)
    return _new(request, person, person["name"]) if person else RedirectResponse("/login", 303)


@identity_pages.post("/login/identity/new", include_in_schema=False)
def register(request: Request, form: PostedForm) -> Response:
    """Open the account, and a session for it."""
    person, now = _person(request), utcnow()
    if person is None:
        return RedirectResponse("/login", 303)
    name, database = text(form, "full_name"), database_of(request)
    identity = Identity(_provider(request).config.issuer, person["subject"])
    try:
        with database.transaction(step_up.AUTH) as session:
            service.register_by_identity(
                session, identity, full_name=name, language=request_translator(request).lang,
                box=box_of(request), now=now,
            )  # fmt: skip
        opened = service.sign_in_by_identity(
            database, identity, box=box_of(request), rules=rules_of(request),
            visit=Visit(request.headers.get("user-agent"), ip_of(request)), now=now,
        )  # fmt: skip
    except IdentityRefused as refusal:
        return _refused(request, refusal)
    except DomainError as refusal:
        problems = refusal.errors or problems_of(refusal, "full_name")
        return _new(request, person, name, problems=problems, status=refusal.status)
    assert opened is not None, "it was linked just now"
    response = onward(request, opened, target_of(person["target"]))
    _keep(request, response, "")
    _remember(request, response, "")
    return response


@identity_pages.post(LOGOUT, include_in_schema=False)
async def logged_out(request: Request) -> Response:
    """Take the provider's word that a person signed out there (OpenID Connect Back-Channel Logout)."""
    form = await request.form(max_fields=5)
    token = form.get("logout_token")
    return await run_in_threadpool(_end, request, token if isinstance(token, str) else "")


@identity_pages.get("/account/identity", name="account-identity", include_in_schema=False)
def own_page(request: Request, actor: CustomerActor, session: AuthSession, done: str = "") -> Response:
    """Show whether the account is tied to an identity."""
    gettext = request_translator(request).gettext
    provider = _provider(request)
    assert actor.user_id is not None
    view = {
        "title": gettext("Electronic identity"),
        "provider": provider.config,
        "link": service.link_of(session, actor.user_id),
        "done": done,
        "crumbs": [Crumb(gettext("My account"), "/account")],
    }
    return render(request, "account/identity.html", view)


@identity_pages.get("/account/identity/link", name="account-identity-link", include_in_schema=False)
def link(request: Request, actor: CustomerActor) -> Response:
    """Send the browser to the provider to tie the identity to this account."""
    assert actor.session_id is not None
    now = utcnow()
    if not step_up.is_recent(database_of(request), actor.session_id, now=now):
        return RedirectResponse("/account/confirm?next=/account/identity", 303)
    return _go(request, Flow.begin(target="/account/identity", now=now, purpose="link"))


@identity_pages.get("/account/identity/confirm", name="account-identity-confirm", include_in_schema=False)
def confirm(request: Request, actor: CustomerActor) -> Response:
    """Send the browser to the provider, which asks anew whether the person of this account is there."""
    return _go(request, Flow.begin(target=CONFIRMED, now=utcnow(), purpose=CONFIRM))


@identity_pages.get("/login/identity/left", name="login-identity-left", include_in_schema=False)
def left(request: Request) -> Response:
    """Say that one may still be signed in at the provider, for the next person at this machine to find."""
    if request.state.actor.user_id is not None or not remembers(request):
        return RedirectResponse("/", 303)
    view = {
        "title": request_translator(request).gettext("You have signed out here"),
        "provider": _provider(request).config,
    }
    return render(request, "account/identity_left.html", view)


@identity_pages.get("/login/identity/leave", name="login-identity-leave", include_in_schema=False)
def leave(request: Request) -> Response:
    """Send the browser to the provider to sign out there, too."""
    if request.state.actor.user_id is not None or not remembers(request):
        return RedirectResponse("/", 303)
    edge: Edge = request.app.state.edge
    origin: str = request.app.state.settings.origin
    try:
        token = _opened(request, _SESSION, cookie=_SIGNED_IN).decode()
    except NotOpened:
        token = ""
    try:
        where = _provider(request).leave_address(
            token.removeprefix("-"),
            back=f"{origin}/login",
            lang=request_translator(request).lang,
            now=utcnow(),
        )
    except IdentityAway as refusal:
        return _refused(request, refusal)
    response = RedirectResponse(where or "/login", 303)
    response.headers.append("Set-Cookie", edge.cookie(_SIGNED_IN, "", max_age=0))
    return response


def remembers(request: Request) -> bool:
    """Tell whether this browser signed in through the provider and has not signed out there."""
    edge: Edge = request.app.state.edge
    return request.app.state.identity_provider is not None and bool(
        request.cookies.get(edge.name(_SIGNED_IN))
    )


@identity_pages.post("/account/identity/end", include_in_schema=False)
def unlink(request: Request, actor: CustomerActor, session: AuthSession, form: PostedForm) -> Response:
    """End the tie."""
    if page := confirm_first(request, form):
        return page
    service.unlink_identity(session, actor=actor, now=utcnow())
    return RedirectResponse("/account/identity?done=ended", 303)


def _linked(request: Request, identity: Identity) -> Response:
    actor = request.state.actor
    if actor.user_id is None:
        return RedirectResponse("/login", 303)
    with database_of(request).transaction(step_up.AUTH) as session:
        service.link_identity(session, identity, actor=actor, box=box_of(request), now=utcnow())
    response = RedirectResponse("/account/identity?done=linked", 303)
    _keep(request, response, "")
    return response


def _confirmed(request: Request, identity: Identity) -> Response:
    actor = request.state.actor
    if actor.user_id is None:
        return RedirectResponse("/login", 303)
    with database_of(request).transaction(step_up.AUTH) as session:
        service.confirm_by_identity(session, identity, actor=actor, box=box_of(request), now=utcnow())
    response = RedirectResponse(CONFIRMED, 303)
    _keep(request, response, "")
    return response


_FOR_THE_SIGNED_IN: Mapping[str, Callable[[Request, Identity], Response]] = {
    "link": _linked,
    CONFIRM: _confirmed,
}


def _end(request: Request, token: str) -> Response:
    now = utcnow()
    try:
        identity = _provider(request).logged_out(token[:_LONGEST], now=now)
    except IdentityRefused:
        return JSONResponse({"error": "invalid_request"}, 400)
    except IdentityAway:
        return JSONResponse({"error": "temporarily_unavailable"}, 503)
    with database_of(request).transaction(step_up.AUTH) as session:
        service.end_sessions_of(session, identity, box=box_of(request), now=now)
    return Response(status_code=200)


def _provider(request: Request) -> Provider:
    """
    Return the provider of this installation.

    :raises NotFound: it has none.
    """
    provider: Provider | None = request.app.state.identity_provider
    if provider is None:
        raise NotFound
    return provider


def _go(request: Request, flow: Flow) -> Response:
    lang = request_translator(request).lang
    try:
        where = _provider(request).address(flow, redirect_uri=_callback(request), lang=lang, now=utcnow())
    except IdentityAway as refusal:
        return _refused(request, refusal)
    response = RedirectResponse(where, 303)
    _keep(request, response, _sealed(request, flow.as_json(), _FLOW))
    return response


def _callback(request: Request) -> str:
    origin: str = request.app.state.settings.origin
    return origin + CALLBACK


def _flow(request: Request, state: str) -> Flow:
    try:
        flow = Flow(**json.loads(_opened(request, _FLOW)))
    except (NotOpened, TypeError, ValueError):
        raise IdentityRefused(reason="no-flow") from None
    if not flow.answers(state):
        raise IdentityRefused(reason="state")
    if flow.is_over(utcnow()):
        raise IdentityRefused(reason="too-late")
    return flow


def _person(request: Request) -> dict[str, Any] | None:
    """Return who came back from the provider without an account, as long as the browser keeps it."""
    try:
        person: dict[str, Any] = json.loads(_opened(request, _PERSON))
    except (NotOpened, ValueError):
        return None
    return person if utcnow().timestamp() - person["at"] < _KEPT_FOR.total_seconds() else None


def _sealed(request: Request, content: bytes, purpose: str) -> str:
    return base64.urlsafe_b64encode(box_of(request).seal(content, purpose=purpose)).decode()


def _opened(request: Request, purpose: str, *, cookie: str = _COOKIE) -> bytes:
    edge: Edge = request.app.state.edge
    kept = request.cookies.get(edge.name(cookie), "")
    try:
        return box_of(request).open(base64.urlsafe_b64decode(kept), purpose=purpose)
    except (binascii.Error, ValueError):
        raise NotOpened("The cookie is none of ours.") from None


def _keep(request: Request, response: Response, value: str) -> None:
    """Give the browser what it keeps for ten minutes; nothing takes it away."""
    edge: Edge = request.app.state.edge
    age = int(_KEPT_FOR.total_seconds()) if value else 0
    response.headers.append("Set-Cookie", edge.cookie(_COOKIE, value, max_age=age))


def _remember(request: Request, response: Response, token: str) -> None:
    """Let the browser remember, for as long as a session may last, that it signed in through the provider."""
    edge: Edge = request.app.state.edge
    kept = f"-{token}" if len(token) <= _LONGEST_HINT else "-"
    age = int(SessionPolicy().customer_absolute.total_seconds())
    value = _sealed(request, kept.encode(), _SESSION)
    response.headers.append("Set-Cookie", edge.cookie(_SIGNED_IN, value, max_age=age))


def _new(request: Request, person: dict[str, Any], name: str, *, status: int = 200, **view: Any) -> Response:
    title = request_translator(request).gettext("Your first visit")
    full = {
        "title": title, "full_name": name, "provider": _provider(request).config,
        "problems": (), **view,
    }  # fmt: skip
    return render(request, "account/identity_new.html", full, status=status)


def _refused(request: Request, refusal: DomainError) -> Response:
    """Show the sign-in page with the reason; the other way in stands right below."""
    provider = _provider(request).config
    view = {
        "title": request_translator(request).gettext("Sign in"), "login_id": "", "next": "/",
        "problems": [FieldProblem("", refusal.code, refusal.detail, refusal.params)],
        "note": hint_of(request, refusal), "identity": provider,
    }  # fmt: skip
    response = render(request, "pages/login.html", view, status=refusal.status)
    _keep(request, response, "")
    return response
