"""The page of operations, its exports, the watch over the timers, and the figures for Prometheus."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, text

from app.core.db import Database, DbRole, SessionContext
from app.core.db.backup.record import note
from app.core.db.cluster import PrivateCluster
from app.core.evidence import EvidenceEntry
from app.core.jobs import PULSE, Tick
from app.core.kit.time import utcnow
from app.web.measure import Metrics
from app.web.operations import Figure, Unit, Verdict, survey
from app.web.watch import Watch, judge
from tests.conftest import clone
from tests.faults.people import OFFICER, House, house_on

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LABEL = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        running.conninfo = cluster.boot_conninfo(target.name)  # type: ignore[attr-defined]
        yield running


def put_job(
    house: House, *, status: str, task: str = "test.task", attempts: int = 5, age: str = "1 h"
) -> int:
    """Put a job into the queue as it stands after some time."""
    with psycopg.connect(house.conninfo) as connection:  # type: ignore[attr-defined]
        row = connection.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status, attempts)"
            ' values (\'default\', %s, \'{"correlation": "abcdef12", "secret": "Nguyễn Văn A"}\', %s, %s) returning id',
            [task, status, attempts],
        ).fetchone()
        assert row is not None
        connection.execute(
            "update procrastinate_events set at = now() - cast(%s as interval) where job_id = %s",
            [age, row[0]],
        )
        connection.execute(
            "insert into job_failure (job_id, attempt, task, at, error, code)"
            " values (%s, %s, %s, now(), 'app.x.SomethingWrong', 'x.wrong')",
            [row[0], attempts, task],
        )
    return int(row[0])


def tick(house: House, name: str, age: timedelta) -> None:
    with psycopg.connect(house.conninfo) as connection:  # type: ignore[attr-defined]
        connection.execute(
            "insert into timer_heartbeat (name, ticked_at) values (%s, %s)"
            " on conflict (name) do update set ticked_at = excluded.ticked_at",
            [name, utcnow() - age],
        )


def figures(house: House) -> dict[str, Figure]:
    with house.database.session(OFFICER) as session:
        found = survey(session, house.app.state.settings, now=utcnow())
    return {each.code: each for each in found.figures}


class TestVerdict:
    @pytest.mark.parametrize(
        ("value", "verdict"), [(0, Verdict.GOOD), (59, Verdict.GOOD), (60, Verdict.SOON), (600, Verdict.BAD)]
    )
    def test_more_is_worse(self, value: float, verdict: Verdict) -> None:
        assert Figure("g", "c", value, Unit.SECONDS, 60, 600).verdict is verdict

    @pytest.mark.parametrize(("value", "verdict"), [(3, Verdict.GOOD), (2, Verdict.SOON), (0, Verdict.BAD)])
    def test_less_is_worse(self, value: float, verdict: Verdict) -> None:
        assert Figure("g", "c", value, soon=2, bad=1, least=True).verdict is verdict

    def test_nothing_to_measure(self) -> None:
        assert Figure("g", "c", None, bad=1).verdict is Verdict.GOOD
        assert Figure("g", "c", None, bad=1, missing=Verdict.BAD).verdict is Verdict.BAD


class TestPage:
    def test_only_administrators_see_it(self, house: House) -> None:
        for path in ("/operations", "/operations/figures.csv", "/operations/jobs.csv"):
            assert house.person("quan.tri").get(path).status_code == 200, path
            assert house.person("mot.cua").get(path).status_code == 403, path
            assert house.person("hoshi").get(path).status_code == 403, path
            assert house.visitor().get(path).status_code == 303, path
        assert house.person("mot.cua").post("/operations/jobs/retry", {"job": "1"}).status_code == 403

    def test_a_dead_letter_is_shown_without_its_content_and_tried_again(self, house: House) -> None:
        job = put_job(house, status="failed")
        admin = house.person("quan.tri")
        page = admin.get("/operations")
        shown = BeautifulSoup(page.text, "html.parser")
        assert shown.select_one(f"input[name=job][value='{job}']") is not None
        assert "SomethingWrong" in page.text
        assert "abcdef12" in page.text
        assert "Nguyễn" not in page.text
        assert figures(house)["jobs_failed"].verdict is Verdict.BAD
        answer = admin.post("/operations/jobs/retry", {"job": str(job)})
        assert answer.headers["location"] == "/operations?done=1#letters"
        assert figures(house)["jobs_failed"].value == 0
        again = admin.post("/operations/jobs/retry", {"job": [str(job), "x", "9" * 30]})
        assert again.headers["location"] == "/operations?done=0#letters"
        with house.database.session(OFFICER) as session:
            acts = session.scalars(select(EvidenceEntry.tag).where(EvidenceEntry.tag.like("jobs:%"))).all()
        assert acts == ["jobs:letter:retry"] * 2

    def test_the_body_comes_by_itself_and_keeps_no_session_awake(self, house: House) -> None:
        headers = {"HX-Request": "true", "HX-Target": "operations-body", "X-Background": "1"}
        part = house.person("quan.tri").get("/operations", headers=headers)
        assert part.status_code == 200
        assert "<html" not in part.text

    def test_queues_backup_and_versions(self, house: House) -> None:
        put_job(house, status="todo", task="mail.send", attempts=0, age="11 min")
        var = house.app.state.settings.var
        note(var, "backup", at=utcnow() - timedelta(days=4), file="/secret/place/b.ftz", bytes=1)
        note(var, "drill", at=utcnow(), file="b.ftz", whole=False)
        page = house.person("quan.tri").get("/operations").text
        assert "mail.send" in page
        assert "b.ftz" in page
        assert "/secret/place" not in page
        found = figures(house)
        assert found["jobs_oldest_seconds"].verdict is Verdict.BAD
        assert found["backup_age_seconds"].verdict is Verdict.BAD
        assert found["drill_failed"].verdict is Verdict.BAD
        assert (found["database_connections"].value or 0) > 0
        assert found["workers_alive"].verdict is Verdict.BAD, "no worker runs in this test"
        with house.database.session(OFFICER) as session:
            versions = survey(session, house.app.state.settings, now=utcnow()).versions
        assert re.fullmatch(r"\d{4}", versions["schema"])
        assert "IRC 2026-03-01" in versions["procedures"]

    def test_exports(self, house: House) -> None:
        put_job(house, status="failed", task="=cmd()")
        admin = house.person("quan.tri")
        jobs = admin.get("/operations/jobs.csv")
        assert jobs.headers["content-disposition"] == 'attachment; filename="dead-letters.csv"'
        assert '"\'=cmd()"' in jobs.text
        assert "Nguyễn" not in jobs.text
        assert '"disk_free_bytes"' in admin.get("/operations/figures.csv").text


class TestWatch:
    KNOWN = ("workflow.timers", PULSE)

    def _judge(self, *ages: tuple[str, timedelta | None], up: timedelta = timedelta(hours=1)) -> list[str]:
        ticks = [
            Tick(name, None if age is None else NOW - age, failures=0, error="", late=False)
            for name, age in ages
        ]
        found = judge(ticks, known=self.KNOWN, started_at=NOW - up, now=NOW)
        return [] if found is None else [*found.scans]

    def test_all_tick(self) -> None:
        assert self._judge(("workflow.timers", 2 * MINUTE), (PULSE, MINUTE)) == []

    def test_one_is_silent(self) -> None:
        ages = (("workflow.timers", 2 * MINUTE + timedelta(seconds=1)), (PULSE, MINUTE))
        assert self._judge(*ages) == ["workflow.timers"]

    def test_what_never_ran_has_two_minutes(self) -> None:
        assert self._judge(up=MINUTE) == []
        assert self._judge((PULSE, None), up=3 * MINUTE) == sorted(self.KNOWN)

    def test_a_scan_of_an_earlier_release_is_forgotten(self) -> None:
        assert self._judge(("gone", timedelta(days=9)), ("workflow.timers", MINUTE), (PULSE, MINUTE)) == []

    def test_the_alarm_reaches_banner_log_and_metrics(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        watch: Watch = house.app.state.watch
        for name in watch._known:
            tick(house, name, 7 * MINUTE)
        for _ in range(3):
            watch.look(utcnow())
        assert caplog.text.count("timers.silent") == 1, "said once, not with every look"
        assert "/operations" in banner(house, "quan.tri")
        assert banner(house, "mot.cua") == ""
        assert metric(house, "ftz_timers_silent") == 1
        for name in watch._known:
            tick(house, name, timedelta(0))
        watch.look(utcnow())
        assert "timers.heard_again" in caplog.text
        assert banner(house, "quan.tri") == ""
        assert metric(house, "ftz_timers_silent") == 0

    def test_a_database_that_is_away_is_said_and_no_alarm(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        target = house.database.target.for_database("not_there")
        away = Database(target, logins={DbRole.OFFICER: "ftz_web_officer"}, pool_size=1)
        watch = Watch(away, ["workflow.timers"])
        watch.look(utcnow())
        watch.look(utcnow())
        away.close()
        assert not watch.database_up
        assert watch.alarm is None
        assert caplog.text.count("database.away") == 1


def banner(house: House, login: str) -> str:
    page = BeautifulSoup(house.person(login).get("/account").text, "html.parser")
    return str(page.select_one("main > [role=alert]") or "")


def scrape(house: House, **headers: str) -> str:
    answer = house.visitor().get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def metric(house: House, name: str, labels: str = "") -> float:
    house.app.state.settings.__dict__["metrics_token"] = None
    found = [value for key, given, value in LABEL.findall(collected(house)) if (key, given) == (name, labels)]
    assert len(found) == 1, name
    return float(found[0])


def collected(house: House) -> str:
    return Metrics()._text(house.app.state).decode()


class TestMetrics:
    def test_every_figure_is_there_and_requests_are_counted_by_route(self, house: House) -> None:
        person = house.person("hoshi")
        labels = 'method="GET",route="/dossiers/{case_id}",status="404"'
        person.get("/dossiers/01900000-0000-7000-8000-000000000000")
        before = metric(house, "ftz_requests_total", labels)
        person.get("/dossiers/01900000-0000-7000-8000-000000000001")
        assert metric(house, "ftz_requests_total", labels) == before + 1
        text = collected(house)
        assert "01900000-0000-7000" not in text, "addresses carry keys"
        for code in ("jobs_failed", "sealer_waiting", "timers_due", "database_bytes", "disk_free_bytes"):
            assert f"\nftz_{code} " in text, code
        for code in (
            "ftz_gate_places 8.0",
            "ftz_stream_clients 0.0",
            'ftz_pool_taken{login="ftz_web_tenant"}',
        ):
            assert code in text, code
        assert metric(house, "ftz_database_up") == 1

    def test_what_was_never_routed_has_one_name(self, house: House) -> None:
        for path in ("/x/1", "/x/2"):
            house.visitor().get(path)
        assert not re.search(r'route="/x', collected(house))

    def test_strangers_find_nothing(self, house: House) -> None:
        """The test's own address is none of the machine's."""
        assert house.visitor().get("/metrics").status_code == 404
        assert house.person("quan.tri").get("/metrics").status_code == 404

    def test_a_token_opens_it(self, cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> None:
        with (
            clone(cluster, ready_template) as target,
            house_on(target, tmp_path, metrics_token="a-long-token") as house,
        ):
            visitor = house.visitor()
            answer = visitor.get("/metrics", headers={"Authorization": "Bearer a-long-token"})
            assert answer.status_code == 200
            assert "ftz_database_up 1.0" in answer.text
            for given in ("", "Bearer", "Bearer x", "Basic x"):
                assert visitor.get("/metrics", headers={"Authorization": given}).status_code == 404

    def test_it_answers_without_a_database(self, house: House) -> None:
        target = house.database.target.for_database("not_there")
        away = Database(target, logins={DbRole.OFFICER: "ftz_web_officer"}, pool_size=1)
        kept, house.app.state.database = house.app.state.database, away
        try:
            text = collected(house)
        finally:
            house.app.state.database = kept
            away.close()
        assert "\nftz_database_up 0.0" in text
        assert "ftz_jobs_failed" not in text


class TestSlowQueries:
    def test_a_slow_statement_is_logged_without_what_was_filled_in(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        slow = Database(
            house.database.target, logins={DbRole.OFFICER: "ftz_web_officer"}, pool_size=1, slow_s=0.05
        )
        with slow.session(SessionContext(DbRole.OFFICER)) as session:
            session.execute(text("select pg_sleep(0.1), :name"), {"name": "Nguyễn Văn A"})
            session.execute(text("select 1"))
        slow.close()
        told = caplog.text
        assert told.count("db.slow_query") == 1
        assert "pg_sleep" in told
        assert "Nguyễn" not in told
