"""
Bodies of requests: received whole, within limits of size and time, before a request takes a place at the gate.

A line that gives its body byte by byte would otherwise hold a place, a thread and a connection for as long as it likes,
and twenty such lines would hold them all; a body without end would fill the memory.
"""

import anyio
from fastapi import Request
from starlette.types import Message, Receive

from app.core.errors import DomainError

MAX_BYTES = 4_000_000
"""More than the longest form of all pages; files have routes and limits of their own."""

SECONDS = 30
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class BodyTooLarge(DomainError):
    """The request holds more than any form of the platform."""

    code = "body-too-large"
    status = 413
    title = "The request is too large."
    detail = "It holds more than %(limit_mb)s MB, which no form of the platform does. Nothing was changed."
    hint = "Shorten the texts; files are sent on the pages that ask for them."


class BodyTooSlow(DomainError):
    """The request did not arrive within the time that it has."""

    code = "body-too-slow"
    status = 408
    title = "The request did not arrive in time."
    detail = "It was not complete after the time that the platform waits. Nothing was changed."
    hint = "Check the connection and send it again."


class Bounded:
    """A way to receive that counts what comes and refuses more than ``limit_bytes``."""

    def __init__(self, receive: Receive, *, limit_bytes: int = MAX_BYTES) -> None:
        self._receive = receive
        self._limit = limit_bytes
        self._size = 0

    async def receive(self) -> Message:
        """
        Return the next piece.

        :raises BodyTooLarge: more came than is allowed.
        """
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise BodyTooLarge(limit_mb=self._limit // 1_000_000)
        return message


async def received(request: Request) -> Request:
    """
    Return the request with its body at hand, and leave it in ``request.state`` for whoever answers a refusal.

    :raises BodyTooLarge, BodyTooSlow:
    """
    if request.method not in _WITH_BODY:
        return request
    whole = Request(request.scope, Bounded(request.receive).receive)
    try:
        with anyio.fail_after(SECONDS):
            await whole.body()
    except TimeoutError:
        raise BodyTooSlow from None
    request.state.received = whole
    return whole


def at_hand(request: Request) -> Request:
    """
    Return the request whose body can be read, for handlers of errors.

    They are given the request as it came in; reading its body once more would wait for what was received already.
    """
    whole: Request = getattr(request.state, "received", request)
    return whole
