"""
Killed between saying and hearing: one declaration at the authority, one number here, one payment on a slip.

Worker, web process, authority and bank are processes of their own on the loopback. Between them lies a ``Wire`` that
holds an answer back until the process that waits for it has been killed by its id.
"""

import os
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.cli.demo_declarations import seed_declarations
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.core.settings import ROOT, DatabaseTarget
from app.modules import Platform
from tests.browser.customs.house import Outside, settings_of
from tests.conftest import TEST_LOGINS, clone
from tests.faults.processes import free_port
from tests.faults.wire import Wire, wire_to

pytestmark = pytest.mark.deep

PATIENCE_S = 200
PAYER = "9990002"


@dataclass
class Harbour:
    """A platform, the authority and the bank; processes may be killed and started again."""

    target: DatabaseTarget
    platform: Platform
    superuser: str
    folder: Path
    env: dict[str, str]
    web_port: int
    outside: Outside
    gateway: Wire
    callback: Wire
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a process; its last word is in the log of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=self.env, stdout=log, stderr=log
            )

    def start_worker(self) -> None:
        """Start the worker."""
        self.start("worker", "app.worker")

    def start_web(self) -> None:
        """Start the web process and wait until it answers."""
        self.start("web", "uvicorn", "app.main:create_app", "--factory", "--port", str(self.web_port))
        self.until(self._web_answers, "the web process answers")

    def kill(self, name: str) -> None:
        """End a process as a power cut would, by its own id."""
        process = self.running.pop(name)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        """End in order what still runs."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def hand_in(self) -> int:
        """Hand the demo zone's declarations in, by the use cases that its people use; return how many."""
        database = Database(self.target, logins=TEST_LOGINS, pool_size=2)
        try:
            return seed_declarations(database, self.platform, now=utcnow())
        finally:
            database.close()

    def rows(self, query: str, *values: object) -> list[Any]:
        """Look into the database past all policies."""
        with psycopg.connect(self.superuser) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def book(self, query: str, name: str = "vnaccs") -> list[Any]:
        """Look into the book of the authority or the bank."""
        path = self.folder / f"{name}.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as book:
            return book.execute(query).fetchall()

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if done():
                return
            time.sleep(0.3)
        logs = "\n".join(f"{path}\n{path.read_text()[-3000:]}" for path in self.folder.glob("*.log"))
        raise AssertionError(f"Not within {PATIENCE_S} s: {what}\n{logs}")

    def _web_answers(self) -> bool:
        try:
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/healthz", timeout=5).read())
        except OSError:
            return False


@pytest.fixture
def harbour(
    cluster: PrivateCluster, ready_template: str, platform: Platform, test_var: Path, tmp_path: Path
) -> Iterator[Harbour]:
    customs_port, bank_port, web_port = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        target = stack.enter_context(clone(cluster, ready_template))
        gateway, callback = (stack.enter_context(wire_to(port)) for port in (customs_port, web_port))
        outside = Outside(f"http://127.0.0.1:{customs_port}", f"http://127.0.0.1:{bank_port}")
        env = {
            **os.environ,
            **settings_of(outside),
            "FTZ_CUSTOMS_GATEWAY_URL": gateway.url,
            "FTZ_VAR": str(test_var),
            "FTZ_PORT": str(web_port),
            "FTZ_DATABASE_URL": target.conninfo("ftz_web_tenant"),
        }
        found = Harbour(
            target,
            platform,
            cluster.boot_conninfo(target.name),
            tmp_path,
            env,
            web_port,
            outside,
            gateway,
            callback,
        )
        stack.callback(found.stop)
        state = str(tmp_path / "vnaccs.sqlite")
        found.start("vnaccs", "simulators.vnaccs", "--port", str(customs_port), "--state", state)
        found.start(
            "bank", "simulators.bank", "--port", str(bank_port), "--state", str(tmp_path / "bank.sqlite"),
            "--callback", f"{callback.url}/bank/callback",
        )  # fmt: skip
        for address in (outside.customs, outside.bank):
            found.until(lambda address=address: _answers(address), f"{address} answers")
        yield found


def registered(harbour: Harbour) -> dict[str, str]:
    """Return the official numbers that were applied here, by our code."""
    query = "select code, official_number from customs_declaration where official_number is not null"
    return dict(harbour.rows(query))


def applied(harbour: Harbour, kind: str) -> list[int]:
    """Return how often a notice of a kind was applied to each declaration that has one."""
    query = (
        "select count(*) from evidence_entry where tag = 'customs:notice:apply'"
        " and body::jsonb #>> '{facts,kind}' = %s group by subject_id"
    )
    return [row[0] for row in harbour.rows(query, kind)]


@pytest.mark.timeout(600)
def test_a_worker_killed_before_it_heard_declares_once(harbour: Harbour) -> None:
    count = harbour.hand_in()
    assert count > 0
    harbour.gateway.hold("PUT")
    harbour.start_worker()
    assert harbour.gateway.wait_until_held(PATIENCE_S), "a message reached the authority"
    harbour.kill("worker")
    harbour.gateway.drop()
    assert harbour.rows("select 1 from customs_dispatch where state = 'QUEUED' and attempts = 1")
    harbour.start_worker()
    harbour.until(lambda: len(registered(harbour)) == count, "all are registered")
    theirs = dict(harbour.book("select reference, number from declaration"))
    assert registered(harbour) == theirs, "one declaration each, with the number that the authority gave"
    assert applied(harbour, "REGISTERED") == [1] * count
    puts = harbour.gateway.calls("PUT")
    assert len(puts) == len(set(puts)) == len(harbour.book("select id from message")), "none was sent twice"


@pytest.mark.timeout(600)
def test_a_worker_that_knows_nothing_asks_the_gateway(harbour: Harbour) -> None:
    """The authority's word that it has the message is lost as well: only asking tells."""
    harbour.outside.customs_mood(late_s=3600, withhold_next=1000)
    count = harbour.hand_in()
    harbour.gateway.hold("PUT")
    harbour.start_worker()
    assert harbour.gateway.wait_until_held(PATIENCE_S)
    [held] = harbour.gateway.calls("PUT")[-1:]
    harbour.kill("worker")
    harbour.gateway.drop()
    # Some minutes pass: what was under way counts as lost.
    harbour.rows(
        "update customs_dispatch set next_at = next_at - interval '5 minutes' where state = 'QUEUED' returning 1"
    )
    harbour.start_worker()
    sent = "select 1 from customs_dispatch where state = 'SENT'"
    harbour.until(lambda: len(harbour.rows(sent)) == count, "all are sent")
    assert harbour.gateway.calls("GET", held), "the gateway was asked for the message"
    assert harbour.gateway.calls("PUT").count(held) == 1, "and it was not sent again"
    assert len(harbour.book("select id from message")) == count


@pytest.mark.timeout(600)
def test_a_gateway_that_was_down_gets_what_waited(harbour: Harbour) -> None:
    harbour.outside.customs_mood(down=True)
    count = harbour.hand_in()
    handed_in = dict(harbour.rows("select declaration_id, sent_at from customs_revision"))
    harbour.start_worker()
    waits = "select 1 from customs_dispatch where state = 'QUEUED' and error = 'http-503' and attempts > 0"
    harbour.until(lambda: len(harbour.rows(waits)) == count, "all were tried")
    assert registered(harbour) == {}
    harbour.outside.customs_mood(down=False)
    harbour.until(lambda: len(registered(harbour)) == count, "all are registered")
    queued = dict(harbour.rows("select declaration_id, queued_at from customs_dispatch"))
    assert set(queued) == set(handed_in)
    assert all(queued[code] >= at for code, at in handed_in.items()), "the time of handing in stays"


@pytest.mark.timeout(600)
def test_a_payment_told_twice_around_a_kill_counts_once(harbour: Harbour) -> None:
    harbour.outside.customs_mood(channel="GREEN")
    harbour.outside.bank_mood(message_late_s=0)
    harbour.hand_in()
    harbour.start_web()
    harbour.start_worker()
    open_slips = (
        "select reference, total::bigint from payments_slip where state = 'OPEN' order by reference limit 1"
    )
    harbour.until(lambda: bool(harbour.rows(open_slips)), "a slip is open")
    [(reference, amount)] = harbour.rows(open_slips)
    harbour.callback.hold("POST")
    pay_at_counter(harbour, reference, amount)
    assert harbour.callback.wait_until_held(PATIENCE_S), "the web process has answered the bank"
    harbour.kill("web")
    harbour.kill("worker")
    harbour.callback.drop()
    harbour.start_web()
    harbour.start_worker()
    told = "select state, tries from message"
    harbour.until(lambda: harbour.book(told, "bank")[0][0] == "TAKEN", "the bank repeats until it is heard")
    assert harbour.book(told, "bank")[0][1] > 1
    paid = "select state from payments_slip where reference = %s"
    harbour.until(lambda: harbour.rows(paid, reference) == [("PAID",)], "the slip is paid")
    allocated = harbour.rows(
        "select count(distinct a.payment_id), sum(a.amount)::bigint from payments_allocation a"
        " join payments_slip s on s.id = a.slip_id and s.round = a.round where s.reference = %s",
        reference,
    )
    assert allocated == [(1, amount)], "one payment, allocated once"
    cleared = (
        "select count(*) from customs_declaration d join payments_slip s on s.subject_id = d.id"
        " where s.reference = %s and d.state = 'CLEARED'"
    )
    harbour.until(lambda: harbour.rows(cleared, reference) == [(1,)], "customs posts it and clears")
    assert len(harbour.book("select id from message where kind = 'PAYMENT'")) == 1


def pay_at_counter(harbour: Harbour, reference: str, amount: int) -> None:
    """Pay at the bank's counter with the reference of a slip."""
    form = {"account": PAYER, "amount": str(amount), "reference": reference, "remark": "", "booked_at": ""}
    request = urllib.request.Request(  # noqa: S310  our own loopback address
        f"{harbour.outside.bank}/counter", urllib.parse.urlencode(form).encode(), method="POST"
    )
    urllib.request.urlopen(request, timeout=10).read()  # noqa: S310  the same


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).read()  # noqa: S310  our own loopback address
    except OSError:
        return False
    return True
