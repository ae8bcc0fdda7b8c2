"""The outermost layer: correlation, same-origin check, visitor secret, and the headers of every answer.

It is plain ASGI, so that it also covers static files, streams and answers that were never routed.
"""

from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.auth.tokens import csrf_token, new_token
from app.core.telemetry import new_correlation

SESSION_COOKIE = "session"
VISITOR_COOKIE = "visitor"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
# ASVS 5.0 V3.4.1: at least one year.
HSTS = "max-age=31536000; includeSubDomains"


class Edge:
    """
    Wraps the application.

    :param origin: the origin that browsers use for this installation.
    :param secure: cookies carry ``Secure`` and the ``__Host-`` prefix (https, or a loopback address).
    """

    def __init__(self, app: ASGIApp, *, origin: str, secure: bool) -> None:
        self._app = app
        self._origin = origin
        self._https = origin.startswith("https://")
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # No column and no search holds a NUL, so none is asked for.
        scope["query_string"] = scope["query_string"].replace(b"%00", b"")
        headers = Headers(scope=scope)
        correlation = new_correlation(headers.get("x-request-id"))
        cookies = _cookies(headers)
        session, visitor = cookies.get(self.name(SESSION_COOKIE)), cookies.get(self.name(VISITOR_COOKIE))
        secret = session or visitor or new_token()
        state: dict[str, Any] = scope.setdefault("state", {})
        state.update(
            correlation=correlation, session_token=session, csrf_secret=secret, csrf_token=csrf_token(secret)
        )
        fresh = secret if not (session or visitor) else None
        answer = _Answer(send, lambda message: self._protect(message, correlation, fresh))
        if scope["method"] not in SAFE_METHODS and not self._same_origin(headers):
            refusal = JSONResponse(_foreign_origin(correlation), 403, media_type="application/problem+json")
            await refusal(scope, receive, answer)
            return
        try:
            await self._app(scope, receive, answer)
        except Exception as crash:
            await self._apologise(scope, receive, answer, crash)

    async def _apologise(self, scope: Scope, receive: Receive, answer: "_Answer", crash: Exception) -> None:
        """Answer to what nobody foresaw; left to Starlette's outermost layer, the answer would lack our headers."""
        handler = scope["app"].exception_handlers.get(Exception)
        if answer.started or handler is None:
            raise crash
        response: Response = await handler(Request(scope, receive), crash)
        await response(scope, receive, answer)

    def name(self, cookie: str) -> str:
        """Return the full name of a cookie; ``__Host-`` binds it to this host and to https."""
        return f"__Host-ftz-{cookie}" if self._secure else f"ftz-{cookie}"

    def cookie(self, cookie: str, value: str, *, max_age: int | None = None) -> str:
        """Return the Set-Cookie line of a cookie that scripts cannot read and other sites do not send."""
        age = f"; Max-Age={max_age}" if max_age is not None else ""
        secure = "; Secure" if self._secure else ""
        return f"{self.name(cookie)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}"

    def _same_origin(self, headers: Headers) -> bool:
        """
        Tell whether an unsafe request comes from our own pages, or from no browser at all.

        Programs send no Origin; they carry no cookie of a browser either, and forms are checked by token as well.
        """
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        return origin == self._origin or (not self._https and urlsplit(origin).netloc == headers.get("host"))

    def _protect(self, message: Message, correlation: str, fresh_secret: str | None) -> None:
        """Add to the beginning of an answer what every answer carries."""
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Correlation-ID"] = correlation
        if self._https:
            headers["Strict-Transport-Security"] = HSTS
        if self._secure:
            _secure_cookies(message)
        if fresh_secret and headers.get("content-type", "").startswith("text/html"):
            MutableHeaders(scope=message).append("Set-Cookie", self.cookie(VISITOR_COOKIE, fresh_secret))


class _Answer:
    """The way back to the browser; notes whether the answer has begun."""

    def __init__(self, send: Send, protect: Callable[[Message], None]) -> None:
        self._send = send
        self._protect = protect
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._protect(message)
            self.started = True
        await self._send(message)


def _secure_cookies(message: Message) -> None:
    """Add ``Secure`` to the cookies that a page set without it (language and theme)."""
    message["headers"] = [
        (name, value + b"; Secure")
        if name == b"set-cookie" and b"; secure" not in value.lower()
        else (name, value)
        for name, value in message["headers"]
    ]


def _cookies(headers: Headers) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    jar.load(headers.get("cookie", ""))
    return {name: morsel.value for name, morsel in jar.items()}


def _foreign_origin(correlation: str) -> dict[str, Any]:
    return {
        "type": "/problems/foreign-origin",
        "title": "The request came from another site.",
        "status": 403,
        "code": "foreign-origin",
        "detail": "Changes are accepted from the platform's own pages only. Nothing was changed.",
        "hint": "Open the platform in a new tab and repeat the step there.",
        "instance": correlation,
    }
