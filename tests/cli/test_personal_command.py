"""What an operator does with personal data: look, erase, exchange keys that old values and files still open with."""

import io
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import ftz
from app.core.documents.store import FILE_KEYS, FileStore
from app.core.privacy import SecretsBox, bind_keys
from app.core.settings import DatabaseTarget, Settings

DATA = b"%PDF-1.7 Ho chieu C1234567"


@pytest.fixture
def settings(ready_target: DatabaseTarget, test_var: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation whose database and keys are those of the tests."""
    monkeypatch.setenv("FTZ_VAR", str(test_var))
    monkeypatch.setenv("FTZ_DATABASE_URL", ready_target.conninfo("ftz_web_tenant"))
    monkeypatch.setattr("app.core.settings.Settings.database", ready_target)
    settings = Settings()
    bind_keys(settings.secrets_dir)
    return settings


def run(*arguments: str) -> str:
    result = CliRunner().invoke(ftz, ["personal", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_nothing_is_due_in_a_fresh_zone(settings: Settings) -> None:
    assert "Nothing has passed its time" in run("due")
    assert "Nothing has passed its time" in run("erase", "--yes")


def test_a_rotation_exchanges_the_keys_of_values_and_files(settings: Settings) -> None:
    keys = [settings.secrets_dir / name for name in (FILE_KEYS, "personal.key")]
    box = SecretsBox(keys[0])
    store = FileStore(settings.var / "documents", box=box)
    address = store.put(io.BytesIO(DATA), limit_bytes=1000).sha256
    before, lines = store.path(address).read_bytes(), [len(path.read_text().splitlines()) for path in keys]
    said = run("rotate")
    assert "stored files were sealed anew" in said
    assert store.path(address).read_bytes() != before
    assert store.read(address) == DATA, "a process that runs on reads with the new key"
    assert [len(path.read_text().splitlines()) for path in keys] == [count + 1 for count in lines]
    assert [os.stat(path).st_mode & 0o777 for path in keys] == [0o600, 0o600]


def test_files_that_nothing_names_are_counted_before_they_go(settings: Settings) -> None:
    store = FileStore(settings.var / "documents", box=SecretsBox(settings.secrets_dir / FILE_KEYS))
    address = store.put(io.BytesIO(DATA + b" sweep"), limit_bytes=1000).sha256
    os.utime(store.path(address), (0, 0))
    assert "Nothing was changed" in run("sweep")
    assert store.exists(address)
    assert "destroyed" in run("sweep", "--yes")
    assert not store.exists(address)
