"""
The identity provider as it is reached: discovery, keys, the exchange of a code, and the judgement of a token.

Nothing that a browser carries is believed. A token counts when its signature fits a key of the provider, by an
algorithm of ours, and issuer, audience, times and nonce are right.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.core.errors import DomainError
from app.core.kit.outgoing import Answer, OutgoingFailed, OutgoingRefused, fetch

ALGORITHMS = ("RS256", "PS256", "ES256")
# The clocks of two machines differ a little; an old token is a replayed one.
LEEWAY = timedelta(minutes=1)
OLDEST = timedelta(minutes=10)
METADATA_FOR = timedelta(hours=1)
# A flood of invented key ids must not become a flood of questions.
_KEYS_AGAIN_AFTER = timedelta(seconds=5)
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_OK = 200
CONFIRM = "confirm"
"""Purpose of a flow by which a signed-in person proves presence."""

Fetch = Callable[..., Answer]


class IdentityAway(DomainError):
    """The provider does not answer, or not as it should."""

    code = "auth.identity-away"
    status = 503
    title = "The identity provider does not answer."
    detail = "“%(name)s” could not be asked who you are. Nothing was changed."
    hint = "Try again in a few minutes, or sign in with account name and password."


class IdentityRefused(DomainError):
    """What came back does not prove who it is; the reason is in the evidence, not on the page."""

    code = "auth.identity-refused"
    status = 401
    title = "Sign-in did not succeed."
    detail = (
        "What the identity provider sent does not belong to a sign-in of this browser, or is no longer valid."
    )
    hint = "Begin again from the sign-in page."

    def __init__(self, *, reason: str) -> None:
        super().__init__()
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What the operator says of the provider."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    simulated: bool = False

    def __repr__(self) -> str:
        return f"ProviderConfig({self.issuer})"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The addresses that the provider publishes."""

    authorization: str
    token: str
    keys: str
    end_session: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way, kept by the browser under seal: what must come back, and where it goes on."""

    state: str
    nonce: str
    verifier: str
    target: str
    began: float
    purpose: str = "login"

    @classmethod
    def begin(cls, *, target: str, now: datetime, purpose: str = "login") -> "Flow":
        """Make the secrets of a new sign-in."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, target, now.timestamp(), purpose)

    def as_json(self) -> bytes:
        """Return what is sealed."""
        return json.dumps(asdict(self)).encode()

    def is_over(self, now: datetime) -> bool:
        """Tell whether it took longer than anybody needs."""
        return not 0 <= now.timestamp() - self.began < OLDEST.total_seconds()

    @property
    def asks_anew(self) -> bool:
        """Tell whether the provider has to ask the person again, however lately it did."""
        return self.purpose == CONFIRM

    def answers(self, state: str) -> bool:
        """Tell whether what came back is the answer to this one."""
        return hmac.compare_digest(self.state.encode(), state.encode())


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider vouches for it; ``name`` may be empty; ``token`` is what it said, for signing out."""

    issuer: str
    subject: str
    name: str = ""
    token: str = field(default="", repr=False, compare=False)


class Provider:
    """One provider; metadata and keys are kept for an hour, keys sooner when an unknown one signs."""

    def __init__(self, config: ProviderConfig, *, send: Fetch = fetch) -> None:
        self.config = config
        self._send = send
        self._lock = threading.Lock()
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def address(self, flow: Flow, *, redirect_uri: str, lang: str, now: datetime) -> str:
        """
        Return where the browser goes to say who it is.

        :raises IdentityAway:
        """
        digest = hashlib.sha256(flow.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "ui_locales": lang,
        }
        if flow.asks_anew:
            asked |= {"prompt": "login", "max_age": "0"}
        return _with(self._known(now).authorization, asked)

    def leave_address(self, token: str, *, back: str, lang: str, now: datetime) -> str:
        """
        Return where the browser goes to sign out there (OpenID Connect RP-Initiated Logout); empty: it offers no way.

        :param token: what the provider said at sign-in, a hint whose session it is; may be empty.
        :param back: where it comes back to, registered with the provider.
        :raises IdentityAway:
        """
        base = self._known(now).end_session
        asked = {"client_id": self.config.client_id, "post_logout_redirect_uri": back, "ui_locales": lang}
        return _with(base, asked | ({"id_token_hint": token} if token else {})) if base else ""

    def exchange(self, flow: Flow, *, code: str, redirect_uri: str, now: datetime) -> Identity:
        """
        Turn a code into a person.

        :raises IdentityAway, IdentityRefused:
        """
        pair = f"{quote_plus(self.config.client_id)}:{quote_plus(self.config.client_secret)}"
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "code_verifier": flow.verifier,
        }  # fmt: skip
        answer = self._ask(
            self._known(now).token, method="POST", body=urlencode(fields).encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            },
        )  # fmt: skip
        if answer.status != _OK:
            if answer.status >= 500:  # noqa: PLR2004  HTTP's own border
                raise self._away()
            raise IdentityRefused(reason="code")
        token = _json(answer.body).get("id_token")
        if not isinstance(token, str):
            raise IdentityRefused(reason="no-token")
        claims = self._claims(token, now=now)
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), flow.nonce.encode()):
            raise IdentityRefused(reason="nonce")
        if flow.asks_anew and not _asked_since(claims, flow, now):
            raise IdentityRefused(reason="auth-time")
        name = claims.get("name")
        return Identity(self.config.issuer, str(claims["sub"]), name if isinstance(name, str) else "", token)

    def logged_out(self, token: str, *, now: datetime) -> Identity:
        """
        Return whose sessions a logout token ends (OpenID Connect Back-Channel Logout).

        :raises IdentityAway, IdentityRefused:
        """
        claims = self._claims(token, now=now)
        events = claims.get("events")
        if "nonce" in claims or not isinstance(events, dict) or _LOGOUT_EVENT not in events:
            raise IdentityRefused(reason="no-logout-token")
        return Identity(self.config.issuer, str(claims["sub"]))

    def _claims(self, token: str, *, now: datetime) -> Mapping[str, Any]:
        claims = self._verified(token, now=now)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.config.issuer:
            raise IdentityRefused(reason="issuer")
        if self.config.client_id not in audiences or len(audiences) > 1:
            raise IdentityRefused(reason="audience")
        if claims.get("azp", self.config.client_id) != self.config.client_id:
            raise IdentityRefused(reason="authorised-party")
        issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
        at, leeway = now.timestamp(), LEEWAY.total_seconds()
        if expires + leeway <= at or issued - leeway > at or issued + OLDEST.total_seconds() <= at:
            raise IdentityRefused(reason="times")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise IdentityRefused(reason="subject")
        return claims

    def _verified(self, token: str, *, now: datetime) -> Mapping[str, Any]:
        try:
            return jwt.decode(token, self._key_set(now), algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            pass  # the provider may have changed its keys
        except (JoseError, ValueError, binascii.Error):
            raise IdentityRefused(reason="signature") from None
        try:
            return jwt.decode(token, self._key_set(now, again=True), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, binascii.Error):
            raise IdentityRefused(reason="signature") from None

    def _key_set(self, now: datetime, *, again: bool = False) -> KeySet:
        with self._lock:
            known = self._keys
        fresh = _KEYS_AGAIN_AFTER if again else METADATA_FOR
        if known is not None and timedelta(0) <= now - known[0] < fresh:
            return known[1]
        answer = self._ask(self._known(now).keys)
        try:
            found = KeySet.import_key_set(_json(answer.body))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise self._away() from None
        with self._lock:
            self._keys = (now, found)
        return found

    def _known(self, now: datetime) -> Metadata:
        with self._lock:
            known = self._metadata
        if known is not None and timedelta(0) <= now - known[0] < METADATA_FOR:
            return known[1]
        answer = self._ask(f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration")
        told = _json(answer.body)
        places = [told.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        fits = told.get("issuer") == self.config.issuer and all(isinstance(each, str) for each in places)
        if answer.status != _OK or not fits:
            raise self._away()
        scheme, leave = urlsplit(self.config.issuer).scheme, told.get("end_session_endpoint")
        known_way = isinstance(leave, str) and urlsplit(leave).scheme == scheme
        authorization, token, keys = map(str, places)
        metadata = Metadata(authorization, token, keys, str(leave) if known_way else "")
        if urlsplit(metadata.authorization).scheme != scheme:
            raise self._away()
        with self._lock:
            self._metadata = (now, metadata)
        return metadata

    def _ask(self, url: str, **options: Any) -> Answer:
        # Only the host that the operator named may stand inside; where else the provider points must be public.
        inside = urlsplit(url).netloc == urlsplit(self.config.issuer).netloc
        try:
            return self._send(url, inside=inside, **options)
        except (OutgoingFailed, OutgoingRefused):
            raise self._away() from None

    def _away(self) -> IdentityAway:
        return IdentityAway(name=self.config.name)


def _with(base: str, asked: Mapping[str, str]) -> str:
    return f"{base}{'&' if urlsplit(base).query else '?'}{urlencode(asked)}"


def _asked_since(claims: Mapping[str, Any], flow: Flow, now: datetime) -> bool:
    """Tell whether the provider asked the person after this flow began, not some session of it remembers."""
    try:
        at = _instant(claims, "auth_time")
    except IdentityRefused:
        return False
    leeway = LEEWAY.total_seconds()
    return flow.began - leeway <= at <= now.timestamp() + leeway


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise IdentityRefused(reason="times")
    return float(value)
