"""The way in and out: sign-in, and what a session asks for before it opens: code, new password, enrolment.

Between the stages the browser holds a token that opens these pages only; to every other page it is nobody's.
"""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.auth import pending as stages
from app.core.auth import sessions
from app.core.auth.models import Stage
from app.core.auth.oidc.provider import Provider
from app.core.auth.password import MIN_LENGTH
from app.core.auth.pending import Pending
from app.core.auth.sessions import SignedIn
from app.core.auth.step_up import Proof
from app.core.auth.totp import Enrolment, WrongCode
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.web.forms import PostedForm, local_path, text
from app.web.identity import (
    box_of,
    database_of,
    hand_over,
    hint_of,
    ip_of,
    problems_of,
    rules_of,
    set_session,
)
from app.web.qr import qr_code
from app.web.render import render, request_translator
from app.web.spec import MenuItem
from app.web.unit import CurrentActor, router

account = router()

MISSING = "This question has no answer yet."
_PAGES = {Stage.CODE: "/login/code", Stage.PASSWORD: "/login/password", Stage.ENROL: "/login/enrol"}


@account.get("/login", name="login", include_in_schema=False)
def login_page(
    request: Request, actor: CurrentActor, next: str = "/", ended: bool = False, kept: bool = False
) -> Response:
    """Show the sign-in form; who is signed in already goes on."""
    if actor.user_id is not None:
        return RedirectResponse(target_of(next), 303)
    return _login(request, next=target_of(next), note=_why(request, ended=ended, kept=kept))


@account.post("/login", include_in_schema=False)
def log_in(request: Request, form: PostedForm) -> Response:
    """Open a session and go on to where the person wanted to be, or to what is asked for first."""
    login, password, target = text(form, "login_id"), text(form, "password"), target_of(text(form, "next"))
    problems = [
        FieldProblem(name, "missing", MISSING)
        for name, value in (("login_id", login), ("password", password))
        if not value
    ]
    if problems:
        return _login(request, login_id=login, next=target, problems=problems, status=422)
    rules = rules_of(request)
    try:
        opened = sessions.sign_in(
            database_of(request),
            book=rules.book,
            login=login,
            password=password,
            now=utcnow(),
            user_agent=request.headers.get("user-agent"),
            ip=ip_of(request),
            policy=rules.sessions,
            second_factor=rules.second_factor,
            replaces=request.state.session_token,
        )
    except DomainError as refusal:
        problem = FieldProblem("login_id", refusal.code, refusal.detail, refusal.params)
        note = hint_of(request, refusal)
        return _login(
            request, login_id=login, next=target, problems=[problem], note=note, status=refusal.status
        )
    return onward(request, opened, target)


@account.post("/logout", name="logout", include_in_schema=False)
def log_out(request: Request, form: PostedForm) -> Response:
    """End this browser's session, also one that still asks for something."""
    token = request.state.session_token
    if token:
        sessions.sign_out(database_of(request), token=token, now=utcnow())
    edge, provider = request.app.state.edge, request.app.state.identity_provider
    by_identity = provider is not None and edge.name("identity-session") in request.cookies
    response = RedirectResponse("/login/identity/left" if by_identity else "/", 303)
    set_session(request, response, "", utcnow() - utcnow())
    return response


class Waiting:
    """A dependency that finds the waiting session of a stage; ``None`` when the browser belongs elsewhere."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __call__(self, request: Request) -> Pending | None:
        """Return the session, if the browser holds one that waits at this stage."""
        token = request.state.session_token
        found = stages.find_pending(database_of(request), token=token, now=utcnow()) if token else None
        request.state.waiting = found
        return found if found is not None and found.stage is self._stage else None


AtCode = Annotated[Pending | None, Depends(Waiting(Stage.CODE))]
AtPassword = Annotated[Pending | None, Depends(Waiting(Stage.PASSWORD))]
AtEnrolment = Annotated[Pending | None, Depends(Waiting(Stage.ENROL))]


@account.get("/login/code", name="login-code", include_in_schema=False)
def code_page(request: Request, pending: AtCode, next: str = "/") -> Response:
    """Ask for the code of the device."""
    return _code(request, next=target_of(next)) if pending else _elsewhere(request, next)


@account.post("/login/code", include_in_schema=False)
def give_code(request: Request, pending: AtCode, form: PostedForm) -> Response:
    """Take the code of the device."""
    return _given(request, pending, form, by=Proof.CODE, again=_code)


@account.get("/login/recovery", name="login-recovery", include_in_schema=False)
def recovery_page(request: Request, pending: AtCode, next: str = "/") -> Response:
    """Ask for a recovery code instead, when the device is lost."""
    return _recovery(request, next=target_of(next)) if pending else _elsewhere(request, next)


@account.post("/login/recovery", include_in_schema=False)
def give_recovery(request: Request, pending: AtCode, form: PostedForm) -> Response:
    """Take a recovery code."""
    return _given(request, pending, form, by=Proof.RECOVERY, again=_recovery)


@account.get("/login/password", name="login-password", include_in_schema=False)
def initial_page(request: Request, pending: AtPassword, next: str = "/") -> Response:
    """Ask for a password of one's own in the place of the initial one."""
    return _initial(request, pending, next=target_of(next)) if pending else _elsewhere(request, next)


@account.post("/login/password", include_in_schema=False)
def give_password(request: Request, pending: AtPassword, form: PostedForm) -> Response:
    """Take the new password."""
    target = target_of(text(form, "next"))
    if pending is None:
        return _elsewhere(request, target)
    problems = new_password_problems(form)
    if problems:
        return _initial(request, pending, next=target, problems=problems, status=422)
    try:
        opened = stages.pass_password(
            database_of(request),
            pending,
            password=text(form, "password"),
            rules=rules_of(request),
            now=utcnow(),
        )
    except NotFound:
        return _elsewhere(request, target)
    except DomainError as refusal:
        faults = problems_of(refusal, "password")
        return _initial(request, pending, next=target, problems=faults, status=refusal.status)
    return onward(request, opened, target)


@account.post("/login/enrol/begin", include_in_schema=False)
def begin_enrolment(request: Request, pending: AtEnrolment, form: PostedForm) -> RedirectResponse:
    """Make the secret anew when the page lay open for so long that the first one has run out."""
    if pending is not None:
        _begin(request, pending)
    return _elsewhere(request, text(form, "next"))


@account.get("/login/enrol", name="login-enrol", include_in_schema=False)
def enrolment_page(request: Request, pending: AtEnrolment, next: str = "/") -> Response:
    """Lead somebody who needs a second factor through setting it up."""
    return _enrolment(request, pending, next=target_of(next)) if pending else _elsewhere(request, next)


@account.get("/login/totp.svg", name="login-totp", include_in_schema=False)
def enrolment_picture(request: Request, pending: AtEnrolment) -> Response:
    """
    Draw the secret for the camera of the device.

    :raises NotFound: no session waits for an enrolment, or the secret has run out.
    """
    begun = _begun(request, pending) if pending is not None else None
    if begun is None:
        raise NotFound
    return qr_code(begun.uri)


@account.post("/login/enrol", include_in_schema=False)
def enrol(request: Request, pending: AtEnrolment, form: PostedForm) -> Response:
    """Take the first code of the device, open the session, and show the recovery codes."""
    target = target_of(text(form, "next"))
    if pending is None:
        return _elsewhere(request, target)
    try:
        opened, codes = stages.pass_enrolment(
            database_of(request),
            pending,
            code=text(form, "code"),
            rules=rules_of(request),
            box=box_of(request),
            now=utcnow(),
        )
    except WrongCode as refusal:
        view = {"problems": problems_of(refusal, "code"), "note": hint_of(request, refusal)}
        return _enrolment(request, pending, next=target, status=refusal.status, **view)
    except NotFound:
        return _elsewhere(request, target)
    title = request_translator(request).gettext("Keep these recovery codes")
    response = render(
        request,
        "account/recovery_codes.html",
        {"title": title, "codes": codes, "onward": _landing(request, opened.actor, target)},
    )
    hand_over(request, response, opened)
    return response


def new_password_problems(form: FormData) -> list[FieldProblem]:
    """Return what is wrong with a new password before anybody looks at how safe it is."""
    password, again = text(form, "password"), text(form, "again")
    if not password:
        return [FieldProblem("password", "missing", MISSING)]
    if password != again:
        return [FieldProblem("again", "different", "The two entries of the new password differ.")]
    return []


def _given(
    request: Request,
    pending: Pending | None,
    form: FormData,
    *,
    by: Proof,
    again: Callable[..., Response],
) -> Response:
    target, shown = target_of(text(form, "next")), text(form, "code")
    if pending is None:
        return _elsewhere(request, target)
    if not shown.strip():
        problem = FieldProblem("code", "missing", MISSING)
        return again(request, next=target, problems=[problem], status=422)
    try:
        opened = stages.pass_code(
            database_of(request),
            pending,
            shown=shown,
            by=by,
            rules=rules_of(request),
            box=box_of(request),
            now=utcnow(),
            ip=ip_of(request),
        )
    except NotFound:
        return _elsewhere(request, target)
    except DomainError as refusal:
        view = {"problems": problems_of(refusal, "code"), "note": hint_of(request, refusal)}
        return again(request, next=target, status=refusal.status, **view)
    return onward(request, opened, target, used_recovery=by is Proof.RECOVERY)


def onward(
    request: Request, opened: SignedIn, target: str, *, used_recovery: bool = False
) -> RedirectResponse:
    """Lead to the next stage, or to where the person wanted to be."""
    if opened.pending is Stage.ENROL:
        waiting = stages.find_pending(database_of(request), token=opened.token, now=utcnow())
        if waiting is not None:
            _begin(request, waiting)
    if opened.pending is not None:
        where = f"{_PAGES[opened.pending]}?next={quote(target, safe='')}"
    else:
        where = "/account?used=recovery" if used_recovery else _landing(request, opened.actor, target)
    response = RedirectResponse(where, 303)
    hand_over(request, response, opened)
    return response


def _elsewhere(request: Request, target: str) -> RedirectResponse:
    """Lead a browser that has no business here to where it has: its own stage, its desk, or the beginning."""
    actor: Actor = request.state.actor
    target = target_of(target)
    waiting: Pending | None = request.state.waiting
    if actor.user_id is not None:
        return RedirectResponse(_landing(request, actor, target), 303)
    page = _PAGES[waiting.stage] if waiting is not None else "/login"
    return RedirectResponse(f"{page}?next={quote(target, safe='')}", 303)


def _why(request: Request, *, ended: bool, kept: bool) -> str:
    """Return why somebody who was signed in sees this page."""
    gettext = request_translator(request).gettext
    if kept:
        return gettext(
            "Your session has ended. What you typed is kept: sign in with the same account and go on with it."
        )
    if ended:
        return gettext(
            "You were signed out because nothing was done for a while. Sign in and go on where you were."
        )
    return ""


def target_of(target: str) -> str:
    """Return where a person wanted to go; the pages of sign-in lead nowhere once it is done."""
    path = local_path(target)
    return "/" if path.partition("?")[0].startswith("/login") else path


def _landing(request: Request, actor: Actor, target: str) -> str:
    """Return where a person wanted to go, else the desk of the own role."""
    if target != "/":
        return target
    if not actor.is_officer:
        return "/my"
    menu: list[MenuItem] = sorted(request.app.state.menu, key=lambda item: item.order)
    return next((item.href for item in menu if any(map(actor.may, item.desk_of))), "/")


def _issuer(request: Request) -> str:
    short: str = request.app.state.zone_config.short[request_translator(request).lang]
    return short


def _begin(request: Request, pending: Pending) -> None:
    stages.begin_enrolment(
        database_of(request), pending, box=box_of(request), issuer=_issuer(request), now=utcnow()
    )


def _begun(request: Request, pending: Pending) -> Enrolment | None:
    return stages.begun_enrolment(
        database_of(request), pending, box=box_of(request), issuer=_issuer(request), now=utcnow()
    )


def _login(request: Request, *, status: int = 200, **view: Any) -> Response:
    title = request_translator(request).gettext("Sign in")
    provider: Provider | None = request.app.state.identity_provider
    identity = provider.config if provider is not None else None
    full = {
        "title": title, "login_id": "", "next": "/", "problems": (), "note": "", "identity": identity, **view,
    }  # fmt: skip
    return render(request, "pages/login.html", full, status=status)


def _code(request: Request, *, status: int = 200, **view: Any) -> Response:
    title = request_translator(request).gettext("Enter the code")
    full = {"title": title, "problems": (), "note": "", **view}
    return render(request, "account/code.html", full, status=status)


def _recovery(request: Request, *, status: int = 200, **view: Any) -> Response:
    title = request_translator(request).gettext("Enter a recovery code")
    full = {"title": title, "problems": (), "note": "", **view}
    return render(request, "account/recovery.html", full, status=status)


def _initial(request: Request, pending: Pending, *, status: int = 200, **view: Any) -> Response:
    title = request_translator(request).gettext("Choose your own password")
    full = {"title": title, "problems": (), "shortest": MIN_LENGTH[pending.kind], **view}
    return render(request, "account/initial.html", full, status=status)


def _enrolment(request: Request, pending: Pending, *, status: int = 200, **view: Any) -> Response:
    title = request_translator(request).gettext("Set up the second factor")
    begun = _begun(request, pending)
    full = {
        "title": title,
        "key": begun.spaced_key if begun else "",
        "picture": "/login/totp.svg",
        "problems": (),
        "note": "",
        **view,
    }
    return render(request, "account/enrol_first.html", full, status=status)
