"""Administration: the list of accounts, opening one, and the offices."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.auth import administration
from app.core.auth.administration import INITIAL_FOR, PAGE_SIZE, AccountFilter, AccountLine
from app.core.auth.models import UserState
from app.core.auth.permissions import USER_MANAGE
from app.core.auth.roles import ROLES, UserKind
from app.core.auth.service import add_membership, register_person
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import languages
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import utcnow
from app.web.admin_form import (
    faults_of,
    initial_password_page,
    office_options,
    read_period,
    read_roles,
    read_texts,
    role_options,
    roles_view,
    state_view,
)
from app.web.forms import PostedForm, needed_key
from app.web.identity import AuthSession, confirm_first
from app.web.need import Holder
from app.web.pages.account import MISSING
from app.web.render import LANGUAGE_NAMES, Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import router

admin = router()

Administrator = Annotated[Actor, Depends(Holder(USER_MANAGE))]

_ALL = ""
_STATES = frozenset(UserState)


@admin.get("/admin/users", name="admin-users", include_in_schema=False)
def users_page(
    request: Request,
    actor: Administrator,
    session: AuthSession,
    q: str = "",
    office: str = _ALL,
    role: str = _ALL,
    state: str = _ALL,
    after: str = "",
) -> Response:
    """List accounts, fifty a page, narrowed by name, office, role and state."""
    now = utcnow()
    wanted = AccountFilter(
        query=q[:100],
        office_id=key_of(office),
        role=role if role in ROLES else "",
        state=UserState(state) if state in _STATES else None,
    )
    lines = administration.list_accounts(session, wanted, at=now, after=position(after, str, UUID))
    shown, more = lines[:PAGE_SIZE], len(lines) > PAGE_SIZE
    chosen = {"q": q, "office": office, "role": role, "state": state}
    following = ""
    if more:
        cursor = encode_cursor((shown[-1].full_name, shown[-1].id))
        following = "/admin/users?" + urlencode({**chosen, "after": cursor})
    view = {
        "title": request_translator(request).gettext("Accounts"),
        "tabs": _tabs(request, "users"),
        "rows": [_line(request, line) for line in shown],
        "chosen": chosen,
        "narrowed": any(chosen.values()),
        "offices": office_options(request, session),
        "roles": role_options(request),
        "states": _state_options(request),
        "first": "/admin/users?" + urlencode(chosen) if after else "",
        "next": following,
    }
    return render(request, "admin/users.html", view)


@admin.get("/admin/offices", name="admin-offices", include_in_schema=False)
def offices_page(request: Request, actor: Administrator, session: AuthSession) -> Response:
    """List the authority, its divisions and the agencies with their people."""
    view = {
        "title": request_translator(request).gettext("Offices"),
        "tabs": _tabs(request, "offices"),
        "rows": [
            {
                "id": str(line.id),
                "code": line.code,
                "kind": line.kind.value,
                "name": line.name,
                "symbol": line.symbol,
                "members": line.members,
            }
            for line in administration.list_offices(session, at=utcnow())
        ],
    }
    return render(request, "admin/offices.html", view)


@admin.get("/admin/users/new", name="admin-new-user", include_in_schema=False)
def new_page(request: Request, actor: Administrator, session: AuthSession) -> Response:
    """Ask whose account to open, in which office and with which roles."""
    return _new(request, session)


@admin.post("/admin/users", include_in_schema=False)
def open_account(
    request: Request, actor: Administrator, session: AuthSession, zone: CurrentZone, form: PostedForm
) -> Response:
    """Open an officer's account with its first roles, and show the initial password this once."""
    if page := confirm_first(request, form):
        return page
    now = utcnow()
    given = read_texts(form, "login", "full_name", "email", "office", "valid_from", "valid_to", "language")
    roles = read_roles(form)
    required = {"login": given["login"], "full_name": given["full_name"], "office": given["office"]}
    problems = [
        FieldProblem(name, "missing", MISSING) for name, value in required.items() if not value.strip()
    ]
    problems += [] if roles else [FieldProblem("roles", "missing", "Choose at least one role.")]
    start, end = read_period(given, zone.tz, now=now, problems=problems)
    if problems:
        return _new(request, session, given=given, roles=roles, problems=problems, status=422)
    password = administration.new_initial_password()
    try:
        user = register_person(
            session,
            login=given["login"],
            full_name=given["full_name"],
            kind=UserKind.OFFICER,
            password=password,
            language=given["language"] if given["language"] in languages() else languages()[0],
            email=given["email"].strip() or None,
            initial_until=now + INITIAL_FOR,
            actor=actor,
            now=now,
        )
        add_membership(
            session, party_id=needed_key(given["office"]), user_id=user.id, roles=roles, actor=actor, now=now,
            valid_from=start, valid_to=end,
        )  # fmt: skip
    except DomainError as refusal:
        session.rollback()
        return _new(
            request, session, given=given, roles=roles, problems=faults_of(refusal, "login"),
            status=refusal.status,
        )  # fmt: skip
    return initial_password_page(request, user.id, user.full_name, user.login, password, now)


def _new(
    request: Request,
    session: Session,
    *,
    given: dict[str, str] | None = None,
    roles: Sequence[str] = (),
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Open an officer's account"),
        "given": {
            "login": "", "full_name": "", "email": "", "office": "", "valid_from": "", "valid_to": "",
            "language": languages()[0], **(given or {}),
        },
        "roles": roles,
        "role_options": role_options(request),
        "offices": office_options(request, session),
        "languages": [(code, LANGUAGE_NAMES.get(code, code)) for code in languages()],
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Accounts"), "/admin/users")],
    }  # fmt: skip
    return render(request, "admin/new.html", view, status=status)


def _line(request: Request, line: AccountLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "name": line.full_name,
        "login": line.login,
        "officer": line.kind is UserKind.OFFICER,
        "state": state_view(line.state),
        "second_factor": line.second_factor,
        "belongs": [{"name": name, "roles": roles_view(request, roles)} for name, roles in line.belongs],
    }


def _tabs(request: Request, active: str) -> list[dict[str, Any]]:
    gettext = request_translator(request).gettext
    return [
        {"title": gettext("Accounts"), "href": "/admin/users", "active": active == "users"},
        {"title": gettext("Offices"), "href": "/admin/offices", "active": active == "offices"},
        {"title": gettext("Set-up"), "href": "/admin/setup", "active": active == "setup"},
    ]


def _state_options(request: Request) -> list[tuple[str, str]]:
    gettext = request_translator(request).gettext
    return [
        (UserState.ACTIVE.value, gettext("Active")),
        (UserState.LOCKED.value, gettext("Locked")),
        (UserState.CLOSED.value, gettext("Closed")),
    ]
