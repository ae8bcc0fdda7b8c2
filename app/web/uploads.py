"""Receiving files: a body is read to its end before the request takes a place at the gate.

A slow line would otherwise hold a place, a thread and a connection for minutes. What is read is bounded; the rest of
a body that is too large is drained, so that the browser shows the refusal and not a broken connection.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from app.core.documents.refusals import FileTooLarge
from app.core.kit.actor import ActorKind
from app.web.bodies import BodyTooSlow, Bounded
from app.web.errors import SignInNeeded
from app.web.unit import UnitRoute

MAX_FILES = 20
MAX_BODY_BYTES = 200_000_000
_DRAIN_BYTES = 1_000_000_000
_MAX_FIELDS = 100
# Bodies that are received at the same time; each may fill a temporary file.
_RECEIVING = 32
_RECEIVING_PUBLIC = 8
_SILENT_S = 30.0
_LONGEST_S = 900.0


class UploadRoute(UnitRoute):
    """A unit of work whose posted form is there, parsed, when the unit begins."""

    receives = False
    public = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler with the reception of the body."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method != "POST":
                return await inner(request)
            if not self.public:
                await _refuse_strangers(request)
            body = _Body(request)
            received = Request(request.scope, body.receive)
            async with _places(request, public=self.public):
                await _parse(received, body)
            try:
                return await inner(received)
            finally:
                await received.close()

        return handler


class PublicUploadRoute(UploadRoute):
    """The same for everybody, signed in or not."""

    public = True


class _Body:
    """
    A body that counts; past the limit it gives nothing more but is still read.

    What is no form with files is kept in memory and is bounded as any other form. A line that says nothing for a while,
    or that is not done after a long one, gives its place back.
    """

    def __init__(self, request: Request) -> None:
        files = request.headers.get("content-type", "").startswith("multipart/")
        self._receive: Receive = request.receive if files else Bounded(request.receive).receive
        self._size = 0
        self._end = anyio.current_time() + _LONGEST_S

    @property
    def is_too_large(self) -> bool:
        return self._size > MAX_BODY_BYTES

    async def receive(self) -> Message:
        wait = min(_SILENT_S, self._end - anyio.current_time())
        try:
            with anyio.fail_after(max(wait, 0)):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] != "http.request":
            return message
        self._size += len(message.get("body", b""))
        if self._size > _DRAIN_BYTES:
            raise FileTooLarge(limit_mb=MAX_BODY_BYTES // 1_000_000)
        return {**message, "body": b""} if self.is_too_large else message


async def _parse(request: Request, body: _Body) -> None:
    try:
        await request.form(max_files=MAX_FILES, max_fields=_MAX_FIELDS)
    except HTTPException:
        if body.is_too_large:
            raise FileTooLarge(limit_mb=MAX_BODY_BYTES // 1_000_000) from None
        raise
    if body.is_too_large:
        raise FileTooLarge(limit_mb=MAX_BODY_BYTES // 1_000_000)


async def _refuse_strangers(request: Request) -> None:
    """Look who asks before anything is read; nobody fills the disk without an account."""
    actor = await run_in_threadpool(request.app.state.identify, request)
    if actor.kind is ActorKind.ANONYMOUS:
        raise SignInNeeded


def _places(request: Request, *, public: bool) -> anyio.CapacityLimiter:
    """Return the places for receiving; strangers have few of their own, so that they cannot take everybody's."""
    app_state = request.app.state
    if not hasattr(app_state, "upload_places"):
        app_state.upload_places = {
            False: anyio.CapacityLimiter(_RECEIVING), True: anyio.CapacityLimiter(_RECEIVING_PUBLIC)
        }  # fmt: skip
    places: anyio.CapacityLimiter = app_state.upload_places[public]
    return places


def upload_router(*, public: bool = False, **options: Any) -> APIRouter:
    """Make a router for routes that take files; every one of them is a unit of work."""
    return APIRouter(route_class=PublicUploadRoute if public else UploadRoute, **options)


def sent_files(form: FormData, name: str) -> list[UploadFile]:
    """Return the files of a field; an empty file field counts as none."""
    return [
        part for part in form.getlist(name) if isinstance(part, UploadFile) and (part.filename or part.size)
    ]
