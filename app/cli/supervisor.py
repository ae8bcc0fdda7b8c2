"""Keeps the programs of an installation running, and their output readable.

One thread, one loop: read what the programs print, start again what fell over, stop all in order. A program
that loses its supervisor is ended by the kernel; what survives even that is ended at the next start.
"""

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.cli.processes import Identity, end, started

_BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_STEADY_S = 60.0  # after so long without a fall, the next one counts as the first
_TICK_S = 0.2
_STARTS_BEFORE_GIVING_UP = 3

Echo = Callable[[str], None]


class StartFailed(RuntimeError):
    """A program fell over again and again before the installation was ready."""


@dataclass(frozen=True, slots=True)
class Program:
    """One child process. Programs are stopped in the order in which they are listed."""

    name: str
    argv: tuple[str, ...]
    grace_s: float = 2.5


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    identity: Identity | None = None
    since: float = 0.0
    falls: int = 0
    again_at: float = 0.0
    rest: bytes = field(default=b"")


class Supervisor:
    """
    Starts programs, passes their lines on with their names in front, restarts the fallen.

    :param record: file that names the children, so that a later start can end what a killed one left.
    :param echo: receives every line.
    """

    def __init__(self, programs: Sequence[Program], *, record: Path, echo: Echo) -> None:
        self._children = [_Child(program) for program in programs]
        self._record = record
        self._echo = echo
        self._width = max((len(program.name) for program in programs), default=0)
        self._selector = selectors.DefaultSelector()
        self._launcher = _launcher()

    def start(self) -> None:
        """Start every program."""
        for child in self._children:
            self._spawn(child)

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """
        Pass output on until the installation is ready.

        :raises StartFailed: a program fell three times, or the time is over.
        """
        give_up = time.monotonic() + seconds
        while not ready():
            self.tick()
            for child in self._children:
                if child.falls >= _STARTS_BEFORE_GIVING_UP:
                    raise StartFailed(
                        f"{child.program.name} does not start; its own words are above. "
                        "Mend what they name and start again; `ftz doctor` looks for the usual causes."
                    )
            if time.monotonic() > give_up:
                raise StartFailed(f"Nothing answered within {seconds:.0f} s. The last lines above say why.")

    def tick(self) -> None:
        """Pass on what was printed, and look after the fallen. Takes up to 0.2 s."""
        for key, _ in self._selector.select(_TICK_S):
            self._read(key.data)
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and (code := child.process.poll()) is not None:
                self._fallen(child, code, now)
            elif child.process is None and now >= child.again_at:
                self._spawn(child)

    def stop(self) -> None:
        """Stop the programs one after the other; a program that does not listen is ended by force."""
        for child in self._children:
            process = child.process
            child.again_at = float("inf")
            if process is None:
                continue
            _signal(process, signal.SIGTERM)
            give_up = time.monotonic() + child.program.grace_s
            while process.poll() is None:
                if time.monotonic() > give_up:
                    self._echo(f"{child.program.name} does not stop and is ended by force.")
                    _signal(process, signal.SIGKILL)
                    process.wait(2)
                for key, _ in self._selector.select(0.05):
                    self._read(key.data)
            self._forget(child)
        self._record.unlink(missing_ok=True)

    def _spawn(self, child: _Child) -> None:
        process = subprocess.Popen(  # noqa: S603 - argument lists of the programs table
            [*self._launcher, *child.program.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            process_group=0,  # Ctrl-C reaches the supervisor only, which stops the rest in order
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, child)
        child.process, child.since, child.rest = process, time.monotonic(), b""
        child.identity = Identity(process.pid, started(process.pid), child.program.argv)
        self._write_record()

    def _read(self, child: _Child) -> None:
        process = child.process
        if process is None or process.stdout is None:
            return
        try:
            data = os.read(process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not data:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(process.stdout)
        *lines, child.rest = (child.rest + data).split(b"\n")
        for line in lines:
            self._say(child, line)

    def _say(self, child: _Child, line: bytes) -> None:
        self._echo(f"{child.program.name:<{self._width}} | {line.decode(errors='replace').rstrip()}")

    def _fallen(self, child: _Child, code: int, now: float) -> None:
        self._forget(child)
        child.falls = 1 if now - child.since > _STEADY_S else child.falls + 1
        wait = _BACK_OFF_S[min(child.falls, len(_BACK_OFF_S)) - 1]
        child.again_at = now + wait
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        self._echo(f"{child.program.name} {how}; it is started again in {wait:.0f} s (fall {child.falls}).")

    def _forget(self, child: _Child) -> None:
        process = child.process
        if process is None or process.stdout is None:
            return
        _signal(process, signal.SIGKILL)  # what it left in its group
        self._read(child)
        if child.rest:
            self._say(child, child.rest)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(process.stdout)
        process.stdout.close()
        child.process = child.identity = None
        child.rest = b""

    def _write_record(self) -> None:
        known = [asdict(child.identity) for child in self._children if child.identity is not None]
        draft = self._record.with_suffix(".new")
        draft.write_text(json.dumps({"supervisor": os.getpid(), "children": known}))
        draft.replace(self._record)


def end_leftovers(record: Path) -> int:
    """End what a killed supervisor left, each only after its command line was checked; return how many."""
    try:
        stored = json.loads(record.read_text())["children"]
    except (OSError, ValueError, KeyError):
        return 0
    known = [Identity(entry["pid"], entry["started"], tuple(entry["argv"])) for entry in stored]
    left = [identity for identity in known if identity.alive]
    end(left)
    record.unlink(missing_ok=True)
    return len(left)


def python(*arguments: str) -> tuple[str, ...]:
    """Return a command line that runs this environment's Python."""
    return (sys.executable, *arguments)


def _launcher() -> tuple[str, ...]:
    """Return what to put in front of a program so that it is told to stop when the supervisor dies."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
