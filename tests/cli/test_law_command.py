"""The law on the command line: faults by file and key, what changes next, what would change here."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import ftz
from app.core.db import Database
from app.core.settings import DatabaseTarget

NEW_LIMIT = """
investment.irc.limit:
  description: {vi: Thời hạn, en: Limit}
  unit: duration
  values:
    - from: 2031-01-01
      value: {amount: "7", unit: working_day}
      status: ASSUMED
      note: {vi: Giả định, en: Assumed}
"""


def _run(*words: str) -> Result:
    return CliRunner().invoke(ftz, ["law", *words])


@pytest.fixture
def installed(ready: Database, ready_target: DatabaseTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line work on a database that is ready."""
    monkeypatch.setenv("FTZ_DATABASE_URL", ready_target.conninfo("ftz_web_tenant"))
    monkeypatch.setattr("app.core.settings.Settings.database", ready_target)


def test_the_law_of_this_release_has_no_faults() -> None:
    result = _run("check")
    assert result.exit_code == 0, result.output
    assert "no faults" in result.output


def test_every_fault_is_told_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("Bad Key:\n  description: {vi: x}\n  unit: parsec\n  values: []\n")
    result = _run("check", str(file))
    assert result.exit_code == 1
    assert "odd.yaml" in result.output
    assert "parsec" in result.output


@pytest.mark.usefixtures("installed")
def test_the_same_release_changes_nothing() -> None:
    assert "Nothing would change" in _run("diff").output
    assert "Nothing new" in _run("load").output


@pytest.mark.usefixtures("installed")
def test_a_change_is_told_before_it_is_proposed_and_then_waits_for_two_officers(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(NEW_LIMIT)
    before = _run("diff", "--lang", "en", str(file))
    assert before.exit_code == 0, before.output
    assert "2031" in before.output
    loaded = _run("load", str(file))
    assert "wait for two officers" in loaded.output, loaded.output
