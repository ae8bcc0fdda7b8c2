"""From a committed fact to a waiting frame, over a real database."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import SYSTEM
from app.core.live import Hub, Listener, Poke, PokeBook, Relay
from app.core.outbox import DomainEvent, HandlerRegistry, installed, publish, tail

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
OFFICER = SessionContext(DbRole.OFFICER)


@dataclass(frozen=True, slots=True)
class Moved(DomainEvent):
    name: ClassVar[str] = "test.thing.moved"

    thing: str


@pytest.fixture(autouse=True)
def no_handlers() -> Iterator[None]:
    with installed(HandlerRegistry()):
        yield


@pytest.fixture
def book() -> PokeBook:
    book = PokeBook()
    book.add(Moved.name, lambda payload, party: [Poke(f"thing:{payload['thing']}", party)])
    return book


@pytest.fixture
def relay(database: Database, book: PokeBook) -> Relay:
    return Relay(database.target, book, tail, clock=lambda: NOW)


def move(database: Database, thing: str) -> None:
    with database.transaction(OFFICER) as session:
        publish(session, Moved(thing), actor=SYSTEM, at=NOW)


def topics(database: Database) -> list[str]:
    with database.session(SessionContext(DbRole.WORKER)) as session:
        return list(session.scalars(text("select topic from live_poke order by seq")))


def test_each_fact_is_passed_on_once_however_late_it_commits(database: Database, relay: Relay) -> None:
    with relay.connect() as connection, database.session(OFFICER) as late:
        relay.step(connection)
        publish(late, Moved("late"), actor=SYSTEM, at=NOW)
        late.execute(text("select pg_current_xact_id()"))
        move(database, "early")
        assert relay.step(connection) == 1
        assert relay.step(connection) == 0
        late.commit()
        assert relay.step(connection) == 1
        assert relay.step(connection) == 0
    assert topics(database) == ["resync", "thing:early", "thing:late"]


def test_a_rolled_back_fact_pokes_nobody(database: Database, relay: Relay) -> None:
    with relay.connect() as connection:
        relay.step(connection)
        with database.session(OFFICER) as session:
            publish(session, Moved("never"), actor=SYSTEM, at=NOW)
            session.rollback()
        assert relay.step(connection) == 0


def test_a_relay_that_comes_back_goes_on_where_it_was(
    database: Database, book: PokeBook, relay: Relay
) -> None:
    with relay.connect() as connection:
        relay.step(connection)
    move(database, "meanwhile")
    soon = Relay(database.target, book, tail, clock=lambda: NOW + timedelta(minutes=1))
    with soon.connect() as connection:
        assert soon.step(connection) == 1
    move(database, "long ago")
    later = Relay(database.target, book, tail, clock=lambda: NOW + timedelta(hours=1))
    with later.connect() as connection:
        later.step(connection)
    # What is older than the memory pokes nobody by name; and the memory forgets, but for its newest row.
    assert topics(database) == ["resync"]


def test_a_position_of_another_history_is_noticed(database: Database, relay: Relay) -> None:
    with relay.connect() as connection:
        ahead = "999999999:999999999:"
        found = tail(connection, ahead, names=(Moved.name,))
        assert found.lost
        assert not tail(connection, found.position, names=(Moved.name,)).lost


def test_an_unreadable_fact_does_not_stop_the_others(
    database: Database, relay: Relay, book: PokeBook
) -> None:
    def broken(payload: Any, party: UUID | None) -> list[Poke]:
        raise KeyError("gone")

    book.add("test.thing.broken", broken)
    with relay.connect() as connection:
        relay.step(connection)
        with database.transaction(OFFICER) as session:
            session.execute(
                text(
                    "insert into outbox_event (id, name, at, actor_kind, payload)"
                    " values (gen_random_uuid(), 'test.thing.broken', now(), 'SYSTEM', '{}')"
                )
            )
        move(database, "fine")
        assert relay.step(connection) == 1


@pytest.mark.parametrize(
    "change",
    [
        "update auth_session set revoked_at = now()",
        "update auth_user set state = 'LOCKED'",
        "update auth_membership set valid_to = now()",
    ],
)
def test_whatever_ends_a_right_is_a_fact(ready: Database, relay: Relay, change: str, book: PokeBook) -> None:
    with ready.transaction(SessionContext(DbRole.AUTH)) as session:
        user = session.scalar(text("select id from auth_user limit 1"))
        session.execute(
            text(
                "insert into auth_session (id, token_hash, user_id, created_at, last_seen_at, idle_for, expires_at)"
                " values (gen_random_uuid(), 'x', :user, now(), now(), interval '1 hour', now() + interval '1 hour')"
            ),
            {"user": user},
        )
    owner = psycopg.connect(ready.target.conninfo("ftz_owner"), autocommit=True)
    mine = Relay(ready.target, book, tail, clock=lambda: NOW)
    with owner, mine.connect() as connection:
        mine.step(connection)
        if "membership" in change:
            owner.execute("alter table auth_membership no force row level security")
        owner.execute(change)
        assert mine.step(connection) >= 1
    assert "rights" in topics(ready)


def test_a_commit_reaches_the_mailboxes_of_a_process(database: Database, relay: Relay) -> None:
    async def run() -> bytes:
        hub, reviews = Hub(), []

        async def review() -> None:
            reviews.append(1)

        listener = Listener(database.target, hub, review, review_s=0.05)
        with relay.connect() as connection:
            relay.step(connection)
            listener.start()
            await asyncio.wait_for(listener.listening.wait(), 5)
            box = hub.join(uuid4(), frozenset({"thing:*"}))
            move(database, "seen")
            relay.step(connection)
            data = await asyncio.wait_for(box.take(), 5)
        await asyncio.sleep(0.3)
        await listener.stop()
        assert reviews, "rights are looked at without being asked"
        assert box.closed, "a process that stops ends its streams"
        return data

    assert b"data: thing:seen" in asyncio.run(run())
