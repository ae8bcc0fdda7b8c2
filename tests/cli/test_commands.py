"""The table of commands, and what a person reads when something is in the way."""

import pytest
from click.testing import CliRunner

from app.cli import COMMANDS, ftz
from app.cli.doctor import Verdict, examine
from app.cli.faults import explain
from app.core.db.cluster import PostgisMissing
from app.core.settings import Settings


def test_every_shown_command_can_be_called() -> None:
    runner = CliRunner()
    context = ftz.make_context("ftz", [], resilient_parsing=True)
    names = ftz.list_commands(context)
    assert {"up", "doctor", "fresh"} <= set(names) <= set(COMMANDS)
    for name in names:
        result = runner.invoke(ftz, [name, "--help"])
        assert result.exit_code == 0, f"{name}: {result.output}"


def test_help_tells_what_each_is_for() -> None:
    text = CliRunner().invoke(ftz, ["--help"]).output
    assert "doctor" in text
    assert "say what to do" in text


def test_a_fault_with_a_remedy_is_told_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop, explain():
        raise PostgisMissing("Set FTZ_DATABASE_URL.")
    assert stop.value.code == 1
    assert "Set FTZ_DATABASE_URL." in capsys.readouterr().err


def test_a_wrong_setting_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTZ_PORT", "eight thousand")
    with pytest.raises(SystemExit), explain():
        Settings()
    assert "FTZ_PORT" in capsys.readouterr().err


def test_the_doctor_finds_open_secrets_and_says_the_command(tmp_path_factory: pytest.TempPathFactory) -> None:
    var = tmp_path_factory.mktemp("var")
    (var / "secrets").mkdir(mode=0o700)
    (var / "secrets" / "key.pem").write_text("x")
    (var / "secrets" / "key.pem").chmod(0o644)
    found = [finding for finding in examine(Settings(var=var)) if finding.verdict is Verdict.BAD]
    assert any("key.pem" in finding.what and "chmod 600" in finding.remedy for finding in found)
