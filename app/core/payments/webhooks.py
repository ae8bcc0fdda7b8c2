"""
Signatures of messages between the bank and the platform, in the form of Standard Webhooks 1.0.

Headers ``webhook-id``, ``webhook-timestamp`` (seconds since 1970) and ``webhook-signature``: one or more of
``v1,<base64>``, each an HMAC-SHA-256 over ``<id>.<timestamp>.<body>``, byte for byte. Several keys may be in force
while one is replaced. Pure.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.core.errors import DomainError

TOLERANCE = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECRET_PREFIX = "whsec_"  # noqa: S105  how the standard marks a secret, no secret itself
_ID = re.compile(r"[!-~]{1,200}")
_LEAST_KEY_BYTES = 24


class BadSignature(DomainError):
    """The message was not signed by the bank, was changed, or is too old to be believed."""

    code = "payments.bad-signature"
    status = 401
    title = "The message is not accepted."
    detail = "It does not carry a valid signature of the bank for this moment."
    hint = "Sign it anew with a key in force, and send it within five minutes."


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed a message, and when."""

    id: str
    key_id: str
    at: datetime


def read_keys(text: str) -> Mapping[str, bytes]:
    """
    Read keys from ``name=whsec_…`` parted by spaces or commas.

    :raises ValueError: a key has no name, is no base64, or is shorter than the standard asks; it is not repeated.
    """
    keys: dict[str, bytes] = {}
    for part in re.split(r"[\s,]+", text.strip()):
        name, equals, secret = part.partition("=")
        if not part:
            continue
        try:
            key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not equals or not name or len(key) < _LEAST_KEY_BYTES:
            raise ValueError(f"A key reads name=whsec_<base64 of {_LEAST_KEY_BYTES} bytes or more>.")
        keys[name] = key
    return keys


def sign(key: bytes, *, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the headers of a signed message."""
    seconds = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{_mac(key, message_id, seconds, body)}",
    }


def verify(keys: Mapping[str, bytes], *, headers: Mapping[str, str], body: bytes, now: datetime) -> Signed:
    """
    Find out who signed a message; signatures are compared in constant time.

    :param headers: names in lower case.
    :raises BadSignature: nobody in ``keys`` did, or not within ``TOLERANCE`` of ``now``.
    """
    message_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(message_id) or not re.fullmatch(r"[0-9]{1,11}", seconds):
        raise BadSignature
    at = _EPOCH + timedelta(seconds=int(seconds))
    if abs(now - at) > TOLERANCE:
        raise BadSignature
    given = [part[3:] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    for name, key in keys.items():
        expected = _mac(key, message_id, seconds, body)
        if any(hmac.compare_digest(expected.encode(), each.encode()) for each in given):
            return Signed(message_id, name, at)
    raise BadSignature


def _mac(key: bytes, message_id: str, seconds: str, body: bytes) -> str:
    content = f"{message_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
