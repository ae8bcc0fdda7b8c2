"""Who uses a cluster: the last process out turns off the light.

Two locks of the operating system. The first lets one process at a time start or stop the server, the second is
shared by all that use it. Both are given back when a process dies, however it dies.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.db.cluster.errors import ClusterError

_PATIENCE_S = 180.0


class Sharing:
    """One process's part in the use of a cluster."""

    def __init__(self, var: Path) -> None:
        self._var = var
        self._share: int | None = None

    @property
    def joined(self) -> bool:
        """Tell whether this process counts as one that uses the server."""
        return self._share is not None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """
        Hold the right to start and stop.

        :raises ClusterError: another process held it for minutes.
        """
        lock = self._open("cluster.lock")
        try:
            give_up = time.monotonic() + _PATIENCE_S
            while not _taken(lock):
                if time.monotonic() > give_up:
                    raise ClusterError(
                        f"Another process has been starting or stopping the database in {self._var} for minutes. "
                        "See which: ftz doctor"
                    )
                time.sleep(0.05)
            yield
        finally:
            os.close(lock)

    def join(self) -> None:
        """Count from now on; call it while alone."""
        if self._share is None:
            self._share = self._open("cluster.users")
            fcntl.flock(self._share, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Count no longer."""
        if self._share is not None:
            os.close(self._share)
            self._share = None

    def used_by_others(self) -> bool:
        """Tell whether any other process uses the server; call it after ``leave()``."""
        probe = self._open("cluster.users")
        try:
            return not _taken(probe)
        finally:
            os.close(probe)

    def _open(self, name: str) -> int:
        return os.open(self._var / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
