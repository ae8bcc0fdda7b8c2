"""
The live stream: it tells browsers *that* something changed, never what.

A poke is a topic name. Who receives it fetches the fragment through the normal, policed route, so nothing passes the
row-level security on the way. Facts of the outbox become pokes in one relay, which alone notifies; each web process
listens on a connection of its own and fans out to small mailboxes. What belongs here: pokes, relay, listener,
mailboxes, and the re-check of rights. What does not: HTTP, and which fact pokes which topic (the modules say that).
"""

from app.core.live.hub import Hub, Mailbox, TooManyStreams
from app.core.live.listener import Listener
from app.core.live.models import LivePoke, LivePosition
from app.core.live.pokes import RESYNC, RIGHTS, Poke, PokeBook, all_of, own, quietly
from app.core.live.relay import Fact, Relay, Tail, last_step
from app.core.live.rights import Standing, actors_in_force

__all__ = [
    "RESYNC",
    "RIGHTS",
    "Fact",
    "Hub",
    "Listener",
    "LivePoke",
    "LivePosition",
    "Mailbox",
    "Poke",
    "PokeBook",
    "Relay",
    "Standing",
    "Tail",
    "TooManyStreams",
    "actors_in_force",
    "all_of",
    "last_step",
    "own",
    "quietly",
]
