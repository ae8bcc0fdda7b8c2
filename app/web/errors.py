"""Errors at the edge: one object, shown as a page or as a problem document."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg.errors import ExclusionViolation, UniqueViolation
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from app.core.db import DbRole
from app.core.errors import Conflict, DomainError, FieldProblem, Forbidden, Invalid, NotFound
from app.core.errors.handlers import problem_response
from app.core.evidence import Subject, record_denied
from app.core.kit.actor import ANONYMOUS, Actor, ActorKind
from app.core.kit.time import utcnow
from app.core.telemetry import get_logger
from app.web.bearer import challenge
from app.web.forms import TokenMismatch, local_path
from app.web.kept_forms import keep_posted
from app.web.render import is_htmx, render, render_error, request_translator
from app.web.unit import GATE_WAIT_SECONDS, Busy

log = get_logger("web")


class SignInNeeded(DomainError):
    """Nobody is signed in and the page needs somebody."""

    code = "sign-in-needed"
    status = 401
    title = "Please sign in."
    detail = "This needs an account, and nobody is signed in or the session has ended."
    hint = "Sign in and go on; nothing that was saved is lost."


class MethodNotAllowed(DomainError):
    """The address exists but not for this method."""

    code = "method-not-allowed"
    status = 405
    title = "This is not possible here."
    detail = "The address does not answer this kind of request."
    hint = "Go back to the page that you came from."


class Broken(DomainError):
    """An unanticipated failure: ours to mend."""

    code = "broken"
    status = 500
    title = "Something failed on our side."
    detail = "The step was not carried out; what had been saved before is still there."
    hint = "Try again. If it fails again, give the desk the code below."


class DatabaseAway(DomainError):
    """The database does not answer."""

    code = "database-away"
    status = 503
    title = "The service is interrupted."
    detail = "The database does not answer at the moment, so nothing was changed."
    hint = "Try again in a few seconds."


class AlreadyThere(Conflict):
    """Another request wrote the same thing first; a second look shows it."""

    code = "already-there"
    title = "Somebody was faster."
    detail = "The same thing was saved by another request at this moment, so this one changed nothing."


def install(app: FastAPI) -> None:
    """Register the handlers. They are ``async``: a sync one would wait for a thread behind the blocked ones."""
    app.add_exception_handler(DomainError, _handler(lambda error: error))
    app.add_exception_handler(RequestValidationError, _handler(_from_validation))
    app.add_exception_handler(HTTPException, _handler(_from_http))
    app.add_exception_handler(PoolTimeout, _handler(lambda _: Busy(seconds=GATE_WAIT_SECONDS)))
    app.add_exception_handler(OperationalError, _handler(_from_database))
    app.add_exception_handler(InterfaceError, _handler(_from_database))
    app.add_exception_handler(IntegrityError, _handler(_from_integrity))
    # The edge asks for this one: Starlette itself would call it beyond the edge, where no protective header is added.
    app.add_exception_handler(Exception, _handler(_from_crash))


# Below these no browser asks: the API, and the bank that tells of bookings.
_MACHINES = ("/api/", "/bank/")


def _handler(convert: Callable[[Any], DomainError]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return await answer(request, convert(error))

    return handle


async def answer(request: Request, error: DomainError) -> Response:
    """Answer a request with an error: a problem document where machines ask, a page elsewhere."""
    correlation = getattr(request.state, "correlation", "")
    if isinstance(error, Forbidden):
        await _note_denied(request, error)
    if request.url.path.startswith(_MACHINES):
        chosen = request_translator(request)
        told = problem_response(error, instance=correlation, translate=chosen.gettext)
        told.headers.update(challenge(request, error))
        return told
    lost_session = isinstance(error, SignInNeeded | TokenMismatch) and request.method == "POST"
    if lost_session and (way := await keep_posted(request)):
        return way
    if isinstance(error, SignInNeeded) and request.method == "GET":
        if is_htmx(request):
            return _signed_out(request, error)
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(here, safe='')}", 303)
    page = render_error(request, _spoken(request, error), reference=correlation)
    if error.status == Busy.status:
        page.headers["Retry-After"] = str(GATE_WAIT_SECONDS)
    return page


def _signed_out(request: Request, error: DomainError) -> Response:
    """
    Tell a page that asked for a part of itself that its session has ended; the part stays as it was.

    The page's script goes to sign-in by itself when the page holds no form.
    """
    page = urlsplit(request.headers.get("hx-current-url", ""))
    here = local_path(page.path + (f"?{page.query}" if page.query else ""))
    login = f"/login?ended=1&next={quote(here, safe='')}"
    headers = {
        "HX-Retarget": "[data-flashes]",
        "HX-Reswap": "innerHTML",
        "HX-Push-Url": "false",
        "HX-Trigger": json.dumps({"signed-out": {"login": login}}),
    }
    return render(
        request, "partials/_signed_out.html", {"login": login}, status=error.status, headers=headers
    )


async def _note_denied(request: Request, error: Forbidden) -> None:
    """Write the refused attempt in a transaction of its own, through a login that the request does not hold."""
    actor: Actor = getattr(request.state, "actor", ANONYMOUS)
    if actor.kind is ActorKind.ANONYMOUS:
        return
    # A NUL cannot be recorded; an attempt with one in its address is recorded without it, not left out.
    path = request.url.path.replace("\0", "")[:200]
    await run_in_threadpool(
        record_denied,
        request.app.state.database,
        "web:request:denied",
        subject=Subject("route"),
        actor=actor,
        at=utcnow(),
        reason=error.code,
        role=DbRole.AUTH,
        facts={"method": request.method, "path": path, **_texts(error)},
    )


def _spoken(request: Request, error: DomainError) -> DomainError:
    """Return an error for people: a permission by its title in the reader's language, instead of its code."""
    titles = {each.code: each.title for each in request.app.state.permissions}
    title = titles.get(str(error.params.get("permission", "")))
    if title is None:
        return error
    error.params = {**error.params, "permission": request_translator(request).gettext(title)}
    return error


def _texts(error: DomainError) -> dict[str, str]:
    return {name: str(value) for name, value in error.params.items()}


def _from_validation(error: RequestValidationError) -> DomainError:
    problems = [
        FieldProblem(".".join(map(str, each["loc"][1:])), each["type"], each["msg"])
        for each in error.errors()
    ]
    return Invalid(errors=problems)


def _from_http(error: HTTPException) -> DomainError:
    if error.status_code == NotFound.status:
        return NotFound()
    if error.status_code == MethodNotAllowed.status:
        return MethodNotAllowed()
    return Invalid(str(error.detail))


def _from_integrity(error: IntegrityError) -> DomainError:
    # Use cases check before they write; what the database finds then is a race. Any other violation is our fault.
    if isinstance(error.orig, UniqueViolation | ExclusionViolation):
        log.warning("already-there", constraint=error.orig.diag.constraint_name)
        return AlreadyThere()
    return _from_crash(error)


def _from_database(error: DBAPIError) -> DomainError:
    log.error("database-away", error=str(error.orig))
    return DatabaseAway()


def _from_crash(error: Exception) -> DomainError:
    log.exception("unhandled", exc_info=error)
    return Broken()
