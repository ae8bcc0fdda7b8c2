"""The server process: made, started, looked at, stopped. Knows nothing of roles or databases."""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.core.db.cluster.binaries import MISSING, Binaries, installed
from app.core.db.cluster.errors import ClusterError, OtherMajorVersion, PostgisMissing
from app.core.db.cluster.places import PORT, Places

BOOT_USER = "ftz_boot"  # initdb's user is a superuser: for set-up, tests and restore, never for the product

# Written once, when the cluster is made; an operator may change the file afterwards.
_CONFIGURATION = """
# --- set when the cluster was made; may be changed ---
timezone = 'UTC'
log_timezone = 'UTC'
password_encryption = 'scram-sha-256'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_lock_waits = on
log_min_duration_statement = '2s'
wal_compression = on
"""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A running server as its lock file describes it."""

    pid: int
    sockets: Path
    ready: bool


class Server:
    """One data directory and the programs that serve it."""

    def __init__(self, places: Places) -> None:
        self.places = places

    @cached_property
    def binaries(self) -> Binaries:
        """Return the programs that fit the data, the newest for a cluster yet to be made."""
        return _matching(self.places.data)

    def require_binaries(self) -> None:
        """
        Refuse to go on without fitting programs.

        :raises PostgisMissing: nothing usable is installed.
        :raises OtherMajorVersion: the data need a version that is not installed.
        """
        _ = self.binaries

    @property
    def exists(self) -> bool:
        """Tell whether the cluster has been made."""
        return (self.places.data / "PG_VERSION").exists()

    def make(self, password: str, *, durable: bool) -> None:
        """
        Make the cluster with one superuser who needs a password.

        Made under another name and then renamed: a broken attempt never looks like a cluster.

        :raises ClusterError: initdb failed; carries its last words.
        """
        draft = self.places.base / "data.new"
        script = (
            'set -e; umask 077; d=$1; conf=$2; shift 2; trap \'rm -f "$d.pw"\' EXIT; rm -rf "$d"; cat > "$d.pw"; '
            '"$@" --pgdata="$d" --pwfile="$d.pw" >&2; printf %s "$conf" >> "$d/postgresql.conf"; '
            'mv -T "$d" "${d%.new}"'
        )
        options = ["--username", BOOT_USER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        options += [] if durable else ["--no-sync"]
        command = [self.binaries.program("initdb"), *options]
        answer = self._run(["/bin/sh", "-c", script, "sh", str(draft), _CONFIGURATION, *command], password)
        if answer.returncode != 0:
            raise ClusterError(
                f"The database cluster could not be made in {self.places.base}: {_last(answer.stderr)} "
                "(a user without an entry in /etc/passwd cannot run PostgreSQL; a full disk is another cause)."
            )

    def running(self) -> Postmaster | None:
        """Return the running server, None when there is none; a lock file alone is no proof."""
        lines = _lines(self.places.data / "postmaster.pid")
        if len(lines) < 5 or not self._is_ours(lines[0]):  # noqa: PLR2004 - the socket directory is line 5
            return None
        ready = len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004 - the state is line 8
        return Postmaster(int(lines[0]), Path(lines[4]), ready)

    def start(self, settings: Mapping[str, str | int]) -> None:
        """
        Start the server and wait until it answers.

        :param settings: server settings that this start decides, besides the socket.
        :raises ClusterError: with the end of the server's log.
        """
        self._clear_stale_locks()
        fixed = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(self.places.sockets),
            "unix_socket_permissions": "0700",
        }
        options = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in {**fixed, **settings}.items())
        for wait in (0.5, 2.0, 0.0):
            answer = self._pg_ctl("start", "--log", str(self.places.log), "--timeout=120", "-o", options)
            if answer.returncode == 0:
                return
            # After kill -9 of the postmaster its children need a moment to notice; until then it refuses.
            time.sleep(wait)
        raise ClusterError(
            f"The database server did not start. The end of {self.places.log}:\n{self._log_tail()}\n"
            "Mend what it names and start again; `ftz doctor` looks at disk space and permissions."
        )

    def stop(self, *, seconds: int = 3) -> None:
        """
        Stop the server: clients are cut off, data are safe; after ``seconds`` without a last checkpoint.

        :raises ClusterError: it is still there.
        """
        if self.running() is None:
            return
        if self._pg_ctl("stop", "--mode=fast", f"--timeout={seconds}").returncode != 0:
            self._pg_ctl("stop", "--mode=immediate", f"--timeout={seconds}")
        if (left := self.running()) is not None:
            raise ClusterError(
                f"The database server (process {left.pid}) does not stop. Stop it: kill -QUIT {left.pid}"
            )

    def _pg_ctl(self, action: str, *options: str) -> subprocess.CompletedProcess[str]:
        program = self.binaries.program("pg_ctl")
        return self._run([program, action, "--wait", "--pgdata", str(self.places.data), *options])

    def _run(self, command: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program as the server's user with an environment that holds none of the caller's secrets."""
        environment = {
            "PATH": f"{self.binaries.folder}:/usr/bin:/bin",
            "HOME": str(self.places.base),
            "LC_ALL": "C.UTF-8",
        }
        root = os.geteuid() == 0
        return subprocess.run(  # noqa: S603 - fixed programs, arguments passed as a list
            command,
            input=text,
            text=True,
            capture_output=True,
            check=False,
            env=environment,
            cwd="/",
            user=self.places.uid if root else None,
            group=self.places.gid if root else None,
            extra_groups=[] if root else None,
            umask=0o077,
        )

    def _is_ours(self, pid: str) -> bool:
        """Tell whether a process id of a lock file is a server of this data directory and not a namesake."""
        try:
            return os.path.samefile(f"/proc/{abs(int(pid))}/cwd", self.places.data)
        except (ValueError, OSError):
            return False

    def _clear_stale_locks(self) -> None:
        # PostgreSQL removes a lock whose process is gone; it cannot know that the number was given to another
        # process since, which happens after a restart of the machine.
        for lock in (
            self.places.data / "postmaster.pid",
            self.places.sockets / f".s.PGSQL.{PORT}.lock",
        ):
            lines = _lines(lock)
            if lines and not self._is_ours(lines[0]):
                lock.unlink(missing_ok=True)

    def _log_tail(self) -> str:
        newest = sorted((self.places.data / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)[-1:]
        text = "\n".join("\n".join(_lines(path)[-8:]) for path in (self.places.log, *newest))
        return text or "(empty)"


def _matching(data: Path) -> Binaries:
    found = installed()
    written = "".join(_lines(data / "PG_VERSION")).strip()
    if not written:
        if not found:
            raise PostgisMissing(MISSING)
        return found[0]
    for binaries in found:
        if str(binaries.major) == written:
            return binaries
    have = ", ".join(str(binaries.major) for binaries in found) or "none"
    raise OtherMajorVersion(
        f"The data in {data} were written by PostgreSQL {written}; installed with PostGIS: {have}.\n"
        "  Install the version that wrote them:  "
        f"apt-get install --no-install-recommends postgresql-{written}-postgis-3\n"
        "  To move on to a newer one after that:  ftz backup FILE, `make fresh`, then ftz restore FILE\n"
        "  (docs/operations.md, “Another major version of PostgreSQL”)."
    )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _last(text: str) -> str:
    return " ".join(text.strip().splitlines()[-3:])
