"""My account: name and language, password, second factor, sessions; and the page that asks once more who it is."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from app.core.auth import administration, open_sessions, sessions, step_up, totp
from app.core.auth.password import MIN_LENGTH
from app.core.auth.roles import UserKind
from app.core.auth.service import set_password
from app.core.auth.step_up import Proof
from app.core.auth.totp import Enrolment, WrongCode
from app.core.errors import Conflict, DomainError, FieldProblem, Forbidden, NotFound
from app.core.i18n import languages
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.web.forms import PostedForm, local_path, text
from app.web.identity import (
    SHOWN,
    AuthSession,
    box_of,
    confirm_before,
    confirm_first,
    confirm_page,
    database_of,
    hint_of,
    ip_of,
    problems_of,
    rules_of,
    set_session,
)
from app.web.need import SignedInActor
from app.web.pages.account import MISSING, new_password_problems
from app.web.qr import qr_code
from app.web.render import LANGUAGE_NAMES, Crumb, render, request_translator
from app.web.unit import router

security = router()

# Fetching the telephone and an application takes longer than a signature.
ENROL_WITHIN = timedelta(minutes=20)
_A_YEAR = 365 * 24 * 3600


class SecondFactorRequired(Conflict):
    """The policy of the installation demands a second factor of this account."""

    code = "auth.second-factor-required"
    title = "The second factor cannot be removed."
    detail = "Accounts of officers must have a second factor here."
    hint = "Set up another device instead; the old one ends with that."


@security.get("/account", name="account", include_in_schema=False)
def account_page(
    request: Request, actor: SignedInActor, session: AuthSession, done: str = "", used: str = ""
) -> Response:
    """Show a person's own account."""
    assert actor.user_id is not None
    person = administration.find_account(session, actor.user_id)
    factor = totp.status(session, actor.user_id)
    view = {
        "title": request_translator(request).gettext("My account"),
        "person": {"name": person.full_name, "login": person.login, "email": person.email},
        "language": person.language,
        "languages": [(code, LANGUAGE_NAMES.get(code, code)) for code in languages()],
        "readings_href": "" if actor.is_officer else "/account/readings",
        "password_changed_at": person.password_changed_at,
        "factor": {"since": factor.confirmed_at, "recovery_left": factor.recovery_left},
        "required": rules_of(request).second_factor.requires(person.kind),
        "sessions": [
            {
                "id": str(each.id),
                "device": device_name(each.user_agent),
                "ip": each.ip,
                "created_at": each.created_at,
                "seen_at": each.last_seen_at,
                "here": each.id == actor.session_id,
            }
            for each in open_sessions.list_sessions(session, actor.user_id, now=utcnow())
        ],
        "identity": request.app.state.identity_provider is not None and not actor.is_officer,
        "done": done,
        "used": used,
    }
    return render(request, "account/account.html", view)


@security.post("/account/language", include_in_schema=False)
def change_language(
    request: Request, actor: SignedInActor, session: AuthSession, form: PostedForm
) -> Response:
    """Change the language of the person's notices and of this browser."""
    chosen = text(form, "lang")
    response = RedirectResponse("/account?done=language", 303)
    if chosen in languages() and actor.user_id is not None:
        administration.set_language(session, actor.user_id, language=chosen, actor=actor, now=utcnow())
        # As the language button of the top bar keeps it.
        response.set_cookie("lang", chosen, max_age=_A_YEAR, samesite="lax", httponly=True)
    return response


@security.post("/account/sessions/{session_id}/end", include_in_schema=False)
def end_session(
    request: Request, actor: SignedInActor, session: AuthSession, form: PostedForm, session_id: UUID
) -> Response:
    """End one of the own sessions; the browser that holds it is shut out with its next request."""
    open_sessions.revoke(session, session_id, actor=actor, now=utcnow())
    return RedirectResponse("/account?done=session", 303)


@security.post("/account/sessions/end-others", include_in_schema=False)
def end_other_sessions(
    request: Request, actor: SignedInActor, session: AuthSession, form: PostedForm
) -> Response:
    """End all own sessions but this one."""
    assert actor.user_id is not None
    administration.end_sessions(session, actor.user_id, actor=actor, now=utcnow(), keep=actor.session_id)
    return RedirectResponse("/account?done=sessions", 303)


@security.get("/account/password", name="password", include_in_schema=False)
def password_page(request: Request, actor: SignedInActor) -> Response:
    """Ask for the old and the new password."""
    return _password(request, actor)


@security.post("/account/password", include_in_schema=False)
def change_password(request: Request, actor: SignedInActor, form: PostedForm) -> Response:
    """Change the own password; all other sessions end and this one gets a new token."""
    assert actor.user_id is not None
    assert actor.session_id is not None
    old, now, database = text(form, "old"), utcnow(), database_of(request)
    problems = [] if old else [FieldProblem("old", "missing", MISSING)]
    problems += new_password_problems(form)
    if problems:
        return _password(request, actor, problems=problems, status=422)
    try:
        step_up.prove(
            database, user_id=actor.user_id, by=Proof.PASSWORD, shown=old, box=box_of(request),
            now=now, ip=ip_of(request), then=lambda session: None,
        )  # fmt: skip
    except DomainError as refusal:
        view = {"problems": problems_of(refusal, "old"), "note": hint_of(request, refusal)}
        return _password(request, actor, status=refusal.status, **view)
    try:
        with database.transaction(step_up.AUTH) as session:
            set_password(
                session, actor.user_id, password=text(form, "password"), actor=actor, now=now,
                keep=actor.session_id,
            )  # fmt: skip
            token = sessions.rotate(session, actor.session_id, now=now)
    except DomainError as refusal:
        view = {"problems": problems_of(refusal, "password"), "note": hint_of(request, refusal)}
        return _password(request, actor, status=refusal.status, **view)
    response = RedirectResponse("/account?done=password", 303)
    set_session(request, response, token, rules_of(request).sessions.absolute(_kind(actor)))
    return response


@security.post("/account/second-factor/begin", include_in_schema=False)
def begin_enrolment(request: Request, actor: SignedInActor, form: PostedForm) -> Response:
    """Make the secret of a new second factor and show it on the next page."""
    if page := confirm_first(request, form, within=ENROL_WITHIN):
        return page
    assert actor.user_id is not None
    with database_of(request).transaction(step_up.AUTH) as session:
        totp.begin(session, actor.user_id, box=box_of(request), issuer=_issuer(request), now=utcnow())
    return RedirectResponse("/account/second-factor", 303)


@security.get("/account/second-factor", name="second-factor", include_in_schema=False)
def enrolment_page(request: Request, actor: SignedInActor) -> Response:
    """Show what to scan for a new second factor; the one in force stays until the new one is confirmed."""
    return confirm_before(request, within=ENROL_WITHIN) or _enrolment(request, actor)


@security.get("/account/totp.svg", name="totp", include_in_schema=False)
def enrolment_picture(request: Request, actor: SignedInActor) -> Response:
    """
    Draw the secret for the camera of the device.

    :raises Forbidden: presence was not confirmed lately.
    :raises NotFound: no secret waits to be set up.
    """
    assert actor.session_id is not None
    if not step_up.is_recent(database_of(request), actor.session_id, now=utcnow(), within=ENROL_WITHIN):
        raise Forbidden(permission="auth.second-factor")
    begun = _begun(request, actor)
    if begun is None:
        raise NotFound
    return qr_code(begun.uri)


@security.post("/account/second-factor", include_in_schema=False)
def enrol(request: Request, actor: SignedInActor, form: PostedForm) -> Response:
    """Take the first code of the new device and show the recovery codes."""
    if page := confirm_first(request, form, within=ENROL_WITHIN):
        return page
    assert actor.user_id is not None
    try:
        with database_of(request).transaction(step_up.AUTH) as session:
            codes = totp.confirm(
                session, actor.user_id, code=text(form, "code"), box=box_of(request), actor=actor,
                now=utcnow(),
            )  # fmt: skip
    except WrongCode as refusal:
        view = {"problems": problems_of(refusal, "code"), "note": hint_of(request, refusal)}
        return _enrolment(request, actor, status=refusal.status, **view)
    return _codes(request, codes)


@security.post("/account/second-factor/remove", include_in_schema=False)
def remove_factor(request: Request, actor: SignedInActor, form: PostedForm) -> Response:
    """
    Take the own second factor away, where nobody demands it.

    :raises SecondFactorRequired:
    """
    if rules_of(request).second_factor.requires(_kind(actor)):
        raise SecondFactorRequired
    if page := confirm_first(request, form):
        return page
    assert actor.user_id is not None
    with database_of(request).transaction(step_up.AUTH) as session:
        totp.remove(session, actor.user_id, actor=actor, now=utcnow())
    return RedirectResponse("/account?done=factor-removed", 303)


@security.post("/account/recovery-codes", include_in_schema=False)
def renew_codes(request: Request, actor: SignedInActor, form: PostedForm) -> Response:
    """Make new recovery codes and show them once."""
    if page := confirm_first(request, form):
        return page
    assert actor.user_id is not None
    with database_of(request).transaction(step_up.AUTH) as session:
        codes = totp.renew_recovery(session, actor.user_id, actor=actor, now=utcnow())
    return _codes(request, codes)


@security.get("/account/confirm", name="confirm", include_in_schema=False)
def confirming_page(request: Request, actor: SignedInActor, next: str = "/account") -> Response:
    """Ask for the code or password before a page that is opened by its address."""
    return confirm_page(request, actor, action=f"/account/confirm?next={local_path(next)}", status=200)


@security.post("/account/confirm", include_in_schema=False)
def confirm(request: Request, actor: SignedInActor, form: PostedForm, next: str = "/account") -> Response:
    """Take the code or password and go on."""
    target = local_path(next)
    try:
        step_up.confirm_presence(
            database_of(request), actor=actor, shown=text(form, SHOWN), box=box_of(request), now=utcnow(),
            ip=ip_of(request),
        )  # fmt: skip
    except DomainError as refusal:
        return confirm_page(
            request, actor, action=f"/account/confirm?next={target}", problems=problems_of(refusal, SHOWN),
            note=hint_of(request, refusal), status=refusal.status,
        )  # fmt: skip
    return RedirectResponse(target, 303)


# What a browser calls itself, the most telling name first: most claim to be Mozilla, Chrome and Safari as well.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("coc_coc", "Cốc Cốc"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def device_name(user_agent: str | None) -> str:
    """Return browser and system in a few words, as far as the browser tells; empty when it does not."""
    told = user_agent or ""
    names = [next((name for mark, name in marks if mark in told), "") for marks in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in names if name) or told[:40]


def _kind(actor: Actor) -> UserKind:
    return UserKind(actor.kind.value)


def _issuer(request: Request) -> str:
    short: str = request.app.state.zone_config.short[request_translator(request).lang]
    return short


def _begun(request: Request, actor: Actor) -> Enrolment | None:
    assert actor.user_id is not None
    with database_of(request).session(step_up.AUTH) as session:
        return totp.begun(session, actor.user_id, box=box_of(request), issuer=_issuer(request), now=utcnow())


def _enrolment(request: Request, actor: Actor, *, status: int = 200, **view: Any) -> Response:
    begun = _begun(request, actor)
    full = {
        "title": request_translator(request).gettext("Set up the second factor"),
        "key": begun.spaced_key if begun else "",
        "picture": "/account/totp.svg",
        "problems": (),
        "note": "",
        "crumbs": _crumbs(request),
        **view,
    }
    return render(request, "account/enrol.html", full, status=status)


def _codes(request: Request, codes: list[str]) -> Response:
    title = request_translator(request).gettext("Keep these recovery codes")
    view = {"title": title, "codes": codes, "onward": "/account?done=factor"}
    return render(request, "account/recovery_codes.html", view)


def _password(request: Request, actor: Actor, *, status: int = 200, **view: Any) -> Response:
    full = {
        "title": request_translator(request).gettext("Change the password"),
        "shortest": MIN_LENGTH[_kind(actor)],
        "problems": (),
        "note": "",
        "crumbs": _crumbs(request),
        **view,
    }
    return render(request, "account/password.html", full, status=status)


def _crumbs(request: Request) -> list[Crumb]:
    return [Crumb(request_translator(request).gettext("My account"), "/account")]
