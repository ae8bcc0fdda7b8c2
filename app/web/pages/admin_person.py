"""Administration of one account: state, roles by office and period, sessions, second factor, open dossiers.

Administrators hold no right over dossiers; what they see of one is its code and deadline. Steps by which an account
could be taken over ask once more who it is.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth import administration, open_sessions, totp
from app.core.auth.administration import AccountView, MembershipLine
from app.core.auth.models import UserState
from app.core.auth.permissions import USER_MANAGE
from app.core.auth.roles import UserKind
from app.core.auth.service import add_membership, end_membership, set_state
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.time import utcnow
from app.core.workflow import assignment, procedures
from app.core.workflow.permissions import ASSIGN
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
from app.web.catalogue import short_names
from app.web.dossier_view import office_name
from app.web.forms import PostedForm, needed_key, text
from app.web.identity import AuthSession, confirm_first
from app.web.need import Holder
from app.web.pages.account import MISSING
from app.web.pages.security import device_name
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

admin_person = router()

Administrator = Annotated[Actor, Depends(Holder(USER_MANAGE))]
Assigner = Annotated[Actor, Depends(Holder(ASSIGN))]

_STATES = {"lock": UserState.LOCKED, "unlock": UserState.ACTIVE, "close": UserState.CLOSED}


@admin_person.get("/admin/users/{user_id}", name="admin-user", include_in_schema=False)
def user_page(
    request: Request,
    actor: Administrator,
    session: AuthSession,
    officers: DbSession,
    user_id: UUID,
    done: str = "",
) -> Response:
    """Show an account: who it is, its roles, sessions and open dossiers."""
    return _user(request, actor, session, officers, user_id, done=done)


@admin_person.post("/admin/users/{user_id}/state", include_in_schema=False)
def change_state(
    request: Request, actor: Administrator, session: AuthSession, form: PostedForm, user_id: UUID
) -> Response:
    """
    Lock, unlock or close an account.

    :raises NotFound: no such account, or the form asks for something else.
    """
    verb = text(form, "verb")
    if verb not in _STATES:
        raise NotFound
    set_state(session, user_id, state=_STATES[verb], actor=actor, now=utcnow())
    return _back(user_id, verb)


@admin_person.post("/admin/users/{user_id}/roles", include_in_schema=False)
def give_roles(
    request: Request,
    actor: Administrator,
    session: AuthSession,
    officers: DbSession,
    zone: CurrentZone,
    form: PostedForm,
    user_id: UUID,
) -> Response:
    """Give roles in an office for a period; a substitute holds them from one day to another."""
    if page := confirm_first(request, form):
        return page
    now, problems = utcnow(), list[FieldProblem]()
    given, roles = read_texts(form, "office", "valid_from", "valid_to"), read_roles(form)
    if not given["office"]:
        problems.append(FieldProblem("office", "missing", MISSING))
    if not roles:
        problems.append(FieldProblem("roles", "missing", "Choose at least one role."))
    start, end = read_period(given, zone.tz, now=now, problems=problems)
    status = 422
    if not problems:
        try:
            add_membership(
                session, party_id=needed_key(given["office"]), user_id=user_id, roles=roles, actor=actor,
                now=now, valid_from=start, valid_to=end,
            )  # fmt: skip
            return _back(user_id, "roles")
        except DomainError as refusal:
            session.rollback()
            problems, status = faults_of(refusal, "office"), refusal.status
    return _user(
        request, actor, session, officers, user_id, given={**given, "roles": roles}, problems=problems,
        status=status,
    )  # fmt: skip


@admin_person.post("/admin/memberships/{membership_id}/end", include_in_schema=False)
def end_roles(
    request: Request, actor: Administrator, session: AuthSession, form: PostedForm, membership_id: UUID
) -> Response:
    """End roles in an office now."""
    user_id = administration.membership_owner(session, membership_id)
    end_membership(session, membership_id, actor=actor, now=utcnow())
    return _back(user_id, "ended")


@admin_person.post("/admin/users/{user_id}/second-factor/reset", include_in_schema=False)
def reset_factor(
    request: Request, actor: Administrator, session: AuthSession, form: PostedForm, user_id: UUID
) -> Response:
    """Take away a lost second factor; all sessions of the account end."""
    if page := confirm_first(request, form):
        return page
    administration.reset_second_factor(session, user_id, actor=actor, now=utcnow())
    return _back(user_id, "factor")


@admin_person.post("/admin/users/{user_id}/password", include_in_schema=False)
def give_password(
    request: Request, actor: Administrator, session: AuthSession, form: PostedForm, user_id: UUID
) -> Response:
    """Give a new initial password and show it this once; all sessions of the account end."""
    if page := confirm_first(request, form):
        return page
    now = utcnow()
    person = administration.find_account(session, user_id)
    password = administration.issue_password(session, user_id, actor=actor, now=now)
    return initial_password_page(request, user_id, person.full_name, person.login, password, now)


@admin_person.post("/admin/users/{user_id}/sessions/end", include_in_schema=False)
def end_sessions(
    request: Request, actor: Administrator, session: AuthSession, form: PostedForm, user_id: UUID
) -> Response:
    """End all sessions of an account; of the own one all but this."""
    administration.find_account(session, user_id)
    administration.end_sessions(session, user_id, actor=actor, now=utcnow(), keep=actor.session_id)
    return _back(user_id, "sessions")


@admin_person.get("/admin/users/{user_id}/dossiers", name="admin-dossiers", include_in_schema=False)
def dossiers_page(
    request: Request, actor: Assigner, session: AuthSession, officers: DbSession, user_id: UUID
) -> Response:
    """List a person's open dossiers and who may take them over."""
    assignment.require_lead(officers, actor, user_id, now=utcnow())
    return _dossiers(request, actor, session, officers, user_id)


@admin_person.post("/admin/users/{user_id}/dossiers", include_in_schema=False)
def hand_over(
    request: Request,
    actor: Assigner,
    session: AuthSession,
    officers: DbSession,
    form: PostedForm,
    user_id: UUID,
) -> Response:
    """Hand the chosen dossiers to a colleague of the same office."""
    chosen = [key for value in form.getlist("case") if isinstance(value, str) and (key := key_of(value))]
    target = key_of(text(form, "target"))
    problems = [] if chosen else [FieldProblem("case", "missing", "Choose at least one dossier.")]
    if target is None:
        problems.append(FieldProblem("target", "missing", "Choose who takes the dossiers over."))
    if problems or target is None:
        return _dossiers(
            request,
            actor,
            session,
            officers,
            user_id,
            chosen=chosen,
            target=target,
            problems=problems,
            status=422,
        )
    try:
        moved = assignment.reassign(
            officers, chosen, source=user_id, target=target, actor=actor, now=utcnow()
        )
    except DomainError as refusal:
        return _dossiers(
            request, actor, session, officers, user_id, chosen=chosen, target=target,
            problems=faults_of(refusal, "target"), status=refusal.status,
        )  # fmt: skip
    done = "dossiers" if moved else "nothing"
    return (
        _back(user_id, done) if actor.may(USER_MANAGE) else RedirectResponse(f"/colleagues?done={done}", 303)
    )


def _user(
    request: Request,
    actor: Actor,
    session: Session,
    officers: Session,
    user_id: UUID,
    *,
    given: Mapping[str, Any] | None = None,
    problems: Sequence[FieldProblem] = (),
    done: str = "",
    status: int = 200,
) -> Response:
    now = utcnow()
    person = administration.find_account(session, user_id)
    factor = totp.status(session, user_id)
    view = {
        "title": person.full_name,
        "person": _person(person),
        "own": actor.user_id == user_id,
        "officer": person.kind is UserKind.OFFICER,
        "closed": person.state is UserState.CLOSED,
        "locked": person.state is UserState.LOCKED,
        "factor": {"since": factor.confirmed_at, "recovery_left": factor.recovery_left},
        "memberships": [
            _membership(request, each, each.state(now))
            for each in administration.memberships_of(session, user_id)
        ],
        "sessions": [
            {"device": device_name(each.user_agent), "ip": each.ip, "seen_at": each.last_seen_at}
            for each in open_sessions.list_sessions(session, user_id, now=now)
        ],
        "dossiers": len(assignment.open_cases_of(officers, user_id))
        if person.kind is UserKind.OFFICER
        else 0,
        "offices": office_options(request, session),
        "role_options": role_options(request),
        "given": {"office": "", "valid_from": "", "valid_to": "", "roles": (), **(given or {})},
        "problems": problems,
        "done": done,
        "crumbs": _crumbs(request),
    }
    return render(request, "admin/user.html", view, status=status)


def _dossiers(
    request: Request,
    actor: Actor,
    session: Session,
    officers: Session,
    user_id: UUID,
    *,
    chosen: Sequence[UUID] = (),
    target: UUID | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator, now = request_translator(request), utcnow()
    person = administration.find_account(session, user_id)
    names = short_names(request)
    view = {
        "title": translator.gettext("Hand over open dossiers"),
        "person": {"id": str(person.id), "name": person.full_name},
        "rows": [
            {
                "id": str(each.id),
                "code": each.code or "",
                "procedure": names.of(procedures.definition_of(officers, each.version_id)),
                "office": office_name(request.app.state.zone_config, each.office),
                "due_at": each.due_at,
                "overdue": each.due_at is not None and each.due_at < now,
                "chosen": each.id in chosen,
            }
            for each in assignment.open_cases_of(officers, user_id)
        ],
        "successors": [
            (str(each.id), f"{each.name} – {each.office[translator.lang]}")
            for each in assignment.successors(officers, user_id, at=now)
        ],
        "target": str(target or ""),
        "problems": problems,
        "crumbs": [*_crumbs(request), Crumb(person.full_name, f"/admin/users/{user_id}")]
        if actor.may(USER_MANAGE)
        else [Crumb(translator.gettext("Colleagues and absences"), "/colleagues")],
        "back": f"/admin/users/{user_id}" if actor.may(USER_MANAGE) else "/colleagues",
    }
    return render(request, "admin/dossiers.html", view, status=status)


def _person(person: AccountView) -> dict[str, Any]:
    return {
        "id": str(person.id),
        "name": person.full_name,
        "login": person.login,
        "email": person.email,
        "state": state_view(person.state),
        "created_at": person.created_at,
        "password_changed_at": person.password_changed_at,
        "initial_until": person.initial_until,
    }


def _membership(request: Request, line: MembershipLine, state: str) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "name": line.name,
        "roles": roles_view(request, line.roles),
        "valid_from": line.valid_from,
        "valid_to": line.valid_to,
        "state": state,
    }


def _back(user_id: UUID, done: str) -> RedirectResponse:
    return RedirectResponse(f"/admin/users/{user_id}?done={done}", 303)


def _crumbs(request: Request) -> list[Crumb]:
    return [Crumb(request_translator(request).gettext("Accounts"), "/admin/users")]
