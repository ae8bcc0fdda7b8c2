"""The way between two programs over HTTP: it passes on, remembers what passed, and can hold an answer back."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TIMEOUT_S = 30.0
_KEPT = ("content-type", "authorization", "webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass
class Wire:
    """
    A way to a port of this machine.

    ``hold(method)`` keeps the next answer to such a call: it has been carried out, and who called never hears of it.
    """

    to_port: int
    passed: list[tuple[str, str, int]] = field(default_factory=list)
    port: int = 0
    _held: str = ""
    _reached: threading.Event = field(default_factory=threading.Event)
    _dropped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the address of this end."""
        return f"http://127.0.0.1:{self.port}"

    def hold(self, method: str) -> None:
        """Hold the next answer to a call with this method."""
        self._reached.clear()
        self._dropped.clear()
        self._held = method

    def wait_until_held(self, seconds: float) -> bool:
        """Wait until the other side has answered such a call; tell whether it did."""
        return self._reached.wait(seconds)

    def drop(self) -> None:
        """Lose the answer that is held."""
        self._dropped.set()

    def calls(self, method: str, part: str = "") -> list[str]:
        """Return the paths of calls that the other side answered."""
        return [path for each, path, _ in self.passed if each == method and part in path]

    def pass_on(self, call: BaseHTTPRequestHandler) -> tuple[int, str, bytes] | None:
        """Carry a call out at the other side; None when its answer is lost."""
        length = int(call.headers.get("Content-Length") or 0)
        body = call.rfile.read(length) if length else None
        headers = {name: value for name, value in call.headers.items() if name.lower() in _KEPT}
        connection = http.client.HTTPConnection("127.0.0.1", self.to_port, timeout=TIMEOUT_S)
        try:
            connection.request(call.command, call.path, body, headers)
            response = connection.getresponse()
            told = (response.status, response.getheader("Content-Type", ""), response.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        self.passed.append((call.command, call.path, told[0]))
        if self._held == call.command:
            self._held = ""
            self._reached.set()
            self._dropped.wait(TIMEOUT_S)
            return None
        return told


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """Have a way to a port for the length of a block."""
    wire = Wire(port)

    class Way(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: what passed is kept."""

        def _pass(self) -> None:
            told = wire.pass_on(self)
            if told is None:
                self.close_connection = True
                return
            with contextlib.suppress(OSError):  # who called may have been killed
                self._answer(*told)

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = _pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Way)
    server.daemon_threads = True
    wire.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        wire.drop()
        server.shutdown()
        server.server_close()
        thread.join()
