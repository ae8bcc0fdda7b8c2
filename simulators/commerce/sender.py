"""Sending: a token by client credentials, then batches; a batch without an answer is sent again under the same key."""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

_UNAUTHORISED = 401
_TIMEOUT_S = 30.0


class Sender:
    """
    Speaks to the API of one installation.

    :param origin: address of the installation, for example http://127.0.0.1:8000.
    """

    def __init__(self, origin: str, *, client_id: str, secret: str) -> None:
        self._origin = origin.rstrip("/")
        self._credentials = {"client_id": client_id, "client_secret": secret}
        self._token = ""

    def send(self, kind: str, rows: list[dict[str, Any]], *, key: str = "") -> dict[str, Any]:
        """
        Send a batch and return its answer.

        :raises OSError: nobody answered, or the batch was refused as a whole.
        """
        key = key or uuid.uuid4().hex
        try:
            return self._post(kind, rows, key)
        except urllib.error.HTTPError as refusal:
            if refusal.code != _UNAUTHORISED:
                raise
            self._token = ""
            return self._post(kind, rows, key)

    def _post(self, kind: str, rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
        if not self._token:
            self._token = self._enter()
        return self._call(
            f"/api/v1/parcels/{kind}",
            json.dumps({"rows": rows}).encode(),
            {
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Idempotency-Key": key,
            },
        )

    def _enter(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "scope": "parcels.read parcels.write",
            **self._credentials,
        }
        body = urllib.parse.urlencode(form).encode()
        return str(self._call("/oauth/token", body, {})["access_token"])

    def _call(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(self._origin + path, body, headers)  # noqa: S310  an address of ours
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  as above
            found: dict[str, Any] = json.load(answer)
        return found
