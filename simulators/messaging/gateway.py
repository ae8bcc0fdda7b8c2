"""
The HTTP side: gateways that take SMS and Zalo messages, and a page that shows everything that was taken.

``POST /sms`` and ``POST /zalo`` take ``{"id", "to", "text"}``. ``GET /messages`` returns what was taken as JSON;
``POST /behaviour/<network>`` with ``{"late_s", "down", "refuse", "fail_next"}`` changes a mood.
"""

import html
import json
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simulators.messaging.behaviour import NETWORKS, Networks, Taken

LARGEST = 20_000
_ANSWERS = {
    "take": HTTPStatus.ACCEPTED,
    "later": HTTPStatus.SERVICE_UNAVAILABLE,
    "never": HTTPStatus.UNPROCESSABLE_ENTITY,
}


class GatewayServer(ThreadingHTTPServer):
    """Listens for HTTP; ``networks`` decides and keeps."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], networks: Networks) -> None:
        super().__init__(address, _Gateway)
        self.networks = networks


class _Gateway(BaseHTTPRequestHandler):
    server_version = "simulator"
    sys_version = ""
    timeout = 30

    @property
    def networks(self) -> Networks:
        assert isinstance(self.server, GatewayServer)
        return self.server.networks

    def do_GET(self) -> None:
        """Show what was taken."""
        if self.path == "/messages":
            self._answer(HTTPStatus.OK, json.dumps(self.networks.messages(), ensure_ascii=False))
        elif self.path == "/":
            self._answer(HTTPStatus.OK, _page(self.networks), "text/html; charset=utf-8")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "{}")

    def do_POST(self) -> None:
        """Take a message, or change a mood."""
        body = self._body()
        if body is None:
            self._answer(HTTPStatus.BAD_REQUEST, "{}")
            return
        name = self.path.strip("/")
        if name.startswith("behaviour/"):
            self._change(name.partition("/")[2], body)
        elif name in NETWORKS and name != "email":
            self._take(name, body)
        else:
            self._answer(HTTPStatus.NOT_FOUND, "{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request: what was taken is on the page."""

    def _take(self, network: str, body: dict[str, Any]) -> None:
        time.sleep(self.networks.moods[network].late_s)
        to = str(body.get("to", ""))
        verdict = self.networks.judge(network, to)
        if verdict == "take":
            self.networks.take(Taken(network, str(body.get("id", "")), to, "", str(body.get("text", ""))))
        self._answer(_ANSWERS[verdict], json.dumps({"verdict": verdict}))

    def _change(self, network: str, body: dict[str, Any]) -> None:
        try:
            self.networks.change(network, body)
        except (KeyError, ValueError, TypeError):
            self._answer(HTTPStatus.BAD_REQUEST, "{}")
            return
        self._answer(HTTPStatus.OK, "{}")

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST:
            return None
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _answer(self, status: HTTPStatus, body: str, kind: str = "application/json") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _page(networks: Networks) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(each['network'])}<td>{html.escape(each['to'])}"
        f"<td>{html.escape(each['subject'])}<td><pre>{html.escape(each['text'])}</pre></tr>"
        for each in networks.messages()
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Simulated messages</title><h1>Simulated messages</h1>"
        "<p>Nothing of this was sent to anybody."
        f"<table border=1><tr><th>Network<th>To<th>Subject<th>Text</tr>{rows}</table>"
    )
