"""``python -m simulators.bank``: serve on this machine until told to stop; keys come from the environment."""

import json
import os
from pathlib import Path

from simulators.bank.book import Book
from simulators.bank.messenger import Messenger
from simulators.bank.server import BankServer
from simulators.running import serve, words


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = words("Simulates the bank that collects for the zone.", state=True)
    parser.add_argument("--callback", required=True, help="address that is told of bookings")
    parser.add_argument(
        "--story", type=Path, help="transfers that are booked at the start, each once, as JSON"
    )
    options = parser.parse_args()
    book = Book(options.state)
    if options.story and options.story.exists():
        book.play(json.loads(options.story.read_text(encoding="utf-8")))
    secret = os.environ.get("FTZ_BANK_CALLBACK_KEYS", "").split()[0].partition("=")[2]
    messenger = Messenger(book, options.callback, secret)
    server = BankServer(
        (options.host, options.port), book, messenger,
        token=os.environ.get("FTZ_BANK_TOKEN", ""), order_key=os.environ.get("FTZ_BANK_ORDER_KEY", ""),
    )  # fmt: skip
    serve(f"simulated bank: http://{options.host}:{server.server_port}/", server, beside=messenger.run)


if __name__ == "__main__":
    main()
