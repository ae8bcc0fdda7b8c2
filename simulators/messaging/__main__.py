"""``python -m simulators.messaging``: run both servers on this machine until told to stop."""

import argparse
import signal
import sys
import threading

from simulators.messaging.behaviour import Networks
from simulators.messaging.gateway import GatewayServer
from simulators.messaging.mail import MailServer


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Simulates a mail server and gateways for SMS and Zalo.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    options = parser.parse_args()
    networks = Networks()
    servers = (
        MailServer((options.host, options.smtp_port), networks),
        GatewayServer((options.host, options.http_port), networks),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"simulated messages: http://{options.host}:{options.http_port}/\n")
    sys.stdout.flush()
    stop.wait()
    for server in servers:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
