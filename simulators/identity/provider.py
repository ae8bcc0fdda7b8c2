"""The provider's state and its answers, without any HTTP."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from simulators.identity.people import PEOPLE

CODE_FOR_S = 60
TOKEN_FOR_S = 300
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for."""

    subject: str
    nonce: str
    challenge: str
    redirect_uri: str
    until: float
    asked_at: int


@dataclass
class Behaviour:
    """How the provider is feeling."""

    down: bool = False
    late_s: float = 0.0
    remembers: bool = False
    """Whether a browser that signed in lately is asked again only when the platform wants it."""
    lies: dict[str, Any] = field(default_factory=dict)
    """Claims that replace the true ones in the next tokens."""


class IdentityProvider:
    """One provider for one client."""

    def __init__(
        self,
        issuer: str,
        *,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer, self.client_id, self._secret = issuer, client_id, client_secret
        self.redirect_uri = redirect_uri
        self._clock = clock
        self.behaviour = Behaviour()
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}
        self._keys: list[ECKey] = []
        self._sessions: dict[str, tuple[str, int]] = {}
        self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish only that one."""
        key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig", "alg": "ES256"})
        with self._lock:
            self._keys = [key]

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/leave",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "backchannel_logout_supported": True,
        }

    def keys(self) -> dict[str, Any]:
        """Return the public keys."""
        with self._lock:
            return dict(KeySet(list(self._keys)).as_dict(private=False))

    def fault(self, asked: dict[str, str]) -> str:
        """Return what is wrong with a request of a browser, empty when nothing is."""
        needed = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect_uri,
            "code_challenge_method": "S256",
        }  # fmt: skip
        wrong = [name for name, value in needed.items() if asked.get(name) != value]
        wrong += [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        if "openid" not in asked.get("scope", "").split():
            wrong.append("scope")
        return ", ".join(wrong)

    def remember(self, subject: str) -> str:
        """Return the key of a browser's session with a person who was asked just now."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._sessions[key] = (subject, int(self._clock()))
        return key

    def known(self, key: str, asked: dict[str, str]) -> tuple[str, int] | None:
        """Return who a browser's session is of and when the person was asked; None when asking again is due."""
        with self._lock:
            found = self._sessions.get(key)
        if found is None or not self.behaviour.remembers or asked.get("prompt") == "login":
            return None
        oldest = asked.get("max_age", "")
        return None if oldest.isdigit() and self._clock() - found[1] >= int(oldest) else found

    def leave(self, key: str, asked: dict[str, str]) -> str:
        """End a browser's session; return where it goes, empty when the address is none of the client's."""
        with self._lock:
            self._sessions.pop(key, None)
        back = asked.get("post_logout_redirect_uri", "")
        registered = f"{self.redirect_uri.partition('/login/')[0]}/login"
        return back if asked.get("client_id") == self.client_id and back == registered else ""

    def grant(self, asked: dict[str, str], subject: str, asked_at: int | None = None) -> str:
        """Return a code for a person who agreed."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._grants[code] = Grant(
                subject,
                asked["nonce"],
                asked["code_challenge"],
                asked["redirect_uri"],
                self._clock() + CODE_FOR_S,
                int(self._clock()) if asked_at is None else asked_at,
            )
        return code

    def exchange(self, authorization: str, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Turn a code into a token, once."""
        pair = base64.b64encode(f"{self.client_id}:{self._secret}".encode()).decode()
        if not hmac.compare_digest(authorization.encode(), f"Basic {pair}".encode()):
            return 401, {"error": "invalid_client"}
        with self._lock:
            grant = self._grants.pop(fields.get("code", ""), None)
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            grant is None
            or grant.until < self._clock()
            or shown != grant.challenge
            or fields.get("redirect_uri") != grant.redirect_uri
            or fields.get("grant_type") != "authorization_code"
        ):
            return 400, {"error": "invalid_grant"}
        token = self.token(
            sub=grant.subject, nonce=grant.nonce, name=PEOPLE[grant.subject], auth_time=grant.asked_at
        )
        return 200, {
            "access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60, "id_token": token,
        }  # fmt: skip

    def logout_token(self, subject: str) -> str:
        """Return the word that a person signed out."""
        return self.token(sub=subject, events={LOGOUT_EVENT: {}}, jti=secrets.token_hex(8))

    def token(self, **claims: Any) -> str:
        """Sign claims, with whatever lies are asked for."""
        now = int(self._clock())
        told = {
            "iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + TOKEN_FOR_S, **claims,
            **self.behaviour.lies,
        }  # fmt: skip
        with self._lock:
            key = self._keys[-1]
        return jwt.encode({"alg": "ES256", "kid": key.kid}, told, key)
