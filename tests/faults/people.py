"""People at their browsers, without a browser: they sign in, carry their cookies and send forms with their token.

``House`` runs the real application in this process on a database of the test cluster; all its people share one
event loop, as they share one web process.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from fastapi import APIRouter, FastAPI
from httpx2 import Response
from psycopg.sql import SQL, Identifier
from sqlalchemy import select
from starlette.testclient import TestClient

from app.cli.demo import PASSWORD
from app.core.auth.models import Membership, User
from app.core.db import Base, Database, DbRole, SessionContext
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.settings import DatabaseTarget
from app.core.workflow.definition import FormSection
from app.main import create_app
from tests.conftest import settings_for
from tests.faults.procedure import CODE, PROBE, publish

T = TypeVar("T")

ORIGIN = "https://testserver"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
OFFICER = SessionContext(DbRole.OFFICER)
AUTH = SessionContext(DbRole.AUTH)


class Person:
    """One browser: own cookies, own token."""

    def __init__(self, house: "House") -> None:
        self.house = house
        self.client = TestClient(
            house.app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False
        )
        self.client.portal = house.first.portal
        self._token = ""

    def get(self, path: str, **options: Any) -> Response:
        """Open an address."""
        return self.client.get(path, **options)

    @property
    def token(self) -> str:
        """The token of this browser's forms, read from a page once."""
        if not self._token:
            self._token = self.fresh_token()
        return self._token

    def fresh_token(self) -> str:
        """Read the token from a page that has a form in any state."""
        found = TOKEN.search(self.get("/procedures").text) or TOKEN.search(self.get("/login").text)
        assert found, "no page carries a token"
        return found.group(1)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **options: Any) -> Response:
        """Send a form as the page would: with the browser's token and origin."""
        headers = {"Origin": ORIGIN, **options.pop("headers", {})}
        return self.client.post(
            path, data={"csrf_token": self.token, **(data or {})}, headers=headers, **options
        )

    def twin(self) -> "Person":
        """Return another window of the same browser."""
        other = Person(self.house)
        other.client.cookies.update(self.client.cookies)
        other._token = self.token
        return other

    def sign_in(self, login: str, password: str = PASSWORD, **fields: str) -> Response:
        """Sign in; the browser's token changes with the session."""
        answer = self.post("/login", {"login_id": login, "password": password, **fields})
        self._token = ""
        return answer

    def cookie(self, name: str) -> str | None:
        """Return the value of one of the platform's own cookies."""
        return self.client.cookies.get(f"__Host-ftz-{name}")


class House:
    """The running application with its database, and what tests need to know of both."""

    def __init__(self, app: FastAPI, first: "TestClient") -> None:
        self.app = app
        self.first = first

    @property
    def database(self) -> Database:
        """The pools of the web process."""
        database: Database = self.app.state.database
        return database

    def visitor(self) -> Person:
        """Return somebody who is not signed in."""
        return Person(self)

    def person(self, login: str) -> Person:
        """Return somebody of the demo zone, signed in."""
        person = Person(self)
        answer = person.sign_in(login)
        assert answer.status_code == 303, answer.text
        return person

    def party_of(self, login: str) -> UUID:
        """Return the party that a person acts for."""
        with self.database.session(AUTH) as session:
            return session.scalars(
                select(Membership.party_id)
                .join(User, User.id == Membership.user_id)
                .where(User.login == login)
            ).one()


@contextmanager
def house_on(
    target: DatabaseTarget, var: Path, *, routers: Sequence[APIRouter] = (), **values: object
) -> Iterator[House]:
    """Run the application, with a test's own routes, on a database for the length of a block."""
    app = create_app(settings_for(target, var, public_url=ORIGIN, **values))
    for each in routers:
        app.include_router(each)
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as first:
        house = House(app, first)
        with house.database.transaction(OFFICER) as session:
            publish(app, session, now=utcnow())
        yield house


def answers_for(section: FormSection, mark: str) -> dict[str, str]:
    """Return something that fits for each question of a section; texts carry the mark."""
    found: dict[str, str] = {}
    for field in section.fields:
        match field.type:
            case "choice" | "choices" | "site":
                found[field.code] = field.options[0].code
            case "money":
                found |= {field.code: "1250000000", f"{field.code}_currency": field.options[0].code}
            case _:
                found[field.code] = f"Dự án {mark} của người nộp"
    return found


def draft(person: Person, login: str, *, case_id: UUID | None = None) -> UUID:
    """Open a draft and return its key."""
    key = case_id or uuid7()
    form = {"case_id": str(key), "procedure": CODE, "party_id": str(person.house.party_of(login))}
    answer = person.post("/dossiers", form)
    assert answer.status_code == 303, answer.text
    return key


def fill(person: Person, case_id: UUID, *, mark: str) -> None:
    """Answer every question of a draft."""
    for section in PROBE.sections:
        answer = person.post(
            f"/dossiers/{case_id}/form/{section.code}", {**answers_for(section, mark), "then": "list"}
        )
        assert answer.status_code == 303, answer.text


def filed(person: Person, login: str, *, mark: str) -> UUID:
    """Open, fill in and file a dossier; return its key."""
    case_id = draft(person, login)
    fill(person, case_id, mark=mark)
    answer = person.post(f"/dossiers/{case_id}/actions/submit", {"revision": "1"})
    assert answer.status_code == 303, answer.text
    return case_id


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make all calls at the same moment, each in a thread, and return what they gave in their order."""
    start = Barrier(len(calls))

    def call(each: Callable[[], T]) -> T:
        start.wait(20)
        return each()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


# What changes by looking: sessions note when they were seen, and refusals are recorded.
_MOVES_BY_ITSELF = (
    "auth_session",
    "auth_throttle",
    "evidence_entry",
    "evidence_head",
    "timer_heartbeat",
)


def fingerprint(conninfo: str, *, without: Sequence[str] = _MOVES_BY_ITSELF) -> dict[str, str]:
    """Return a digest of the rows of every table, read as superuser; equal digests mean that nothing changed."""
    with psycopg.connect(conninfo) as connection:
        return {
            name: str(
                connection.execute(
                    SQL(
                        "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t"
                    ).format(Identifier(name))
                ).fetchone()
            )
            for name in sorted(Base.metadata.tables)
            if name not in without
        }
