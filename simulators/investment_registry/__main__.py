"""``python -m simulators.investment_registry``: serve on this machine until told to stop."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from simulators.investment_registry.book import Book
from simulators.investment_registry.server import RegistryServer


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Simulates the national investment registry.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="file in which its book stands")
    parser.add_argument("--late", type=float, default=0.0, help="seconds until a request is decided")
    options = parser.parse_args()
    options.state.parent.mkdir(parents=True, exist_ok=True)
    server = RegistryServer((options.host, options.port), Book(options.state, late_s=options.late))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"simulated investment registry: http://{options.host}:{server.server_port}/\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
