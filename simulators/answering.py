"""What the simulators that speak HTTP share: how a body is read and how an answer is written."""

import json
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
        self.end_headers()
        self.wfile.write(data)
