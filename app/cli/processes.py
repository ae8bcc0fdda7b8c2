"""What Linux says about processes and ports (/proc); used to end only what is provably ours."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"
_NET_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for certain: its number is given again one day, its number and start together are not."""

    pid: int
    started: str
    argv: tuple[str, ...]

    @property
    def alive(self) -> bool:
        """Tell whether this very process still runs the command line it was recorded with."""
        if started(self.pid) != self.started:
            return False
        # A launcher that replaced itself by the program may have stood in front of it.
        return command_line(self.pid)[-len(self.argv) :] == self.argv


def started(pid: int) -> str:
    """Return the start time of a process in clock ticks since boot, empty when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "" if state in "ZX" else start


def command_line(pid: int) -> tuple[str, ...]:
    """Return the arguments of a process, empty when they cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(raw.decode(errors="replace").rstrip("\0").split("\0")) if raw else ()


def end(processes: Sequence[Identity], *, seconds: float = 5.0) -> None:
    """End processes with their groups: politely first, by force after ``seconds``."""
    give_up = time.monotonic() + seconds
    for force in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            if process.alive:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, force)
        while any(process.alive for process in processes) and time.monotonic() < give_up:
            time.sleep(0.05)
        give_up = time.monotonic() + 1


def port_is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def next_free_port(host: str, port: int) -> int:
    """Return the next port above that is free, for a suggestion."""
    return next((other for other in range(port + 1, min(port + 100, 65536)) if port_is_free(host, other)), 0)


def port_holder(port: int) -> str:
    """Say which process listens on a port, as far as this user may know."""
    inodes = {f"socket:[{inode}]" for inode in _listening(port)}
    for folder in Path("/proc").glob("[0-9]*"):
        if not inodes.isdisjoint(_open_files(folder / "fd")):
            return f"process {folder.name} ({' '.join(command_line(int(folder.name)))[:120]})"
    return "another process (of another user, so its name is hidden)"


def _open_files(folder: Path) -> Iterable[str]:
    """Return what a process has open. Each entry may vanish meanwhile: the one that lists them always does."""
    with contextlib.suppress(OSError):
        for link in folder.iterdir():
            with contextlib.suppress(OSError):
                yield os.readlink(link)


def _listening(port: int) -> Iterable[str]:
    for table in _NET_TABLES:
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
