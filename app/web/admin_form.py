"""What the pages of administration share: reading their forms, and words for roles and states."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.core.auth import administration
from app.core.auth.administration import INITIAL_FOR
from app.core.auth.models import UserState
from app.core.auth.roles import ROLES, UserKind
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import formats
from app.core.kit.time import local_day, utcnow
from app.web.forms import text
from app.web.render import Crumb, render, request_translator


def read_texts(form: FormData, *names: str) -> dict[str, str]:
    """Return the named fields as typed."""
    return {name: text(form, name) for name in names}


def read_roles(form: FormData) -> list[str]:
    """Return the ticked roles; what is no role is left out."""
    return [value for value in form.getlist("roles") if isinstance(value, str) and value in ROLES]


def read_period(
    given: dict[str, str], zone: ZoneInfo, *, now: datetime, problems: list[FieldProblem]
) -> tuple[datetime | None, datetime | None]:
    """
    Read first and last day of a membership as instants: the beginning of the first, the end of the last.

    The present day begins now, so that no membership reaches back. Faults are added to ``problems``.
    """
    today = local_day(now, zone)
    first, last = (_day(given, name, problems) for name in ("valid_from", "valid_to"))
    if first is not None and first < today:
        problems.append(FieldProblem("valid_from", "past", "The first day lies in the past."))
    if last is not None and last < (first or today):
        problems.append(FieldProblem("valid_to", "order", "The last day lies before the first."))
    start = None if first is None or first == today else datetime.combine(first, time(), zone)
    end = None if last is None else datetime.combine(last + timedelta(days=1), time(), zone)
    return start, end


def faults_of(refusal: DomainError, name: str) -> list[FieldProblem]:
    """Return what a refusal finds wrong with fields, or the refusal itself as the fault of one."""
    if refusal.errors:
        return [
            FieldProblem(each.name, each.code, each.reason, each.params or refusal.params)
            for each in refusal.errors
        ]
    return [FieldProblem(name, refusal.code, refusal.detail, refusal.params)]


def role_options(request: Request) -> list[tuple[str, str, str]]:
    """Return the roles of officers with what each is for."""
    lang = request_translator(request).lang
    return [
        (role.code, role.title[lang], role.description[lang])
        for role in ROLES.values()
        if role.kind is UserKind.OFFICER
    ]


def roles_view(request: Request, codes: Iterable[str]) -> str:
    """Return the names of roles in one line; a role that no longer exists shows its code."""
    lang = request_translator(request).lang
    return ", ".join(ROLES[code].title[lang] if code in ROLES else code for code in codes)


def office_options(request: Request, session: Session) -> Sequence[tuple[str, str]]:
    """Return all offices to choose from."""
    lang = request_translator(request).lang
    lines = administration.list_offices(session, at=utcnow())
    return [(str(line.id), line.name[lang]) for line in lines]


def state_view(state: UserState) -> str:
    """Return the state of an account as templates compare it."""
    return state.value.lower()


def initial_password_page(
    request: Request, user_id: UUID, name: str, login: str, password: str, now: datetime
) -> Response:
    """Show an initial password, this once."""
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Initial password"),
        "person": {"id": str(user_id), "name": name, "login": login},
        "password": password,
        "until": now + INITIAL_FOR,
        "crumbs": [
            Crumb(translator.gettext("Accounts"), "/admin/users"),
            Crumb(name, f"/admin/users/{user_id}"),
        ],
    }
    return render(request, "admin/initial_password.html", view)


def _day(given: dict[str, str], name: str, problems: list[FieldProblem]) -> date | None:
    if not given[name].strip():
        return None
    try:
        return formats.parse_date(given[name])
    except ValueError as fault:
        problems.append(FieldProblem(name, "no-date", str(fault)))
        return None
