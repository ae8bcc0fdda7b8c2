"""Telling of bookings: signed messages in the form of Standard Webhooks, sent again until they are taken."""

import base64
import hashlib
import hmac
import http.client
import threading
from urllib.parse import urlsplit

from simulators.bank.book import Book

_TIMEOUT_S = 10.0
_PAUSE_S = 0.3
_TAKEN = range(200, 300)


class Messenger:
    """Sends what is due to one address."""

    def __init__(self, book: Book, callback: str, secret: str) -> None:
        self._book = book
        self._to = urlsplit(callback)
        self._key = base64.b64decode(secret.removeprefix("whsec_"))

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop."""
        while not stop.wait(_PAUSE_S):
            self.send_due()

    def send_due(self) -> None:
        """Send each message that is due, once."""
        if self._book.mood().down:
            return
        for message_id, body, forged in self._book.waiting():
            status = self.send(message_id, body.encode(), forged=forged)
            self._book.told(message_id, status, taken=status.isdecimal() and int(status) in _TAKEN)

    def send(self, message_id: str, body: bytes, *, forged: bool = False, at: float | None = None) -> str:
        """Send one message and return the status of the answer, or what went wrong."""
        seconds = str(int(self._book.seconds() if at is None else at))
        key = b"a key that nobody gave to anybody" if forged else self._key
        mac = hmac.new(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        }
        kind = http.client.HTTPSConnection if self._to.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._to.hostname or "", self._to.port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", self._to.path, body, headers)
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as failure:
            return type(failure).__name__
        finally:
            connection.close()
