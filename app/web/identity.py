"""
What pages of identity share: the session of the auth role, the cookie, the key box, and asking once more who it is.

``confirm_first`` is for any page that takes a step that counts. In a POST route, before anything else is read::

    if page := confirm_first(request, form):
        return page

The page carries every posted field along and sends them to the same address with the code or password, so nothing that
was typed is lost, and it needs no script.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.auth import step_up
from app.core.auth.pending import Rules
from app.core.auth.sessions import SessionPolicy, SignedIn
from app.core.auth.stages import SecondFactorPolicy
from app.core.auth.step_up import Proof
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import DomainError, FieldProblem
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.privacy.box import SecretsBox
from app.web.edge import SESSION_COOKIE, Edge
from app.web.forms import OWNER, text
from app.web.render import render, request_translator
from app.web.unit import end_in_thread

# Field of the confirming page; no other form may use the name.
SHOWN = "presence_proof"
# These belong to one rendering of a form and are written anew, or must never be shown again.
_NOT_CARRIED = frozenset({"csrf_token", OWNER, SHOWN})


def database_of(request: Request) -> Database:
    """Return the pools of the process, for steps that commit by themselves."""
    database: Database = request.app.state.database
    return database


def box_of(request: Request) -> SecretsBox:
    """Return the box that holds the secrets of second factors."""
    box: SecretsBox = request.app.state.secrets_box
    return box


def rules_of(request: Request) -> Rules:
    """Return what decides about an opening session."""
    policy: SecondFactorPolicy = request.app.state.second_factor_policy
    return Rules(request.app.state.permissions, SessionPolicy(), policy)


def ip_of(request: Request) -> str | None:
    """Return the address of the browser."""
    return request.client.host if request.client else None


async def get_auth_session(request: Request) -> AsyncIterator[Session]:
    """Open a session as ftz_auth; commit or roll back by the status that the route noted, as the request's own."""
    actor: Actor = request.state.actor
    with database_of(request).session(SessionContext(DbRole.AUTH, (), actor.user_id)) as session:
        try:
            yield session
            await end_in_thread(session, well=request.state.unit_ok)
        except BaseException:
            await end_in_thread(session, well=False)
            raise


AuthSession = Annotated[Session, Depends(get_auth_session, scope="function")]


def set_session(request: Request, response: Response, token: str, lifetime: timedelta) -> None:
    """Put a session's token into the browser's cookie; an empty token takes it out."""
    edge: Edge = request.app.state.edge
    response.headers.append(
        "Set-Cookie", edge.cookie(SESSION_COOKIE, token, max_age=int(lifetime.total_seconds()))
    )


def hand_over(request: Request, response: Response, opened: SignedIn) -> None:
    """Give a browser the token of a session that opened or went on."""
    set_session(request, response, opened.token, opened.expires_at - utcnow())


def problems_of(refusal: DomainError, name: str) -> list[FieldProblem]:
    """Return a refusal as the fault of one field; its own list of faults goes before."""
    return [FieldProblem(name, each.code, each.reason, each.params) for each in refusal.errors] or [
        FieldProblem(name, refusal.code, refusal.detail, refusal.params)
    ]


def hint_of(request: Request, refusal: DomainError) -> str:
    """Return what to do about a refusal, in the reader's language."""
    return request_translator(request).gettext(refusal.hint, **refusal.params) if refusal.hint else ""


def confirm_first(
    request: Request, form: FormData, *, within: timedelta = step_up.STEP_UP_FOR
) -> Response | None:
    """
    Return the page that asks a signed-in person for the code or password, ``None`` when that was done lately.

    Files cannot be carried along; a form with files asks on a page before.
    """
    actor: Actor = request.state.actor
    assert actor.session_id is not None, "only who is signed in can confirm"
    database, now, shown = database_of(request), utcnow(), text(form, SHOWN)
    if step_up.is_recent(database, actor.session_id, now=now, within=within):
        return None
    if not shown:
        return confirm_page(request, actor, action=request.url.path, form=form)
    try:
        step_up.confirm_presence(
            database, actor=actor, shown=shown, box=box_of(request), now=now, ip=ip_of(request)
        )
    except DomainError as refusal:
        return confirm_page(
            request, actor, action=request.url.path, form=form,
            problems=problems_of(refusal, SHOWN), note=hint_of(request, refusal), status=refusal.status,
        )  # fmt: skip
    return None


def confirm_before(request: Request, *, within: timedelta = step_up.STEP_UP_FOR) -> RedirectResponse | None:
    """Return the way to the confirming page for a page that is opened by GET, ``None`` when that was done lately."""
    actor: Actor = request.state.actor
    assert actor.session_id is not None, "only who is signed in can confirm"
    if step_up.is_recent(database_of(request), actor.session_id, now=utcnow(), within=within):
        return None
    return RedirectResponse(f"/account/confirm?next={quote(request.url.path, safe='')}", 303)


def require_presence(request: Request, actor: Actor) -> None:
    """
    Refuse a step that counts to a signed-in person who has not proved presence lately, where no page can ask for it.

    :raises PresenceNeeded: the person confirms on a page first. A program signs nothing and is not asked.
    """
    if actor.session_id is not None and not step_up.is_recent(
        database_of(request), actor.session_id, now=utcnow()
    ):
        raise PresenceNeeded


class PresenceNeeded(DomainError):
    """A step that counts is taken through the JSON door, and it was not proved lately who takes it."""

    code = "auth.presence-needed"
    status = 403
    title = "Confirm first that it is you."
    detail = (
        "This step counts as a signature, and you have not confirmed within the last minutes that it is you."
    )
    hint = "Open /account/confirm, type the code or password there, and repeat the step within five minutes."


def proof_view(request: Request, actor: Actor) -> dict[str, Any]:
    """Return by what a signed-in person proves presence, as ``account/_proof.html`` and its neighbours show it."""
    by = step_up.means(database_of(request), actor.user_id) if actor.user_id is not None else Proof.PASSWORD
    provider = request.app.state.identity_provider
    return {
        "by_code": by is Proof.CODE,
        "by_identity": by is Proof.IDENTITY,
        "provider_name": provider.config.name if provider is not None else "",
    }


def confirm_page(
    request: Request,
    actor: Actor,
    *,
    action: str,
    form: FormData | None = None,
    problems: Sequence[FieldProblem] = (),
    note: str = "",
    status: int = 422,
) -> Response:
    """Show the page that asks for the code or password and goes on to ``action`` with everything that was posted."""
    assert actor.user_id is not None
    carried = [
        (name, value)
        for name, value in (form.multi_items() if form is not None else ())
        if name not in _NOT_CARRIED and isinstance(value, str)
    ]
    view: dict[str, Any] = {
        "title": request_translator(request).gettext("Confirm that it is you"),
        "action": action,
        "carried": carried,
        **proof_view(request, actor),
        "field": SHOWN,
        "minutes": int(step_up.STEP_UP_FOR.total_seconds()) // 60,
        "note": note,
        "problems": problems,
    }
    # The address shown stays that of the page the person came from: this one cannot be opened by itself.
    return render(request, "account/confirm.html", view, status=status, headers={"HX-Push-Url": "false"})
