"""A dossier is carried to its certificate, backed up, restored elsewhere, and everything still holds there."""

import json
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, select, text

from app.cli.backup import write_backup
from app.cli.demo import seed_demo
from app.cli.restore import Restored, rehearse, restore_backup
from app.cli.setup import prepare_data
from app.core.db import Database, DbRole, SessionContext
from app.core.db.backup import BackupFaulty, BackupRefused, Snapshot, load, read_record
from app.core.db.cluster import PrivateCluster
from app.core.documents.models import Document, Issued
from app.core.documents.signing import Verdict, verify_pdf
from app.core.evidence import seal
from app.core.settings import Settings
from app.core.workflow.models import Case, CaseEvent
from app.modules import Platform, compose
from tests.cli.journey import ANSWERS, Journey
from tests.conftest import NOW, TEST_LOGINS, clone, settings_for

OFFICER = SessionContext(DbRole.OFFICER)


@dataclass
class Installation:
    """An installation with one dossier that has come to its end."""

    settings: Settings
    platform: Platform
    case_id: UUID


@pytest.fixture(scope="module")
def installation(
    cluster: PrivateCluster, bare_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with clone(cluster, bare_template) as target:
        settings = settings_for(target, tmp_path_factory.mktemp("var"), demo=True)
        platform = compose(settings)
        with _opened(settings) as database:
            prepare_data(database, platform, lambda _: None, now=NOW)
            seed_demo(database, platform, lambda _: None, now=NOW)
            journey = Journey(database, platform)
            journey.publish(now=NOW)
            case_id = journey.walk(now=NOW)
            _seal(database)
        yield Installation(settings, platform, case_id)


@pytest.fixture(scope="module")
def backup(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backups") / "monday.ftz"
    write_backup(installation.settings, file, now=NOW)
    return file


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database, logins=TEST_LOGINS, pool_size=3)
    try:
        yield database
    finally:
        database.close()


def _seal(database: Database) -> None:
    with database.transaction(SessionContext(DbRole.WORKER)) as session:
        assert seal(session, now=NOW) > 0


@pytest.fixture(scope="module")
def restored(backup: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Restored]]:
    """The backup, restored into a second installation."""
    settings = Settings(var=tmp_path_factory.mktemp("restored"), database_url=None)
    found = restore_backup(settings, backup, lambda _: None)
    with PrivateCluster(settings.var):
        yield settings, found
    PrivateCluster(settings.var).destroy()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Settings]:
    """An installation that was never used, with a private cluster of its own."""
    settings = Settings(var=tmp_path / "second", database_url=None)
    yield settings
    PrivateCluster(settings.var).destroy()


def test_a_restored_installation_is_the_same_and_goes_on(
    installation: Installation, restored: tuple[Settings, Restored]
) -> None:
    settings, found = restored
    assert found.faults == ()
    assert found.evidence.intact
    assert found.evidence.size > 0
    with _opened(settings) as database:
        platform = compose(settings)
        with database.session(OFFICER) as session:
            case = session.get_one(Case, installation.case_id)
            assert (case.state, case.answers["project_name_vi"]) == ("decided", ANSWERS["project_name_vi"])
            assert session.scalar(select(func.count()).where(CaseEvent.case_id == case.id)) == 5
            paper = session.scalars(select(Document).where(Document.subject_id == case.id)).one()
            issued = session.scalars(select(Issued).where(Issued.document_id == paper.id)).one()
            first_code, first_number = case.code, issued.number
        pdf = platform.kernel.store.read(paper.sha256)
        reports = verify_pdf(pdf, trust=platform.kernel.signing.trust(now=NOW), now=NOW)
        assert [report.verdict for report in reports] == [Verdict.VALID]
        # People sign in, keys sign, sequences and the log go on where they were.
        journey = Journey(database, platform)
        again = journey.walk(now=NOW)
        _seal(database)
        with database.session(OFFICER) as session:
            second = session.get_one(Case, again)
            numbers = session.scalars(select(Issued.number).order_by(Issued.number)).all()
        assert second.code is not None
        assert first_code is not None
        assert second.code > first_code
        assert numbers[0] == first_number
        assert len(set(numbers)) == len(numbers) > 1


def test_tenants_still_see_their_own_rows_only(
    installation: Installation, restored: tuple[Settings, Restored]
) -> None:
    settings, _ = restored
    with _opened(settings) as database:
        journey = Journey(database, compose(settings))
        for login, sees in (("nop.hoso", True), ("hoshi", False)):
            parties = journey.actor(login, NOW).party_ids
            with database.session(SessionContext(DbRole.TENANT, parties)) as session:
                assert (session.get(Case, installation.case_id) is not None) is sees
        with database.session(OFFICER) as session:
            forced = text("select count(*) from pg_class where relrowsecurity and relforcerowsecurity")
            assert session.scalar(forced) > 5
            system = text("select count(*) from spatial_ref_sys where srid = 9210")
            assert session.scalar(system) == 1


def test_the_file_is_private_and_says_what_it_holds(installation: Installation, backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]
    with tarfile.open(backup) as tar:
        names = tar.getnames()
        manifest = json.load(tar.extractfile(names[-1]))  # type: ignore[arg-type]
    assert manifest["personal_data"] is True
    assert manifest["zone"] == installation.platform.zone.code
    assert [system["srid"] for system in manifest["reference_systems"]] == [9210]
    assert "secrets/keys.passphrase" in names
    assert not {"secrets/database.json", "secrets/cluster.json"} & set(names)
    assert read_record(installation.settings.var)["backup"]["size"] == manifest["evidence"]["size"]


def test_a_backup_is_never_overwritten(installation: Installation, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(BackupRefused, match="Choose another name"):
        write_backup(installation.settings, backup, now=NOW)
    assert backup.read_bytes() == before


def test_a_broken_attempt_leaves_nothing_behind(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> Iterator[tuple[str, Path]]:
        raise OSError("disk full")

    monkeypatch.setattr("app.cli.backup.files", die)
    with pytest.raises(BackupRefused, match="disk full"):
        write_backup(installation.settings, tmp_path / "half.ftz", now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_an_installation_with_data_refuses(installation: Installation, backup: Path) -> None:
    with pytest.raises(BackupRefused, match="not empty"):
        restore_backup(installation.settings, backup, lambda _: None)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_half_a_file_is_no_backup(backup: Path, tmp_path: Path, empty: Settings, share: float) -> None:
    half = tmp_path / "half.ftz"
    content = backup.read_bytes()
    # A tar ends with empty blocks; the manifest stands right before them.
    half.write_bytes(content[: int(len(content.rstrip(b"\0")) * share)])
    with pytest.raises(BackupFaulty, match="nothing has been changed"):
        restore_backup(empty, half, lambda _: None)
    assert not (empty.var / "documents").exists()


def test_one_changed_byte_is_found(backup: Path, tmp_path: Path, empty: Settings) -> None:
    changed = tmp_path / "changed.ftz"
    content = bytearray(backup.read_bytes())
    content[len(content) // 3] ^= 1
    changed.write_bytes(content)
    with pytest.raises(BackupFaulty):
        restore_backup(empty, changed, lambda _: None)


def test_a_name_outside_is_refused(tmp_path: Path, empty: Settings) -> None:
    evil = tmp_path / "evil.ftz"
    (tmp_path / "x").write_text("x")
    with tarfile.open(evil, "w") as tar:
        tar.add(tmp_path / "x", arcname="keys/../../x")
    with pytest.raises(BackupFaulty, match="no backup holds"):
        restore_backup(empty, evil, lambda _: None)


def test_a_shortened_log_is_found_at_the_restore(
    installation: Installation, backup: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever cuts the log cannot pass: the manifest's head says how long it was."""

    def load_and_cut(conninfo: str, *, dump: Path, facts: dict[str, Any]) -> None:
        load(conninfo, dump=dump, facts=facts)
        with psycopg.connect(PrivateCluster(empty.var).boot_conninfo()) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute("delete from evidence_head")
            connection.execute("delete from evidence_entry")

    monkeypatch.setattr("app.cli.restore.load", load_and_cut)
    found = restore_backup(empty, backup, lambda _: None)
    assert any(fault.startswith("evidence") for fault in found.faults)


def test_a_drill_leaves_the_installation_alone(installation: Installation, backup: Path) -> None:
    var = installation.settings.var
    before = {path.name for path in var.iterdir()}
    assert rehearse(installation.settings, backup, lambda _: None).faults == ()
    assert {path.name for path in var.iterdir()} == before


def test_what_happens_meanwhile_is_all_in_the_next_one(
    installation: Installation, tmp_path: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dossier is walked and sealed between the first look and the dump: the backup holds nothing of it."""
    dump = Snapshot.dump

    def dump_late(moment: Snapshot, target: Path) -> None:
        with _opened(installation.settings) as database:
            meanwhile.append(Journey(database, installation.platform).walk(now=NOW))
            _seal(database)
        dump(moment, target)

    meanwhile: list[UUID] = []
    monkeypatch.setattr(Snapshot, "dump", dump_late)
    write_backup(installation.settings, tmp_path / "busy.ftz", now=NOW)
    assert restore_backup(empty, tmp_path / "busy.ftz", lambda _: None).faults == ()
    with PrivateCluster(empty.var), _opened(empty) as database, database.session(OFFICER) as session:
        assert session.get(Case, installation.case_id) is not None
        assert session.get(Case, meanwhile[0]) is None
