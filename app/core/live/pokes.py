"""
What a poke is, who hears it, and which facts poke which topics.

A topic reads ``inbox`` or ``case:<id>``. A stream holds *keys*: a topic itself, ``case:*`` for all topics of a kind
(officers who may read every dossier), or ``case:*@<party>`` for those of one party. A poke names its party, so the
right to hear it is decided without a look into the database. What officers do not know of, a dossier that its applicant
has not filed, is poked ``quietly``: its own party hears it and nobody else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

RESYNC = "resync"
"""Tells a page to fetch everything it watches: something was missed."""

RIGHTS = "rights"
"""Tells the web processes to look at all rights again; never sent to a browser."""

_USER = "user"
_QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Poke:
    """A topic that changed; ``party_id`` says whose matter it is, when it is one party's."""

    topic: str
    party_id: UUID | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys under which streams hear this poke."""
        kind, colon, subject = self.topic.partition(":")
        if kind == _QUIET:
            inner, _, of = subject.partition(":")
            return (subject,) if inner == "party" else (all_of(inner, self.party_id or UUID(of)),)
        if not colon:
            return (self.topic,)
        if self.party_id is None:
            return (self.topic, all_of(kind))
        return (self.topic, all_of(kind), all_of(kind, self.party_id))

    @property
    def name(self) -> str:
        """Return what a browser is told: a person's own topic is plainly ``user``, a quiet one like any other."""
        if self.topic.startswith(f"{_QUIET}:"):
            return self.topic.removeprefix(f"{_QUIET}:")
        return _USER if self.topic.startswith(f"{_USER}:") else self.topic


def own(user_id: UUID) -> str:
    """Return the topic of one person."""
    return f"{_USER}:{user_id}"


def quietly(poke: Poke) -> Poke:
    """Return a poke that only the party hears whose matter it is."""
    return Poke(f"{_QUIET}:{poke.topic}", poke.party_id)


def all_of(kind: str, party_id: UUID | None = None) -> str:
    """Return the key that hears all topics of a kind, or those of one party."""
    return f"{kind}:*" if party_id is None else f"{kind}:*@{party_id}"


Mapper = Callable[[Mapping[str, Any], UUID | None], Iterable[Poke]]


class PokeBook:
    """Which fact of the outbox pokes which topics. Modules add to it, the relay reads it."""

    def __init__(self) -> None:
        self._by_event: dict[str, list[Mapper]] = {"auth.rights.changed": [_rights]}

    def add(self, event: str, mapper: Mapper) -> None:
        """Let ``mapper(payload, party_id)`` name the topics that an event of this name pokes."""
        self._by_event.setdefault(event, []).append(mapper)

    @property
    def events(self) -> tuple[str, ...]:
        """Return the names of the events that poke anything."""
        return tuple(self._by_event)

    def of(self, event: str, payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
        """Return the pokes of one event."""
        return [poke for mapper in self._by_event.get(event, ()) for poke in mapper(payload, party_id)]


def _rights(payload: Mapping[str, Any], party_id: UUID | None) -> tuple[Poke, ...]:
    return (Poke(RIGHTS),)
