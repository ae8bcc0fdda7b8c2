"""People and offices for the tests of identity. Every name is new, so tests may share a database."""

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import pytest

from app.core.auth import (
    PERMISSIONS,
    PartyKind,
    Permission,
    PermissionBook,
    SignedIn,
    UserKind,
    add_membership,
    create_party,
    register_person,
    resolve,
    sign_in,
)
from app.core.db import WORK_LOGINS, Database
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from tests.core.auth.people import AUTH, NOW, PASSWORD, Enter, Person, Who


@pytest.fixture(scope="session")
def book() -> PermissionBook:
    own = (
        Permission("goods.removal.create", "Remove goods", "", frozenset({"FILER"})),
        Permission("investment.case.sign", "Sign", "", frozenset({"SIGNER"})),
        Permission("investment.case.file", "File", "", frozenset({"FILER"})),
    )
    return PermissionBook((*PERMISSIONS, *own))


@pytest.fixture
def person(database: Database) -> Callable[..., Person]:
    """Make an account with roles in a party, committed."""

    def make(
        *roles: str,
        kind: UserKind = UserKind.CUSTOMER,
        party_id: UUID | None = None,
        password: str | None = PASSWORD,
    ) -> Person:
        login = f"p{uuid7().hex}"
        with database.transaction(AUTH) as session:
            user = register_person(
                session,
                login=login,
                full_name="Đỗ Thị Thử",
                kind=kind,
                password=password,
                language="vi",
                actor=SYSTEM,
                now=NOW,
            )
            if party_id is None:
                party_kind = PartyKind.ENTERPRISE if kind is UserKind.CUSTOMER else PartyKind.DIVISION
                party_id = create_party(session, kind=party_kind, name="Thử", actor=SYSTEM, now=NOW).id
            if roles:
                add_membership(
                    session, party_id=party_id, user_id=user.id, roles=roles, actor=SYSTEM, now=NOW
                )
            return Person(user.id, login, party_id)

    return make


@pytest.fixture
def ip() -> str:
    """Return an address from which nobody came before."""
    return f"2001:db8:{uuid7().int >> 16 & 0xFFFF:x}:{uuid7().int & 0xFFFF:x}::1"


@pytest.fixture
def enter(database: Database, book: PermissionBook, ip: str) -> Enter:
    """Sign a person in."""

    def do(who: Person | str, password: str = PASSWORD, *, now: datetime = NOW, **more: object) -> SignedIn:
        login = who if isinstance(who, str) else who.login
        return sign_in(
            database,
            book=book,
            login=login,
            password=password,
            now=now,
            user_agent="pytest",
            ip=ip,
            **more,  # type: ignore[arg-type]
        )

    return do


@pytest.fixture
def who(database: Database, book: PermissionBook) -> Who:
    """Ask who holds a token at an instant."""
    return lambda token, now=NOW: resolve(database, token=token, book=book, now=now)


@pytest.fixture
def work(database: Database) -> Iterator[Database]:
    """Reach the same database as a job does."""
    other = Database(database.target, logins=WORK_LOGINS, pool_size=2)
    yield other
    other.close()
