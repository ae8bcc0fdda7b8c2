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

import re
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any

from simulators.answering import PAGE, Answering, book_page
from simulators.investment_registry.book import Book, Conflict

_PATH = re.compile(r"/v1/project-codes/([0-9a-f-]{36})")


class RegistryServer(ThreadingHTTPServer):
    """Listens for HTTP; ``book`` decides and keeps."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], book: Book, *, token: str = "") -> None:
        super().__init__(address, _Registry)
        self.book = book
        self.token = token


class _Registry(Answering):
    @property
    def book(self) -> Book:
        assert isinstance(self.server, RegistryServer)
        return self.server.book

    def do_GET(self) -> None:
        """Show the book, or how one request stands."""
        if self.path == "/":
            self.answer(HTTPStatus.OK, self._page(), PAGE)
        elif self._open():
            found = _PATH.fullmatch(self.path)
            self._tell(self.book.find(found[1]) if found else None)

    def do_PUT(self) -> None:
        """Take a request."""
        found, body = _PATH.fullmatch(self.path), self.body()
        if not self._open():
            return
        if found is None or body is None:
            self.json(HTTPStatus.BAD_REQUEST, {})
            return
        try:
            told = self.book.ask(found[1], body)
        except Conflict:
            self.json(HTTPStatus.CONFLICT, {})
            return
        if self.book.loses_answer():
            self.close_connection = True
            return
        self._tell(told)

    def do_POST(self) -> None:
        """Change the mood."""
        if self.path == "/behaviour":
            self.behave(self.book.change)
        else:
            self.json(HTTPStatus.NOT_FOUND, {})

    def _open(self) -> bool:
        """Tell whether the registry serves this caller now; otherwise it has been answered."""
        assert isinstance(self.server, RegistryServer)
        return self.serves(down=self.book.mood().down, token=self.server.token)

    def _tell(self, told: dict[str, Any] | None) -> None:
        if told is None:
            self.json(HTTPStatus.NOT_FOUND, {})
        else:
            self.json(HTTPStatus.ACCEPTED if told["status"] == "PENDING" else HTTPStatus.OK, told)

    def _page(self) -> str:
        return book_page(
            "Simulated investment registry", "No code here is a code of the real registry.", self.book.mood(),
            ("Request", "State", "Code", "Reason", "Asked with"), self.book.lines(),
        )  # fmt: skip
