"""
The HTTP side: gateways that take SMS and Zalo messages, and a page that shows everything that was taken.

``POST /sms`` and ``POST /zalo`` take ``{"id", "to", "text"}``. ``GET /messages`` returns what was taken as JSON;
``POST /behaviour/<network>`` with ``{"late_s", "down", "refuse", "fail_next"}`` changes a mood.
"""

import html
import time
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any

from simulators.answering import PAGE, Answering
from simulators.messaging.behaviour import NETWORKS, Networks, Taken

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


class _Gateway(Answering):
    @property
    def networks(self) -> Networks:
        assert isinstance(self.server, GatewayServer)
        return self.server.networks

    def do_GET(self) -> None:
        """Show what was taken."""
        if self.path == "/messages":
            self.json(HTTPStatus.OK, self.networks.messages())
        elif self.path == "/":
            self.answer(HTTPStatus.OK, _page(self.networks), PAGE)
        else:
            self.json(HTTPStatus.NOT_FOUND, {})

    def do_POST(self) -> None:
        """Take a message, or change a mood."""
        body = self.body()
        if body is None:
            self.json(HTTPStatus.BAD_REQUEST, {})
            return
        name = self.path.strip("/")
        if name.startswith("behaviour/"):
            self._change(name.partition("/")[2], body)
        elif name in NETWORKS and name != "email":
            self._take(name, body)
        else:
            self.json(HTTPStatus.NOT_FOUND, {})

    def _take(self, network: str, body: dict[str, Any]) -> None:
        time.sleep(self.networks.moods[network].late_s)
        to = str(body.get("to", ""))
        verdict = self.networks.judge(network, to)
        if verdict == "take":
            self.networks.take(Taken(network, str(body.get("id", "")), to, "", str(body.get("text", ""))))
        self.json(_ANSWERS[verdict], {"verdict": verdict})

    def _change(self, network: str, body: dict[str, Any]) -> None:
        try:
            self.networks.change(network, body)
        except (KeyError, ValueError, TypeError):
            self.json(HTTPStatus.BAD_REQUEST, {})
            return
        self.json(HTTPStatus.OK, {})


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
