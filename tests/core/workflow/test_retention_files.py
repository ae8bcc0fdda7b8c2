"""Erasing a dossier takes its files from the disk, unless another dossier needs them; the log stays whole."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.documents import service as documents
from app.core.documents.erasing import shred_erased
from app.core.documents.models import Document, DocumentState
from app.core.evidence import Subject, seal, verify
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.workflow import retention
from app.core.workflow.papers.models import CaseComponent
from app.modules import Platform
from tests.conftest import clone
from tests.core.documents import files
from tests.core.workflow.test_retention import YEARS, draft, end
from tests.faults.people import OFFICER, House, house_on

WORKER = SessionContext(DbRole.WORKER)
SECRET = "Ho chieu C1234567"
COMPONENT = "FINANCE"


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield house


def upload(house: House, case_id: UUID, mark: str) -> UUID:
    """Put a file into a draft over HTTP and return the key of its document."""
    firm, path = house.person("nop.hoso"), f"/dossiers/{case_id}/papers/{COMPONENT}"
    sent = {"files": (f"{SECRET}.pdf", io.BytesIO(files.pdf(A=f"({mark})")), "application/pdf")}
    assert firm.post(path, {}, files=sent).status_code == 303
    with house.database.session(OFFICER) as session:
        found = session.scalars(select(CaseComponent.document_id).where(CaseComponent.case_id == case_id))
        return found.one()


def reuse(house: House, case_id: UUID, document_id: UUID) -> None:
    firm = house.person("nop.hoso")
    chosen = {"document_id": str(document_id), "vault": str(document_id)}
    assert firm.post(f"/dossiers/{case_id}/papers/{COMPONENT}/vault", chosen).status_code == 303


def erase(house: House, platform: Platform, now: datetime) -> retention.Erased:
    with house.database.transaction(OFFICER) as session:
        found = retention.due(session, now=now, zone=platform.zone.tz)
        return retention.erase(session, found, actor=SYSTEM, now=now)


def shred(house: House, before: datetime) -> int:
    with house.database.session(OFFICER) as session:
        return shred_erased(session, store=house.app.state.kernel.store, before=before)


def addresses(house: House, *keys: UUID) -> list[str]:
    with house.database.session(OFFICER) as session:
        return [session.get_one(Document, key).sha256 for key in keys]


def test_files_go_with_the_dossier_and_the_log_verifies(
    house: House, platform: Platform, cluster: PrivateCluster
) -> None:
    store, now = house.app.state.kernel.store, utcnow() + YEARS
    gone, kept = draft(house), draft(house)
    document, other = upload(house, gone, "eins"), upload(house, kept, "zwei")
    first, second = addresses(house, document, other)
    end(house, gone, national=8)
    end(house, kept, national=10)
    with house.database.transaction(OFFICER) as session:
        letter = documents.store_paper(
            session, store=store, pdf=files.pdf(L="(Thu)"), title="Thư.pdf", kind="REFUSAL",
            party_id=house.party_of("nop.hoso"), subject=Subject("case", gone), actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
        answer = letter.sha256
    sealed = store.path(first).read_bytes()
    assert erase(house, platform, now) == retention.Erased(keys=1, files=1)
    assert shred(house, utcnow() - timedelta(hours=1)) == 0, "an upload may be on its way to the same file"
    assert shred(house, now) == 1
    assert not store.exists(first)
    assert store.exists(second)
    assert store.exists(answer), "what the authority wrote is not the dossier's"
    disk = b"".join(path.read_bytes() for path in store.path(second).parents[1].rglob("*") if path.is_file())
    assert sealed[100:400] not in disk
    with house.database.session(OFFICER) as session:
        assert session.get_one(Document, document).state == DocumentState.ERASED
    with psycopg.connect(cluster.boot_conninfo(house.database.target.name)) as connection:
        titles = connection.execute(
            "select d.title || c.file_name from documents_document d join workflow_component c on"
            " c.document_id = d.id where c.case_id = %s", [gone],
        ).fetchall()  # fmt: skip
    assert SECRET not in str(titles)
    log = Database(house.database.target, logins={DbRole.WORKER: "ftz_work"}, pool_size=2)
    with log.transaction(WORKER) as session:
        seal(session, now=now)
    with log.session(WORKER) as session:
        report = verify(session)
    log.close()
    assert report.fault is None
    assert report.size > 0
    firm = house.person("nop.hoso")
    assert firm.get(f"/documents/{document}").status_code == 404
    assert firm.get(f"/dossiers/{gone}/papers").status_code == 200
    assert SECRET not in firm.get("/papers").text
    assert erase(house, platform, now) == retention.Erased(keys=0, files=0), "once is enough"


def test_a_paper_that_another_dossier_uses_stays_until_that_is_erased_too(
    house: House, platform: Platform
) -> None:
    store, now = house.app.state.kernel.store, utcnow() + YEARS
    gone, kept = draft(house), draft(house)
    document = upload(house, gone, "eins")
    reuse(house, kept, document)
    (address,) = addresses(house, document)
    end(house, gone, national=8)
    end(house, kept, national=10)
    assert erase(house, platform, now).files == 0
    assert shred(house, now) == 0
    assert store.exists(address)
    with house.database.transaction(OFFICER) as session:
        session.connection().exec_driver_sql(
            "update workflow_case set national = 7 where id = %s", (str(kept),)
        )
    assert erase(house, platform, now).files == 1
    assert shred(house, now) == 1
    assert not store.exists(address)


def test_equal_bytes_of_somebody_else_stay(house: House, platform: Platform) -> None:
    store, now = house.app.state.kernel.store, utcnow() + YEARS
    gone = draft(house)
    document = upload(house, gone, "gleich")
    (address,) = addresses(house, document)
    end(house, gone, national=8)
    with house.database.transaction(OFFICER) as session:
        documents.store_paper(
            session, store=store, pdf=store.read(address), title="x", kind="TEST",
            party_id=house.party_of("hoshi"), subject=Subject("other", gone), actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
    assert erase(house, platform, now).files == 1
    assert shred(house, now) == 0
    assert store.exists(address)


def test_files_that_another_table_names_stay(
    house: House, platform: Platform, cluster: PrivateCluster
) -> None:
    now, gone = utcnow() + YEARS, draft(house)
    (address,) = addresses(house, upload(house, gone, "tabelle"))
    end(house, gone, national=8)
    with psycopg.connect(cluster.boot_conninfo(house.database.target.name)) as connection:
        connection.execute(
            "insert into registry_takeover (id, kind, file_name, sha256, workbook, sheet, header, samples, mapping,"
            " state, rows_done, rows_total, cancel_asked, fault, created_at, created_by) values (gen_random_uuid(),"
            " 'ENTERPRISE', 'x', %s, false, '', '[]', '[]', '{}', 'UPLOADED', 0, 0, false, '{}', now(),"
            " gen_random_uuid())", [address],
        )  # fmt: skip
    erase(house, platform, now)
    assert shred(house, now) == 0
    assert house.app.state.kernel.store.exists(address)


def waits_for_a_lock(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Return when some session of this database waits for another."""
    for _ in range(400):
        found = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
        if found and found[0]:
            return
        Event().wait(0.05)
    raise AssertionError("nobody waited")


def test_a_paper_that_is_being_taken_from_the_vault_stays(
    house: House, platform: Platform, cluster: PrivateCluster
) -> None:
    now, gone, kept = utcnow() + YEARS, draft(house), draft(house)
    document = upload(house, gone, "schnell")
    end(house, gone, national=8)
    end(house, kept, national=10)
    conninfo = cluster.boot_conninfo(house.database.target.name)
    with psycopg.connect(conninfo, autocommit=True) as looking, ThreadPoolExecutor(1) as pool:
        with psycopg.connect(conninfo) as using:
            using.execute(
                "insert into workflow_component (id, case_id, party_id, component, document_id, file_name, attached_at,"
                " source, part, signers, reused, state) select gen_random_uuid(), %s, party_id, component, document_id,"
                " file_name, now(), 'VAULT', part, signers, 1, state from workflow_component where document_id = %s",
                [kept, document],
            )
            erasing = pool.submit(erase, house, platform, now)
            waits_for_a_lock(looking)
        assert erasing.result(20).files == 0
    with house.database.session(OFFICER) as session:
        assert session.get_one(Document, document).state == DocumentState.CURRENT


def test_a_paper_that_is_being_erased_cannot_be_taken_from_the_vault(
    house: House, platform: Platform, cluster: PrivateCluster
) -> None:
    now, gone, open_one = utcnow() + YEARS, draft(house), draft(house)
    document, firm = upload(house, gone, "zuerst"), house.person("nop.hoso")
    end(house, gone, national=8)
    path, chosen = f"/dossiers/{open_one}/papers/{COMPONENT}/vault", {"document_id": str(document)}
    conninfo = cluster.boot_conninfo(house.database.target.name)
    with psycopg.connect(conninfo, autocommit=True) as looking, ThreadPoolExecutor(1) as pool:
        with house.database.transaction(OFFICER) as session:
            found = retention.due(
                session, now=now, zone=platform.zone.tz, rules=[retention.Rule.UNSUCCESSFUL]
            )
            assert retention.erase(session, found, actor=SYSTEM, now=now).files == 1
            session.flush()  # the locks are held from here
            using = pool.submit(firm.post, path, chosen)
            waits_for_a_lock(looking)
        assert using.result(20).status_code == 404


def test_what_moved_on_since_it_was_found_stays(house: House, platform: Platform) -> None:
    now, case_id = utcnow() + YEARS, draft(house)
    with house.database.session(OFFICER) as session:
        found = retention.due(session, now=now, zone=platform.zone.tz)
    assert [each.case_id for each in found] == [case_id]
    end(house, case_id, national=1)
    with house.database.transaction(OFFICER) as session:
        assert retention.erase(session, found, actor=SYSTEM, now=now) == retention.Erased(keys=0, files=0)
