"""What an operator reads about the evidence log, whole and broken."""

import psycopg
import pytest
from click.testing import CliRunner

from app.cli import ftz
from app.cli.evidence import read_report
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.evidence import TrustedHead, seal
from app.core.settings import DatabaseTarget
from tests.conftest import NOW


@pytest.fixture
def log(ready: Database, ready_target: DatabaseTarget, monkeypatch: pytest.MonkeyPatch) -> DatabaseTarget:
    """A database with a sealed log, which the command line takes for its installation's."""
    with ready.transaction(SessionContext(DbRole.WORKER)) as session:
        assert seal(session, now=NOW) > 0
    monkeypatch.setenv("FTZ_DATABASE_URL", ready_target.conninfo("ftz_web_tenant"))
    monkeypatch.setattr("app.core.settings.Settings.database", ready_target)
    return ready_target


def _verify(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(ftz, ["evidence", "verify", *options])
    return result.exit_code, result.output


def test_a_whole_log_says_its_size_and_root(log: DatabaseTarget) -> None:
    report = read_report(log)
    code, said = _verify()
    assert code == 0
    assert str(report.size) in said
    assert report.root.hex() in said


def test_a_head_from_elsewhere_is_compared(log: DatabaseTarget) -> None:
    report = read_report(log)
    assert _verify("--size", str(report.size), "--root", report.root.hex())[0] == 0
    code, said = _verify("--size", str(report.size + 5), "--root", report.root.hex())
    assert code == 1
    assert "TRUSTED" in said
    assert read_report(log, TrustedHead(report.size, bytes(32))).fault is not None


def test_the_first_bad_row_is_named(log: DatabaseTarget, cluster: PrivateCluster) -> None:
    with psycopg.connect(cluster.boot_conninfo(log.name)) as connection:
        connection.execute("set session_replication_role = replica")
        row = connection.execute("select id from evidence_entry where seq = 2").fetchone()
        connection.execute("update evidence_entry set tag = 'law:change:forged' where seq = 2")
    assert row is not None
    code, said = _verify()
    assert code == 1
    assert "entry 2" in said
    assert str(row[0]) in said
    assert "When the log does not verify" in said


def test_half_a_head_is_asked_for_whole() -> None:
    code, said = _verify("--size", "3")
    assert code == 2
    assert "together" in said
