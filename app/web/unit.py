"""One request, one transaction, committed before the response leaves.

FastAPI runs what stands after a dependency's ``yield`` when the response is already sent, unless the dependency is
function-scoped; and a *returned* error page must not commit. ``UnitRoute`` notes the final status, the function-scoped
session dependency commits below 400 and rolls back from 400 on. A route without the class fails loudly.

Requests pass a gate no wider than pool and thread limiter: a pool as large as the thread limiter alone still
deadlocks when a connection is held across two thread hops.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import Annotated, Any

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

GATE_WAIT_SECONDS = 3


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
    """A route whose database session commits only when the answer is a success."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler with the gate, the caller's identity and the note of the final status."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            note_route(f"{request.method} {self.path}")
            gate: anyio.CapacityLimiter = request.app.state.gate
            try:
                with anyio.fail_after(GATE_WAIT_SECONDS):
                    await gate.acquire_on_behalf_of(request)
            except TimeoutError:
                REFUSED.inc()
                raise Busy(seconds=GATE_WAIT_SECONDS) from None
            try:
                request.state.actor = await run_in_threadpool(_identify, request)
                response: Response = await inner(request)
                request.state.unit_ok = response.status_code < 400  # noqa: PLR2004  HTTP's own border
                return response
            finally:
                gate.release_on_behalf_of(request)

        return handler


def _identify(request: Request) -> Actor:
    identify: Callable[[Request], Actor] = request.app.state.identify
    return identify(request)


def context_of(actor: Actor) -> SessionContext:
    """Return the database context under which an actor's request runs."""
    role = DbRole.OFFICER if actor.kind is ActorKind.OFFICER else DbRole.TENANT
    parties = () if role is DbRole.OFFICER else actor.party_ids
    return SessionContext(role, parties, actor.user_id)


def get_session(request: Request) -> Iterator[Session]:
    """Open the request's session; commit or roll back by the status that the route noted."""
    database: Database = request.app.state.database
    actor: Actor = getattr(request.state, "actor", ANONYMOUS)
    with database.session(context_of(actor)) as session:
        request.state.session = session
        yield session
        ok = getattr(request.state, "unit_ok", None)
        if ok is None:
            raise RuntimeError(f"{request.url.path}: the route lacks UnitRoute, its writes would be lost")
        if ok:
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


def get_actor(request: Request) -> Actor:
    """Return who asks; anonymous when nobody is signed in."""
    actor: Actor = request.state.actor
    return actor


DbSession = Annotated[Session, Depends(get_session, scope="function")]
CurrentActor = Annotated[Actor, Depends(get_actor)]


def router(**options: Any) -> APIRouter:
    """Make a router whose routes are all units of work."""
    return APIRouter(route_class=UnitRoute, **options)
