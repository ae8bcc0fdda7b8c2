"""``python -m simulators.identity``: run the provider on this machine until told to stop."""

import os
import sys

from simulators.identity.provider import IdentityProvider
from simulators.identity.server import IdentityServer
from simulators.running import serve, words


def main() -> None:
    """Serve until SIGTERM or SIGINT; the client's secret comes by the environment."""
    if os.environ.get("FTZ_ENV") == "production":
        sys.exit("The simulated identity provider does not run in production: anybody could be anybody.")
    parser = words("Simulates an identity provider (OpenID Connect).")
    parser.add_argument("--client-id", default="ftz")
    parser.add_argument("--redirect-uri", required=True)
    options = parser.parse_args()
    issuer = f"http://{options.host}:{options.port}"
    provider = IdentityProvider(
        issuer, client_id=options.client_id, client_secret=os.environ["FTZ_OIDC_CLIENT_SECRET"],
        redirect_uri=options.redirect_uri,
    )  # fmt: skip
    server = IdentityServer((options.host, options.port), provider)
    serve(f"simulated identity provider: {issuer}/", server)


if __name__ == "__main__":
    main()
