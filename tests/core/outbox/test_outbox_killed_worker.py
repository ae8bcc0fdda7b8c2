"""A worker killed in the middle of a handler: the effect comes within a minute, and once."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.core import outbox
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import SYSTEM
from app.core.outbox import DomainEvent, HandlerRegistry

ROOT = Path(__file__).resolve().parents[3]
WORKER = SessionContext(DbRole.WORKER)


@dataclass(frozen=True)
class LotArrived(DomainEvent):
    name: ClassVar[str] = "goods.lot.arrived"
    lot_id: UUID


# The process writes its effect before and its mark after the place where it is killed.
PROGRAM = textwrap.dedent(
    """
    import json, sys, time
    from dataclasses import dataclass
    from typing import ClassVar
    from uuid import UUID

    from pydantic import SecretStr
    from sqlalchemy.engine import make_url

    from app.core import outbox
    from app.core.db import WORK_LOGINS, Database
    from app.core.evidence import Subject, record
    from app.core.jobs import JobRegistry, JobWorker, Runtime, make_app
    from app.core.kit.actor import SYSTEM
    from app.core.settings import DatabaseTarget

    @dataclass(frozen=True)
    class LotArrived(outbox.DomainEvent):
        name: ClassVar[str] = "goods.lot.arrived"
        lot_id: UUID

    told = json.loads(sys.stdin.readline())
    hang = told["hang"]
    handlers, registry = outbox.HandlerRegistry(), JobRegistry()

    @handlers.handles(LotArrived, name="logistics.receive", runs_as="system")
    def receive(session, event, *, actor, now):
        record(session, "goods:lot:receive", subject=Subject("lot", event.lot_id), actor=actor, at=now)
        session.flush()  # the effect stands in the open transaction when the process dies
        if hang:
            print("inside", flush=True)
            time.sleep(600)

    outbox.install(handlers)
    outbox.add_jobs(handlers, registry)
    url = make_url(told["url"])
    target = DatabaseTarget(server=url, passwords={"ftz_work": SecretStr(url.password)} if url.password else {})
    runtime = Runtime(Database(target, logins=WORK_LOGINS), lambda user_id: SYSTEM)
    JobWorker(make_app(registry, runtime)).run(install_signals=True)
    print("stopped", flush=True)
    """
)


def start(database: Database, *, hang: bool) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = database.target.url("ftz_work").render_as_string(hide_password=False)
    assert process.stdin is not None
    process.stdin.write(json.dumps({"url": url, "hang": hang}) + "\n")
    process.stdin.flush()
    return process


def count(database: Database, table: str) -> int:
    with database.session(WORKER) as session:
        return session.scalar(text(f"select count(*) from {table}")) or 0  # noqa: S608  own table names


@pytest.mark.deep
def test_the_effect_comes_once_within_a_minute(database: Database) -> None:
    with (
        outbox.installed(HandlerRegistry()) as handlers,
        database.transaction(SessionContext(DbRole.TENANT)) as session,
    ):
        handlers.handles(LotArrived, name="logistics.receive")(lambda session, event, *, actor, now: None)
        outbox.publish(session, LotArrived(uuid4()), actor=SYSTEM, at=datetime.now(UTC))

    first = start(database, hang=True)
    assert first.stdout is not None
    assert any(line == "inside\n" for line in first.stdout)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=10)
    killed = time.monotonic()
    assert count(database, "evidence_entry") == 0

    second = start(database, hang=False)
    try:
        came = _wait_for_effect(database, until=killed + 60)
        time.sleep(3)
    finally:
        second.send_signal(signal.SIGTERM)
        output, _ = second.communicate(timeout=30)
    assert came, f"The effect did not come within a minute. The worker said:\n{output}"
    assert (count(database, "evidence_entry"), count(database, "outbox_inbox")) == (1, 1)
    assert output.endswith("stopped\n")
    assert second.returncode == 0


def _wait_for_effect(database: Database, *, until: float) -> bool:
    while time.monotonic() < until:
        if count(database, "evidence_entry"):
            return True
        time.sleep(0.2)
    return False
