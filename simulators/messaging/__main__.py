"""``python -m simulators.messaging``: run both servers on this machine until told to stop."""

import argparse

from simulators.messaging.behaviour import Networks
from simulators.messaging.gateway import GatewayServer
from simulators.messaging.mail import MailServer
from simulators.running import serve


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Simulates a mail server and gateways for SMS and Zalo.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    options = parser.parse_args()
    networks = Networks()
    mail = MailServer((options.host, options.smtp_port), networks)
    gateway = GatewayServer((options.host, options.http_port), networks)
    serve(f"simulated messages: http://{options.host}:{options.http_port}/", mail, gateway)


if __name__ == "__main__":
    main()
