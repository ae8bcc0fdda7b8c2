"""The registry's book: what was asked, what was decided, and how the registry behaves at the moment."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulators import moods

_SCHEMA = """
create table if not exists request (
    id text primary key, body text not null, due real not null, status text not null default 'PENDING',
    code text, reason_code text, reason text
);
create table if not exists given (code integer primary key autoincrement);
"""
# Codes of a registry that nobody could take for the real one.
_FIRST_CODE = 9_900_000_000


@dataclass(frozen=True, slots=True)
class Mood:
    """
    How the registry behaves.

    :ivar late_s: seconds between taking a request and deciding on it.
    :ivar down: every call is answered with 503.
    :ivar refuse: the reason with which requests are refused; empty: they are granted.
    :ivar lose_next: so many more requests are taken, but the answer is lost on the way.
    :ivar twice: a request that is sent again is given another code.
    """

    late_s: float = 0.0
    down: bool = False
    refuse: str = ""
    lose_next: int = 0
    twice: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.late_s <= moods.LATEST_S:
            raise ValueError("A value is out of range.")


class Conflict(ValueError):
    """The same request was sent with another content."""


class Book:
    """
    The book in a file of its own; several threads use it.

    :param late_s: what a new book begins with.
    :param clock: seconds that only grow.
    """

    def __init__(self, path: Path, *, late_s: float = 0.0, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._store = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._store.executescript(_SCHEMA + moods.SCHEMA)
        moods.begin(self._store, Mood(late_s=late_s))

    def mood(self) -> Mood:
        """Return how the registry behaves now."""
        return moods.kept(self._store, Mood)

    def change(self, wanted: dict[str, Any]) -> Mood:
        """
        Change the mood; what is not named stays.

        :raises ValueError: no such trait, or a value that does not fit.
        """
        with self._lock:
            mood = moods.changed(self.mood(), wanted)
            moods.keep(self._store, mood)
            return mood

    def ask(self, request_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """
        Take a request, or find the one of this key, and return how it stands.

        :raises Conflict: the key was used for another content.
        """
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        with self._lock:
            known = self._store.execute("select body from request where id = ?", [request_id]).fetchone()
            if known is None:
                due = self._clock() + self.mood().late_s
                self._store.execute(
                    "insert into request (id, body, due) values (?, ?, ?)", [request_id, text, due]
                )
            elif known[0] != text:
                raise Conflict(request_id)
            elif self.mood().twice:
                self._store.execute(
                    "update request set code = null, status = 'PENDING' where id = ?", [request_id]
                )
            self._decide(request_id)
        found = self.find(request_id)
        assert found is not None
        return found

    def find(self, request_id: str) -> dict[str, Any] | None:
        """Return how a request stands; None when there is none."""
        with self._lock:
            self._decide(request_id)
            row = self._store.execute(
                "select id, status, code, reason_code, reason from request where id = ?", [request_id]
            ).fetchone()
        if row is None:
            return None
        names = ("request_id", "status", "project_code", "reason_code", "reason")
        return {name: value for name, value in zip(names, row, strict=True) if value is not None}

    def loses_answer(self) -> bool:
        """Tell whether the answer to the present call is lost on the way."""
        with self._lock:
            mood = self.mood()
            if mood.lose_next > 0:
                moods.keep(self._store, replace(mood, lose_next=mood.lose_next - 1))
            return mood.lose_next > 0

    def lines(self) -> list[tuple[str, ...]]:
        """Return all requests, the newest first."""
        return self._store.execute(
            "select id, status, coalesce(code, ''), coalesce(reason, ''), body from request"
            " order by rowid desc limit 200"
        ).fetchall()

    def _decide(self, request_id: str) -> None:
        row = self._store.execute(
            "select due from request where id = ? and status = 'PENDING'", [request_id]
        ).fetchone()
        if row is None or row[0] > self._clock():
            return
        if reason := self.mood().refuse:
            self._store.execute(
                "update request set status = 'REFUSED', reason_code = 'NOT_ACCEPTED', reason = ? where id = ?",
                [reason, request_id],
            )
            return
        code = self._store.execute("insert into given default values returning code").fetchone()[0]
        self._store.execute(
            "update request set status = 'ISSUED', code = ? where id = ?",
            [str(_FIRST_CODE + code), request_id],
        )
