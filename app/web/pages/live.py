"""
The live stream as browsers see it, and what pages ask when they are poked.

``/events`` is no unit of work: it holds no place of the gate and no database session, only a mailbox, and that only
while it is being answered. A stream that is never read, or whose reader is gone, gives its place back.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from uuid import UUID

from fastapi import FastAPI, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.core.db import Database
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.time import utcnow
from app.core.live import Hub, Listener, Mailbox, actors_in_force, all_of, own
from app.core.workflow.models import Case
from app.core.workflow.permissions import READ
from app.web.background import in_background
from app.web.dossier_view import is_others_draft, require_reader
from app.web.need import SignedInActor
from app.web.render import render
from app.web.unit import DbSession, context_of, router

HEARTBEAT_S = 15.0
SLOWEST_READER_S = 30.0
RETRY_MS = 1000
_MOST_TOPICS = 20

watches = router()


def keys_of(actor: Actor, topics: Mapping[str, str]) -> frozenset[str]:
    """
    Return what an actor may hear: the own topic, the own parties, and for readers of dossiers all of them.

    :param topics: topics of the modules with the permission to hear each.
    """
    if actor.user_id is None:
        return frozenset()
    keys = {own(actor.user_id), *(topic for topic, permission in topics.items() if actor.may(permission))}
    if actor.is_officer:
        if actor.may(READ):
            keys |= {"inbox", all_of("case"), all_of("party")}
    else:
        for party_id in actor.party_ids:
            keys |= {f"party:{party_id}", all_of("case", party_id)}
    return frozenset(keys)


class EventStream(Response):
    """An answer that stays open. The mailbox is opened when the answer begins, not when it is made."""

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: Hub,
        actor: Actor,
        keys: frozenset[str],
        *,
        wanted: frozenset[str] | None,
        last_seq: int | None,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._actor = actor
        self._keys = keys
        self._wanted = wanted
        self._last_seq = last_seq

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the reader goes or the session ends."""
        assert self._actor.session_id is not None, "the route opens a stream for sessions only"
        first = self._hub.last_seq if self._last_seq is None else self._last_seq
        box = self._hub.join(self._actor.session_id, self._keys, wanted=self._wanted, last_seq=self._last_seq)
        tasks: list[asyncio.Task[None]] = []
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            tasks = [
                asyncio.create_task(_gone(receive)),
                asyncio.create_task(_pump(self._hub, box, first, send)),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(box)
            for task in tasks:
                task.cancel()
            # A reader who went away, or was too slow, is no fault of the process.
            await asyncio.gather(*tasks, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pump(hub: Hub, box: Mailbox, first: int, send: Send) -> None:
    # The number alone is no event: the browser keeps it and sends it when it comes back.
    await _send(send, f"retry: {RETRY_MS}\nid: {first}\n\n".encode())
    while not box.closed:
        data = f":\nid: {hub.last_seq}\n\n".encode()  # nothing waits, so nothing before this number is missed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S):
                data = await box.take()
        if data:
            await _send(send, data)
    await _send(send, b"", more=False)


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(SLOWEST_READER_S):
        await send({"type": "http.response.body", "body": body, "more_body": more})


class Events:
    """
    Streams the names of what changes; an application of its own, since it is no unit of work.

    ``only`` fixes the topics of the stream; without it ``topic`` in the query may narrow them. Without a session the
    answer is 204, by which a browser knows not to ask again; a topic that the caller may not see is not found, whether
    it exists or not. ``after`` is the number of the last poke before the page was made, for a browser that has seen
    none yet; ``Last-Event-ID`` is stronger.
    """

    in_background = True

    def __init__(self, *only: str) -> None:
        self._only = only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.method != "GET":
            raise HTTPException(405)
        app = request.app
        actor: Actor = await run_in_threadpool(app.state.identify, request)
        if actor.session_id is None:
            await Response(status_code=204)(scope, receive, send)
            return
        keys = keys_of(actor, app.state.topics)
        wanted = self._only or request.query_params.getlist("topic")[:_MOST_TOPICS]
        for each in wanted:
            if not await run_in_threadpool(_may_hear, app.state.database, actor, keys, each):
                raise NotFound
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        answer = EventStream(
            app.state.hub,
            actor,
            keys,
            wanted=frozenset(wanted) or None,
            last_seq=int(last) if last.isdecimal() and len(last) < 19 else None,  # noqa: PLR2004  64 bits
        )
        await answer(scope, receive, send)


stream = Route("/events", Events(), name="events")


def _may_hear(database: Database, actor: Actor, keys: frozenset[str], topic: str) -> bool:
    """Tell whether an actor may ask for one topic by name; dossiers are looked up under the actor's own role."""
    if topic == "user" or topic in keys:
        return True
    kind, _, rest = topic.partition(":")
    subject = key_of(rest)
    if subject is None:
        return False
    if kind == "party":
        return all_of("party") in keys
    if kind != "case" or (actor.is_officer and all_of("case") not in keys):
        return False
    with database.session(context_of(actor)) as session:
        case = session.scalar(select(Case).where(Case.id == subject))
        return case is not None and not is_others_draft(case, actor)


def listener_of(app: FastAPI, database: Database) -> Listener:
    """Make the listener that feeds ``app.state.hub``; the caller starts and stops it with the application."""
    hub: Hub = app.state.hub

    async def review() -> None:
        asked = hub.session_ids
        found = await run_in_threadpool(
            actors_in_force, database, asked, book=app.state.permissions, now=utcnow()
        )
        topics: Mapping[str, str] = app.state.topics
        hub.review({each: keys_of(found[each].actor, topics) if each in found else None for each in asked})

    return Listener(database.target, hub, review)


@watches.get("/dossiers/{case_id}/changed", name="dossier-changed", include_in_schema=False)
@in_background
def dossier_changed(
    request: Request, session: DbSession, actor: SignedInActor, case_id: UUID, revision: int = 0
) -> Response:
    """Say that a dossier has moved on since a page was made; nothing when it has not."""
    require_reader(actor)
    case = session.scalar(select(Case).where(Case.id == case_id))
    if case is None or is_others_draft(case, actor):
        raise NotFound
    if case.revision == revision:
        return Response(status_code=204)
    return render(request, "notices/_case_changed.html", {"case_id": str(case_id)})
