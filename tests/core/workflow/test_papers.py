"""Components of a dossier on a real database, under the applicant's and the officers' own roles."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.documents.models import Document, DocumentState
from app.core.documents.refusals import FileTypeUnknown
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.core.workflow.papers import components, missing_components
from app.core.workflow.papers.components import MAX_FILES, PapersNotOpen, TooManyFiles
from app.core.workflow.papers.intake import KeptFile, clean_name
from app.core.workflow.papers.models import CaseComponent
from app.core.workflow.papers.vault import vault_papers
from app.modules import Platform
from tests.conftest import TEST_LOGINS, clone
from tests.core.documents import files
from tests.core.workflow.paper_world import LATER, NOW, World, case_in, make_world


@pytest.fixture(scope="module")
def world(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[World]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield make_world(database, platform)
        database.close()


def attach(
    world: World, case_id: UUID, *kept: KeptFile, code: str = "FINANCE", actor: Actor | None = None,
    replaces: UUID | None = None,
) -> list[UUID]:  # fmt: skip
    who = actor or world.filer
    with world.as_(who) as session:
        rows = components.attach_files(
            session, case=case_in(session, case_id), definition=world.definition, code=code, files=kept, actor=who,
            now=LATER, replaces=replaces,
        )  # fmt: skip
        return [row.id for row in rows]


def missing(world: World, case_id: UUID) -> set[str]:
    with world.as_(world.filer) as session:
        problems = missing_components(session, case_in(session, case_id), world.definition)
        assert all(problem.code == "missing" for problem in problems)
        return {problem.name for problem in problems}


def slot_of(world: World, case_id: UUID, code: str = "FINANCE") -> components.Slot:
    with world.as_(world.filer) as session:
        return components.slot(session, case_in(session, case_id), world.definition, code)


class TestSlots:
    def test_condition_decides_and_unknown_asks(self, world: World) -> None:
        asked = {}
        for rented in (True, False, None):
            case_id = world.draft(rented=rented)
            with world.as_(world.filer) as session:
                found = components.slots(session, case_in(session, case_id), world.definition)
            asked[rented] = "LEASE" in [each.component.code for each in found]
        assert asked == {True: True, False: False, None: True}

    def test_every_missing_mandatory_paper_is_listed(self, world: World) -> None:
        assert missing(world, world.draft(rented=True)) == {
            "component-FINANCE", "component-LEASE"
        }  # fmt: skip

    def test_a_component_that_is_not_asked_for_takes_nothing(self, world: World) -> None:
        with pytest.raises(NotFound):
            attach(world, world.draft(rented=False), world.kept(), code="LEASE")


class TestAttach:
    def test_several_files_are_told_apart_by_name_and_size(self, world: World) -> None:
        case_id = world.draft()
        attach(world, case_id, world.kept("2024.pdf"), world.kept("ảnh.png", files.png()))
        found = slot_of(world, case_id).attachments
        assert {each.file_name for each in found} == {"2024.pdf", "ảnh.png"}
        assert all(each.size_bytes > 0 and each.source == "UPLOAD" and each.reused == 0 for each in found)
        assert "component-FINANCE" not in missing(world, case_id)

    def test_the_same_file_sent_twice_is_one(self, world: World) -> None:
        case_id, kept = world.draft(), world.kept()
        assert len(attach(world, case_id, kept)) == 1
        assert attach(world, case_id, kept) == []
        assert len(slot_of(world, case_id).attachments) == 1

    def test_replacing_adds_a_version_and_keeps_the_row(self, world: World) -> None:
        case_id = world.draft()
        (old,) = attach(world, case_id, world.kept("cũ.pdf"))
        attach(world, case_id, world.kept("mới.pdf"), replaces=old)
        (found,) = slot_of(world, case_id).attachments
        assert (found.file_name, found.version) == ("mới.pdf", 2)
        with world.as_(world.filer) as session:
            row = session.get(CaseComponent, old)
            assert row is not None
            assert row.state == "REPLACED"

    def test_too_many_files(self, world: World) -> None:
        case_id = world.draft()
        with pytest.raises(TooManyFiles):
            attach(world, case_id, *(world.kept(f"{n}.png", files.png(n + 1)) for n in range(MAX_FILES + 1)))

    def test_refused_file_never_reaches_the_dossier(self, world: World) -> None:
        with pytest.raises(FileTypeUnknown):
            world.kept("a.pdf", b"MZ" + b"\0" * 100)

    def test_not_while_the_desk_has_the_dossier(self, world: World) -> None:
        case_id = world.draft()
        with world.as_(world.filer) as session:
            case_in(session, case_id).state = "submitted"
        with pytest.raises(PapersNotOpen):
            attach(world, case_id, world.kept())

    def test_an_officer_scans_for_the_counter_only(self, world: World) -> None:
        online, counter = world.draft(), world.draft()
        with world.as_(world.filer) as session:
            case = case_in(session, counter)
            case.channel, case.desk_id = "COUNTER", world.intake.party_ids[0]
        attach(world, counter, world.kept(), actor=world.intake)
        assert slot_of(world, counter).attachments[0].source == "SCAN"
        with pytest.raises(PapersNotOpen):
            attach(world, online, world.kept(), actor=world.intake)


class TestRemove:
    def test_row_stays_and_document_is_withdrawn(self, world: World) -> None:
        case_id = world.draft()
        (row_id,) = attach(world, case_id, world.kept())
        with world.as_(world.filer) as session:
            components.remove_attachment(
                session, case=case_in(session, case_id), definition=world.definition, code="FINANCE",
                attachment_id=row_id, actor=world.filer, now=LATER,
            )  # fmt: skip
        with world.as_(world.filer) as session:
            row = session.get(CaseComponent, row_id)
            assert row is not None
            document = session.get(Document, row.document_id)
            assert document is not None
            assert (row.state, document.state) == ("REMOVED", DocumentState.WITHDRAWN)
        assert slot_of(world, case_id).attachments == ()

    def test_rows_can_neither_be_deleted_nor_rewritten(self, world: World) -> None:
        case_id = world.draft()
        attach(world, case_id, world.kept())
        for statement in (
            "delete from workflow_component",
            "update workflow_component set file_name = 'x'",
            "update workflow_form set digest = digest",
        ):
            with pytest.raises(DBAPIError), world.as_(world.filer) as session:
                session.execute(text(statement))


class TestVault:
    def choose(self, world: World, case_id: UUID, document_id: UUID, actor: Actor | None = None) -> None:
        who = actor or world.filer
        with world.as_(who) as session:
            components.attach_from_vault(
                session, case=case_in(session, case_id), definition=world.definition, code="FINANCE",
                document_id=document_id, actor=who, now=LATER,
            )  # fmt: skip

    def given(self, world: World) -> tuple[UUID, UUID]:
        first = world.draft()
        attach(world, first, world.kept("kiểm toán.pdf"))
        return first, slot_of(world, first).attachments[0].document_id

    def test_use_is_counted_and_shown(self, world: World) -> None:
        first, document_id = self.given(world)
        second, third = world.draft(), world.draft()
        for case_id in (second, third):
            self.choose(world, case_id, document_id)
        assert [slot_of(world, each).attachments[0].reused for each in (first, second, third)] == [0, 1, 2]
        with world.as_(world.filer) as session:
            papers = vault_papers(session, party_ids=[world.party_id])
            (paper,) = [each for each in papers if each.id == document_id]
        assert {use.href for use in paper.uses} == {f"/dossiers/{each}" for each in (first, second, third)}
        assert paper.uses[0].place["en"] == "Financial statements"

    def test_choosing_twice_is_one_use(self, world: World) -> None:
        _, document_id = self.given(world)
        case_id = world.draft()
        self.choose(world, case_id, document_id)
        self.choose(world, case_id, document_id)
        assert len(slot_of(world, case_id).attachments) == 1

    def test_removing_a_reused_paper_leaves_it_in_the_vault(self, world: World) -> None:
        first, document_id = self.given(world)
        second = world.draft()
        self.choose(world, second, document_id)
        with world.as_(world.filer) as session:
            own = slot_of(world, first).attachments[0].id
            components.remove_attachment(
                session, case=case_in(session, first), definition=world.definition, code="FINANCE",
                attachment_id=own, actor=world.filer, now=LATER,
            )  # fmt: skip
        with world.as_(world.filer) as session:
            document = session.get(Document, document_id)
            assert document is not None
            assert document.state == DocumentState.CURRENT

    def test_another_firm_s_paper_is_not_there(self, world: World) -> None:
        _, document_id = self.given(world)
        foreign = world.draft(actor=world.other)
        with pytest.raises(NotFound):
            self.choose(world, foreign, document_id, actor=world.other)
        with world.as_(world.other) as session:
            assert (
                session.scalars(select(CaseComponent).where(CaseComponent.document_id == document_id)).all()
                == []
            )
            assert all(each.id != document_id for each in vault_papers(session, party_ids=[world.party_id]))

    def test_a_paper_that_must_be_new(self, world: World) -> None:
        case_id = world.draft()
        with pytest.raises(components.NotReusable), world.as_(world.filer) as session:
            components.attach_from_vault(
                session, case=case_in(session, case_id), definition=world.definition, code="OTHER",
                document_id=case_id, actor=world.filer, now=NOW,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\fakepath\\a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("ba\u0301o\u202egpj.pdf", "báogpj.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie: x.pdf"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_names_of_senders_are_made_harmless(given: str, shown: str) -> None:
    assert clean_name(given) == shown
