"""``python -m simulators.investment_registry``: serve on this machine until told to stop."""

from simulators.investment_registry.book import Book
from simulators.investment_registry.server import RegistryServer
from simulators.running import serve, words


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = words("Simulates the national investment registry.", state=True)
    parser.add_argument("--late", type=float, default=0.0, help="seconds until a request is decided")
    options = parser.parse_args()
    server = RegistryServer((options.host, options.port), Book(options.state, late_s=options.late))
    serve(f"simulated investment registry: http://{options.host}:{server.server_port}/", server)


if __name__ == "__main__":
    main()
