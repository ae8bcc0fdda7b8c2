"""What the simulators that speak HTTP share: how a body is read and how an answer is written."""

import html
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

LARGEST = 200_000
PAGE = "text/html; charset=utf-8"


class Answering(BaseHTTPRequestHandler):
    """A handler that takes JSON objects up to a size and answers JSON or a page."""

    server_version = "simulator"
    sys_version = ""
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request: what was asked is on the simulator's page."""

    def body(self) -> dict[str, Any] | None:
        """Return the object that was sent; None when it is none, or too large."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST:
            return None
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def serves(self, *, down: bool, token: str) -> bool:
        """Tell whether this caller is served now; otherwise it has been answered. Without a token everybody is."""
        if down:
            self.json(HTTPStatus.SERVICE_UNAVAILABLE, {})
            return False
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            self.json(HTTPStatus.UNAUTHORIZED, {})
            return False
        return True

    def behave(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Take traits of a mood as JSON, and refuse what is no trait or does not fit."""
        wanted = self.body()
        try:
            if wanted is None:
                raise ValueError("That is no object.")
            change(wanted)
        except (ValueError, TypeError) as fault:
            self.json(HTTPStatus.BAD_REQUEST, {"reason": str(fault)})
            return
        self.json(HTTPStatus.OK, {})

    def json(self, status: HTTPStatus, content: Any) -> None:
        """Answer with JSON."""
        self.answer(status, json.dumps(content, ensure_ascii=False))

    def answer(self, status: HTTPStatus, body: str, kind: str = "application/json") -> None:
        """Answer with a text of a kind."""
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        # In each answer, so that nobody takes what is made up for the true thing.
        self.send_header("Simulated", "true")
        self.end_headers()
        self.wfile.write(data)


def book_page(
    title: str, said: str, mood: object, heads: Iterable[str], lines: Iterable[Iterable[object]]
) -> str:
    """
    Return the page that shows a book.

    :param said: one sentence of ours: that nothing here is real.
    """
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in line) + "</tr>" for line in lines
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{said}"
        f"<p>Mood: {html.escape(str(mood))}"
        f"<table border=1><tr>{''.join(f'<th>{head}' for head in heads)}</tr>{rows}</table>"
    )
