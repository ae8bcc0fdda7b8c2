"""``python -m simulators.vnaccs``: serve on this machine until told to stop."""

from simulators.running import serve, words
from simulators.vnaccs.book import Book
from simulators.vnaccs.office import Office
from simulators.vnaccs.server import CustomsServer


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = words("Simulates the customs authority's system.", state=True)
    parser.add_argument("--late", type=float, default=0.0, help="seconds from one act to the next")
    parser.add_argument(
        "--disagree", type=int, default=0, help="percent of declarations whose value is doubted"
    )
    options = parser.parse_args()
    fresh = not options.state.exists()
    office = Office(Book(options.state), late_s=options.late)
    if fresh:
        office.change({"disagree_percent": options.disagree})
    server = CustomsServer((options.host, options.port), office)
    serve(f"simulated customs authority: http://{options.host}:{server.server_port}/", server)


if __name__ == "__main__":
    main()
