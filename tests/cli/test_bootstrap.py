"""What the set-up program does twice and what it does not; the real thing is run on a bare machine."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class Recorder:
    """Stands where the steps run programs; one of the programs may fail."""

    def __init__(self, fails: str = "", error: type[Exception] = Exception) -> None:
        self.commands: list[str] = []
        self.fails, self.error = fails, error

    def command(self, command: list[Any], **_: Any) -> None:
        text = " ".join(str(word) for word in command)
        self.commands.append(text)
        if self.fails and self.fails in text:
            raise self.error(text)

    def ran(self, word: str) -> int:
        return sum(word in command for command in self.commands)


def test_packages_are_installed_by_hash_once(bootstrap: ModuleType) -> None:
    first, second = Recorder(), Recorder()
    bootstrap.python_environment(first, tests=False)
    bootstrap.python_environment(second, tests=False)
    assert first.ran("--require-hashes") == 1
    assert first.ran("--no-build-isolation") == 1
    assert second.commands == []


def test_a_changed_lock_is_picked_up(bootstrap: ModuleType) -> None:
    bootstrap.python_environment(Recorder(), tests=False)
    (bootstrap.ROOT / "requirements.lock").write_text("click==8.3.0 \\\n    --hash=sha256:aa\n")
    again = Recorder()
    bootstrap.python_environment(again, tests=False)
    assert again.ran("--require-hashes") == 1


def test_what_serves_tests_serves_a_run(bootstrap: ModuleType) -> None:
    bootstrap.python_environment(Recorder(), tests=True)
    again = Recorder()
    bootstrap.python_environment(again, tests=False)
    assert again.commands == []


def test_a_failed_step_leaves_no_stamp(bootstrap: ModuleType) -> None:
    with pytest.raises(RuntimeError):
        bootstrap.python_environment(Recorder("--require-hashes", RuntimeError), tests=False)
    again = Recorder()
    bootstrap.python_environment(again, tests=False)
    assert again.ran("--require-hashes") == 1


def test_a_changed_source_is_bundled_without_installing_again(bootstrap: ModuleType) -> None:
    bootstrap.assets(Recorder())
    (bootstrap.FRONTEND / "src" / "app.ts").write_text("2")
    again = Recorder()
    bootstrap.assets(again)
    assert (again.ran("npm ci"), again.ran("build.mjs")) == (0, 1)
    quiet = Recorder()
    bootstrap.assets(quiet)
    assert quiet.commands == []


def test_a_removed_bundle_is_built_again(bootstrap: ModuleType) -> None:
    bootstrap.assets(Recorder())
    (bootstrap.DIST / "app.js").unlink()
    again = Recorder()
    bootstrap.assets(again)
    assert again.ran("build.mjs") == 1


def test_without_root_the_way_out_is_named(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1234)
    postgres = bootstrap.sys.modules.setdefault("_binaries", ModuleType("_binaries"))
    monkeypatch.setattr(postgres, "installed", list, raising=False)
    monkeypatch.setattr(postgres, "DEBIAN_PACKAGE", "postgresql-15-postgis-3", raising=False)
    monkeypatch.setattr(postgres, "MISSING", "… FTZ_DATABASE_URL …", raising=False)
    monkeypatch.delenv("FTZ_DATABASE_URL", raising=False)
    with pytest.raises(bootstrap.Failed, match="FTZ_DATABASE_URL"):
        bootstrap.system_packages(Recorder(), tests=False)
    monkeypatch.setenv("FTZ_DATABASE_URL", "postgresql://elsewhere/ftz")
    assert bootstrap.system_packages(Recorder(), tests=False) == "all there"


def test_a_failing_program_shows_its_words_and_the_remedy(bootstrap: ModuleType) -> None:
    steps = bootstrap.Steps(1)
    with pytest.raises(bootstrap.Failed, match=r"(?s)no such thing.*Do this"):
        steps.step("x", lambda: steps.command(["sh", "-c", "echo no such thing; exit 3"], remedy="Do this."))


def test_marks_are_joined(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTZ_WITHOUT_BROWSER", raising=False)
    assert bootstrap._chosen(["-m", "not deep", "-k", "x", "-m", "law"]) == [
        "-m",
        "(not deep) and (law)",
        "-k",
        "x",
    ]
    assert bootstrap._chosen(["-q"]) == ["-q"]


@pytest.mark.parametrize(
    ("arguments", "ends", "runs", "told"),
    [
        (["-k", "x"], [0, 0], 2, 0),
        (["-k", "x"], [1, 0], 2, 1),
        (["-k", "x"], [0, 1], 2, 1),
        (["-k", "x"], [5, 0], 2, 0),
        (["-k", "x"], [5, 5], 2, 5),
        (["-m", "not browser"], [5], 1, 5),
        (["-n", "0"], [2], 1, 2),
    ],
)
def test_both_parts_run_and_a_failure_of_either_is_told(
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    ends: list[int],
    runs: int,
    told: int,
) -> None:
    monkeypatch.delenv("FTZ_WITHOUT_BROWSER", raising=False)
    waiting, seen = list(ends), []
    monkeypatch.setattr(bootstrap, "_pytest", lambda given: (seen.append(given), waiting.pop(0))[1])
    assert bootstrap.run_tests(arguments) == told
    assert len(seen) == runs


def test_the_lock_for_a_run_is_part_of_the_lock_for_tests(bootstrap: ModuleType) -> None:
    root = Path(__file__).resolve().parents[2]
    run, dev = (bootstrap._pins(root / name) for name in ("requirements.lock", "requirements-dev.lock"))
    assert run
    assert run <= dev


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_hold_hashes_and_no_host(name: str) -> None:
    text = (Path(__file__).resolve().parents[2] / name).read_text()
    assert "://" not in text
    entries = text.count("==")
    assert entries
    assert text.count("--hash=sha256:") >= entries
