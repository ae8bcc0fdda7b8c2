"""``python -m simulators.commerce``: send to an installation until told to stop."""

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulators.commerce.sender import Sender
from simulators.commerce.trade import trade
from simulators.running import told_to_stop

KINDS = ("waybills", "payments", "orders", "returns")
"""In this order they are sent: most messages come before the order that they belong to."""

_SOON_S = 3.0
"""Until the next attempt when nobody answered; an installation takes a moment to start."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Shop:
    """Turns of trade; what comes late waits for its turn."""

    def __init__(self, sender: Sender, *, run: str, clock: Callable[[], float] = time.time) -> None:
        self._sender = sender
        self._run = run
        self._clock = clock
        self._turn = 0
        self._number = 0
        self._waiting: defaultdict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        self._chance = random.Random(run)  # noqa: S311  a demo, no secret

    def turn(self, orders: int) -> dict[str, int]:
        """
        Trade so many new orders and send everything whose turn has come; return how many rows were taken by kind.

        :raises OSError: nobody answered; what was to be sent is kept for the next turn.
        """
        now = EPOCH + timedelta(seconds=self._clock())
        for _ in range(orders):
            self._number += 1
            made = trade(self._number, run=self._run, now=now)
            for kind, rows in made.messages.items():
                self._waiting[self._turn + made.late.get(kind, 0), kind] += rows
        taken = {}
        for kind in KINDS:
            due = sorted(turn for turn, each in self._waiting if each == kind and turn <= self._turn)
            rows = [row for turn in due for row in self._waiting[turn, kind]]
            if rows:
                taken[kind] = int(self._sender.send(kind, self._with_doubles(rows))["taken"])
            for turn in due:
                del self._waiting[turn, kind]
        self._turn += 1
        return taken

    def _with_doubles(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows with one of them twice now and then, as software does that was not sure."""
        return [*rows, self._chance.choice(rows)] if self._chance.random() < 0.5 else rows  # noqa: PLR2004


def _why(fault: OSError) -> str:
    """Return why nothing was taken, without the words of the network where the installation is only starting."""
    reason = getattr(fault, "reason", fault)
    return "the installation does not answer yet" if isinstance(reason, ConnectionError) else str(fault)


def main(clock: Callable[[], float] = time.time) -> None:
    """Send until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Simulates the software of an e-commerce platform.")
    parser.add_argument("--origin", required=True, help="address of the installation")
    parser.add_argument("--key", type=Path, required=True, help="JSON file with client_id and secret")
    parser.add_argument("--run", default="", help="beginning of all order numbers of this run; else the time")
    parser.add_argument("--first", type=int, default=60, help="orders of the first turn")
    parser.add_argument("--orders", type=int, default=2, help="orders of each later turn")
    parser.add_argument("--most", type=int, default=300, help="orders of the whole run")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between turns")
    options = parser.parse_args()
    key = json.loads(options.key.read_text(encoding="utf-8"))
    run = options.run or f"DH{EPOCH + timedelta(seconds=clock()):%y%m%d%H%M}"
    shop = Shop(Sender(options.origin, client_id=key["client_id"], secret=key["secret"]), run=run)
    stop = told_to_stop()
    sent, wanted, silent = 0, options.first, False
    sys.stdout.write("simulated commerce: a simulator; its orders, payments and waybills are invented\n")
    while not stop.is_set():
        sent, asked = sent + wanted, wanted
        wanted = min(options.orders, max(0, options.most - sent))
        try:
            taken = shop.turn(asked)
            say = ", ".join(f"{count} {kind}" for kind, count in taken.items()) or "nothing"
            sys.stdout.write(f"simulated commerce: {say}\n")
            silent = False
        except OSError as fault:
            # An installation that starts takes a moment: said once, then waited for.
            if not silent:
                sys.stdout.write(f"simulated commerce: {_why(fault)}; waits\n")
                sys.stdout.flush()
            silent = True
            stop.wait(min(options.every, _SOON_S))
            continue
        sys.stdout.flush()
        stop.wait(options.every)


if __name__ == "__main__":
    main()
