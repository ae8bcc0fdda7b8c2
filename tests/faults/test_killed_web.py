"""A web process killed again and again while people file, and a database that is restarted under them.

The ledger holds what was acknowledged. Afterwards everything acknowledged is there, and nothing is there twice.
"""

import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx2 as httpx
import psycopg
import pytest

from app.cli.demo import seed_demo
from app.cli.setup import migrate_schema, opened, prepare_data
from app.core.db.cluster import PrivateCluster
from app.core.db.cluster.places import choose
from app.core.db.cluster.server import Server
from app.core.kit.ids import uuid7
from app.core.settings import DatabaseTarget
from app.modules import compose
from tests.conftest import NOW, clone, settings_for
from tests.faults.people import answers_for, house_on
from tests.faults.procedure import CODE, PROBE
from tests.faults.processes import Caller, WebProcess, web_process

pytestmark = pytest.mark.deep

LOGINS = ("hoshi", "nop.hoso")


@dataclass
class Ledger:
    """What people were told, and how often they got no answer."""

    opened: set[UUID] = field(default_factory=set)
    filed: set[UUID] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)
    silences: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, answer: httpx.Response | None) -> bool:
        """Count an answer; tell whether it was a success."""
        with self.lock:
            if answer is None:
                self.silences += 1
                return False
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            # 409: the twin that got no answer is still being committed; the next try finds it.
            if answer.status_code not in {303, 409, 503}:
                self.wrong.append(f"{answer.request.url}: {answer.status_code} {answer.text[:2000]}")
            return answer.status_code == 303


@dataclass
class Filer(threading.Thread):
    """Files dossier after dossier, and repeats every request until it is acknowledged, as a person would."""

    url: str
    login: str
    party_id: UUID
    ledger: Ledger
    stop: threading.Event

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.caller = Caller(self.url)
        self.caller.sign_in(self.login)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """File until told to stop; what was begun is ended."""
        while not self.stop.is_set():
            case_id = uuid7()
            form = {"case_id": str(case_id), "procedure": CODE, "party_id": str(self.party_id)}
            self._until_acknowledged("/dossiers", form)
            self.ledger.opened.add(case_id)
            for section in PROBE.sections:
                answers = {**answers_for(section, case_id.hex[-8:]), "then": "list"}
                self._until_acknowledged(f"/dossiers/{case_id}/form/{section.code}", answers)
            self._until_acknowledged(f"/dossiers/{case_id}/actions/submit", {"revision": "1"})
            self.ledger.filed.add(case_id)
        self.caller.close()

    def _until_acknowledged(self, path: str, form: dict[str, str]) -> None:
        for _ in range(600):
            try:
                answer: httpx.Response | None = self.caller.post(path, form)
            except httpx.TransportError:
                answer = None
            if self.ledger.note(answer):
                return
            time.sleep(0.05)
        self.ledger.wrong.append(f"{path} was never acknowledged")


def parties_on(target: DatabaseTarget, var: Path) -> dict[str, UUID]:
    """Publish the tests' procedure on a database, and return for whom people file there."""
    with house_on(target, var) as house:
        return {login: house.party_of(login) for login in LOGINS}


def start_filers(
    web: WebProcess, parties: dict[str, UUID], ledger: Ledger, stop: threading.Event
) -> list[Filer]:
    filers = [Filer(web.url, login, parties[login], ledger, stop) for login in LOGINS * 2]
    for filer in filers:
        filer.start()
    return filers


def judge(conninfo: str, ledger: Ledger) -> None:
    """Compare what was told with what is there."""
    with psycopg.connect(conninfo) as connection:
        there = {row[0] for row in connection.execute("select id from workflow_case")}
        sent = {
            row[0]
            for row in connection.execute("select id from workflow_case where submitted_at is not null")
        }
        assert ledger.opened <= there, "an acknowledged draft is lost"
        assert ledger.filed <= sent, "an acknowledged filing is lost"
        assert there <= ledger.opened, "all were acknowledged in the end, so there is none beside them"
        for doubled in (
            "select case_id from workflow_submission group by 1 having count(*) > 1",
            "select case_id from workflow_event group by 1 having count(*) > 1",
            "select code from workflow_case group by 1 having count(*) > 1 and code is not null",
            "select payload->>'case_id' from outbox_event where payload ? 'case_id' group by 1 having count(*) > 1",
            "select subject_id from evidence_entry where tag = 'workflow:case:submit' group by 1 having count(*) > 1",
        ):
            assert connection.execute(doubled).fetchall() == [], doubled  # type: ignore[arg-type]
        for whole in ("workflow_submission", "workflow_event"):
            rows = connection.execute(f"select distinct case_id from {whole}").fetchall()  # type: ignore[arg-type]  # noqa: S608
            assert {row[0] for row in rows} == sent, f"{whole}: a filing is there in part"
        stuck = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in trans%'"
        ).fetchone()
    assert stuck == (0,)
    assert ledger.wrong == []


@pytest.mark.timeout(180)
def test_a_killed_web_process_loses_and_doubles_nothing(
    cluster: PrivateCluster, ready_template: str, test_var: Path, tmp_path: Path
) -> None:
    ledger, stop = Ledger(), threading.Event()
    with ExitStack() as stack:
        target = stack.enter_context(clone(cluster, ready_template))
        parties = parties_on(target, test_var)
        web = stack.enter_context(web_process(target, test_var, tmp_path / "web.log"))
        filers = start_filers(web, parties, ledger, stop)
        for _ in range(5):
            time.sleep(1.5 + secrets.randbelow(100) / 100)
            web.kill()
            web.start()
        time.sleep(1)
        stop.set()
        for filer in filers:
            filer.join(60)
        assert not any(filer.is_alive() for filer in filers)
        judge(cluster.boot_conninfo(target.name), ledger)
    assert ledger.silences >= 5, "the kills hit nobody: the test proves nothing"
    assert len(ledger.filed) >= 20
    assert set(ledger.statuses) <= {303, 409, 503}


@pytest.fixture
def own_cluster(test_var: Path) -> Iterator[PrivateCluster]:
    """A cluster that keeps what it acknowledged, to be restarted without disturbing other tests."""
    var = test_var.parent / f"{test_var.name}-restart-{secrets.token_hex(3)}"
    cluster = PrivateCluster(var, connections=60)
    try:
        yield cluster
    finally:
        cluster.destroy()
        shutil.rmtree(var, ignore_errors=True)


@pytest.mark.timeout(240)
def test_a_restarted_database_is_a_pause_and_no_loss(own_cluster: PrivateCluster, tmp_path: Path) -> None:
    target = own_cluster.ensure()
    migrate_schema(target)
    settings = settings_for(target, own_cluster.var)
    platform = compose(settings)
    with opened(settings) as database:
        prepare_data(database, platform, lambda _: None, now=NOW)
        seed_demo(database, platform, lambda _: None, now=NOW)
    ledger, stop = Ledger(), threading.Event()
    server = Server(choose(own_cluster.var))
    parties = parties_on(target, own_cluster.var)
    with web_process(target, own_cluster.var, tmp_path / "web.log") as web:
        assert web.process is not None
        first_id = web.process.pid
        filers = start_filers(web, parties, ledger, stop)
        for pause in (0.0, 2.0):
            time.sleep(3)
            server.stop()
            time.sleep(pause)
            during = [_answer(web.url) for _ in range(3)] if pause else []
            assert set(during) <= {503}, "a page without its database says so, and when to come again"
            own_cluster.ensure()
            assert _recovers(web)
        time.sleep(2)
        stop.set()
        for filer in filers:
            filer.join(60)
        assert not any(filer.is_alive() for filer in filers)
        assert web.process.poll() is None
        assert web.process.pid == first_id, "the web process lived through it"
        judge(own_cluster.boot_conninfo(target.name), ledger)
    assert ledger.statuses.get(503, 0) >= 1
    assert ledger.silences == 0, "every request got an answer"
    assert len(ledger.filed) >= 10


def _answer(url: str) -> int:
    answer = httpx.get(f"{url}/healthz", timeout=10)
    assert (answer.status_code != 503) or answer.headers["retry-after"]
    return answer.status_code


def _recovers(web: WebProcess) -> bool:
    for _ in range(100):
        if web.answers():
            return True
        time.sleep(0.1)
    return False
