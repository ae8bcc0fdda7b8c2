"""A job sees what the one who caused it may see now, no more; and this test would notice if it saw more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import select

from app.core.auth.actors import actor_of
from app.core.auth.models import User
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.jobs import JobRegistry, JobSpec, Run, Runtime, make_app
from app.core.jobs import app as jobs_app
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.time import utcnow
from app.core.workflow.models import Case
from app.modules import Platform
from tests.conftest import TEST_LOGINS, clone
from tests.faults.people import House, draft, house_on


@dataclass(frozen=True)
class Works:
    """A worker's view of a database with one draft of either enterprise."""

    database: Database
    platform: Platform
    conninfo: str
    users: dict[str, UUID]
    parties: dict[str, UUID]
    cases: dict[str, UUID]

    def resolve(self, user_id: UUID) -> Actor:
        """Return the actor as the worker process does."""
        with self.database.session(SessionContext(DbRole.WORKER)) as session:
            return actor_of(session, user_id, book=self.platform.permissions, at=utcnow())

    def run(self, spec: JobSpec, *, kind: str, user_id: UUID | None, **args: object) -> list[Run]:
        """Run a job as the worker does; return what it was given."""
        given: list[Run] = []

        def spied(run: Run, **arguments: object) -> None:
            given.append(run)
            spec.function(run, **arguments)

        registry = JobRegistry()
        registry.add(replace(spec, function=spied))
        app = make_app(registry, Runtime(self.database, self.resolve))
        actor_id = None if user_id is None else str(user_id)
        app.tasks[spec.name].func(_Context(), actor_kind=kind, actor_id=actor_id, **args)
        return given


class _Job:
    id, attempts = 1, 0


class _Context:
    job = _Job()


@pytest.fixture(scope="module")
def works(
    cluster: PrivateCluster, ready_template: str, test_var: Path, platform: Platform
) -> Iterator[Works]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        logins = ("hoshi", "nop.hoso")
        cases = {login: draft(house.person(login), login) for login in logins}
        parties = {login: house.party_of(login) for login in logins}
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        yield Works(database, platform, cluster.boot_conninfo(target.name), _users(house), parties, cases)
        database.close()


def _users(house: House) -> dict[str, UUID]:
    with house.database.session(SessionContext(DbRole.AUTH)) as session:
        return {row.login: row.id for row in session.execute(select(User.login, User.id))}


def seen_by(run: Run) -> set[UUID]:
    with run.transaction() as session:
        return set(session.scalars(select(Case.id)))


def probe(found: list[set[UUID]]) -> JobSpec:
    return JobSpec("test.probe", lambda run: found.append(seen_by(run)))


def leaks(works: Works) -> list[str]:
    """Return what a job of one enterprise's person sees of another's, or of anybody's once rights have ended."""
    found: list[set[UUID]] = []
    wrong = []
    works.run(probe(found), kind="CUSTOMER", user_id=works.users["hoshi"])
    if works.cases["nop.hoso"] in found[-1]:
        wrong.append("a customer's job sees another's dossier")
    works.run(probe(found), kind="CUSTOMER", user_id=None)
    if found[-1]:
        wrong.append("a customer's job without an actor sees dossiers")
    return wrong


def test_a_job_sees_what_its_actor_sees(works: Works) -> None:
    found: list[set[UUID]] = []
    for login in ("hoshi", "nop.hoso"):
        works.run(probe(found), kind="CUSTOMER", user_id=works.users[login])
        assert found[-1] == {works.cases[login]}
    works.run(probe(found), kind="OFFICER", user_id=works.users["mot.cua"])
    assert found[-1] == set(works.cases.values())
    assert leaks(works) == []


def test_the_kind_in_the_arguments_gives_no_right(works: Works) -> None:
    """Whoever may defer a job could write its arguments: only the key of the actor counts."""
    found: list[set[UUID]] = []
    for kind in ("OFFICER", "SYSTEM"):
        works.run(probe(found), kind=kind, user_id=works.users["hoshi"])
        assert found[-1] == {works.cases["hoshi"]}


def test_rights_that_ended_are_gone_when_the_job_runs(works: Works) -> None:
    found: list[set[UUID]] = []
    ended = "update auth_membership set valid_to = {} where user_id = %s"
    with psycopg.connect(works.conninfo) as connection:
        connection.execute(ended.format("now()"), [works.users["hoshi"]])  # type: ignore[arg-type]
    try:
        works.run(probe(found), kind="CUSTOMER", user_id=works.users["hoshi"])
        assert found[-1] == set()
    finally:
        with psycopg.connect(works.conninfo) as connection:
            connection.execute(ended.format("null"), [works.users["hoshi"]])  # type: ignore[arg-type]


def test_every_job_of_a_person_is_given_that_persons_parties_only(works: Works) -> None:
    """The jobs as they are registered: each is begun with a customer's key and stopped before it does anything."""
    for spec in works.platform.jobs.jobs.values():
        given = works.run(
            replace(spec, function=_stop),
            kind="CUSTOMER",
            user_id=works.users["hoshi"],
            event_id=str(uuid4()),
        )
        for run in given:
            if spec.runs_as_system:
                assert run.actor is SYSTEM, spec.name
            else:
                assert run.context.role is DbRole.TENANT, spec.name
                assert run.context.party_ids == (works.parties["hoshi"],), spec.name


# Jobs that act for the platform itself; a new one is a decision, since it sees the rows of all.
AS_SYSTEM = {
    "notifications.deliver",  # reads nothing but the one delivery that its arguments name
    "notifications.mail",  # reads nothing but the one letter that its arguments name
    "auth.forget_sessions",  # deletes sessions long over, whoever they were; takes no argument
    "privacy.erase",  # erases by confirmed terms what is due, whosever it is; takes no argument
    "documents.sweep",  # destroys files that nothing names; takes no argument
    "payments.apply_message",  # applies the one message of the bank that its arguments name
    "payments.pay_refund",  # pays the one approved refund that its arguments name
    "payments.give_back",  # sends back the one approved booking that its arguments name
    "payments.compare_statement",  # compares a day of the bank with the entries here; shows nobody's
    "customs.send",
    "customs.send_now",
    "customs.try_again",  # reads the one message to customs that its arguments name
    "customs.read",  # takes what customs says, for whomever it is; takes no argument
    "customs.sweep",  # finds messages and notices whose job was lost; takes no argument
    "parcels.send",  # tells customs of the one list that its arguments name
    "parcels.read_answers",  # takes what customs says of any list; takes no argument
    "investment.ask_registry",  # reads nothing but the one request for a project code that its arguments name
}


def test_jobs_that_run_as_the_platform_are_listed(works: Works) -> None:
    ours = {name for name, spec in works.platform.jobs.jobs.items() if spec.runs_as_system}
    assert {name for name in ours if not name.startswith("handle:")} <= AS_SYSTEM


@pytest.mark.parametrize(
    "mutation", ["context without actor", "actor not looked up", "everything as the platform"]
)
def test_the_leak_test_notices_a_dropped_actor(
    mutation: str, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: dict[str, tuple[str, Callable[..., Any]]] = {
        "context without actor": ("session_context", lambda actor: SessionContext(DbRole.OFFICER)),
        "actor not looked up": ("_actor", lambda runtime, kind, actor_id: SYSTEM),
        "everything as the platform": (
            "_actor",
            lambda runtime, kind, actor_id: Actor(jobs_app.ActorKind.OFFICER),
        ),
    }
    name, function = broken[mutation]
    monkeypatch.setattr(jobs_app, name, function)
    assert leaks(works) != []


def _stop(run: Run, **arguments: object) -> None:
    """Do nothing: only what the job is given is looked at."""
