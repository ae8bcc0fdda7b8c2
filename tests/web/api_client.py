"""A program that uses the JSON door with a browser's session."""

import re
from typing import Any
from uuid import uuid4

from httpx2 import Response
from starlette.testclient import TestClient


class ApiClient:
    """Signs in through the page and then speaks JSON."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.token = ""

    def sign_in(self, login: str, password: str) -> "ApiClient":
        """Begin a new session."""
        self._client.cookies.clear()
        form = self._client.get("/login").text
        data = {"login_id": login, "password": password, "next": "/", "csrf_token": _token(form)}
        answer = self._client.post("/login", data=data, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        self.token = _token(answer.text)
        return self

    def own_party(self) -> str:
        """Return the enterprise that the start page of a procedure offers."""
        page = self._client.get("/dossiers/new?procedure=IRC").text
        found = re.search(r'name="party_id" value="([^"]+)"', page)
        assert found, page
        return found.group(1)

    def get(self, path: str) -> Response:
        """Read."""
        return self._client.get(f"/api/v1{path}")

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Response:
        """Change something, with a new key unless one is given."""
        headers = {"X-CSRF-Token": self.token, "Idempotency-Key": uuid4().hex if key is None else key}
        return self._client.post(f"/api/v1{path}", json=body, headers=headers)

    def patch(self, path: str, body: dict[str, Any]) -> Response:
        """Change a part."""
        return self._client.patch(f"/api/v1{path}", json=body, headers={"X-CSRF-Token": self.token})


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found.group(1)
