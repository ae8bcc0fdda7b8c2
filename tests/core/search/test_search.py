"""The index finds what people type, and nobody finds what is another's."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.core.auth.models import Party, PartyKind
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import ANONYMOUS, Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.search import (
    SearchDocument,
    SearchProvider,
    ask,
    find,
    index,
    is_empty,
    refresh,
    reindex,
    searchable,
    suggest_spelling,
)
from app.core.search.documents import folded_text
from app.core.search.models import TenantDocument
from app.core.search.query import edits, slips
from tests.conftest import NOW

OFFICER = SessionContext(DbRole.OFFICER)


def provider(kind: str = "thing", *, shared: bool = False, documents: object = None) -> SearchProvider:
    return SearchProvider(
        kind, kind, "star", documents or (lambda s, k: ()), shared=shared, permission="thing.read"
    )


THINGS, RULES = provider(), provider("rule", shared=True)


def document(title: str, party: UUID | None, **values: object) -> SearchDocument:
    known = {"key": str(uuid7()), "url": "/x", "at": NOW}
    return SearchDocument(title=title, party_id=party, **{**known, **values})


def party(session: Session) -> UUID:
    row = Party(id=uuid7(), kind=PartyKind.ENTERPRISE, name="Thử", created_at=NOW)
    session.add(row)
    session.flush()
    return row.id


def titles(session: Session, typed: str, *providers: SearchProvider) -> list[str]:
    groups = find(session, ask(typed), providers or (THINGS,))
    return [item.title for group in groups for item in group.items]


class TestFinding:
    @pytest.fixture
    def session(self, officer_session: Session) -> Session:
        owner = party(officer_session)
        index(
            officer_session,
            THINGS,
            [
                document("Nhà máy Điện tử Đình Vũ", owner, code="HS-2026-000012-3"),
                document("Kho lạnh Cát Hải", owner, code="HS-2026-000013-1", detail="Công ty Sao Biển"),
                document("Dự án 100%_Ánh", owner, title_en="Shining Project", words=("990000001-6",)),
            ],
        )
        return officer_session

    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("dinh vu", "Nhà máy Điện tử Đình Vũ"),
            ("ĐIỆN TỬ", "Nhà máy Điện tử Đình Vũ"),
            ("die tu nha", "Nhà máy Điện tử Đình Vũ"),
            ("Ðình", "Nhà máy Điện tử Đình Vũ"),
            ("hs-2026-000012", "Nhà máy Điện tử Đình Vũ"),
            ("HS20260000123", "Nhà máy Điện tử Đình Vũ"),
            ("000013", "Kho lạnh Cát Hải"),
            ("sao bien", "Kho lạnh Cát Hải"),
            ("shining", "Dự án 100%_Ánh"),
            ("9900000016", "Dự án 100%_Ánh"),
            ("100%", "Dự án 100%_Ánh"),
        ],
    )
    def test_forgives_accents_case_order_and_punctuation(
        self, session: Session, typed: str, found: str
    ) -> None:
        assert titles(session, typed) == [found]

    @pytest.mark.parametrize("typed", ["", "   ", "%", "__", "inh vu", "dinh cat", "\u200b"])
    def test_finds_nothing_where_nothing_fits(self, session: Session, typed: str) -> None:
        assert titles(session, typed) == []

    def test_puts_the_very_code_and_name_first(self, session: Session) -> None:
        owner = party(session)
        later = NOW + timedelta(days=9)
        index(session, THINGS, [document("Kho lạnh Cát Hải mở rộng", owner, at=later)])
        assert titles(session, "kho lanh cat hai")[0] == "Kho lạnh Cát Hải"

    def test_says_when_it_did_not_look_to_the_end(self, session: Session) -> None:
        owner = party(session)
        index(session, THINGS, [document(f"Lô {n}", owner) for n in range(12)])
        (group,) = find(session, ask("lô"), [THINGS], most=10)
        assert (len(group.items), group.more) == (10, True)
        (group,) = find(session, ask("lô"), [THINGS], most=12)
        assert (len(group.items), group.more) == (12, False)

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("sao bein", "sao Biển"),
            ("dinhh vu", "Đình vu"),
            ("shinning", "Shining"),
            ("đien cat hia", "đien cat Hải"),
        ],
    )
    def test_mends_mistyped_words_only(self, session: Session, typed: str, meant: str) -> None:
        assert suggest_spelling(session, ask(typed), [THINGS]) == meant

    @pytest.mark.parametrize("typed", ["dinh vu", "xyzzyx", "", "zz"])
    def test_leaves_what_it_cannot_mend(self, session: Session, typed: str) -> None:
        assert suggest_spelling(session, ask(typed), [THINGS]) == ""


class TestTheIndex:
    def test_follows_what_is_there(self, officer_session: Session) -> None:
        owner, key = party(officer_session), str(uuid7())
        there = {key: "Cũ", str(uuid7()): "Khác"}

        def documents(_: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
            wanted = there.keys() if keys is None else there.keys() & set(keys)
            yield from (document(there[each], owner, key=each) for each in wanted)

        things = provider(documents=documents)
        assert is_empty(officer_session)
        assert reindex(officer_session, things) == 2
        assert not is_empty(officer_session)
        there[key] = "Mới"
        refresh(officer_session, things, {key})
        assert (titles(officer_session, "moi"), titles(officer_session, "cu")) == (["Mới"], [])
        del there[key]
        refresh(officer_session, things, {key})
        assert titles(officer_session, "moi") == []
        there.clear()
        assert reindex(officer_session, things) == 0
        assert titles(officer_session, "khac") == []

    @pytest.mark.parametrize("shared", [True, False])
    def test_refuses_a_document_of_the_other_part(self, officer_session: Session, shared: bool) -> None:
        owner = None if not shared else uuid7()
        with pytest.raises(ValueError, match="whose"):
            index(officer_session, provider(shared=shared), [document("x", owner)])


class TestTenancy:
    @pytest.fixture
    def theirs(self, database: Database) -> UUID:
        """Another's document and a shared one in a database of one's own."""
        with database.transaction(OFFICER) as session:
            owner = party(session)
            index(session, THINGS, [document("Bí mật Ngôi Sao", owner, code="HS-2026-000777-1")])
            index(session, RULES, [document("Quy định chung", None)])
        return owner

    @pytest.mark.parametrize("typed", ["bi mat", "ngoi sao", "HS-2026-000777-1", "b"])
    def test_a_tenant_finds_nothing_of_another(self, database: Database, theirs: UUID, typed: str) -> None:
        for parties in ((), (uuid7(),)):
            with database.session(SessionContext(DbRole.TENANT, parties)) as session:
                assert find(session, ask(typed), [THINGS, RULES]) == []
                assert suggest_spelling(session, ask(f"{typed}x"), [THINGS, RULES]) == ""
                assert suggest_spelling(session, ask("ngio sao"), [THINGS, RULES]) == ""
        with database.session(SessionContext(DbRole.TENANT, (theirs,))) as session:
            assert titles(session, typed) == ["Bí mật Ngôi Sao"]
            assert suggest_spelling(session, ask("ngio sao"), [THINGS, RULES]) == "Ngôi sao"

    def test_everybody_finds_what_is_shared(self, database: Database, theirs: UUID) -> None:
        with database.session(SessionContext(DbRole.TENANT)) as session:
            assert titles(session, "quy dinh", THINGS, RULES) == ["Quy định chung"]

    def test_a_tenant_writes_nothing(self, database: Database, theirs: UUID) -> None:
        with (
            database.session(SessionContext(DbRole.TENANT, (theirs,))) as session,
            pytest.raises(ProgrammingError, match="permission denied"),
        ):
            index(session, THINGS, [document("Của mình", theirs)])
        with database.session(OFFICER) as session:
            assert len(session.scalars(select(TenantDocument)).all()) == 1


def test_who_searches_what() -> None:
    def actor(kind: ActorKind, *permissions: str) -> Actor:
        return Actor(kind, uuid7(), "x", (Grant(uuid7(), frozenset(), frozenset(permissions)),))

    both = [THINGS, RULES]
    assert searchable(both, ANONYMOUS) == [RULES]
    assert searchable(both, actor(ActorKind.OFFICER)) == [RULES]
    assert searchable(both, actor(ActorKind.OFFICER, "thing.read")) == both
    assert searchable(both, actor(ActorKind.CUSTOMER)) == both
    assert searchable(both, Actor(ActorKind.CUSTOMER, uuid7(), "without a party")) == [RULES]


@given(st.text(max_size=60))
def test_a_question_never_breaks_and_folds_as_documents_do(typed: str) -> None:
    asked = ask(typed)
    held = folded_text(document(typed, None))
    assert all(f" {word}" in held for word in asked.words)


@pytest.mark.parametrize(
    ("left", "right", "count"),
    [("sao", "sao", 0), ("bein", "bien", 1), ("hosi", "hoshi", 1), ("ab", "xyz", 3)],
)
def test_edits_are_counted(left: str, right: str, count: int) -> None:
    assert edits(left, right) == edits(right, left) == count


def test_slips_are_the_words_one_finger_away() -> None:
    assert "bien" in slips("bein")
    assert "hoshi" in slips("hoshii")
    assert "bein" not in slips("bein")
