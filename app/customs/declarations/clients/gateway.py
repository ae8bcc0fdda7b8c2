"""
The port to the customs authority: messages go out by it, and notices come back.

``HttpGateway`` speaks the protocol that ``docs/modules/declarations.md`` describes; where the authority offers another
one, an installation replaces this class. The address comes from the settings only, no redirect is followed and no proxy
of the environment is used: nothing that people type can turn it into a request elsewhere.
"""

from dataclasses import replace
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from app.core.kit.outgoing import OutgoingFailed, OutgoingRefused, fetch
from app.core.settings import Settings
from app.customs.declarations.wire import LARGEST, Batch, WireFault, read_responses

TIMEOUT_S = 15.0
# A header by which a simulator says in each answer what it is; the true authority sends none.
SIMULATED = "simulated"
_SETTING = "FTZ_CUSTOMS_GATEWAY_URL"


class GatewayDown(RuntimeError):
    """The gateway did not answer as it should; later it may. ``code`` is short and names no person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class GatewayRefused(RuntimeError):
    """The gateway will never take this message: it cannot be read, or contradicts one that it has."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CustomsGateway(Protocol):
    """Takes messages to the authority and hands out its notices."""

    def send(self, message_id: UUID, content: bytes) -> None:
        """
        Hand a message in. The same one again is the same message, however often it is sent.

        :raises GatewayDown: nobody knows whether it arrived; ask with ``has`` before sending again.
        :raises GatewayRefused: it will never be taken.
        """

    def has(self, message_id: UUID) -> bool:
        """
        Tell whether the gateway has taken a message.

        :raises GatewayDown: try again later.
        """

    def notices(self, cursor: str) -> Batch:
        """
        Return what stands in the queue behind a cursor; ``"0"`` is its beginning.

        :raises GatewayDown: try again later.
        """

    def notices_of(self, reference: str, after: int) -> Batch:
        """
        Return the notices of one declaration behind a sequence.

        :raises GatewayDown: try again later.
        """


class GatewayMissing:
    """No gateway is set up: every message waits until one is."""

    def send(self, message_id: UUID, content: bytes) -> None:
        """Refuse to take it; see ``CustomsGateway``."""
        raise GatewayDown("no-gateway")

    def has(self, message_id: UUID) -> bool:
        """Refuse to answer; see ``CustomsGateway``."""
        raise GatewayDown("no-gateway")

    def notices(self, cursor: str) -> Batch:
        """Refuse to answer; see ``CustomsGateway``."""
        raise GatewayDown("no-gateway")

    def notices_of(self, reference: str, after: int) -> Batch:
        """Refuse to answer; see ``CustomsGateway``."""
        raise GatewayDown("no-gateway")


class HttpGateway:
    """
    The gateway by HTTP and XML.

    :param url: ``https://host/path`` before ``/v1/…``, from the settings.
    :param token: bearer token, empty for none.
    :raises ValueError: the address cannot be used; it is not repeated, for it may hold a secret.
    """

    def __init__(self, url: str, *, token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        self._url, parts = url, urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise ValueError(
                f"{_SETTING} must read http://host/path or https://host/path, without a user name."
            )
        self._token = token
        self._timeout_s = timeout_s

    def send(self, message_id: UUID, content: bytes) -> None:
        """Put the message at its own address; the gateway knows it again by that."""
        status, _, _ = self._call("PUT", f"/v1/messages/{message_id}", content)
        if status in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
            return
        if status in (
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ):
            raise GatewayRefused(f"http-{status}")
        raise GatewayDown(f"http-{status}")

    def has(self, message_id: UUID) -> bool:
        """Look at the message's address."""
        status, _, _ = self._call("GET", f"/v1/messages/{message_id}")
        if status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise GatewayDown(f"http-{status}")
        return status == HTTPStatus.OK

    def notices(self, cursor: str) -> Batch:
        """Read on in the queue."""
        return self._batch(f"/v1/notices?{urlencode({'after': cursor})}")

    def notices_of(self, reference: str, after: int) -> Batch:
        """Read the notices of one declaration."""
        return self._batch(
            f"/v1/declarations/{quote(reference, safe='')}/notices?{urlencode({'after': after})}"
        )

    def _batch(self, path: str) -> Batch:
        status, content, simulated = self._call("GET", path)
        if status != HTTPStatus.OK:
            raise GatewayDown(f"http-{status}")
        try:
            batch = read_responses(content)
        except WireFault as fault:
            # An answer that cannot be understood counts as none: guessing would print a wrong number.
            raise GatewayDown(f"unreadable-{fault.code}") from None
        notices = tuple(replace(each, simulated=simulated) for each in batch.notices)
        return replace(batch, notices=notices, simulated=simulated)

    def _call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, bool]:
        """Return status, body, and whether the answer says that it comes from a simulator."""
        headers = {"Content-Type": "application/xml"} if body is not None else {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = fetch(
                self._url.rstrip("/") + path, method=method, body=body, headers=headers, inside=True,
                timeout_s=self._timeout_s, max_bytes=LARGEST,
            )  # fmt: skip
        except (OutgoingFailed, OutgoingRefused) as error:
            raise GatewayDown(str(error).replace(" ", "-")) from None
        return answer.status, answer.body, answer.headers.get(SIMULATED, "").strip().lower() == "true"


def gateway_of(settings: Settings) -> CustomsGateway:
    """
    Return the gateway that this installation has been given; none is made up.

    :raises ValueError: its address cannot be used.
    """
    url, token = settings.customs_gateway_url, settings.customs_gateway_token
    if url is None or not url.get_secret_value():
        return GatewayMissing()
    return HttpGateway(
        url.get_secret_value(), token=token.get_secret_value() if token else "",
        timeout_s=settings.customs_gateway_timeout_s,
    )  # fmt: skip
