"""What leaves by itself: where the law names a confirmed term, in steps; else the page of operations says why not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from app.core import law
from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
from app.core.db.backup.record import read_record
from app.core.db.cluster import PrivateCluster
from app.core.jobs import Run
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.settings import DatabaseTarget
from app.core.workflow.retention import TERMS
from app.modules import compose
from app.web import keeping
from tests.core.workflow.test_retention import YEARS, draft
from tests.faults.people import House, house_on

OFFICER = SessionContext(DbRole.OFFICER)


@pytest.fixture
def house(ready_target: DatabaseTarget, tmp_path: Path) -> Iterator[House]:
    with house_on(ready_target, tmp_path) as opened:
        yield opened


@pytest.fixture
def work(ready_target: DatabaseTarget) -> Iterator[Database]:
    database = Database(ready_target, logins=WORK_LOGINS, pool_size=2)
    yield database
    database.close()


def run_job(house: House, work: Database, name: str, now: datetime) -> dict[str, dict[str, Any]]:
    """Run one of the two jobs as the worker would and return what was noted."""
    compose(house.app.state.settings).jobs.jobs[name].function(Run(SYSTEM, OFFICER, work, now, 1, 1))
    return read_record(house.app.state.settings.var)


def law_names(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    """Let the law data hold these terms alone, all confirmed."""
    real = law.at

    def at(session: Session, day: date, **given: Any) -> law.LawBook:
        book = real(session, day, **given)
        return law.LawBook(day, {key: replace(book.get(key), status=law.Status.CITED) for key in keys})

    monkeypatch.setattr(law, "at", at)


@pytest.mark.parametrize("name", sorted(keeping.MINUTES.values()))
def test_each_is_planned_once_an_hour(
    house: House, work: Database, cluster: PrivateCluster, name: str
) -> None:
    plan = compose(house.app.state.settings).jobs.scans["web.keeping"]
    with work.transaction(OFFICER) as session:
        for minute in range(60):
            plan(session, now=datetime(2026, 3, 2, 7, minute, tzinfo=UTC))
    with psycopg.connect(cluster.boot_conninfo(house.database.target.name)) as connection:
        rows = connection.execute("select 1 from procrastinate_jobs where task_name = %s", [name]).fetchall()
    assert len(rows) == 1


def test_nothing_is_erased_on_an_assumption_and_the_page_says_so(house: House, work: Database) -> None:
    draft(house)
    noted = run_job(house, work, keeping.ERASE, utcnow() + YEARS)["erasure"]
    assert (noted["gone"], noted["left"]) == (0, 1)
    assert set(noted["held"].values()) == {"ASSUMED"}
    assert set(noted["held"]) == {
        "dossier-draft",
        "dossier-unsuccessful",
        "representative",
        "claim",
        "payers",
        "refund-accounts",
        "parcel-buyers",
    }
    page = house.person("quan.tri").get("/operations", headers={"accept-language": "en"}).text
    assert "nobody has confirmed them" in page


def test_without_a_term_nothing_is_due(house: House, work: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    draft(house)
    law_names(monkeypatch, "privacy.retention.unsuccessful")
    noted = run_job(house, work, keeping.ERASE, utcnow() + YEARS)["erasure"]
    assert set(noted["held"]) == {
        "dossier-draft",
        "representative",
        "claim",
        "payers",
        "refund-accounts",
        "parcel-buyers",
    }
    assert set(noted["held"].values()) == {"NO_TERM"}
    assert (noted["gone"], noted["left"]) == (0, 0)


def test_a_confirmed_term_erases_in_steps(
    house: House, work: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "STEP", 1)
    for _ in range(2):
        draft(house)
    law_names(
        monkeypatch, *TERMS.values(), "privacy.retention.representative", "customs.parcels.retention",
        "payments.payer.retention",
    )  # fmt: skip
    now = utcnow() + YEARS
    seen = [run_job(house, work, keeping.ERASE, now)["erasure"] for _ in range(3)]
    assert [(each["gone"], each["left"]) for each in seen] == [(1, 1), (1, 0), (0, 0)]
    assert seen[0]["held"] == {}


def test_the_sweep_notes_what_went(house: House, work: Database) -> None:
    noted = run_job(house, work, keeping.SWEEP, utcnow())["sweep"]
    assert (noted["files"], noted["leftovers"]) == (0, 0)
