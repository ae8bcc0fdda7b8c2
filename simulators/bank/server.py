"""
What the simulated bank speaks.

======================================  ==========================================================================
``GET /v1/statements/<day>``            ``{"day", "entries": […], "sent": […]}``: what came and left on a local day
``PUT /v1/refunds/<id>``                ``{"amount", "currency", "bank", "account", "holder", "reference"}`` →
                                        ``{"status": "PAID" | "REFUSED", "transaction_id", "reason"}``; one key,
                                        one refund
``PUT /v1/returns/<id>``                ``{"transaction_id", "amount", "currency"}``: a booking goes back to where it
                                        came from; answered as a refund
``GET /pay?order=…&signature=…``        the page on which a payer confirms an order that the platform signed
======================================  ==========================================================================

Calls under ``/v1`` want the bearer token. Bookings are told to the platform's address by signed messages
(``messenger``). ``GET /`` shows the book; its forms set the mood, pay at the counter and send messages again;
``POST /behaviour`` takes the mood as JSON as well.
"""

import hashlib
import hmac
import re
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulators.answering import LARGEST, PAGE, Answering
from simulators.bank.book import Book, Refused
from simulators.bank.messenger import Messenger
from simulators.bank.screens import order_page, overview, plain

_STATEMENT = re.compile(r"/v1/statements/(\d{4}-\d{2}-\d{2})")
_ORDER = re.compile(r"/v1/(refunds|returns)/([0-9a-f-]{36})")
_AN_HOUR_AND_MORE = 4000


class BankServer(ThreadingHTTPServer):
    """Listens for HTTP; ``book`` decides and keeps, ``messenger`` tells."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], book: Book, messenger: Messenger, *, token: str = "", order_key: str = ""
    ) -> None:  # fmt: skip
        super().__init__(address, _Bank)
        self.book, self.messenger = book, messenger
        self.token, self.order_key = token, order_key


class _Bank(Answering):
    @property
    def bank(self) -> BankServer:
        assert isinstance(self.server, BankServer)
        return self.server

    def do_GET(self) -> None:
        """Show the book, the page of an order, or a statement."""
        path = urlsplit(self.path)
        if path.path == "/":
            self.answer(HTTPStatus.OK, overview(self.bank.book), PAGE)
        elif path.path == "/pay":
            order = self._order(path.query)
            self.answer(*(order_page(self.bank.book, order, path.query) if order else _no_order()), PAGE)
        elif not path.path.startswith("/v1/"):
            self.json(HTTPStatus.NOT_FOUND, {})
        elif self._open():
            found = _STATEMENT.fullmatch(path.path)
            told = self._statement(found[1]) if found else {}
            self.json(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND, told)

    def do_PUT(self) -> None:
        """Pay a refund, or send a booking back."""
        found, body = _ORDER.fullmatch(self.path), self.body()
        if not self._open():
            return
        if found is None or body is None:
            self.json(HTTPStatus.BAD_REQUEST, {})
            return
        book = self.bank.book
        carry_out = book.refund if found[1] == "refunds" else book.give_back
        try:
            self.json(HTTPStatus.OK, carry_out(found[2], body))
        except Refused as refusal:
            self.json(HTTPStatus.CONFLICT, {"reason": str(refusal)})

    def do_POST(self) -> None:
        """Take one of the forms, or the mood as JSON."""
        path = urlsplit(self.path)
        if self.headers.get("Content-Type", "").startswith("application/json"):
            self.behave(self.bank.book.change)
            return
        form = self._form()
        match path.path:
            case "/pay":
                self._pay(path.query, form)
            case "/counter":
                self._counter(form)
            case "/again":
                self.bank.book.tell_again(form.get("transaction", ""))
                self._back()
            case "/replay":
                self._replay(form.get("message", ""))
            case "/mood":
                self._mood(form)
            case _:
                self.json(HTTPStatus.NOT_FOUND, {})

    def _statement(self, day: str) -> dict[str, Any]:
        return {"day": day, "entries": self.bank.book.statement(day), "sent": self.bank.book.sent(day)}

    def _mood(self, form: dict[str, str]) -> None:
        now = asdict(self.bank.book.mood())
        wanted: dict[str, Any] = {
            name: name in form if isinstance(value, bool) else form.get(name, value)
            for name, value in now.items()
        }
        try:
            self.bank.book.change(wanted)
        except ValueError as refusal:
            self.answer(HTTPStatus.BAD_REQUEST, plain(str(refusal)), PAGE)
            return
        self._back()

    def _pay(self, query: str, form: dict[str, str]) -> None:
        order = self._order(query)
        if order is None:
            self.answer(*_no_order(), PAGE)
            return
        try:
            self.bank.book.pay_order(
                order["order"], account=form.get("account", ""), amount=int(order["amount"]),
                reference=order["reference"],
            )  # fmt: skip
        except Refused as refusal:
            status, page = order_page(self.bank.book, order, query, refusal=str(refusal))
            self.answer(status, page, PAGE)
            return
        self._back(order["back"])

    def _counter(self, form: dict[str, str]) -> None:
        try:
            day = form.get("booked_at", "")
            self.bank.book.transfer(
                account=form.get("account", ""), amount=int(form.get("amount", "0")),
                reference=form.get("reference", ""), remark=form.get("remark", ""),
                at=datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None,
            )  # fmt: skip
        except (Refused, ValueError) as refusal:
            self.answer(HTTPStatus.BAD_REQUEST, plain(str(refusal)), PAGE)
            return
        self._back()

    def _replay(self, message_id: str) -> None:
        """Send a message as it was sent an hour ago, which nobody should believe."""
        bodies = [line[5] for line in self.bank.book.lines()["messages"] if line[0] == message_id]
        if bodies:
            status = self.bank.messenger.send(
                message_id, bodies[0].encode(), at=self.bank.book.seconds() - _AN_HOUR_AND_MORE
            )
            self.answer(HTTPStatus.OK, plain(f"The platform answered {status}."), PAGE)
            return
        self._back()

    def _order(self, query: str) -> dict[str, str] | None:
        """Return a signed order; None when it was not signed by the platform, or its time is over."""
        fields = dict(parse_qsl(query, keep_blank_values=True))
        given = fields.pop("signature", "")
        expected = hmac.new(
            self.bank.order_key.encode(), urlencode(sorted(fields.items())).encode(), hashlib.sha256
        ).hexdigest()
        if not self.bank.order_key or not hmac.compare_digest(given.encode(), expected.encode()):
            return None
        return (
            fields if datetime.fromisoformat(fields["until"]).timestamp() > self.bank.book.seconds() else None
        )

    def _open(self) -> bool:
        """Tell whether the bank serves this caller now; otherwise it has been answered."""
        return self.serves(down=self.bank.book.mood().down, token=self.bank.token)

    def _form(self) -> dict[str, str]:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdecimal() and int(length) <= LARGEST else 0
        return dict(parse_qsl(self.rfile.read(size).decode("utf-8", "replace"), keep_blank_values=True))

    def _back(self, to: str = "/") -> None:
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _no_order() -> tuple[HTTPStatus, str]:
    return HTTPStatus.FORBIDDEN, plain("This order was not signed by the platform, or its time is over.")
