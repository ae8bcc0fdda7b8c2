"""The supervisor with small programs in place of web and worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli import processes
from app.cli.supervisor import Program, StartFailed, Supervisor, end_leftovers
from app.cli.up import Busy, _only_one, _refuse_taken_port
from app.core.settings import Settings

SLEEPER = "import time; print('here', flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
STUBBORN = DEAF + SLEEPER


def program(name: str, code: str, grace: float = 2.0) -> Program:
    return Program(name, (sys.executable, "-c", code), grace)


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervise(tmp_path: Path, lines: list[str]) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def start(*programs: Program) -> Supervisor:
        supervisor = Supervisor(programs, record=tmp_path / "up.json", echo=lines.append)
        made.append(supervisor)
        supervisor.start()
        return supervisor

    yield start
    for supervisor in made:
        supervisor.stop()


def recorded(tmp_path: Path) -> list[int]:
    return [child["pid"] for child in json.loads((tmp_path / "up.json").read_text())["children"]]


def test_lines_carry_the_name_of_their_program(
    supervise: Callable[..., Supervisor], lines: list[str]
) -> None:
    supervisor = supervise(program("web", SLEEPER), program("worker", SLEEPER))
    supervisor.wait_until(lambda: len(lines) == 2, seconds=10)
    assert sorted(lines) == ["web    | here", "worker | here"]


def test_the_fallen_is_started_again_and_it_is_said(
    supervise: Callable[..., Supervisor], lines: list[str], tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    once = f"import pathlib, sys; f = pathlib.Path({str(flag)!r}); first = not f.exists(); f.touch()\n"
    code = once + "first and sys.exit(3)\n" + SLEEPER
    supervisor = supervise(program("web", code))
    supervisor.wait_until(lambda: "web | here" in lines, seconds=10)
    assert lines[0] == "web ended with status 3; it is started again in 1 s (fall 1)."


def test_one_that_never_starts_is_given_up_with_its_words(
    supervise: Callable[..., Supervisor], lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.supervisor._BACK_OFF_S", (0.0,))
    supervisor = supervise(program("web", "raise SystemExit('no certificate')"))
    with pytest.raises(StartFailed, match="web does not start"):
        supervisor.wait_until(lambda: False, seconds=20)
    assert "web | no certificate" in lines


def test_one_that_does_not_listen_is_ended_by_force(
    supervise: Callable[..., Supervisor], lines: list[str], tmp_path: Path
) -> None:
    supervisor = supervise(program("web", STUBBORN, grace=0.3), program("worker", SLEEPER))
    supervisor.wait_until(lambda: len(lines) == 2, seconds=10)
    pids = recorded(tmp_path)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 3
    assert [processes.started(pid) for pid in pids] == ["", ""]
    assert not (tmp_path / "up.json").exists()


def start_supervisor_process(tmp_path: Path, code: str) -> subprocess.Popen[bytes]:
    script = (
        "import sys; from pathlib import Path; from app.cli.supervisor import Program, Supervisor\n"
        f"web = Program('web', (sys.executable, '-c', {code!r}))\n"
        f"s = Supervisor([web], record=Path({str(tmp_path / 'up.json')!r}), echo=print)\n"
        "s.start()\nwhile True: s.tick()\n"
    )
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("code", [SLEEPER, STUBBORN], ids=["listens", "stubborn"])
def test_a_killed_supervisor_leaves_nothing_that_blocks_the_next_start(tmp_path: Path, code: str) -> None:
    process = start_supervisor_process(tmp_path, code)
    wait_for((tmp_path / "up.json").exists)
    time.sleep(0.5)  # the stubborn one has to have closed its ears
    (child,) = recorded(tmp_path)
    process.kill()
    process.wait()
    end_leftovers(tmp_path / "up.json")
    wait_for(lambda: processes.started(child) == "")


def test_a_number_that_now_belongs_to_another_process_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        entries = [
            {"pid": stranger.pid, "started": "1", "argv": ["python"]},
            {"pid": stranger.pid, "started": processes.started(stranger.pid), "argv": ["something", "else"]},
        ]
        (tmp_path / "up.json").write_text(json.dumps({"supervisor": 1, "children": entries}))
        assert end_leftovers(tmp_path / "up.json") == 0
        assert stranger.poll() is None
    finally:
        os.kill(stranger.pid, signal.SIGKILL)
        stranger.wait()


def test_a_taken_port_names_its_holder_and_another_port(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        settings = Settings(port=holder.getsockname()[1], var=tmp_path)
        with pytest.raises(Busy, match=rf"process {os.getpid()} .*(?s:.*)FTZ_PORT=\d+"):
            _refuse_taken_port(settings)


def test_a_second_start_of_the_same_instance_is_refused(tmp_path: Path) -> None:
    settings = Settings(port=8123, var=tmp_path)
    with (
        _only_one(tmp_path, settings),
        pytest.raises(Busy, match="already running as process"),
        _only_one(tmp_path, settings),
    ):
        pass
    with _only_one(tmp_path, settings):
        pass
