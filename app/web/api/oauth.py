"""
OAuth 2 for the programs of enterprises: client credentials (RFC 6749 §4.4), revocation (RFC 7009), metadata (RFC 8414).

These routes read no cookie; errors have the form that the RFCs give them, in English, as client libraries expect it.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.responses import JSONResponse

from app.core.auth.clients.scopes import SCOPES
from app.core.auth.clients.tokens import (
    ClientRefused,
    IssuedToken,
    ScopeRefused,
    TooManyTokens,
    issue_token,
    revoke_token,
)
from app.core.auth.throttle import TooManyAttempts
from app.core.kit.ids import key_of
from app.core.kit.time import utcnow
from app.web.identity import database_of, ip_of
from app.web.unit import router

oauth = router(include_in_schema=False)

TOKEN, REVOCATION = "/oauth/token", "/oauth/revoke"
METADATA = "/.well-known/oauth-authorization-server"
_MAX_BODY = 16_384
_MAX_FIELDS = 20
_FORM = "application/x-www-form-urlencoded"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(Exception):
    """A refusal in the words of RFC 6749 §5.2."""

    def __init__(self, error: str, description: str, *, status: int = 400, **headers: str) -> None:
        self.error, self.description, self.status, self.headers = error, description, status, headers
        super().__init__(error)

    def response(self) -> Response:
        """Return the answer."""
        content = {"error": self.error, "error_description": self.description}
        names = {name.replace("_", "-"): value for name, value in self.headers.items()}
        return JSONResponse(content, self.status, headers=_NO_STORE | names)


@dataclass(frozen=True, slots=True)
class Posted:
    """A request of a client: its fields, and how it says who it is; ``fault`` when it cannot be read."""

    fields: Mapping[str, str]
    client_id: str = ""
    secret: str = ""
    by_header: bool = False
    fault: OAuthError | None = None

    @property
    def key(self) -> UUID | None:
        """Return the client's key, ``None`` when what was sent is none."""
        return key_of(self.client_id)


async def read_posted(request: Request) -> Posted:
    """Read a bounded form and the client's credentials."""
    try:
        return _with_credentials(request, await _fields(request))
    except OAuthError as fault:
        return Posted({}, fault=fault)


ClientForm = Annotated[Posted, Depends(read_posted)]


@oauth.post(TOKEN)
def give_token(request: Request, posted: ClientForm) -> Response:
    """Give an access token for the client's own credentials."""
    try:
        issued = _issue(request, posted)
    except OAuthError as fault:
        return fault.response()
    content = {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": " ".join(issued.scopes),
    }
    return JSONResponse(content, headers=_NO_STORE)


@oauth.post(REVOCATION)
def end_token(request: Request, posted: ClientForm) -> Response:
    """End a token; one that is not there is over already, which is what was asked for."""
    try:
        if posted.fault is not None:
            raise posted.fault
        if not posted.fields.get("token"):
            raise OAuthError("invalid_request", "The parameter token is missing.")
        if posted.key is None:
            raise _not_recognised(posted)
        revoke_token(
            database_of(request), client_id=posted.key, secret=posted.secret, token=posted.fields["token"],
            now=utcnow(), ip=ip_of(request),
        )  # fmt: skip
    except ClientRefused:
        return _not_recognised(posted).response()
    except TooManyAttempts as refusal:
        return _slow_down(refusal).response()
    except OAuthError as fault:
        return fault.response()
    return Response(status_code=200, headers=_NO_STORE)


@oauth.get(METADATA)
def metadata(request: Request) -> Response:
    """Tell client libraries where the endpoints are and what they take."""
    origin: str = request.app.state.settings.origin
    ways = ["client_secret_basic", "client_secret_post"]
    content: dict[str, Any] = {
        "issuer": origin,
        "token_endpoint": origin + TOKEN,
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint": origin + REVOCATION,
        "revocation_endpoint_auth_methods_supported": ways,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "scopes_supported": list(SCOPES),
        "service_documentation": origin + "/developers",
        "ui_locales_supported": ["vi", "en"],
    }
    return JSONResponse(content)


def _issue(request: Request, posted: Posted) -> IssuedToken:
    if posted.fault is not None:
        raise posted.fault
    grant = posted.fields.get("grant_type")
    if not grant:
        raise OAuthError("invalid_request", "The parameter grant_type is missing.")
    if grant != "client_credentials":
        raise OAuthError("unsupported_grant_type", "Only client_credentials is supported.")
    if not posted.client_id or not posted.secret:
        raise _not_recognised(posted)
    scopes = posted.fields.get("scope", "").split()
    try:
        return issue_token(
            database_of(request), client_id=posted.key, secret=posted.secret, scopes=scopes or None, now=utcnow(),
            ip=ip_of(request),
        )  # fmt: skip
    except ClientRefused:
        raise _not_recognised(posted) from None
    except ScopeRefused as refusal:
        allowed = refusal.params["allowed"]
        raise OAuthError("invalid_scope", f"The client may have: {allowed}.") from None
    except (TooManyAttempts, TooManyTokens) as refusal:
        raise _slow_down(refusal) from None


def _slow_down(refusal: TooManyAttempts | TooManyTokens) -> OAuthError:
    # No word of the RFC fits; libraries look at the status and Retry-After.
    return OAuthError(
        "temporarily_unavailable", "Too many requests; wait, and keep a token for as long as it lives.",
        status=refusal.status, Retry_After=str(refusal.params["retry_after"]),
    )  # fmt: skip


def _not_recognised(posted: Posted) -> OAuthError:
    headers = {"WWW_Authenticate": 'Basic realm="oauth"'} if posted.by_header else {}
    return OAuthError("invalid_client", "Client and secret do not fit together.", status=401, **headers)


async def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise OAuthError("invalid_request", f"The body must be {_FORM}.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise OAuthError("invalid_request", "The body is too large.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", "The body cannot be read.") from None
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise OAuthError("invalid_request", "A parameter came twice.")
    return dict(pairs)


def _with_credentials(request: Request, fields: dict[str, str]) -> Posted:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return Posted(fields, fields.get("client_id", ""), fields.get("client_secret", ""))
    if "client_secret" in fields:
        raise OAuthError("invalid_request", "The client authenticates in two ways.")
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name, colon, secret = "", "", ""
    if not colon:
        raise _not_recognised(Posted(fields, by_header=True))
    client_id = unquote_plus(name)
    if fields.get("client_id", client_id) != client_id:
        raise OAuthError("invalid_request", "Two different clients are named.")
    return Posted(fields, client_id, unquote_plus(secret), by_header=True)
