"""A batch from file to registry and back: dry run, doubles, import, undo; with real commits."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core import outbox
from app.core.auth.models import Party
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import Forbidden
from app.core.jobs import Run
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.outbox import HandlerRegistry
from app.core.search.index import reindex
from app.core.search.models import TenantDocument
from app.registry.domain import (
    EnterpriseKind,
    RowDecision,
    RowState,
    TakeOverKind,
    TakeOverState,
    Verification,
)
from app.registry.models import Change, Enterprise, Project, TakeOver
from app.registry.module import MODULE
from app.registry.permissions import MANAGE, TAKE_OVER
from app.registry.service import register_enterprise, register_project, takeover
from tests.conftest import NOW

OFFICER = SessionContext(DbRole.OFFICER)
HEADER = "Tên doanh nghiệp,Mã số thuế,Điện thoại"
FIRST, SECOND = "0100233488", "9900000016"
CLERK = Actor(
    ActorKind.OFFICER, uuid7(), "Cán bộ",
    (Grant(uuid7(), frozenset({"INTAKE"}), frozenset({MANAGE, TAKE_OVER})),),
)  # fmt: skip


@dataclass
class Desk:
    """Plays a batch as the worker and the pages would."""

    database: Database
    folder: Path

    def __post_init__(self) -> None:
        self.run = Run(CLERK, OFFICER, self.database, NOW, 1, 1)
        self.files: dict[str, Path] = {}

    def begin(self, text: str, kind: TakeOverKind = TakeOverKind.ENTERPRISE) -> UUID:
        content = text.encode()
        digest = sha256(content).hexdigest()
        path = self.folder / digest
        path.write_bytes(content)
        upload = takeover.Upload(path, digest, "danh-sach.csv", workbook=False)
        with self.database.transaction(OFFICER) as session:
            batch = takeover.begin(session, upload=upload, kind=kind, actor=CLERK, now=NOW)
        self.files[digest] = path
        return batch.id

    def check(self, batch_id: UUID) -> dict[RowState, int]:
        with self.database.transaction(OFFICER) as session:
            mapping = session.get_one(TakeOver, batch_id).mapping
            takeover.choose_columns(session, batch_id=batch_id, mapping=mapping, actor=CLERK, now=NOW)
        self.pass_over(batch_id)
        return self.counts(batch_id)

    def pass_over(self, batch_id: UUID) -> None:
        with self.database.session(OFFICER) as session:
            path = self.files[session.get_one(TakeOver, batch_id).sha256]
        takeover.dry_run(self.run, batch_id, path=path, sites={"s1": "S1"})

    def bring(self, batch_id: UUID) -> dict[RowState, int]:
        with self.database.transaction(OFFICER) as session:
            takeover.start_import(session, batch_id=batch_id, actor=CLERK, now=NOW)
        takeover.import_rows(self.run, batch_id)
        return self.counts(batch_id)

    def undo(self, batch_id: UUID) -> TakeOver:
        with self.database.transaction(OFFICER) as session:
            takeover.start_undo(session, batch_id=batch_id, actor=CLERK, now=NOW)
        takeover.undo(self.run, batch_id)
        return self.batch(batch_id)

    def batch(self, batch_id: UUID) -> TakeOver:
        with self.database.session(OFFICER) as session:
            return session.get_one(TakeOver, batch_id)

    def counts(self, batch_id: UUID) -> dict[RowState, int]:
        with self.database.session(OFFICER) as session:
            return takeover.counts(session, batch_id)

    def count(self, model: type) -> int:
        with self.database.session(OFFICER) as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def existing(self, name: str, tax_code: str | None = None) -> UUID:
        with self.database.transaction(OFFICER) as session:
            return register_enterprise(
                session, name_vi=name, kind=EnterpriseKind.VIETNAMESE, tax_code=tax_code, actor=CLERK, now=NOW
            )

    def decide(self, batch_id: UUID, rest: RowDecision, **rows: RowDecision) -> None:
        decisions = {int(name.removeprefix("row")): value for name, value in rows.items()}
        with self.database.transaction(OFFICER) as session:
            takeover.decide(session, batch_id=batch_id, decisions=decisions, rest=rest, actor=CLERK)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    with outbox.installed(HandlerRegistry()):
        yield Desk(database, tmp_path)


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def test_a_dry_run_enters_nothing(desk: Desk) -> None:
    batch_id = desk.begin(table(f"Công ty A,{FIRST},", "Công ty B,12,", f"Công ty C,{FIRST},"))
    assert desk.check(batch_id) == {RowState.READY: 1, RowState.FAULTY: 2}
    assert desk.count(Enterprise) == 0
    assert desk.batch(batch_id).state is TakeOverState.CHECKED
    with desk.database.session(OFFICER) as session:
        faulty = takeover.rows_of(session, batch_id, states=(RowState.FAULTY,))
    found = [(row.number, each["name"], each["code"]) for row in faulty for each in row.problems]
    assert found == [(3, "tax_code", "tax-code-length"), (4, "tax_code", "twice")]


def test_the_same_file_is_one_batch_until_it_is_over(desk: Desk) -> None:
    text = table(f"Công ty A,{FIRST},")
    first = desk.begin(text)
    assert desk.begin(text) == first
    with desk.database.transaction(OFFICER) as session:
        takeover.cancel(session, batch_id=first, actor=CLERK, now=NOW)
    assert desk.begin(text) != first


def test_chosen_columns_are_remembered_for_the_shape(desk: Desk) -> None:
    header = "x,y"
    first = desk.begin(table("Công ty A,1", header=header))
    assert desk.batch(first).mapping == {}
    with desk.database.transaction(OFFICER) as session, pytest.raises(takeover.ColumnsInvalid):
        takeover.choose_columns(session, batch_id=first, mapping={}, actor=CLERK, now=NOW)
    with desk.database.transaction(OFFICER) as session:
        takeover.choose_columns(session, batch_id=first, mapping={"name_vi": 0}, actor=CLERK, now=NOW)
    assert desk.batch(desk.begin(table("Công ty B,2", header=header))).mapping == {"name_vi": 0}


def test_rows_enter_marked_and_a_second_run_changes_nothing(desk: Desk) -> None:
    batch_id = desk.begin(table(f"Công ty A,{FIRST},", f"Nhà máy Khác Hẳn,{SECOND},"))
    desk.check(batch_id)
    assert desk.bring(batch_id) == {RowState.IMPORTED: 2}
    takeover.import_rows(desk.run, batch_id)
    with desk.database.session(OFFICER) as session:
        rows = session.scalars(select(Enterprise)).all()
        assert {(row.verification, row.takeover_id) for row in rows} == {(Verification.TAKEN_OVER, batch_id)}
    assert len(rows) == desk.count(Party) == 2


def test_an_import_that_stopped_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    batch_id = desk.begin(table(*(f"Doanh nghiệp số {n} tên {n * 7919},," for n in range(5))))
    desk.check(batch_id)
    desk.decide(batch_id, RowDecision.NEW)
    from app.registry.service.takeover import passes  # noqa: PLC0415

    monkeypatch.setattr(passes, "IMPORT_PIECE", 2)
    worked = passes._import_row
    seen: list[int] = []

    def breaks(*args: object) -> None:
        if len(seen) == 3:
            raise RuntimeError("killed")
        seen.append(1)
        worked(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(passes, "_import_row", breaks)
    with pytest.raises(RuntimeError, match="killed"):
        desk.bring(batch_id)
    assert desk.count(Enterprise) == 2, "the first piece was committed, the broken one was not"
    monkeypatch.setattr(passes, "_import_row", worked)
    takeover.import_rows(desk.run, batch_id)
    assert desk.count(Enterprise) == 5
    assert desk.batch(batch_id).state is TakeOverState.DONE


def test_cancelling_stops_at_the_next_piece(desk: Desk) -> None:
    batch_id = desk.begin(table(f"Công ty A,{FIRST},"))
    with desk.database.transaction(OFFICER) as session:
        takeover.choose_columns(
            session, batch_id=batch_id, mapping=desk.batch(batch_id).mapping, actor=CLERK, now=NOW
        )
        takeover.cancel(session, batch_id=batch_id, actor=CLERK, now=NOW)
    desk.pass_over(batch_id)
    assert desk.batch(batch_id).state is TakeOverState.CANCELLED
    assert desk.counts(batch_id) == {}


class TestDoubles:
    def test_a_known_tax_code_and_a_similar_name_are_found(self, desk: Desk) -> None:
        desk.existing("Công ty TNHH Sao Biển", FIRST)
        desk.existing("Công ty Cổ phần Vận tải Đông Á")
        batch_id = desk.begin(
            table(f"Tên khác,{FIRST},", "Công ty CP Vận tải Đông Á,,", "Xưởng mộc Hòn Dáu,,")
        )
        assert desk.check(batch_id) == {RowState.DOUBLE: 2, RowState.READY: 1}
        with desk.database.session(OFFICER) as session:
            rows = takeover.rows_of(session, batch_id, states=(RowState.DOUBLE,))
        assert [(row.number, row.double_by) for row in rows] == [(2, "TAX_CODE"), (3, "NAME")]

    def test_the_import_waits_for_decisions(self, desk: Desk) -> None:
        desk.existing("Công ty A", FIRST)
        batch_id = desk.begin(table(f"Công ty A,{FIRST},"))
        desk.check(batch_id)
        with desk.database.transaction(OFFICER) as session, pytest.raises(takeover.Undecided):
            takeover.start_import(session, batch_id=batch_id, actor=CLERK, now=NOW)

    def test_a_row_with_a_known_tax_code_cannot_be_new(self, desk: Desk) -> None:
        desk.existing("Công ty A", FIRST)
        batch_id = desk.begin(table(f"Công ty A,{FIRST},"))
        desk.check(batch_id)
        desk.decide(batch_id, RowDecision.NEW, row2=RowDecision.NEW)
        with desk.database.session(OFFICER) as session:
            assert takeover.rows_of(session, batch_id, states=(RowState.DOUBLE,))[0].decision is None

    def test_a_merge_fills_gaps_only_and_undo_empties_them(self, desk: Desk) -> None:
        key = desk.existing("Công ty A", FIRST)
        batch_id = desk.begin(table(f"Tên mới,{FIRST},0225 123456"))
        desk.check(batch_id)
        desk.decide(batch_id, RowDecision.MERGE)
        assert desk.bring(batch_id) == {RowState.MERGED: 1}
        with desk.database.session(OFFICER) as session:
            record = session.get_one(Enterprise, key)
            assert (record.name_vi, record.phone, record.revision) == ("Công ty A", "0225 123456", 2)
        assert desk.undo(batch_id).state is TakeOverState.UNDONE
        with desk.database.session(OFFICER) as session:
            assert session.get_one(Enterprise, key).phone is None

    def test_a_skipped_row_enters_nothing(self, desk: Desk) -> None:
        desk.existing("Công ty A", FIRST)
        batch_id = desk.begin(table(f"Công ty A,{FIRST},"))
        desk.check(batch_id)
        desk.decide(batch_id, RowDecision.SKIP)
        assert desk.bring(batch_id) == {RowState.SKIPPED: 1}
        assert desk.count(Enterprise) == 1


class TestUndo:
    def test_everything_goes_out_again(self, desk: Desk) -> None:
        kept = desk.existing("Xưởng mộc Hòn Dáu", SECOND)
        batch_id = desk.begin(table(f"Công ty A,{FIRST},"))
        desk.check(batch_id)
        desk.bring(batch_id)
        with desk.database.transaction(OFFICER) as session:
            for provider in MODULE.search:
                reindex(session, provider)
        assert desk.count(TenantDocument) == 2
        assert desk.undo(batch_id).state is TakeOverState.UNDONE
        assert desk.count(TenantDocument) == 1
        assert (desk.count(Enterprise), desk.count(Party), desk.count(Change)) == (1, 1, 1)
        with desk.database.session(OFFICER) as session:
            assert session.get(Enterprise, kept) is not None
        assert desk.counts(batch_id) == {RowState.UNDONE: 1}

    @pytest.mark.parametrize("refer", ["project", "change"])
    def test_not_while_something_refers_to_it(self, desk: Desk, refer: str) -> None:
        batch_id = desk.begin(table(f"Công ty A,{FIRST},", f"Xưởng mộc Hòn Dáu,{SECOND},"))
        desk.check(batch_id)
        desk.bring(batch_id)
        with desk.database.transaction(OFFICER) as session:
            enterprise = session.scalars(select(Enterprise).where(Enterprise.tax_code == FIRST)).one()
            if refer == "project":
                register_project(
                    session, party_id=enterprise.party_id, name_vi="Dự án", site="S1", actor=CLERK, now=NOW
                )
            else:
                enterprise.revision = 2
        batch = desk.undo(batch_id)
        assert (batch.state, batch.fault["code"]) == (TakeOverState.DONE, "registry.takeover-referred")
        assert desk.count(Enterprise) == 2, "whole or not at all"

    def test_no_officer_can_delete_what_no_batch_brought(self, desk: Desk) -> None:
        key = desk.existing("Công ty A", FIRST)
        with desk.database.transaction(OFFICER) as session:
            for table_name in ("registry_change", "registry_enterprise"):
                found = session.connection().exec_driver_sql(f"delete from {table_name}")  # noqa: S608
                assert found.rowcount == 0
        with desk.database.session(OFFICER) as session:
            assert session.get(Enterprise, key) is not None


def test_projects_find_their_enterprise(desk: Desk) -> None:
    key = desk.existing("Công ty A", FIRST)
    header = "Tên dự án,Mã số thuế,Khu vực,Mã dự án"
    batch_id = desk.begin(
        table(f"Nhà máy,{FIRST},S1,1234567890", f"Kho,{SECOND},S1,", f"Bến,{FIRST},S9,", header=header),
        TakeOverKind.PROJECT,
    )
    assert desk.check(batch_id) == {RowState.READY: 1, RowState.FAULTY: 2}
    assert desk.bring(batch_id) == {RowState.IMPORTED: 1, RowState.FAULTY: 2}
    with desk.database.session(OFFICER) as session:
        project = session.scalars(select(Project)).one()
    assert (project.party_id, project.code, project.verification) == (
        key,
        "1234567890",
        Verification.TAKEN_OVER,
    )
    assert desk.undo(batch_id).state is TakeOverState.UNDONE
    assert desk.count(Project) == 0


def test_ten_thousand_rows_are_checked(desk: Desk) -> None:
    batch_id = desk.begin(table(*(f"Doanh nghiệp thứ {n:05},," for n in range(10_000))))
    found = desk.check(batch_id)
    assert found == {RowState.READY: 10_000}
    assert desk.batch(batch_id).rows_total == 10_000


def test_who_may_not_is_refused(desk: Desk, tmp_path: Path) -> None:
    stranger = Actor(ActorKind.OFFICER, uuid7(), "x", (Grant(uuid7(), frozenset(), frozenset({MANAGE})),))
    upload = takeover.Upload(tmp_path / "none", "0" * 64, "a.csv", workbook=False)
    with desk.database.transaction(OFFICER) as session, pytest.raises(Forbidden):
        takeover.begin(session, upload=upload, kind=TakeOverKind.ENTERPRISE, actor=stranger, now=NOW)
