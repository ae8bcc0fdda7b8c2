"""What the simulators share when they run by themselves: their words on the command line, and how they stop."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from socketserver import BaseServer


def words(description: str, *, state: bool = False) -> argparse.ArgumentParser:
    """Return a parser of ``--host`` and ``--port``, and of ``--state``, the file in which a book stands."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    if state:
        parser.add_argument("--state", type=_file, required=True, help="file in which its book stands")
    return parser


def told_to_stop() -> threading.Event:
    """Return what SIGTERM and SIGINT set from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def serve(says: str, *servers: BaseServer, beside: Callable[[threading.Event], None] | None = None) -> None:
    """
    Serve until SIGTERM or SIGINT.

    :param says: written to the standard output once the servers listen.
    :param beside: further work, in a thread of its own, until the event is set.
    """
    stop = told_to_stop()
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    if beside is not None:
        threading.Thread(target=beside, args=(stop,), daemon=True).start()
    sys.stdout.write(says + "\n")
    sys.stdout.flush()
    stop.wait()
    for server in servers:
        server.shutdown()
        server.server_close()


def _file(text: str) -> Path:
    path = Path(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
