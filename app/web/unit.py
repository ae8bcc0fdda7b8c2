"""One request, one transaction, committed before the response leaves.

FastAPI runs what stands after a dependency's ``yield`` when the response is already sent, unless the dependency is
function-scoped; and a *returned* error page must not commit. ``UnitRoute`` notes the final status, the function-scoped
session dependency commits below 400 and rolls back from 400 on. A route without the class fails loudly.

An endpoint that gives a ready response has said its final status, so its transaction ends in the thread in which the
endpoint ran; every way to another thread and back costs as much as a small query. Only an answer that is still to be
written as JSON waits for that.

Requests pass a gate no wider than pool and thread limiter: a pool as large as the thread limiter alone still
deadlocks when a connection is held across two thread hops.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import ContextVar
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Annotated, Any, ClassVar

import anyio
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.core.db import Database, DbRole, SessionContext
from app.core.errors import DomainError
from app.core.kit.actor import ANONYMOUS, Actor, ActorKind
from app.core.telemetry.metrics import REFUSED
from app.core.telemetry.route import note_route
from app.web.bodies import received

GATE_WAIT_SECONDS = 3


_REQUEST: ContextVar[Request] = ContextVar("request")


class Busy(DomainError):
    """All places are taken; the request waited and gave up, nothing was done."""

    code = "busy"
    status = 503
    title = "The service is busy."
    detail = "All places were taken and your request waited for %(seconds)s seconds."
    hint = "Nothing was lost or changed. Try again in a few seconds."


class OutcomeUnknown(DomainError):
    """The connection broke while the transaction was being committed: it may have been, or not."""

    code = "outcome-unknown"
    status = 503
    title = "The connection to the database broke."
    detail = "It broke at the moment of saving, so it is not known whether the step was carried out."
    hint = "Open the page again: it shows what is saved. If the step is missing, repeat it; it never counts twice."


class UnitRoute(APIRoute):
    """
    A route whose database session commits only when the answer is a success.

    :cvar receives: whether the body is received here; not where files come, which has its own way.
    :cvar settles: whether a ready response ends the transaction at once; not where something is still to be written.
    """

    receives: ClassVar[bool] = True
    settles: ClassVar[bool] = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if self.settles and not iscoroutinefunction(endpoint):
            endpoint = _settling(endpoint)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler with the gate, the caller's identity and the note of the final status."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            note_route(f"{request.method} {self.path}")
            if self.receives:
                request = await received(request)
            gate: anyio.CapacityLimiter = request.app.state.gate
            await _enter(gate, request)
            _REQUEST.set(request)
            try:
                request.state.actor = await run_in_threadpool(_identify, request)
                response: Response = await inner(request)
                request.state.unit_ok = response.status_code < 400  # noqa: PLR2004  HTTP's own border
                return response
            finally:
                gate.release_on_behalf_of(request)

        return handler


async def _enter(gate: anyio.CapacityLimiter, request: Request) -> None:
    """
    Take a place at the gate.

    :raises Busy: none became free in time.
    """
    try:
        gate.acquire_on_behalf_of_nowait(request)
    except anyio.WouldBlock:
        try:
            with anyio.fail_after(GATE_WAIT_SECONDS):
                await gate.acquire_on_behalf_of(request)
        except TimeoutError:
            REFUSED.inc()
            raise Busy(seconds=GATE_WAIT_SECONDS) from None


def _identify(request: Request) -> Actor:
    identify: Callable[[Request], Actor] = request.app.state.identify
    return identify(request)


def _settling(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap an endpoint: the response that it gives ends the transaction of its request."""

    @wraps(endpoint)
    def settle(*args: Any, **kwargs: Any) -> Any:
        answer = endpoint(*args, **kwargs)
        if isinstance(answer, Response):
            session: Session | None = getattr(_REQUEST.get().state, "session", None)
            if session is not None:
                _end(session, well=answer.status_code < 400)  # noqa: PLR2004  HTTP's own border
        return answer

    return settle


def context_of(actor: Actor) -> SessionContext:
    """Return the database context under which an actor's request runs."""
    role = DbRole.OFFICER if actor.kind is ActorKind.OFFICER else DbRole.TENANT
    parties = () if role is DbRole.OFFICER else actor.party_ids
    return SessionContext(role, parties, actor.user_id)


async def get_session(request: Request) -> AsyncIterator[Session]:
    """Open the request's session; commit or roll back by the status that the route noted."""
    database: Database = request.app.state.database
    actor: Actor = getattr(request.state, "actor", ANONYMOUS)
    with database.session(context_of(actor)) as session:
        request.state.session = session
        try:
            yield session
            ok = getattr(request.state, "unit_ok", None)
            if ok is None:
                raise RuntimeError(f"{request.url.path}: the route lacks UnitRoute, its writes would be lost")
            await end_in_thread(session, well=ok)
        except BaseException:
            await end_in_thread(session, well=False)
            raise


async def end_in_thread(session: Session, *, well: bool) -> None:
    """Commit or roll back, if there is anything to end; needs no free thread, whose holder may want its connection."""
    if session.in_transaction():
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(
                partial(_end, session, well=well), limiter=anyio.CapacityLimiter(1)
            )


def _end(session: Session, *, well: bool) -> None:
    if well:
        _commit(session)
    else:
        session.rollback()


def _commit(session: Session) -> None:
    try:
        session.commit()
    except DBAPIError as fault:
        if fault.connection_invalidated:
            raise OutcomeUnknown from fault
        raise


async def get_actor(request: Request) -> Actor:
    """Return who asks; anonymous when nobody is signed in."""
    actor: Actor = request.state.actor
    return actor


DbSession = Annotated[Session, Depends(get_session, scope="function")]
CurrentActor = Annotated[Actor, Depends(get_actor)]


def router(**options: Any) -> APIRouter:
    """Make a router whose routes are all units of work."""
    return APIRouter(route_class=UnitRoute, **options)
