"""Secrets in a browser's hands: session tokens and the token that proves a form is ours."""

import base64
import hashlib
import hmac
import secrets

_TOKEN_BYTES = 32
_CSRF_PURPOSE = b"ftz csrf v1"


def new_token() -> str:
    """Make a session token: 256 random bits in URL-safe base64."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """
    Return what is stored of a token: SHA-256, 32 bytes.

    A token has 256 random bits, so a slow hash would add nothing.
    """
    return hashlib.sha256(token.encode()).digest()


def csrf_token(secret: str) -> str:
    """
    Derive the token of forms from a secret of the browser (its session token, or a cookie made for visitors).

    HMAC-SHA256 in URL-safe base64: the form shows nothing from which the secret could be found, and nothing has to be
    stored.
    """
    mac = hmac.digest(secret.encode(), _CSRF_PURPOSE, "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def csrf_matches(secret: str, given: str) -> bool:
    """Tell whether a form's token belongs to the secret, in a time that does not tell how much of it fits."""
    return hmac.compare_digest(csrf_token(secret).encode(), given.encode())
