"""
HTTP to the outside: the one way to an address that somebody gave, and to one that the operator configured.

An address from outside (``inside=False``) leads to public hosts only. The name is resolved once, every address that it
has must be public, and the connection goes to the address that was looked at, so that a name which answers otherwise a
moment later (DNS rebinding) changes nothing. Each redirect is looked at in the same way.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

TIMEOUT_S = 5.0
MAX_BYTES = 1_000_000
_CHUNK = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
# Addresses in which others are wrapped; what lies behind them is not for us to guess.
_WRAPPED = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"))
)


class OutgoingRefused(Exception):
    """The address is not one that this program calls."""


class OutgoingFailed(Exception):
    """The other side does not answer, not in time, or not in a way that can be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    inside: bool = False,
    redirects: int = 0,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
) -> Answer:
    """
    Send one request and return the answer; it takes ``timeout_s`` in all, whatever the other side does.

    :param inside: the operator configured the address: private hosts, plain http and any port are allowed.
    :param redirects: how many a GET follows; none of them leads inside.
    :raises OutgoingRefused: the address, or one that it redirects to, is not allowed.
    :raises OutgoingFailed:
    """
    deadline = time.monotonic() + timeout_s
    for _ in range(redirects + 1):
        parts = _checked(url, inside=inside)
        address = _address(parts, inside=inside)
        answer = _send(parts, address, method, body, dict(headers or {}), deadline, max_bytes)
        if answer.status not in _REDIRECTS or redirects == 0:
            return answer
        url, inside = urljoin(url, answer.headers.get("location", "")), False
    raise OutgoingFailed("too many redirects")


def configured(url: str, setting: str) -> str:
    """
    Return the base address that a setting gives, without a slash at its end.

    :raises ValueError: it cannot be used; it is not repeated, for it may hold a secret.
    """
    try:
        parts = _checked(url, inside=True)
    except OutgoingRefused:
        raise ValueError(
            f"{setting} must read http://host/path or https://host/path, without a user name."
        ) from None
    return parts.geturl().rstrip("/")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the open internet."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.is_site_local or any(ip in network for network in _WRAPPED):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _checked(url: str, *, inside: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise OutgoingRefused("not an address") from None
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):  # noqa: PLR2004  control characters
        raise OutgoingRefused("not an address")
    if parts.scheme not in (("http", "https") if inside else ("https",)) or not parts.hostname:
        raise OutgoingRefused("only https addresses")
    if parts.username is not None or parts.password is not None:
        raise OutgoingRefused("no credentials in an address")
    if not inside and port not in (None, _PORTS["https"]):
        raise OutgoingRefused("only the usual port")
    return parts


def _address(parts: SplitResult, *, inside: bool) -> tuple[str, int]:
    """Resolve the name once; every address it has must be allowed, and the first one is taken."""
    port = parts.port or _PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutgoingFailed("the name is unknown") from None
    addresses = [str(each[4][0]) for each in found]
    if not addresses:
        raise OutgoingFailed("the name is unknown")
    if not inside and not all(map(is_public, addresses)):
        raise OutgoingRefused("the name leads to a private address")
    return addresses[0], port


def _send(
    parts: SplitResult,
    address: tuple[str, int],
    method: str,
    body: bytes | None,
    headers: dict[str, str],
    deadline: float,
    max_bytes: int,
) -> Answer:
    connection = http.client.HTTPConnection(str(parts.hostname), address[1])
    try:
        connection.sock = _connected(parts, address, deadline)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"Accept": "*/*", **headers, "Connection": "close"})
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, _read(response, connection, deadline, max_bytes))
    except (OSError, http.client.HTTPException) as fault:
        raise OutgoingFailed(type(fault).__name__) from None
    finally:
        connection.close()


def _connected(parts: SplitResult, address: tuple[str, int], deadline: float) -> socket.socket:
    raw = socket.create_connection(address, timeout=_left(deadline))
    if parts.scheme == "http":
        return raw
    try:
        return ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname)
    except (OSError, ValueError):
        raw.close()
        raise


def _read(
    response: http.client.HTTPResponse,
    connection: http.client.HTTPConnection,
    deadline: float,
    max_bytes: int,
) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        _left(deadline)
        chunk = response.read1(_CHUNK)
        if not chunk:
            return b"".join(parts)
        size += len(chunk)
        if size > max_bytes:
            raise OutgoingFailed("the answer is too large")
        parts.append(chunk)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise OutgoingFailed("too slow")
    return left
