"""Programs at the JSON door: known by a token in the Authorization header, and by nothing else.

A request with such a token is the program's alone: a cookie that comes along is not looked at, so no browser's session
can lend a token its rights, and no form token is asked for, since no browser adds the header by itself.
"""

from fastapi import Request

from app.core.auth.clients.tokens import resolve_token
from app.core.errors import DomainError
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow

API = "/api/"
REALM = 'Bearer realm="api"'


class TokenRefused(DomainError):
    """The token is unknown, expired or revoked."""

    code = "token-refused"
    status = 401
    title = "The token is not valid."
    detail = "The access token is unknown, has expired or was revoked, and nothing was carried out."
    hint = "Get a new one from /oauth/token and repeat the request."


class InsufficientScope(DomainError):
    """The program's token does not allow this; ``params['scope']`` names what does."""

    code = "insufficient-scope"
    status = 403
    title = "The token does not allow this."
    detail = "The request needs the scope “%(scope)s”."
    hint = "Ask for a token with it, or have the enterprise's administrator allow it to the program."


def token_of(request: Request) -> str | None:
    """Return the token of a request to the API; other ways of authorisation are a proxy's, not ours."""
    if not request.url.path.startswith(API):
        return None
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def identify_program(request: Request, token: str) -> Actor:
    """
    Return the program that holds the token.

    :raises TokenRefused:
    """
    app = request.app
    found = resolve_token(app.state.database, token=token, book=app.state.permissions, now=utcnow())
    if found is None:
        raise TokenRefused
    return found


def challenge(request: Request, error: DomainError) -> dict[str, str]:
    """Return the header by which a refusal says how to come in (RFC 6750)."""
    if isinstance(error, InsufficientScope):
        return {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{error.params["scope"]}"'}
    if error.status != TokenRefused.status:
        return {}
    fault = ', error="invalid_token"' if isinstance(error, TokenRefused) else ""
    return {"WWW-Authenticate": REALM + fault}
