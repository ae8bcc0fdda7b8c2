"""Published procedures do not change: the lock of a release, and what is said when a file differs from it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import ftz
from app.cli.procedure import Locked, changed, read_lock, write_lock
from app.core.settings import ROOT

PLACE = ROOT / "app" / "investment" / "procedures" / "published.lock"


def test_the_procedures_of_this_release_have_no_faults() -> None:
    result = CliRunner().invoke(ftz, ["procedure", "check"])
    assert result.exit_code == 0, result.output
    assert "no faults" in result.output


def test_a_changed_and_a_lost_file_are_told_with_what_to_do() -> None:
    lock = Locked(PLACE, {"IRC 2021-01-01": "aa", "IRC 2026-03-01": "bb", "IRC 2026-03-31": "cc"})
    faults = changed(lock, {"IRC 2021-01-01": "aa", "IRC 2026-03-01": "other", "IRC 2030-01-01": "dd"})
    assert [fault.partition(" is published")[0] for fault in faults] == ["IRC 2026-03-01", "IRC 2026-03-31"]
    assert "its file has changed" in faults[0]
    assert "its file is gone" in faults[1]
    assert all("new version" in fault for fault in faults)


def test_a_lock_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "published.lock"
    assert read_lock(path).hashes == {}
    lock = Locked(path, {"IRC 2026-03-01": "b" * 64, "IRC 2021-01-01": "a" * 64})
    write_lock(lock)
    assert read_lock(path) == lock
    assert path.read_text().startswith("#")


@pytest.mark.parametrize("words", [["publish", "--replace"]])
def test_replacing_belongs_to_the_lock(words: list[str]) -> None:
    result = CliRunner().invoke(ftz, ["procedure", *words])
    assert result.exit_code == 2
    assert "never changes" in result.output
