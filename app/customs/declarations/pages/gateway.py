"""The gateway of customs for those who run it: whether it answers, what waits, what could not be read."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import DomainError
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.customs.declarations.models import Dispatch, Unread
from app.customs.declarations.pages.exchange import MESSAGES
from app.customs.declarations.permissions import READ, RUN_GATEWAY, SEE_GATEWAY
from app.customs.declarations.queries import gateway as queries
from app.customs.declarations.service import running
from app.customs.declarations.service import unread as service
from app.web.forms import PostedForm, text
from app.web.need import Holder
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

gateway_pages = router()
GATEWAY = "/customs/gateway"
_UNREAD = GATEWAY + "/unread/{unread_id}"
Seer = Annotated[Actor, Depends(Holder(SEE_GATEWAY))]
Runner = Annotated[Actor, Depends(Holder(RUN_GATEWAY))]
SHOWN_BYTES = 20_000

REASONS: Mapping[str, str] = {
    "not-xml": N_("It is no XML."),
    "form": N_("It does not fit the form."),
    "other-form": N_("It is another document."),
    "content": N_("A number, a day or a time in it is none."),
    "too-deep": N_("It is nested too deeply."),
    "too-large": N_("It is too large."),
    "has-doctype": N_("It carries a document type, which is never read."),
    service.STRAY: N_("No declaration sent from here bears its reference."),
    service.CONTRADICTS: N_("It says another thing than the notice that is known."),
    service.NO_SEQUENCE: N_("Its place in the order of notices is missing."),
}
STATES: Mapping[str, tuple[str, str]] = {
    "OPEN": ("bad", N_("Not taken")),
    "TAKEN": ("good", N_("Taken since")),
    "ASIDE": ("neutral", N_("Set aside")),
}


@gateway_pages.get(GATEWAY, name="customs-gateway", include_in_schema=False)
def gateway_page(
    request: Request, session: DbSession, actor: Seer, done: str = "", settled: bool = False
) -> Response:
    """Show how the gateway does, and what waits because of it."""
    found = queries.health(session)
    view = {
        "title": request_translator(request).gettext("Gateway of customs"),
        "health": found,
        "feed": found.feed,
        "messages": [_message(each, code, actor) for each, code in queries.waiting_messages(session)],
        "incomplete": [
            {
                "code": code,
                "href": _declaration(key, actor),
                "first": first,
                "since": since,
                "asked_at": asked,
            }
            for key, code, first, since, asked in queries.incomplete_declarations(session)
        ],
        "rows": [_row(each) for each in queries.unread_notices(session, settled=settled)],
        "settled": settled,
        "may_run": actor.may(RUN_GATEWAY),
        "done": done,
        "at": utcnow(),
        "shown": queries.SHOWN,
    }
    return render(request, "declarations/gateway.html", view)


@gateway_pages.post(GATEWAY, include_in_schema=False)
def act(session: DbSession, actor: Runner, posted: PostedForm) -> Response:
    """Let everything that waits be sent, or the gateway be asked, at once; the worker does it."""
    sends = text(posted, "do") == "send"
    (running.send_now if sends else running.ask_now)(session, actor=actor, now=utcnow())
    return RedirectResponse(f"{GATEWAY}?done={'send' if sends else 'ask'}", 303)


@gateway_pages.get(_UNREAD, name="customs-unread", include_in_schema=False)
def unread_page(
    request: Request, session: DbSession, actor: Seer, unread_id: UUID, done: str = ""
) -> Response:
    """Show one piece that could not be taken; what it says only to those who read declarations."""
    return _unread(request, session, actor, unread_id, done=done)


@gateway_pages.post(_UNREAD, include_in_schema=False)
def settle(
    request: Request, session: DbSession, actor: Runner, unread_id: UUID, posted: PostedForm
) -> Response:
    """Try a piece again, or set it aside with a reason."""
    address = f"{GATEWAY}/unread/{unread_id}"
    if text(posted, "do") != "aside":
        running.try_again(session, unread_id=unread_id, actor=actor, now=utcnow())
        return RedirectResponse(f"{address}?done=tried", 303)
    said = text(posted, "reason")
    try:
        service.set_aside(session, unread_id=unread_id, reason=said, actor=actor, now=utcnow())
    except DomainError as refusal:
        if refusal.status != 422:  # noqa: PLR2004 - what is no fault of a field is no answer to the form
            raise
        return _unread(request, session, actor, unread_id, typed=said, problem=refusal)
    return RedirectResponse(f"{address}?done=aside", 303)


def _unread(
    request: Request, session: Session, actor: Actor, unread_id: UUID, *, done: str = "", typed: str = "",
    problem: DomainError | None = None,
) -> Response:  # fmt: skip
    gettext = request_translator(request).gettext
    row = queries.unread_notice(session, unread_id)
    view = {
        "title": gettext("A notice that could not be taken"),
        "row": _row(row),
        "href": _declaration(row.declaration_id, actor) if row.declaration_id else "",
        "body": row.raw[:SHOWN_BYTES].decode("utf-8", "replace") if actor.may(READ) else None,
        "cut": len(row.raw) > SHOWN_BYTES,
        "may_run": actor.may(RUN_GATEWAY),
        "typed": typed,
        "problems": problem.errors if problem is not None else (),
        "done": done,
        "most": service.MAX_REASON,
        "crumbs": [Crumb(gettext("Gateway of customs"), GATEWAY)],
    }
    return render(request, "declarations/unread.html", view, status=422 if problem is not None else 200)


def _message(dispatch: Dispatch, code: str, actor: Actor) -> dict[str, Any]:
    return {
        "title": MESSAGES[dispatch.kind], "code": code, "href": _declaration(dispatch.declaration_id, actor),
        "queued_at": dispatch.queued_at, "attempts": dispatch.attempts, "error": dispatch.error,
        "next_at": dispatch.next_at,
    }  # fmt: skip


def _declaration(key: UUID, actor: Actor) -> str:
    """Return the address of a declaration for those who may open it."""
    return f"/declarations/{key}" if actor.may(READ) else ""


def _row(row: Unread) -> dict[str, Any]:
    tone, word = STATES[row.state]
    return {
        "id": str(row.id), "code": row.code, "reason": REASONS.get(row.code, row.code), "message": row.message,
        "gateway_id": row.gateway_id, "reference": row.reference, "sequence": row.sequence,
        "received_at": row.received_at, "tries": row.tries, "tried_at": row.tried_at, "open": row.state == "OPEN",
        "tone": tone, "word": word, "settled_at": row.settled_at, "why": row.reason,
    }  # fmt: skip
