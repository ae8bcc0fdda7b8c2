"""Programs of an enterprise: register them for the API, replace their secrets, revoke them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.clients import service
from app.core.auth.clients.scopes import DOSSIERS_READ, SCOPES
from app.core.auth.clients.service import LIVES, OVERLAPS, ClientView, RotationUnderWay
from app.core.auth.models import Party
from app.core.auth.permissions import CLIENT_MANAGE
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.web.forms import PostedForm, needed_key, text
from app.web.identity import confirm_first, problems_of
from app.web.need import Holder
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

api_clients = router()

Manager = Annotated[Actor, Depends(Holder(CLIENT_MANAGE))]
# An access that ends within this time is marked, so that nobody is surprised.
_SOON = timedelta(days=30)


@api_clients.get("/api-clients", name="api-clients", include_in_schema=False)
def list_page(request: Request, session: DbSession, actor: Manager) -> Response:
    """List the enterprise's programs."""
    now = utcnow()
    view = {
        "title": request_translator(request).gettext("Programs"),
        "rows": [_row(request, each, now) for each in service.clients_of(session, actor)],
    }
    return render(request, "api_clients/list.html", view)


@api_clients.get("/api-clients/new", name="new-api-client", include_in_schema=False)
def new_page(request: Request, session: DbSession, actor: Manager) -> Response:
    """Ask which program it is and what it may do."""
    return _new(request, session, actor)


@api_clients.post("/api-clients", include_in_schema=False)
def register(request: Request, session: DbSession, actor: Manager, form: PostedForm) -> Response:
    """Register a program and show its secret this once."""
    if page := confirm_first(request, form):
        return page
    name, scopes = text(form, "name"), [each for each in form.getlist("scopes") if isinstance(each, str)]
    given: dict[str, Any] = {
        "name": name,
        "scopes": scopes,
        "party": text(form, "party"),
        "lives": text(form, "lives"),
    }
    client_id, now = needed_key(text(form, "client_id")), utcnow()
    try:
        secret = service.register_client(
            session, client_id=client_id, party_id=_party(actor, given["party"]), name=name, scopes=scopes,
            lives=_days(given["lives"]), actor=actor, now=now,
        )  # fmt: skip
    except NotFound:
        raise
    except DomainError as refusal:
        session.rollback()
        return _new(
            request,
            session,
            actor,
            given=given,
            problems=refusal.errors or problems_of(refusal, "name"),
            status=refusal.status,
        )
    if secret is None:
        return RedirectResponse(f"/api-clients/{client_id}", 303)
    return _secret_page(request, client_id, name.strip(), secret)


@api_clients.get("/api-clients/{client_id}", name="api-client", include_in_schema=False)
def client_page(
    request: Request, session: DbSession, actor: Manager, client_id: UUID, done: str = ""
) -> Response:
    """Show one program, its secrets, and what can be done with it."""
    return _client(request, session, actor, client_id, done=done)


@api_clients.post("/api-clients/{client_id}/secrets", include_in_schema=False)
def rotate(
    request: Request, session: DbSession, actor: Manager, form: PostedForm, client_id: UUID
) -> Response:
    """Make a new secret and show it this once; the present one ends after the overlap."""
    service.find_client(session, client_id, actor=actor)
    if page := confirm_first(request, form):
        return page
    try:
        secret = service.rotate_secret(
            session, client_id, overlap=_days(text(form, "overlap")), actor=actor, now=utcnow()
        )
    except RotationUnderWay:
        # The same form twice: the secret was shown by the first answer and is nowhere to be had again.
        session.rollback()
        return RedirectResponse(f"/api-clients/{client_id}?done=under-way", 303)
    name = service.find_client(session, client_id, actor=actor).name
    return _secret_page(request, client_id, name, secret)


@api_clients.post("/api-clients/{client_id}/secrets/end", include_in_schema=False)
def end_secret(
    request: Request, session: DbSession, actor: Manager, form: PostedForm, client_id: UUID
) -> Response:
    """End a secret now."""
    service.find_client(session, client_id, actor=actor)
    if page := confirm_first(request, form):
        return page
    service.end_secret(session, client_id, needed_key(text(form, "secret")), actor=actor, now=utcnow())
    return RedirectResponse(f"/api-clients/{client_id}?done=secret-ended", 303)


@api_clients.post("/api-clients/{client_id}/revoke", include_in_schema=False)
def revoke(
    request: Request, session: DbSession, actor: Manager, form: PostedForm, client_id: UUID
) -> Response:
    """End the program's access."""
    service.find_client(session, client_id, actor=actor)
    if page := confirm_first(request, form):
        return page
    service.revoke_client(session, client_id, actor=actor, now=utcnow())
    return RedirectResponse(f"/api-clients/{client_id}?done=revoked", 303)


def _client(request: Request, session: Session, actor: Actor, client_id: UUID, *, done: str) -> Response:
    found, now = service.find_client(session, client_id, actor=actor), utcnow()
    gettext = request_translator(request).gettext
    current = [each for each in found.secrets if each.in_force(now)]
    view = {
        "title": found.name,
        "client": _row(request, found, now),
        "secrets": [
            {
                "id": str(each.id),
                "created_at": each.created_at,
                "ends_at": each.ends_at,
                "last_used_at": each.last_used_at,
                "in_force": each in current,
            }
            for each in found.secrets
        ],
        "may_rotate": found.in_force(now) and len(current) < 2,  # noqa: PLR2004  a change over takes two
        "overlaps": [(str(each.days), _overlap(request, each)) for each in OVERLAPS],
        "done": done,
        "crumbs": [Crumb(gettext("Programs"), "/api-clients")],
    }
    return render(request, "api_clients/client.html", view)


def _new(
    request: Request,
    session: Session,
    actor: Actor,
    *,
    given: dict[str, Any] | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    parties = service.managed_parties(actor)
    names = session.execute(select(Party.id, Party.name).where(Party.id.in_(parties)).order_by(Party.name))
    view = {
        "title": translator.gettext("Register a program"),
        "client_id": str(uuid7()),
        "given": given or {"name": "", "scopes": [DOSSIERS_READ], "party": "", "lives": str(LIVES[-1].days)},
        "parties": [(str(key), name) for key, name in names],
        "scope_options": [
            (each.code, translator.gettext(each.title), translator.gettext(each.description))
            for each in SCOPES.values()
        ],
        "lives": [
            (str(each.days), translator.ngettext("%(n)s day", "%(n)s days", each.days)) for each in LIVES
        ],
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Programs"), "/api-clients")],
    }
    return render(request, "api_clients/new.html", view, status=status)


def _secret_page(request: Request, client_id: UUID, name: str, secret: str) -> Response:
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Keep this secret"),
        "name": name,
        "client_id": str(client_id),
        "secret": secret,
        "token_url": f"{request.app.state.settings.origin}/oauth/token",
        "crumbs": [Crumb(gettext("Programs"), "/api-clients"), Crumb(name, f"/api-clients/{client_id}")],
    }
    return render(request, "api_clients/secret.html", view)


def _row(request: Request, client: ClientView, now: datetime) -> dict[str, Any]:
    gettext = request_translator(request).gettext
    state = "active" if client.in_force(now) else "revoked" if client.revoked_at else "expired"
    return {
        "id": str(client.id),
        "name": client.name,
        "scopes": [gettext(SCOPES[code].title) if code in SCOPES else code for code in client.scopes],
        "state": state,
        "soon": state == "active" and client.expires_at - now < _SOON,
        "created_at": client.created_at,
        "expires_at": client.expires_at,
        "revoked_at": client.revoked_at,
        "last_used_at": client.last_used_at,
    }


def _overlap(request: Request, each: timedelta) -> str:
    translator = request_translator(request)
    if not each:
        return translator.gettext("It ends at once (the secret became known)")
    return translator.ngettext("It ends after %(n)s day", "It ends after %(n)s days", each.days)


def _party(actor: Actor, chosen: str) -> UUID:
    """
    Return for which of the actor's parties a program is registered; the only one need not be chosen.

    :raises NotFound: another's.
    """
    parties = service.managed_parties(actor)
    if not chosen and len(parties) == 1:
        return parties[0]
    found = next((each for each in parties if str(each) == chosen), None)
    if found is None:
        raise NotFound
    return found


def _days(value: str) -> timedelta:
    """Return a number of days; what is none is nobody's choice and refused as such."""
    days = {str(each.days): each for each in (*LIVES, *OVERLAPS)}
    return days.get(value, timedelta(-1))
