"""
The moods of the simulators that keep a book: how they behave at the moment, changed from outside while they run.

A mood is a frozen dataclass of traits, each with a default; it refuses values that do not fit by a ``ValueError``.
"""

import json
import sqlite3
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHEMA = "create table if not exists mood (name text primary key, value text not null);"
LATEST_S = 86_400.0
"""Nobody waits longer for a simulator than a day."""

MoodT = TypeVar("MoodT", bound="DataclassInstance")


def kept(store: sqlite3.Connection, kind: type[MoodT]) -> MoodT:
    """Return the mood that stands in a book; a trait that does not stand there has its default."""
    return kind(**{name: json.loads(value) for name, value in store.execute("select name, value from mood")})


def keep(store: sqlite3.Connection, mood: "DataclassInstance") -> None:
    """Write a mood into a book."""
    rows = [(name, json.dumps(value)) for name, value in asdict(mood).items()]
    store.executemany("insert or replace into mood values (?, ?)", rows)


def begin(store: sqlite3.Connection, mood: "DataclassInstance") -> None:
    """Write the mood with which a new book begins; a book that has one keeps it."""
    if not store.execute("select 1 from mood").fetchone():
        keep(store, mood)


def changed(mood: MoodT, wanted: dict[str, Any]) -> MoodT:
    """
    Return a mood with some traits changed; what is not named stays.

    :raises ValueError: no such trait, or a value that does not fit.
    :raises TypeError: a value of another kind.
    """
    now = asdict(mood)
    if unknown := wanted.keys() - now.keys():
        raise ValueError(f"No such trait: {', '.join(sorted(unknown))}.")
    return type(mood)(**{name: type(value)(wanted.get(name, value)) for name, value in now.items()})
