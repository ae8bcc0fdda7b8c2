"""The authority's book: messages, declarations, what is to be done when, and the queue of notices."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from simulators import moods
from simulators.vnaccs.mood import Mood

_SCHEMA = """
create table if not exists message (
    id text primary key, hash text not null, reference text not null, kind text not null, body blob not null,
    taken_at real not null
);
create table if not exists declaration (
    reference text primary key, number text, state text not null, content text not null, message text not null,
    facts text not null default '{}'
);
create table if not exists given (direction text not null, number integer not null, primary key (direction, number));
create table if not exists task (
    id integer primary key autoincrement, due real not null, reference text not null, act text not null,
    facts text not null
);
create table if not exists notice (
    id text primary key, reference text not null, sequence integer not null, at real not null, function text not null,
    body blob not null, unique (reference, sequence)
);
create table if not exists queue (cursor integer primary key autoincrement, notice text not null);
create table if not exists waybill (number text primary key, reference text not null);
create table if not exists garbled (notice text primary key);
"""


class Book:
    """A file of its own. The caller holds a lock while it works with it."""

    def __init__(self, path: Path) -> None:
        self.store = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.store.executescript(_SCHEMA + moods.SCHEMA)

    def mood(self) -> Mood:
        """Return how the authority behaves now."""
        return moods.kept(self.store, Mood)

    def keep_mood(self, mood: Mood) -> None:
        """Keep a mood."""
        moods.keep(self.store, mood)

    def message(self, identity: str) -> tuple[str, str] | None:
        """Return hash and reference of a message."""
        row = self._one("select hash, reference from message where id = ?", [identity])
        return None if row is None else (row[0], row[1])

    def keep_message(
        self, identity: str, *, mark: str, reference: str, kind: str, body: bytes, at: float
    ) -> None:
        """Keep a message as it came."""
        self.store.execute(
            "insert into message values (?, ?, ?, ?, ?, ?)", [identity, mark, reference, kind, body, at]
        )

    def body(self, identity: str) -> bytes:
        """Return a message as it came."""
        found = self._one("select body from message where id = ?", [identity])
        assert found is not None
        return bytes(found[0])

    def declaration(self, reference: str) -> dict[str, Any] | None:
        """Return a declaration; None when there is none."""
        row = self._one(
            "select number, state, content, message, facts from declaration where reference = ?", [reference]
        )
        if row is None:
            return None
        names = ("number", "state", "content", "message", "facts")
        found = dict(zip(names, row, strict=True))
        return {**found, "content": json.loads(found["content"]), "facts": json.loads(found["facts"])}

    def keep_declaration(self, reference: str, declaration: dict[str, Any]) -> None:
        """Write a declaration down."""
        self.store.execute(
            "insert or replace into declaration (reference, number, state, content, message, facts)"
            " values (?, ?, ?, ?, ?, ?)",
            [
                reference, declaration["number"], declaration["state"], json.dumps(declaration["content"]),
                declaration["message"], json.dumps(declaration["facts"]),
            ],
        )  # fmt: skip

    def next_number(self, direction: str) -> int:
        """Give the next running number of a direction."""
        row = self._one("select coalesce(max(number), 0) + 1 from given where direction = ?", [direction])
        assert row is not None
        self.store.execute("insert into given values (?, ?)", [direction, row[0]])
        return int(row[0])

    def keep_waybill(self, number: str, reference: str) -> None:
        """Note on which low-value list a waybill stands; the first one counts."""
        self.store.execute("insert or ignore into waybill values (?, ?)", [number, reference])

    def list_of_waybill(self, number: str) -> str:
        """Return the low-value list on which a waybill stands; empty for none."""
        row = self._one("select reference from waybill where number = ?", [number])
        return "" if row is None else str(row[0])

    def plan(self, reference: str, act: str, *, due: float, **facts: Any) -> None:
        """Note something to be done."""
        self.store.execute(
            "insert into task (due, reference, act, facts) values (?, ?, ?, ?)",
            [due, reference, act, json.dumps(facts)],
        )

    def due(self, now: float) -> tuple[float, str, str, dict[str, Any]] | None:
        """Take the next task that is due off the list."""
        row = self._one(
            "select id, due, reference, act, facts from task where due <= ? order by due, id limit 1", [now]
        )
        if row is None:
            return None
        self.store.execute("delete from task where id = ?", [row[0]])
        return row[1], row[2], row[3], json.loads(row[4])

    def drop_tasks(self, reference: str) -> None:
        """Forget what was to be done for a declaration."""
        self.store.execute("delete from task where reference = ?", [reference])

    def next_sequence(self, reference: str) -> int:
        """Return the number of the next notice of a declaration."""
        row = self._one("select count(*) + 1 from notice where reference = ?", [reference])
        assert row is not None
        return int(row[0])

    def keep_notice(
        self,
        identity: str,
        *,
        reference: str,
        sequence: int,
        at: float,
        function: str,
        body: bytes,
        queued: int,
        garbled: bool = False,
    ) -> None:
        """Keep a notice and put it so many times into the queue, which garbles it if wanted; its book does not."""
        self.store.execute(
            "insert into notice values (?, ?, ?, ?, ?, ?)",
            [identity, reference, sequence, at, function, body],
        )
        if garbled:
            self.store.execute("insert into garbled values (?)", [identity])
        for _ in range(queued):
            self.store.execute("insert into queue (notice) values (?)", [identity])

    def queue(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return the notices of the queue behind a cursor."""
        rows = self.store.execute(
            "select cursor, body, g.notice from queue q join notice on id = q.notice"
            " left join garbled g on g.notice = id"
            " where cursor > ? order by cursor limit ?",
            [after, limit],
        ).fetchall()
        return [(row[0], _garbled(row[1]) if row[2] else row[1]) for row in rows]

    def notices(self, reference: str, after: int) -> list[tuple[int, bytes]]:
        """Return the notices of a declaration behind a sequence."""
        return self.store.execute(
            "select sequence, body from notice where reference = ? and sequence > ? order by sequence",
            [reference, after],
        ).fetchall()

    def lines(self) -> list[tuple[Any, ...]]:
        """Return the declarations for the page, the newest first."""
        return self.store.execute(
            "select d.reference, coalesce(number, ''), state, facts, (select group_concat(function, ' ') from"
            " (select function from notice n where n.reference = d.reference order by sequence)) from declaration d"
            " order by d.rowid desc limit 200"
        ).fetchall()

    def _one(self, statement: str, values: list[Any]) -> Any:
        return self.store.execute(statement, values).fetchone()


def _garbled(body: bytes) -> bytes:
    """Return a notice with a function that the form does not have, as a faulty system would send it."""
    return body.replace(b"<FunctionCode>", b"<FunctionCode>x", 1)
