"""An enterprise's program at the JSON door: registered by the administrator through the pages, known by its token."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from httpx2 import Response

from tests.faults.people import House, Person

CODES = re.compile(r'data-copy="([^"]+)"')
HIDDEN = re.compile(r'name="client_id" value="([^"]+)"')
ALL = ("declarations.read", "dossiers.read", "dossiers.write", "forms.sign", "parcels.read", "parcels.write")


@dataclass
class Program:
    """A program with its key and secret; it carries no cookie."""

    house: House
    client_id: str
    secret: str
    token: str = ""
    visitor: Person = field(init=False)

    def __post_init__(self) -> None:
        self.visitor = self.house.visitor()

    def ask(self, **fields: str) -> Response:
        """Ask for a token by the body of the request."""
        data = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        return self.visitor.client.post("/oauth/token", data=data | fields)

    def enter(self, **fields: str) -> "Program":
        """Get a token."""
        answer = self.ask(**fields)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return self

    def request(self, method: str, path: str, **options: Any) -> Response:
        """Send a request with the token."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.visitor.client.request(method, f"/api/v1{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> Response:
        """Read."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Response:
        """Change something, with a new key."""
        headers = {"Idempotency-Key": uuid4().hex, **options.pop("headers", {})}
        return self.request("POST", path, headers=headers, **options)


def registered(person: Person, *, scopes: tuple[str, ...] = ALL, name: str = "Phần mềm kế toán") -> Program:
    """Register a program through the pages, as the administrator does."""
    form = person.get("/api-clients/new").text
    key = HIDDEN.search(form)
    assert key, form
    data = {"client_id": key.group(1), "name": name, "scopes": list(scopes), "lives": "365"}
    answer = person.post("/api-clients", data)
    assert answer.status_code == 200, answer.text
    client_id, secret, _ = CODES.findall(answer.text)
    assert client_id == key.group(1)
    return Program(person.house, client_id, secret)
