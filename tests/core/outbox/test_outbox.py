"""Events: published with the commit or not at all, handled once by each handler."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar, NewType
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import jobs, outbox
from app.core.db import Database, DbRole, SessionContext
from app.core.evidence import Subject, record
from app.core.jobs import JobRegistry, JobWorker, Run, Runtime, WorkerOptions
from app.core.jobs.app import make_app
from app.core.kit.actor import SYSTEM, Actor, ActorKind, Grant
from app.core.outbox import DomainEvent, HandlerRegistry, OutboxEvent, OutboxInbox
from app.core.outbox.events import from_payload, to_payload

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
PARTY, USER, LOT = uuid4(), uuid4(), uuid4()
TENANT = SessionContext(DbRole.TENANT, (PARTY,), USER)
WORKER = SessionContext(DbRole.WORKER)
CUSTOMER = Actor(ActorKind.CUSTOMER, USER, "Hoa", (Grant(PARTY, frozenset({"filer"})),))
LotId = NewType("LotId", UUID)


@dataclass(frozen=True)
class GoodsRemoved(DomainEvent):
    name: ClassVar[str] = "customs.goods.removed"
    lot_id: LotId
    code: str
    on: date
    weight_kg: Decimal
    lines: tuple[int, ...] = ()
    note_id: UUID | None = None


EVENT = GoodsRemoved(LotId(LOT), "HQ-1", date(2026, 11, 22), Decimal("12.50"), (1, 2))


@pytest.fixture
def handlers() -> Iterator[HandlerRegistry]:
    with outbox.installed(HandlerRegistry()) as registry:
        yield registry


def publish(session: Session) -> UUID:
    return outbox.publish(session, EVENT, actor=CUSTOMER, at=NOW, party_id=PARTY)


def rows(database: Database) -> tuple[int, int]:
    """Return how many events and how many jobs there are."""
    with database.session(WORKER) as session:
        events = session.scalar(text("select count(*) from outbox_event"))
        waiting = session.scalar(
            text("select count(*) from procrastinate_jobs where task_name like 'handle:%'")
        )
    return events or 0, waiting or 0


class TestEvents:
    def test_a_payload_reads_back_as_it_was(self) -> None:
        payload = to_payload(EVENT)

        assert payload == {
            "lot_id": str(LOT),
            "code": "HQ-1",
            "on": "2026-11-22",
            "weight_kg": "12.50",
            "lines": [1, 2],
            "note_id": None,
        }
        assert from_payload(GoodsRemoved, payload) == EVENT

    def test_refuses_what_is_no_key_and_no_primitive(self) -> None:
        @dataclass(frozen=True)
        class Fraction(DomainEvent):
            name: ClassVar[str] = "customs.goods.weighed"
            weight_kg: float

        @dataclass(frozen=True)
        class Badly(DomainEvent):
            name: ClassVar[str] = "GoodsRemoved"

        @dataclass(frozen=True)
        class Nested(DomainEvent):
            name: ClassVar[str] = "customs.goods.nested"
            inner: dict[str, str]

        for event in (Fraction(1.5), Badly(), Nested({})):
            with pytest.raises(outbox.UnfitEvent):
                to_payload(event)


class TestPublish:
    def test_row_and_jobs_come_with_the_commit(self, database: Database, handlers: HandlerRegistry) -> None:
        for name in ("logistics.open_gate", "ioc.poke"):
            handlers.handles(GoodsRemoved, name=name)(lambda session, event, *, actor, now: None)
        with database.transaction(TENANT) as session:
            key = publish(session)
            assert rows(database) == (0, 0)

        assert rows(database) == (1, 2)
        with database.session(WORKER) as session:
            row = session.scalars(select(OutboxEvent)).one()
            assert (row.id, row.name, row.at, row.party_id) == (key, "customs.goods.removed", NOW, PARTY)
            assert (row.actor_kind, row.actor_id) == ("CUSTOMER", USER)
            tasks = session.scalars(text("select task_name from procrastinate_jobs order by id")).all()
        assert tasks == ["handle:logistics.open_gate", "handle:ioc.poke"]

    def test_many_events_take_one_round_trip(self, database: Database, handlers: HandlerRegistry) -> None:
        for name in ("a.a", "b.b"):
            handlers.handles(GoodsRemoved, name=name)(lambda session, event, *, actor, now: None)
        statements: list[str] = []
        with database.session(TENANT) as session:
            connection = session.connection()

            def note(*arguments: object) -> None:
                statements.append(str(arguments[2]))

            sqlalchemy_event.listen(connection, "before_cursor_execute", note)
            for _ in range(10):
                publish(session)
            session.commit()

        assert len(statements) == 1
        assert rows(database) == (10, 20)

    @pytest.mark.parametrize("role", list(DbRole))
    def test_every_role_may_publish_and_only_the_worker_reads(
        self, database: Database, handlers: HandlerRegistry, role: DbRole
    ) -> None:
        handlers.handles(GoodsRemoved, name="a.a")(lambda session, event, *, actor, now: None)
        context = SessionContext(role)
        with database.transaction(context) as session:
            publish(session)
        assert rows(database) == (1, 1)

        if role is not DbRole.WORKER:
            with database.session(context) as session, pytest.raises(DBAPIError, match="permission denied"):
                session.execute(text("select * from outbox_event"))

    def test_without_handlers_the_fact_remains(self, database: Database, handlers: HandlerRegistry) -> None:
        with database.transaction(TENANT) as session:
            publish(session)
        assert rows(database) == (1, 0)

    def test_a_rollback_takes_all_along(self, database: Database, handlers: HandlerRegistry) -> None:
        with database.session(TENANT) as session:
            publish(session)
            session.rollback()
            assert outbox.pending(session) == ()
            session.commit()
            publish(session)
            session.close()
            session.commit()
        assert rows(database) == (0, 0)

    def test_a_savepoint_rolled_back_takes_its_events_along(
        self, database: Database, handlers: HandlerRegistry
    ) -> None:
        with database.transaction(TENANT) as session:
            kept = [publish(session)]
            with session.begin_nested():
                kept.append(publish(session))
            outer = session.begin_nested()
            publish(session)
            with session.begin_nested():
                publish(session)
            outer.rollback()
            kept.append(publish(session))
            assert [item.id for item in outbox.pending(session)] == kept

        with database.session(WORKER) as session:
            assert set(session.scalars(select(OutboxEvent.id))) == set(kept)

    def test_goes_together_with_flushed_rows(self, database: Database, handlers: HandlerRegistry) -> None:
        with database.transaction(TENANT) as session:
            record(session, "goods:lot:remove", subject=Subject("lot", LOT), actor=CUSTOMER, at=NOW)
            publish(session)
        with database.session(WORKER) as session:
            assert session.scalar(text("select count(*) from evidence_entry")) == 1
        assert rows(database) == (1, 0)

    def test_may_be_sent_early_in_a_test_that_never_commits(
        self, tenant_session: Session, handlers: HandlerRegistry
    ) -> None:
        publish(tenant_session)
        outbox.send_pending(tenant_session)
        outbox.send_pending(tenant_session)
        assert outbox.pending(tenant_session) == ()

    def test_refuses_to_publish_where_nobody_could_listen(self, tenant_session: Session) -> None:
        with outbox.installed(HandlerRegistry()):
            outbox.install(None)  # type: ignore[arg-type]
            with pytest.raises(outbox.NoHandlersInstalled):
                publish(tenant_session)


def test_registries_of_modules_join_and_names_are_given_once() -> None:
    module, whole = HandlerRegistry(), HandlerRegistry()
    module.handles(GoodsRemoved, name="a.a")(lambda session, event, *, actor, now: None)
    whole.include(module)

    assert [handler.name for handler in whole.for_event("customs.goods.removed")] == ["a.a"]
    with pytest.raises(ValueError, match="twice"):
        whole.include(module)


class TestDeliver:
    @pytest.fixture
    def registry(self) -> JobRegistry:
        return JobRegistry()

    def run(self, database: Database, registry: JobRegistry, name: str, key: UUID, actor: Actor) -> None:
        """Run a handler's job once, as the worker would."""
        context = jobs.session_context(actor)
        run = Run(actor, context, database, NOW, job_id=1, attempt=1)
        registry.jobs[f"handle:{name}"].function(run, event_id=str(key))

    def test_has_its_effect_once(
        self, database: Database, handlers: HandlerRegistry, registry: JobRegistry
    ) -> None:
        effects: list[tuple[DomainEvent, str]] = []

        @handlers.handles(GoodsRemoved, name="logistics.open_gate")
        def handle(session: Session, event: GoodsRemoved, *, actor: Actor, now: datetime) -> None:
            effects.append((event, session.scalar(text("select current_setting('ftz.parties')")) or ""))

        outbox.add_jobs(handlers, registry)
        with database.transaction(TENANT) as session:
            key = publish(session)
        for _ in range(3):
            self.run(database, registry, "logistics.open_gate", key, CUSTOMER)

        assert effects == [(EVENT, f"{{{PARTY}}}")]
        with database.session(WORKER) as session:
            assert session.scalars(select(OutboxInbox.event_id)).all() == [key]

    def test_an_effect_that_fails_leaves_no_trace_and_may_come_later(
        self, database: Database, handlers: HandlerRegistry, registry: JobRegistry
    ) -> None:
        fail = [True]

        @handlers.handles(GoodsRemoved, name="a.a")
        def handle(session: Session, event: GoodsRemoved, *, actor: Actor, now: datetime) -> None:
            record(session, "goods:gate:open", subject=Subject("lot", event.lot_id), actor=actor, at=now)
            if fail[0]:
                raise ConnectionError

        outbox.add_jobs(handlers, registry)
        with database.transaction(TENANT) as session:
            key = publish(session)
        with pytest.raises(ConnectionError):
            self.run(database, registry, "a.a", key, CUSTOMER)
        fail[0] = False
        self.run(database, registry, "a.a", key, CUSTOMER)

        with database.session(WORKER) as session:
            assert session.scalar(text("select count(*) from evidence_entry")) == 1

    def test_two_runs_at_once_have_one_effect(
        self, database: Database, handlers: HandlerRegistry, registry: JobRegistry
    ) -> None:
        effects: list[int] = []

        @handlers.handles(GoodsRemoved, name="a.a", runs_as="system")
        def handle(session: Session, event: GoodsRemoved, *, actor: Actor, now: datetime) -> None:
            effects.append(1)
            time.sleep(0.2)

        outbox.add_jobs(handlers, registry)
        with database.transaction(TENANT) as session:
            key = publish(session)
        threads = [
            threading.Thread(target=self.run, args=(database, registry, "a.a", key, SYSTEM)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert effects == [1]

    def test_refuses_an_event_that_is_not_there_or_another(
        self, database: Database, handlers: HandlerRegistry, registry: JobRegistry
    ) -> None:
        handlers.handles(GoodsRemoved, name="a.a")(lambda session, event, *, actor, now: None)
        outbox.add_jobs(handlers, registry)
        with pytest.raises(outbox.EventLost):
            self.run(database, registry, "a.a", uuid4(), CUSTOMER)

    def test_from_publishing_to_the_effect_in_a_worker(
        self, database: Database, handlers: HandlerRegistry, registry: JobRegistry
    ) -> None:
        seen: list[tuple[str, str]] = []

        @handlers.handles(GoodsRemoved, name="as.actor")
        def as_actor(session: Session, event: GoodsRemoved, *, actor: Actor, now: datetime) -> None:
            seen.append((actor.name, session.scalar(text("select current_user")) or ""))

        @handlers.handles(GoodsRemoved, name="as.system", runs_as="system")
        def as_system(session: Session, event: GoodsRemoved, *, actor: Actor, now: datetime) -> None:
            seen.append((actor.name, session.scalar(text("select current_user")) or ""))

        outbox.add_jobs(handlers, registry)
        with working(registry, database):
            with database.transaction(TENANT) as session:
                publish(session)
            eventually(lambda: len(seen) == 2)

        assert sorted(seen) == [("Hoa", "ftz_tenant"), ("system", "ftz_officer")]


@contextmanager
def working(registry: JobRegistry, database: Database) -> Iterator[None]:
    options = WorkerOptions(concurrency=3, poll_s=0.2)
    worker = JobWorker(make_app(registry, Runtime(database, lambda user_id: CUSTOMER)), options)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(30)


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come true."
        time.sleep(0.05)
