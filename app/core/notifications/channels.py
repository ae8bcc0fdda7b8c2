"""
The ports to other networks: e-mail by SMTP, SMS and Zalo by an HTTP gateway.

Addresses of servers come from the settings only, never from what people type, and no redirect is followed: so no
notice can be turned into a request to another machine.
"""

import json
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from enum import StrEnum
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

from app.core.kit.outgoing import OutgoingFailed, OutgoingRefused, configured, fetch
from app.core.settings import Settings

TIMEOUT_S = 10.0
_TRY_AGAIN = frozenset({408, 425, 429})
_OK = range(200, 300)
_CLIENT_ERRORS = range(400, 500)
_SMTP_PERMANENT = 500


class Channel(StrEnum):
    """A way to reach people outside the platform; inside, every notice stands by itself."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    ZALO = "ZALO"


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out. ``id`` stays the same in every attempt, so that a network can drop a double."""

    id: UUID
    to: str
    subject: str
    text: str
    lang: str


class ChannelDown(RuntimeError):
    """The network did not take it now; later it may. ``code`` is short and names no person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ChannelRefused(RuntimeError):
    """The network will never take it: the address or the text is refused. ``code`` is short and names no person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Port(Protocol):
    """Hands a letter to a network."""

    def send(self, letter: Letter) -> None:
        """
        Hand it over; returning means that the network has taken charge of it.

        :raises ChannelDown: try again later.
        :raises ChannelRefused: do not try again.
        """


class EmailChannel:
    """
    E-mail by SMTP.

    :param url: ``smtp://host:port``, ``smtp+starttls://user:password@host:port`` or ``smtps://…``.
    :param sender: address in From.
    :raises ValueError: another scheme.
    """

    def __init__(self, url: str, *, sender: str, timeout_s: float = TIMEOUT_S) -> None:
        self._server = urlsplit(url)
        if self._server.scheme not in {"smtp", "smtp+starttls", "smtps"} or not self._server.hostname:
            raise ValueError(
                "FTZ_SMTP_URL must read smtp://host:port, smtp+starttls://host:port or smtps://host:port."
            )
        self._sender = sender
        self._timeout_s = timeout_s

    def send(self, letter: Letter) -> None:
        """Hand an e-mail to the server; see ``Port``."""
        try:
            with self._connect() as server:
                server.send_message(_email(letter, self._sender))
        except smtplib.SMTPRecipientsRefused as refusal:
            codes = [code for code, _ in refusal.recipients.values()]
            raise _smtp_failure(min(codes, default=_SMTP_PERMANENT)) from None
        except smtplib.SMTPResponseException as answer:
            raise _smtp_failure(answer.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(type(error).__name__) from None

    def _connect(self) -> smtplib.SMTP:
        server, host = self._server, self._server.hostname or ""
        context = ssl.create_default_context()
        if server.scheme == "smtps":
            link: smtplib.SMTP = smtplib.SMTP_SSL(
                host, server.port or 465, timeout=self._timeout_s, context=context
            )
        else:
            link = smtplib.SMTP(host, server.port or 25, timeout=self._timeout_s)
        if server.scheme == "smtp+starttls":
            link.starttls(context=context)
        if server.username and server.password:
            link.login(unquote(server.username), unquote(server.password))
        return link


def _email(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to
    # Names of people and enterprises stand in it: a line separator of any alphabet would make it a fault.
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    message["Content-Language"] = letter.lang
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _smtp_failure(code: int) -> ChannelDown | ChannelRefused:
    return ChannelRefused(f"smtp-{code}") if code >= _SMTP_PERMANENT else ChannelDown(f"smtp-{code}")


class GatewayChannel:
    """
    SMS or Zalo through a gateway that takes JSON by HTTP: ``{"id", "to", "text", "lang"}``.

    :param url: full address of the gateway, http or https, from the settings.
    :raises ValueError: another scheme.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = configured(url, "The address of a gateway")
        self._timeout_s = timeout_s

    def send(self, letter: Letter) -> None:
        """Hand a short text to the gateway; see ``Port``."""
        body = {"id": str(letter.id), "to": letter.to, "text": letter.subject, "lang": letter.lang}
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(letter.id)}
        try:
            told = fetch(
                self._url, method="POST", body=json.dumps(body).encode(), headers=headers, inside=True,
                timeout_s=self._timeout_s,
            )  # fmt: skip
        except (OutgoingFailed, OutgoingRefused) as failure:
            raise ChannelDown(str(failure)) from None
        if told.status in _CLIENT_ERRORS and told.status not in _TRY_AGAIN:
            raise ChannelRefused(f"http-{told.status}")
        if told.status not in _OK:
            raise ChannelDown(f"http-{told.status}")


def ports_of(settings: Settings) -> Mapping[Channel, Port]:
    """
    Return the channels that this installation has been given; none is made up.

    :raises ValueError: an address cannot be used.
    """
    ports: dict[Channel, Port] = {}
    if settings.smtp_url:
        ports[Channel.EMAIL] = EmailChannel(settings.smtp_url.get_secret_value(), sender=settings.mail_from)
    for channel, url in ((Channel.SMS, settings.sms_url), (Channel.ZALO, settings.zalo_url)):
        if url:
            ports[channel] = GatewayChannel(url.get_secret_value())
    return ports
