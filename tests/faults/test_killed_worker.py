"""A worker killed while it reacts to a filed dossier: the reaction comes within a minute, once, as the filer."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from app.core import outbox
from app.core.outbox import HandlerRegistry
from app.core.settings import ROOT, DatabaseTarget
from app.core.workflow.events import CaseMoved
from tests.faults.people import House, filed

pytestmark = pytest.mark.deep

# The whole platform as the worker composes it, and one handler more: it writes its effect, then waits to be killed.
PROGRAM = textwrap.dedent(
    """
    import sys, time

    from sqlalchemy import func, select

    from app.core import outbox
    from app.core.auth.actors import actor_of
    from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
    from app.core.evidence import Subject, record
    from app.core.jobs import JobWorker, Runtime, make_app
    from app.core.kit.time import utcnow
    from app.core.settings import Settings
    from app.core.workflow.events import CaseMoved
    from app.core.workflow.models import Case
    from app.modules import compose

    hang = sys.argv[1] == "hang"
    platform = compose(Settings())
    database = Database(Settings().database, logins=WORK_LOGINS)
    handlers = outbox.HandlerRegistry()

    @handlers.handles(CaseMoved, name="test.react")
    def react(session, event, *, actor, now):
        seen = session.scalar(select(func.count(Case.id)))
        record(session, "test:case:react", subject=Subject("case", event.case_id), actor=actor, at=now,
               facts={"seen": seen})
        session.flush()  # the effect stands in the open transaction when the process dies
        if hang:
            print("inside", flush=True)
            time.sleep(600)

    outbox.add_jobs(handlers, platform.jobs)

    def resolve(user_id):
        with database.session(SessionContext(DbRole.WORKER)) as session:
            return actor_of(session, user_id, book=platform.permissions, at=utcnow())

    print("working", flush=True)
    JobWorker(make_app(platform.jobs, Runtime(database, resolve))).run(install_signals=True)
    print("stopped", flush=True)
    """
)


def start(target: DatabaseTarget, var: Path, *, hang: bool) -> "subprocess.Popen[str]":
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FTZ_VAR": str(var),
        "FTZ_DATABASE_URL": target.conninfo("ftz_work"),
    }
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "hang" if hang else "work"],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def effects(superuser: str) -> list[tuple[str, int]]:
    query = "select actor_kind, (body::jsonb #>> '{facts,seen}')::int from evidence_entry where tag = 'test:case:react'"
    with psycopg.connect(superuser) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.timeout(150)
def test_the_reaction_comes_once_within_a_minute(house: House, superuser: str, test_var: Path) -> None:
    filed(house.person("nop.hoso"), "nop.hoso", mark="Fremd")
    with outbox.installed(HandlerRegistry()) as handlers:
        handlers.handles(CaseMoved, name="test.react")(_nothing)
        case_id = filed(house.person("hoshi"), "hoshi", mark="Reaktion")
    target = house.database.target
    first = start(target, test_var, hang=True)
    assert first.stdout is not None
    assert any(line == "inside\n" for line in first.stdout)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=10)
    killed = time.monotonic()
    assert effects(superuser) == []
    second = start(target, test_var, hang=False)
    try:
        while not effects(superuser) and time.monotonic() < killed + 60:
            time.sleep(0.2)
        came = effects(superuser)
        time.sleep(3)
    finally:
        second.send_signal(signal.SIGTERM)
        output, _ = second.communicate(timeout=30)
    assert came, f"The effect did not come within a minute. The worker said:\n{output}"
    assert effects(superuser) == [("CUSTOMER", 1)], "once, for the filer, who sees one dossier of the two"
    assert second.returncode == 0
    with psycopg.connect(superuser) as connection:
        assert connection.execute(
            "select count(*) from workflow_event where case_id = %s", [case_id]
        ).fetchone() == (1,)


_nothing: Callable[..., None] = lambda session, event, *, actor, now: None  # noqa: E731  only its name counts
