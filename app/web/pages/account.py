"""Signing in and out, and a person's own sessions."""

from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from app.core.auth import sessions
from app.core.errors import DomainError, FieldProblem
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.permissions import ADVISE, READ
from app.web.edge import SESSION_COOKIE, Edge
from app.web.forms import PostedForm, local_path, text
from app.web.render import render, request_translator
from app.web.unit import CurrentActor, router

account = router()


@account.get("/login", name="login", include_in_schema=False)
def login_page(request: Request, actor: CurrentActor, next: str = "/") -> Response:
    """Show the sign-in form; who is signed in already goes on."""
    if actor.user_id is not None:
        return RedirectResponse(local_path(next), 303)
    return _login(request, next=local_path(next))


@account.post("/login", include_in_schema=False)
def log_in(request: Request, form: PostedForm) -> Response:
    """Open a session and go on to where the person wanted to be."""
    login, password, target = text(form, "login_id"), text(form, "password"), local_path(text(form, "next"))
    problems = [
        FieldProblem(name, "missing", "This question has no answer yet.")
        for name, value in (("login_id", login), ("password", password))
        if not value
    ]
    if problems:
        return _login(request, login_id=login, next=target, problems=problems, status=422)
    try:
        opened = sessions.sign_in(
            request.app.state.database,
            book=request.app.state.permissions,
            login=login,
            password=password,
            now=utcnow(),
            user_agent=request.headers.get("user-agent"),
            ip=request.client.host if request.client else None,
        )
    except DomainError as refusal:
        problem = FieldProblem("login_id", refusal.code, refusal.detail, refusal.params)
        return _login(request, login_id=login, next=target, problems=[problem], status=refusal.status)
    response = RedirectResponse(_landing(opened.actor, target), 303)
    _set_session(request, response, opened.token, opened.expires_at - utcnow())
    return response


@account.post("/logout", name="logout", include_in_schema=False)
def log_out(request: Request, form: PostedForm) -> Response:
    """End this browser's session."""
    token = request.state.session_token
    if token:
        sessions.sign_out(request.app.state.database, token=token, now=utcnow())
    response = RedirectResponse("/", 303)
    _set_session(request, response, "", timedelta(0))
    return response


def _landing(actor: Actor, target: str) -> str:
    """Return where a person wanted to go, else the desk of the own role."""
    if target != "/":
        return target
    if not actor.is_officer:
        return "/my"
    return "/inbox" if actor.may(READ) else "/opinions" if actor.may(ADVISE) else "/"


def _set_session(request: Request, response: Response, token: str, lifetime: timedelta) -> None:
    edge: Edge = request.app.state.edge
    response.headers.append(
        "Set-Cookie", edge.cookie(SESSION_COOKIE, token, max_age=int(lifetime.total_seconds()))
    )


def _login(request: Request, *, status: int = 200, **view: Any) -> Response:
    title = request_translator(request).gettext("Sign in")
    full = {"title": title, "login_id": "", "next": "/", "problems": (), "note": "", **view}
    return render(request, "pages/login.html", full, status=status)
