"""
What the simulated customs authority speaks: HTTP and the XML of its published form.

``PUT /v1/messages/<message id>`` hands a ``Declaration`` in. The same id with the same body is the same message,
however often it arrives; what the authority decides comes later as notices.

======  ===========================================================
answer  meaning
======  ===========================================================
202     taken
400     it cannot be read; the body says why
401     the token is missing or wrong
404     it is about a declaration that is not known
409     the id was used for another body
413     too large
503     down
======  ===========================================================

``GET /v1/messages/<message id>`` answers 200 when the message was taken and 404 when it was not.
``GET /v1/notices?after=<cursor>`` returns the queue behind a cursor (0 is its beginning) as ``Responses``, and
``GET /v1/declarations/<reference>/notices?after=<sequence>`` the notices of one declaration.

``POST /behaviour`` with some traits of ``Mood`` as JSON changes how it behaves; ``GET /`` shows its book.
"""

import re
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from simulators.answering import PAGE, Answering, book_page
from simulators.vnaccs.office import Contradiction, Office, Unknown
from simulators.vnaccs.papers import Unreadable

_MESSAGE = re.compile(r"/v1/messages/([0-9a-f-]{36})")
_DECLARATION = re.compile(r"/v1/declarations/([^/]{1,100})/notices")
_LARGEST = 4_000_000
_XML = "application/xml"


class CustomsServer(ThreadingHTTPServer):
    """Listens for HTTP; ``office`` decides and keeps."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], office: Office, *, token: str = "") -> None:
        super().__init__(address, _Gate)
        self.office = office
        self.token = token


class _Gate(Answering):
    @property
    def office(self) -> Office:
        assert isinstance(self.server, CustomsServer)
        return self.server.office

    def do_GET(self) -> None:
        """Show the book, tell whether a message was taken, or hand out notices."""
        url = urlsplit(self.path)
        if url.path == "/":
            self.answer(HTTPStatus.OK, self._page(), PAGE)
            return
        if not self._open():
            return
        after = parse_qs(url.query).get("after", ["0"])[0]
        after_number = int(after) if after.isdecimal() else 0
        if found := _MESSAGE.fullmatch(url.path):
            known = self.office.knows(found[1])
            self.json(HTTPStatus.OK if known else HTTPStatus.NOT_FOUND, {})
        elif url.path == "/v1/notices":
            self.answer(HTTPStatus.OK, self.office.queue(after_number).decode(), _XML)
        elif found := _DECLARATION.fullmatch(url.path):
            notices = self.office.notices(unquote(found[1]), after_number)
            self.answer(HTTPStatus.OK, notices.decode(), _XML)
        else:
            self.json(HTTPStatus.NOT_FOUND, {})

    def do_PUT(self) -> None:
        """Take a message."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LARGEST:
            self.close_connection = True
            self.json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {})
            return
        content, found = self.rfile.read(int(length)), _MESSAGE.fullmatch(self.path)
        if not self._open():
            return
        status, told = (HTTPStatus.NOT_FOUND, "") if found is None else self._take(found[1], content)
        if status is HTTPStatus.ACCEPTED and self.office.loses_answer():
            self.close_connection = True
            return
        self.json(status, {"reason": told} if told else {})

    def _take(self, identity: str, content: bytes) -> tuple[HTTPStatus, str]:
        try:
            self.office.take(identity, content)
        except Unreadable as fault:
            return HTTPStatus.BAD_REQUEST, str(fault)
        except Contradiction:
            return HTTPStatus.CONFLICT, ""
        except Unknown:
            return HTTPStatus.NOT_FOUND, ""
        return HTTPStatus.ACCEPTED, ""

    def do_POST(self) -> None:
        """Change the mood."""
        if self.path == "/behaviour":
            self.behave(self.office.change)
        else:
            self.json(HTTPStatus.NOT_FOUND, {})

    def _open(self) -> bool:
        """Tell whether the authority serves this caller now; otherwise it has been answered."""
        assert isinstance(self.server, CustomsServer)
        return self.serves(down=self.office.mood().down, token=self.server.token)

    def _page(self) -> str:
        return book_page(
            "Simulated customs authority", "No number, channel or release here comes from a customs authority.",
            self.office.mood(), ("Reference", "Number", "State", "Facts", "Notices"), self.office.lines(),
        )  # fmt: skip
