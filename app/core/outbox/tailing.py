"""
Tailing: reading each event once as it is committed, without touching the transactions that publish.

Keys and times are made before the commit, so neither says what is new. Each row carries the number of its transaction
and a position is a snapshot: new is what this snapshot sees and the last one did not. A transaction that commits late
is found when it commits, and one that stays open delays nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

_HERE = "select pg_current_snapshot()::text"
# The first condition lets the index end the search where the last snapshot was complete. The head row comes always,
# so that the position moves on where nothing was found.
_SINCE = """
with here as materialized (
    select pg_current_snapshot() as now, cast(%(position)s as pg_snapshot) as seen
)
select here.now::text, pg_snapshot_xmax(here.seen) > pg_snapshot_xmax(here.now) as lost,
       event.name, event.party_id, event.payload
  from here left join outbox_event event
    on event.xid >= pg_snapshot_xmin(here.seen)
   and event.xid < pg_snapshot_xmax(here.now)
   and not pg_visible_in_snapshot(event.xid, here.seen)
   and event.name = any(%(names)s)
 order by event.id
"""


@dataclass(frozen=True, slots=True)
class TailedEvent:
    """A committed event as it was written down."""

    name: str
    party_id: UUID | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventTail:
    """
    What was committed since a position.

    :ivar position: where to go on.
    :ivar lost: the position asked for belongs to another history (a restored database): nobody knows what is missing.
    """

    facts: tuple[TailedEvent, ...]
    position: str
    lost: bool = False


def tail(connection: "psycopg.Connection[Any]", position: str | None, *, names: tuple[str, ...]) -> EventTail:
    """
    Return the events of some names that were committed since a position, each once (role ftz_worker).

    :param connection: in autocommit or at READ COMMITTED.
    :param position: what the last call returned; ``None`` begins now and returns no event.
    """
    if position is None:
        row = connection.execute(_HERE).fetchone()
        assert row is not None
        return EventTail((), row[0])
    rows = connection.execute(_SINCE, {"position": position, "names": list(names)}).fetchall()
    now, lost = rows[0][:2]
    facts = () if lost else tuple(TailedEvent(*row[2:]) for row in rows if row[2] is not None)
    return EventTail(facts, now, lost)
