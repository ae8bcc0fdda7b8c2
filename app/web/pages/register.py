"""Registering oneself: the form, the letter's code or address, and the account that stands then."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth import registration
from app.core.auth.password import MIN_LENGTH
from app.core.auth.registration import RegistrationOver, Wanted
from app.core.auth.roles import UserKind
from app.core.errors import DomainError, FieldProblem
from app.core.kit.actor import ANONYMOUS
from app.core.kit.ids import key_of, uuid7
from app.core.kit.time import utcnow
from app.core.notifications import can_mail, write_mail
from app.web.admin_form import faults_of
from app.web.forms import PostedForm, text
from app.web.identity import database_of, hint_of, ip_of, problems_of
from app.web.pages.account import MISSING, new_password_problems
from app.web.render import render, request_translator
from app.web.unit import CurrentActor, router

register_pages = router()


class LetterWriter:
    """Writes letters in the language of a page, with the transaction of who decides that one goes out."""

    def __init__(self, language: str, now: datetime) -> None:
        self._language = language
        self._now = now

    def __call__(self, session: Session, *, to: str, kind: str, params: Mapping[str, str]) -> None:
        """Write the letter."""
        write_mail(
            session, to=to, kind=kind, params=params, language=self._language, actor=ANONYMOUS, now=self._now
        )


@register_pages.get("/register", name="register", include_in_schema=False)
def register_page(request: Request, actor: CurrentActor) -> Response:
    """Ask for name, e-mail address and password; who is signed in has an account already."""
    return RedirectResponse("/my", 303) if actor.user_id is not None else _form(request, key=uuid7())


@register_pages.post("/register", include_in_schema=False)
def register(request: Request, form: PostedForm) -> Response:
    """Send a letter to the address; the answer is the same whether it has an account or not."""
    given = {name: text(form, name) for name in ("full_name", "email")}
    key, now = key_of(text(form, "key")) or uuid7(), utcnow()
    language = request_translator(request).lang
    problems = _differing(form)
    wanted = Wanted(key, given["full_name"], given["email"], text(form, "password"), language)
    try:
        if not can_mail() or problems:
            return _form(request, key=key, given=given, problems=problems, status=422)
        registration.begin(
            database_of(request), wanted, post=LetterWriter(language, now), now=now, ip=ip_of(request)
        )
    except DomainError as refusal:
        return _form(
            request, key=key, given=given, problems=faults_of(refusal, "email"),
            note=hint_of(request, refusal), status=refusal.status,
        )  # fmt: skip
    where = {"key": str(key), "to": given["email"].strip()[:254]}
    return RedirectResponse(f"/register/confirm?{urlencode(where)}", 303)


@register_pages.get("/register/confirm", name="register-confirm", include_in_schema=False)
def confirm_page(request: Request, key: str = "", to: str = "", token: str = "") -> Response:
    """Ask for the code of the letter; the letter's own address asks for the password."""
    return _confirm(request, key=key, to=to[:254], token=token)


@register_pages.post("/register/confirm", include_in_schema=False)
def confirm(request: Request, form: PostedForm) -> Response:
    """Open the account; doing it again changes nothing."""
    key, to, token, shown = (text(form, name) for name in ("key", "to", "token", "code"))
    database, now, registered = database_of(request), utcnow(), key_of(key)
    if not token and not shown.strip():
        problem = FieldProblem("code", "missing", MISSING)
        return _confirm(request, key=key, to=to, problems=[problem], status=422)
    try:
        if token:
            given = text(form, "password")
            login = registration.confirm_token(database, token, password=given, now=now, ip=ip_of(request))
        elif registered is None:
            raise RegistrationOver
        else:
            login = registration.confirm_code(database, registered, shown=shown, now=now, ip=ip_of(request))
    except RegistrationOver:
        raise
    except DomainError as refusal:
        field = "password" if token else "code"
        return _confirm(
            request, key=key, to=to, token=token, problems=problems_of(refusal, field), note=hint_of(request, refusal),
            status=refusal.status,
        )  # fmt: skip
    title = request_translator(request).gettext("The account is open")
    return render(
        request, "account/registered.html", {"title": title, "login": login, "onward": "/my", "claims": True}
    )


def _differing(form: Any) -> Sequence[FieldProblem]:
    """Return what is wrong with the two entries of the password when there is one; its absence is told by the rules."""
    return [each for each in new_password_problems(form) if each.code == "different"]


def _form(request: Request, *, key: UUID, status: int = 200, **view: Any) -> Response:
    full = {
        "title": request_translator(request).gettext("Open an account"),
        "key": str(key),
        "given": {"full_name": "", "email": ""},
        "shortest": MIN_LENGTH[UserKind.CUSTOMER],
        "can_mail": can_mail(),
        "problems": (),
        "note": "",
        **view,
    }
    return render(request, "account/register.html", full, status=status)


def _confirm(request: Request, *, key: str = "", to: str = "", token: str = "", **view: Any) -> Response:
    status: int = view.pop("status", 200)
    full = {
        "title": request_translator(request).gettext("Confirm the e-mail address"),
        "key": key,
        "to": to,
        "token": token,
        "minutes": int(registration.SERVES_FOR.total_seconds()) // 60,
        "problems": (),
        "note": "",
        **view,
    }
    return render(request, "account/register_confirm.html", full, status=status)
