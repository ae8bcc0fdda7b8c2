"""Retention: what has passed its time, erasing it, and an evidence log that stays whole."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.evidence import seal, verify
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.personal import Cover, personal_values
from app.core.kit.time import utcnow
from app.core.workflow import retention
from app.core.workflow.models import Case, Submission
from app.core.workflow.retention import Rule
from app.modules import Platform
from tests.conftest import clone
from tests.faults.people import House, house_on
from tests.web.test_personal import CONTACT, SECRETS

OFFICER = SessionContext(DbRole.OFFICER)
WORKER = SessionContext(DbRole.WORKER)
YEARS = timedelta(days=366 * 6)


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield house


def draft(house: House) -> UUID:
    firm, key = house.person("nop.hoso"), uuid7()
    form = {"case_id": str(key), "procedure": "IRC", "party_id": str(house.party_of("nop.hoso"))}
    assert firm.post("/dossiers", form).status_code == 303
    assert firm.post(f"/dossiers/{key}/form/contact", {**CONTACT, "then": "list"}).status_code == 303
    return key


def end(house: House, case_id: UUID, *, national: int) -> None:
    """Let a draft be a dossier that was filed and ended."""
    with house.database.transaction(OFFICER) as session:
        case = session.get_one(Case, case_id)
        submission = Submission(
            id=uuid7(), case_id=case.id, party_id=case.party_id, number=1, version_id=case.version_id,
            answers=case.answers, digest="0" * 64, at=utcnow(), by=case.created_by,
        )  # fmt: skip
        session.add(submission)
        case.submitted_at = case.closed_at = utcnow()
        case.code, case.national = f"HS-{case_id.hex[-6:]}", national


def found(house: House, platform: Platform, now: datetime) -> list[retention.Due]:
    with house.database.session(OFFICER) as session:
        return retention.due(session, now=now, zone=platform.zone.tz)


@pytest.mark.parametrize(
    ("national", "rule"), [(None, Rule.DRAFT), (3, Rule.UNSUCCESSFUL), (7, Rule.UNSUCCESSFUL), (10, None)]
)
def test_what_is_due_when(house: House, platform: Platform, national: int | None, rule: Rule | None) -> None:
    case_id = draft(house)
    if national is not None:
        end(house, case_id, national=national)
    assert found(house, platform, utcnow()) == []
    assert [each.rule for each in found(house, platform, utcnow() + YEARS)] == ([rule] if rule else [])


def test_erased_values_are_nowhere_and_the_log_is_whole(
    house: House, platform: Platform, cluster: PrivateCluster
) -> None:
    kept, gone, begun = draft(house), draft(house), draft(house)
    end(house, kept, national=10)
    end(house, gone, national=8)
    now = utcnow() + YEARS
    with house.database.transaction(OFFICER) as session:
        erased = retention.erase(session, found(house, platform, now), actor=SYSTEM, now=now)
    assert erased.keys == 2
    with house.database.session(OFFICER) as session:
        case, other = session.get_one(Case, gone), session.get_one(Case, kept)
        assert {each.cover for each in personal_values(case.answers)} == {Cover.ERASED}
        assert {each.cover for each in personal_values(other.answers)} == {Cover.OPEN}
        assert session.get_one(Case, begun).answers == {}
        submissions = session.query(Submission).filter_by(case_id=gone).one()
        assert {each.cover for each in personal_values(submissions.answers)} == {Cover.ERASED}
    with psycopg.connect(cluster.boot_conninfo(house.database.target.name)) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        dump = "".join(
            str(connection.execute(f'select t::text from "{table}" t').fetchall())  # noqa: S608  from the catalogue
            for (table,) in tables
        )
        keys = connection.execute(
            "select wrapped, erased_at is not null from privacy_key where holder_id = %s", [gone]
        ).fetchall()
    assert [secret for secret in SECRETS if secret in dump] == []
    assert keys == [(None, True)]
    with house.database.transaction(OFFICER) as session:
        assert retention.due(session, now=now, zone=platform.zone.tz) == [], "once is enough"
    page = house.person("nop.hoso").get(f"/dossiers/{gone}")
    assert page.status_code == 200
    assert not [secret for secret in SECRETS if secret in page.text]


def test_the_evidence_log_verifies_after_an_erasure(house: House, platform: Platform) -> None:
    case_id, now = draft(house), utcnow() + YEARS
    with house.database.transaction(OFFICER) as session:
        retention.erase(session, found(house, platform, now), actor=SYSTEM, now=now)
    log = Database(house.database.target, logins={DbRole.WORKER: "ftz_work"}, pool_size=2)
    with log.transaction(WORKER) as session:
        seal(session, now=now)
    with log.session(WORKER) as session:
        report = verify(session)
        tags = session.connection().exec_driver_sql(
            "select count(*) from evidence_entry where tag = 'personal-data:case:erase' and subject_id = %s",
            (case_id,),
        )
        assert tags.scalar_one() == 1
    log.close()
    assert report.fault is None
    assert report.size > 0
