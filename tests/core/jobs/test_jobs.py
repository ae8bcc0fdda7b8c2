"""Deferring, running, failing and rescuing jobs, on real commits with a real worker."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import jobs
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import NotFound
from app.core.jobs import JobRegistry, JobWorker, Run, Runtime, TimerHeartbeat, WorkerOptions
from app.core.jobs.app import Backoff, make_app
from app.core.kit.actor import ANONYMOUS, SYSTEM, Actor, ActorKind, Grant
from app.core.telemetry import correlation_id, new_correlation

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
PARTY, USER = uuid4(), uuid4()
TENANT = SessionContext(DbRole.TENANT, (PARTY,), USER)
WORKER = SessionContext(DbRole.WORKER)
CUSTOMER = Actor(ActorKind.CUSTOMER, USER)
FAST = WorkerOptions(concurrency=3, poll_s=0.2, heartbeat_s=0.5, stalled_s=2.0, sweep_s=0.2)


def resolve(user_id: UUID) -> Actor:
    if user_id != USER:
        raise NotFound
    return Actor(ActorKind.CUSTOMER, USER, "Hoa", (Grant(PARTY, frozenset({"filer"})),))


@pytest.fixture
def registry() -> JobRegistry:
    return JobRegistry()


@contextmanager
def working(registry: JobRegistry, database: Database) -> Iterator[JobWorker]:
    worker = JobWorker(make_app(registry, Runtime(database, resolve)), FAST)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(30)
    assert not thread.is_alive()


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come true."
        time.sleep(0.05)


def waiting(database: Database) -> int:
    with database.session(WORKER) as session:
        query = "select count(*) from procrastinate_jobs where task_name not like 'scan:%'"
        return session.scalar(text(query)) or 0


class TestDefer:
    def test_a_rollback_leaves_no_job_and_a_commit_leaves_all(self, database: Database) -> None:
        with database.session(TENANT) as session:
            jobs.defer(session, "a.job", args=[{"n": 1}], actor=CUSTOMER)
            session.rollback()
        assert waiting(database) == 0

        with database.transaction(TENANT) as session:
            jobs.defer(session, "a.job", args=[{"n": 1}, {"n": 2}], actor=CUSTOMER)
        assert waiting(database) == 2

    def test_many_jobs_take_one_round_trip(self, database: Database) -> None:
        statements: list[str] = []
        with database.session(TENANT) as session:
            connection = session.connection()

            def note(*arguments: object) -> None:
                statements.append(str(arguments[2]))

            event.listen(connection, "before_cursor_execute", note)
            jobs.defer(session, "a.job", args=[{"n": n} for n in range(50)], actor=CUSTOMER)
            event.remove(connection, "before_cursor_execute", note)
            session.commit()

        assert len(statements) == 1
        with database.session(WORKER) as session:
            numbers = session.scalars(text("select (args ->> 'n')::int from procrastinate_jobs order by id"))
            assert list(numbers) == list(range(50))

    def test_nothing_to_defer_costs_nothing(self, tenant_session: Session) -> None:
        jobs.defer(tenant_session, "a.job", args=[], actor=CUSTOMER)

    @pytest.mark.parametrize("role", [DbRole.TENANT, DbRole.OFFICER, DbRole.AUTH, DbRole.WORKER])
    def test_every_role_may_defer(self, database: Database, role: DbRole) -> None:
        with database.transaction(SessionContext(role)) as session:
            jobs.defer(session, "a.job", args=[{}], actor=SYSTEM)
        assert waiting(database) == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "select * from procrastinate_jobs",
            "insert into procrastinate_jobs (queue_name, task_name) values ('x', 'x')",
            "select procrastinate_finish_job_v1(1, 'failed', true)",
            "select jobs_retry_failed('{1}')",
            "select * from job_failure",
        ],
    )
    def test_a_tenant_may_do_no_more_than_defer(self, tenant_session: Session, statement: str) -> None:
        with pytest.raises(DBAPIError, match="permission denied"):
            tenant_session.execute(text(statement))


class TestRun:
    def test_runs_under_the_rights_that_the_actor_has_now(
        self, database: Database, registry: JobRegistry
    ) -> None:
        seen: list[tuple[Run, str, str]] = []
        correlations: list[str] = []

        @registry.job("a.job")
        def job(run: Run, *, n: int) -> None:
            correlations.append(correlation_id())
            with run.transaction() as session:
                context = session.execute(text("select current_user, current_setting('ftz.parties')")).one()
            seen.append((run, *context))

        with working(registry, database):
            request = new_correlation("request-0815")
            with database.transaction(TENANT) as session:
                jobs.defer(session, "a.job", args=[{"n": 7}], actor=CUSTOMER)
            eventually(lambda: seen and waiting(database) == 0)

        assert correlations == [request]
        run, role, parties = seen[0]
        assert (run.actor.name, run.attempt) == ("Hoa", 1)
        assert (role, parties) == ("ftz_tenant", f"{{{PARTY}}}")

    def test_an_unknown_caller_never_becomes_the_system(
        self, database: Database, registry: JobRegistry
    ) -> None:
        seen: dict[str, SessionContext] = {}

        @registry.job("plain")
        def plain(run: Run, *, who: str) -> None:
            seen[who] = run.context

        @registry.job("system", runs_as_system=True)
        def system(run: Run, *, who: str) -> None:
            seen[who] = run.context

        with database.transaction(TENANT) as session:
            jobs.defer(session, "plain", args=[{"who": "anonymous"}], actor=ANONYMOUS)
            jobs.defer(session, "plain", args=[{"who": "clock"}], actor=SYSTEM)
            jobs.defer(session, "system", args=[{"who": "system"}], actor=CUSTOMER)
        with working(registry, database):
            eventually(lambda: len(seen) == 3)

        assert seen == {
            "anonymous": SessionContext(DbRole.TENANT),
            "clock": SessionContext(DbRole.OFFICER),
            "system": SessionContext(DbRole.OFFICER),
        }

    def test_a_failed_attempt_is_tried_again(self, database: Database, registry: JobRegistry) -> None:
        attempts: list[int] = []

        @registry.job("a.job", attempts=3)
        def job(run: Run) -> None:
            attempts.append(run.attempt)
            if run.attempt == 1:
                raise ConnectionError

        with database.transaction(TENANT) as session:
            jobs.defer(session, "a.job", args=[{}], actor=CUSTOMER)
        with working(registry, database):
            eventually(lambda: attempts == [1])
            self.skip_the_wait(database)
            eventually(lambda: attempts == [1, 2] and waiting(database) == 0)

    def test_a_dead_letter_says_why_and_can_be_sent_again(
        self, database: Database, registry: JobRegistry
    ) -> None:
        broken = threading.Event()
        broken.set()

        @registry.job("a.job", attempts=1)
        def job(run: Run, *, key: str) -> None:
            if broken.is_set():
                raise NotFound("Trần Thị Bưởi is gone")

        with database.transaction(TENANT) as session:
            jobs.defer(session, "a.job", args=[{"key": "k1"}, {"key": "k2"}], actor=CUSTOMER)
        with working(registry, database):
            officer = SessionContext(DbRole.OFFICER)

            def letters() -> list[jobs.FailedJob]:
                with database.session(officer) as session:
                    return jobs.failed_jobs(session)

            eventually(lambda: len(letters()) == 2)
            last, first = letters()
            assert (last.task, last.attempts, last.code) == ("a.job", 1, "not-found")
            assert last.error == "app.core.errors.NotFound"
            assert last.failed_at is not None
            assert first.args["key"] == "k1"
            with database.session(officer) as session:
                assert [item.id for item in jobs.failed_jobs(session, before=last.id)] == [first.id]

            broken.clear()
            with database.transaction(officer) as session:
                assert jobs.retry_failed(session, [first.id, last.id, 999]) == 2
            eventually(lambda: not letters() and waiting(database) == 0)

    def test_a_user_who_is_gone_leaves_a_dead_letter(self, database: Database, registry: JobRegistry) -> None:
        registry.job("a.job", attempts=1)(lambda run: None)
        with database.transaction(TENANT) as session:
            jobs.defer(session, "a.job", args=[{}], actor=Actor(ActorKind.CUSTOMER, uuid4()))
        with working(registry, database):
            eventually(lambda: self.failed(database) == 1)

    def test_a_job_that_nobody_knows_any_more_stays_visible(
        self, database: Database, registry: JobRegistry
    ) -> None:
        with database.transaction(TENANT) as session:
            jobs.defer(session, "gone.with.a.release", args=[{}], actor=SYSTEM)
        with working(registry, database):
            eventually(lambda: self.failed(database) == 1)

    def test_waits_longer_each_time(self) -> None:
        class Job:
            attempts = 0

        job, waits = Job(), []
        for job.attempts in range(8):
            decision = Backoff(9).get_retry_decision(exception=ValueError(), job=job)  # type: ignore[arg-type]
            assert decision is not None
            assert decision.retry_at is not None
            waits.append(round((decision.retry_at - datetime.now(UTC)).total_seconds()))

        assert waits == [5, 10, 20, 40, 80, 160, 320, 640]
        assert Backoff(8).get_retry_decision(exception=ValueError(), job=job) is None  # type: ignore[arg-type]

    def skip_the_wait(self, database: Database) -> None:
        def moved() -> int:
            with database.transaction(WORKER) as session:
                moved = session.connection().execute(
                    text("update procrastinate_jobs set scheduled_at = now() where scheduled_at is not null")
                )
                return moved.rowcount

        eventually(moved)

    def failed(self, database: Database) -> int:
        with database.session(WORKER) as session:
            return len(jobs.failed_jobs(session))


class TestRescue:
    def lose(self, database: Database, attempts: int = 0) -> None:
        """Leave a job as a killed worker leaves it."""
        with database.transaction(WORKER) as session:
            session.execute(
                text(
                    """
                    with dead as (
                        insert into procrastinate_workers (last_heartbeat)
                        values (now() - interval '1 minute') returning id
                    )
                    update procrastinate_jobs set status = 'doing', worker_id = dead.id, attempts = :attempts
                      from dead
                     where task_name = 'a.job'
                    """
                ),
                {"attempts": attempts},
            )

    @pytest.fixture(autouse=True)
    def _job(self, database: Database, registry: JobRegistry) -> list[int]:
        self.attempts: list[int] = []
        registry.job("a.job")(lambda run: self.attempts.append(run.attempt))
        with database.transaction(TENANT) as session:
            jobs.defer(session, "a.job", args=[{}], actor=SYSTEM)
        return self.attempts

    def test_a_job_whose_worker_died_runs_again(self, database: Database, registry: JobRegistry) -> None:
        self.lose(database)
        with working(registry, database):
            eventually(lambda: self.attempts == [2] and waiting(database) == 0)

    def test_a_job_that_goes_on_killing_workers_is_given_up(
        self, database: Database, registry: JobRegistry
    ) -> None:
        self.lose(database, attempts=FAST.most_attempts)
        with working(registry, database), database.session(WORKER) as session:
            eventually(lambda: len(jobs.failed_jobs(session)) == 1)
        assert self.attempts == []

    def test_a_lost_job_whose_successor_waits_holds_nobody_up(
        self, database: Database, registry: JobRegistry
    ) -> None:
        """The case of a minute scan: the next minute is queued while the killed run still holds the lock."""
        seen: list[str] = []

        @registry.job("locked")
        def locked(run: Run, *, which: str) -> None:
            seen.append(which)

        def put(which: str) -> None:
            job = jobs.NewJob("locked", {"which": which}, SYSTEM, lock="x", queueing_lock="x")
            with database.transaction(TENANT) as session:
                jobs.defer_jobs(session, [job])

        put("lost")
        with database.transaction(WORKER) as session:
            session.execute(text("update procrastinate_jobs set status = 'doing' where task_name = 'locked'"))
        put("next")
        self.lose(database)

        with working(registry, database):
            eventually(lambda: seen == ["next"] and self.attempts == [2] and waiting(database) == 0)

    def test_a_job_at_hand_is_left_alone_and_finished_before_the_end(
        self, database: Database, registry: JobRegistry
    ) -> None:
        begun, go_on = threading.Event(), threading.Event()

        @registry.job("slow")
        def slow(run: Run) -> None:
            begun.set()
            go_on.wait(20)
            self.attempts.append(100 + run.attempt)

        with database.transaction(TENANT) as session:
            jobs.defer(session, "slow", args=[{}], actor=SYSTEM)
        with working(registry, database) as worker:
            assert begun.wait(15)
            time.sleep(FAST.stalled_s + 1)
            worker.stop()
            time.sleep(0.3)
            worker.stop()  # an impatient second signal must not cut the job off
            time.sleep(0.3)
            go_on.set()
        assert sorted(self.attempts) == [1, 101]
        assert waiting(database) == 0


class TestTicks:
    def tick(self, registry: JobRegistry, database: Database, name: str, now: datetime) -> None:
        app = make_app(registry, Runtime(database, resolve, clock=lambda: now))
        app.tasks[f"scan:{name}"].func(timestamp=0)

    def test_a_scan_runs_as_system_and_leaves_its_pulse(
        self, database: Database, registry: JobRegistry
    ) -> None:
        seen: list[tuple[str, datetime]] = []

        @registry.every_minute("workflow.timers")
        def scan(session: Session, *, now: datetime) -> None:
            seen.append((session.scalar(text("select current_user")) or "", now))

        self.tick(registry, database, "workflow.timers", NOW)

        assert seen == [("ftz_officer", NOW)]
        with database.session(SessionContext(DbRole.OFFICER)) as session:
            assert jobs.read_ticks(session, now=NOW + timedelta(minutes=2)) == [
                jobs.Tick("workflow.timers", NOW, 0, "", late=False)
            ]
            assert jobs.read_ticks(session, now=NOW + timedelta(minutes=2, seconds=1))[0].late

    def test_a_failing_scan_rolls_back_and_shows(self, database: Database, registry: JobRegistry) -> None:
        fail = True

        @registry.every_minute("law.changes")
        def scan(session: Session, *, now: datetime) -> None:
            jobs.defer(session, "never", args=[{}], actor=SYSTEM)
            if fail:
                raise KeyError("Bưởi")

        self.tick(registry, database, "law.changes", NOW)
        self.tick(registry, database, "law.changes", NOW + timedelta(minutes=1))
        with database.session(WORKER) as session:
            row = session.scalars(select(TimerHeartbeat)).one()
            assert (row.failures, row.error, row.ticked_at) == (2, "builtins.KeyError", None)
            assert jobs.read_ticks(session, now=NOW)[0].late
        assert waiting(database) == 0

        fail = False
        self.tick(registry, database, "law.changes", NOW + timedelta(minutes=2))
        with database.session(WORKER) as session:
            assert jobs.read_ticks(session, now=NOW + timedelta(minutes=2))[0].failures == 0

    def test_the_worker_ticks_by_itself(self, database: Database, registry: JobRegistry) -> None:
        def pulse() -> list[jobs.Tick]:
            with database.session(WORKER) as session:
                return jobs.read_ticks(session, now=datetime.now(UTC))

        with working(registry, database):
            eventually(pulse)
        assert [(tick.name, tick.late) for tick in pulse()] == [("jobs.pulse", False)]


def test_a_name_is_given_once(registry: JobRegistry) -> None:
    registry.job("a")(lambda run: None)
    registry.every_minute("b")(lambda session, *, now: None)
    with pytest.raises(ValueError, match="twice"):
        registry.job("a")(lambda run: None)
    with pytest.raises(ValueError, match="twice"):
        registry.every_minute("b")(lambda session, *, now: None)
