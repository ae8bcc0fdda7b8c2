"""``python -m simulators.identity``: run the provider on this machine until told to stop."""

import argparse
import os
import signal
import sys
import threading

from simulators.identity.provider import IdentityProvider
from simulators.identity.server import IdentityServer


def main() -> None:
    """Serve until SIGTERM or SIGINT; the client's secret comes by the environment."""
    if os.environ.get("FTZ_ENV") == "production":
        sys.exit("The simulated identity provider does not run in production: anybody could be anybody.")
    parser = argparse.ArgumentParser(description="Simulates an identity provider (OpenID Connect).")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--client-id", default="ftz")
    parser.add_argument("--redirect-uri", required=True)
    options = parser.parse_args()
    issuer = f"http://{options.host}:{options.port}"
    provider = IdentityProvider(
        issuer, client_id=options.client_id, client_secret=os.environ["FTZ_OIDC_CLIENT_SECRET"],
        redirect_uri=options.redirect_uri,
    )  # fmt: skip
    server = IdentityServer((options.host, options.port), provider)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"simulated identity provider: {issuer}/\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
