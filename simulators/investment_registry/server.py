"""
What the simulated registry speaks.

``PUT /v1/project-codes/<request id>`` asks for a code. The body is JSON: ``{"dossier", "authority", "remark",
"project": {…}}``. The same key with the same body is the same request, however often it arrives. ``GET`` of the same
address looks without asking.

======  ============================================================================
answer  meaning
======  ============================================================================
200     ``{"status": "ISSUED", "project_code"}`` or ``{"status": "REFUSED", "reason_code", "reason"}``
202     ``{"status": "PENDING"}``: taken, not decided; ask again later
401     the token is missing or wrong
404     no such request
409     the key was used for another body
503     down
======  ============================================================================

``POST /behaviour`` with some of ``{"late_s", "down", "refuse", "lose_next", "twice"}`` changes its mood, and ``GET /``
shows its book.
"""

import html
import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simulators.investment_registry.book import Book, Conflict

LARGEST = 200_000
_PATH = re.compile(r"/v1/project-codes/([0-9a-f-]{36})")


class RegistryServer(ThreadingHTTPServer):
    """Listens for HTTP; ``book`` decides and keeps."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], book: Book, *, token: str = "") -> None:
        super().__init__(address, _Registry)
        self.book = book
        self.token = token


class _Registry(BaseHTTPRequestHandler):
    server_version = "simulator"
    sys_version = ""
    timeout = 30

    @property
    def book(self) -> Book:
        assert isinstance(self.server, RegistryServer)
        return self.server.book

    def do_GET(self) -> None:
        """Show the book, or how one request stands."""
        if self.path == "/":
            self._answer(HTTPStatus.OK, _page(self.book), "text/html; charset=utf-8")
        elif self._open():
            found = _PATH.fullmatch(self.path)
            self._tell(self.book.find(found[1]) if found else None)

    def do_PUT(self) -> None:
        """Take a request."""
        found, body = _PATH.fullmatch(self.path), self._body()
        if not self._open():
            return
        if found is None or body is None:
            self._json(HTTPStatus.BAD_REQUEST, {})
            return
        try:
            told = self.book.ask(found[1], body)
        except Conflict:
            self._json(HTTPStatus.CONFLICT, {})
            return
        if self.book.loses_answer():
            self.close_connection = True
            return
        self._tell(told)

    def do_POST(self) -> None:
        """Change the mood."""
        body = self._body()
        if self.path != "/behaviour" or body is None:
            self._json(HTTPStatus.NOT_FOUND, {})
            return
        try:
            self.book.change(body)
        except (ValueError, TypeError):
            self._json(HTTPStatus.BAD_REQUEST, {})
            return
        self._json(HTTPStatus.OK, {})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request: what was asked is on the page."""

    def _open(self) -> bool:
        """Tell whether the registry serves this caller now; otherwise it has been answered."""
        assert isinstance(self.server, RegistryServer)
        if self.book.mood().down:
            self._json(HTTPStatus.SERVICE_UNAVAILABLE, {})
            return False
        if self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self._json(HTTPStatus.UNAUTHORIZED, {})
            return False
        return True

    def _tell(self, told: dict[str, Any] | None) -> None:
        if told is None:
            self._json(HTTPStatus.NOT_FOUND, {})
        else:
            self._json(HTTPStatus.ACCEPTED if told["status"] == "PENDING" else HTTPStatus.OK, told)

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST:
            return None
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _json(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        self._answer(status, json.dumps(content, ensure_ascii=False))

    def _answer(self, status: HTTPStatus, body: str, kind: str = "application/json") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _page(book: Book) -> str:
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in line) + "</tr>" for line in book.lines()
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Simulated investment registry</title>"
        "<h1>Simulated investment registry</h1><p>No code here is a code of the real registry."
        f"<p>Mood: {html.escape(str(book.mood()))}"
        f"<table border=1><tr><th>Request<th>State<th>Code<th>Reason<th>Asked with</tr>{rows}</table>"
    )
