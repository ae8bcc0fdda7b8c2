import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.users import add
from app.core.auth import PartyKind, PermissionBook, create_office, sign_in
from app.core.db import Database
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from tests.core.auth.people import NOW, OFFICER, PASSWORD, Person

Run = Callable[..., Result]


@pytest.fixture
def office(database: Database) -> str:
    code = uuid7().hex
    with database.transaction(OFFICER) as session:
        create_office(
            session, code=code, kind=PartyKind.DIVISION, name={"vi": "Phòng Thử"}, actor=SYSTEM, now=NOW
        )
    return code


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    url = database.target.url("ftz_web_auth")
    stored = {
        "url": url.set(drivername="postgresql", username=None, password=None).render_as_string(),
        "passwords": {"ftz_web_auth": url.password} if url.password else {},
    }
    (tmp_path / "database.json").write_text(json.dumps(stored))
    monkeypatch.setenv("FTZ_DATABASE_PASSWORDS_FILE", str(tmp_path / "database.json"))
    monkeypatch.delenv("FTZ_DATABASE_URL", raising=False)
    return lambda *words, password=PASSWORD: CliRunner().invoke(
        add, [*words, "--name", "Đỗ Thị Thử", "--password-stdin"], input=password + "\n"
    )


def test_an_officer_may_sign_in(database: Database, run: Run, office: str, book: PermissionBook) -> None:
    login = f"p{uuid7().hex}"
    result = run(login, "--office", office, "--role", "ADMIN", "--role", "HEAD")
    assert (result.exit_code, result.output) == (0, f"{login} may sign in as ADMIN, HEAD.\n")
    signed_in = sign_in(
        database, book=book, login=login, password=PASSWORD, now=utcnow(), user_agent=None, ip=None
    )
    assert signed_in.actor.may("user.manage")


def test_a_customer_needs_an_enterprise(run: Run, person: Callable[..., Person], office: str) -> None:
    enterprise = str(person().party_id)
    assert run(f"p{uuid7().hex}", "--party", enterprise, "--role", "FILER").exit_code == 0
    refused = run(f"p{uuid7().hex}", "--party", str(uuid7()), "--role", "FILER")
    assert "There is no enterprise" in refused.output
    assert run("lan", "--role", "FILER").exit_code == 2
    assert run("lan", "--role", "FILER", "--office", office, "--party", enterprise).exit_code == 2


def test_faults_are_told_in_words(run: Run, office: str) -> None:
    short = run(f"p{uuid7().hex}", "--office", office, "--role", "HEAD", password="aaaa")
    assert short.exit_code == 1
    assert "Use at least 12 characters." in short.output
    assert "Use at least 5 different characters." in short.output
    wrong_side = run(f"p{uuid7().hex}", "--office", office, "--role", "FILER")
    assert "[auth.role-does-not-fit]" in wrong_side.output
    assert "[not-found]" in run(f"p{uuid7().hex}", "--office", "NOWHERE", "--role", "HEAD").output
