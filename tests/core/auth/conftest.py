"""People, offices and second factors for the tests of identity. Every name is new, so tests may share a database."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyotp
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
    totp,
)
from app.core.auth.pending import Rules, pass_code
from app.core.auth.sessions import SessionPolicy
from app.core.auth.stages import SecondFactorPolicy
from app.core.auth.step_up import Proof
from app.core.db import WORK_LOGINS, Database
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.privacy.box import SecretsBox
from tests.core.auth.people import AUTH, NOW, PASSWORD, Enter, Person, Who
from tests.core.auth.second_factor import Device, Enrol, Step, waiting


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


@pytest.fixture
def box(tmp_path: Path) -> SecretsBox:
    return SecretsBox(tmp_path / "totp.key")


@pytest.fixture
def rules(book: PermissionBook) -> Rules:
    return Rules(book, SessionPolicy(), SecondFactorPolicy())


@pytest.fixture
def enrol(database: Database, box: SecretsBox) -> Enrol:
    """Set up a second factor an hour ago; return the device and the recovery codes."""

    def do(who: Person) -> tuple[Device, list[str]]:
        then = NOW - timedelta(hours=1)
        with database.transaction(AUTH) as session:
            begun = totp.begin(session, who.id, box=box, issuer="Thử", now=then)
            device = pyotp.TOTP(begun.key)
            codes = totp.confirm(session, who.id, code=device.at(then), box=box, actor=SYSTEM, now=then)
        return device.at, codes

    return do


@pytest.fixture
def code_step(database: Database, box: SecretsBox, rules: Rules, ip: str) -> Step:
    def do(signed_in: SignedIn, shown: str, *, by: Proof = Proof.CODE, now: datetime = NOW) -> SignedIn:
        return pass_code(
            database,
            waiting(database, signed_in, now),
            shown=shown,
            by=by,
            rules=rules,
            box=box,
            now=now,
            ip=ip,
        )

    return do
