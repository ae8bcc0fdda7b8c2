"""Change sets that carry another room's content: the same hash, base, approvals, rejection and first load."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.actor import SYSTEM, Actor, ActorKind
from app.core.kit.ids import uuid7
from app.core.law import ChangeState, LawChangeSet, Origin
from app.core.law import contents as law_contents

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def officer(name: str) -> Actor:
    return Actor(ActorKind.OFFICER, user_id=uuid7(), name=name)


AN, BINH, CHI = officer("An"), officer("Bình"), officer("Chi")


@dataclass
class Shelf:
    """A room that keeps its items in memory; the kernel sees it only through the port."""

    kind: str = "test.shelf"
    items: dict[UUID, list[str]] = field(default_factory=dict)
    held: str = "nothing"
    taken: list[tuple[UUID, datetime]] = field(default_factory=list)

    def count(self, session: Session, change_set_id: UUID) -> int:
        return len(self.items.get(change_set_id, []))

    def digest(self, session: Session, change_set_id: UUID) -> str:
        return "|".join(self.items[change_set_id])

    def base(self, session: Session, change_set_id: UUID) -> str:
        return self.held

    def take_force(self, session: Session, change_set_id: UUID, *, taken: datetime) -> None:
        self.taken.append((change_set_id, taken))


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(law_contents, "_known", {made.kind: made})
    return made


def propose(session: Session, shelf: Shelf, *items: str, actor: Actor = AN, **options) -> LawChangeSet:
    key = uuid7()
    shelf.items[key] = list(items)
    given = {"origin": Origin.IMPORT, "title": "A shelf", **options}
    return law.propose_content(session, kind=shelf.kind, change_set_id=key, actor=actor, now=NOW, **given)


def approve(session: Session, made: LawChangeSet, actor: Actor, *, seen: str | None = None) -> LawChangeSet:
    return law.approve(
        session, change_set_id=made.id, actor=actor, content_hash=seen or made.content_hash, now=NOW
    )


def test_two_other_officers_bring_content_into_force_once(officer_session: Session, shelf: Shelf) -> None:
    made = propose(officer_session, shelf, "a", "b")
    assert (made.state, made.content_kind, made.content_count) == (ChangeState.PROPOSED, "test.shelf", 2)
    with pytest.raises(law.LawApprovalRefused):
        approve(officer_session, made, AN)
    approve(officer_session, made, BINH)
    with pytest.raises(law.LawApprovedAlready):
        approve(officer_session, made, BINH)
    assert shelf.taken == []
    approve(officer_session, made, CHI)
    assert shelf.taken == [(made.id, made.in_force_at)]
    with pytest.raises(law.LawChangeDecided):
        approve(officer_session, made, officer("Dung"))


def test_an_approval_binds_to_what_the_room_holds(officer_session: Session, shelf: Shelf) -> None:
    made = propose(officer_session, shelf, "a")
    shelf.items[made.id].append("smuggled in")
    with pytest.raises(law.LawContentMoved):
        approve(officer_session, made, BINH)


def test_two_kinds_with_the_same_digest_are_two_contents(
    officer_session: Session, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Shelf(kind="test.other")
    monkeypatch.setattr(law_contents, "_known", {shelf.kind: shelf, other.kind: other})
    assert (
        propose(officer_session, shelf, "a").content_hash != propose(officer_session, other, "a").content_hash
    )


def test_a_base_that_moved_stops_the_approval(officer_session: Session, shelf: Shelf) -> None:
    made = propose(officer_session, shelf, "a")
    approve(officer_session, made, BINH)
    shelf.held = "another schedule"
    with pytest.raises(law.LawBaseMoved):
        approve(officer_session, made, CHI)
    assert shelf.taken == []


def test_a_rejected_content_never_takes_force(officer_session: Session, shelf: Shelf) -> None:
    made = propose(officer_session, shelf, "a")
    law.reject(officer_session, change_set_id=made.id, actor=BINH, reason="Sai chương", now=NOW)
    with pytest.raises(law.LawChangeDecided):
        approve(officer_session, made, CHI)
    assert shelf.taken == []


def test_each_kind_has_one_first_load_and_only_the_platform_makes_it(
    officer_session: Session, shelf: Shelf
) -> None:
    assert not propose(officer_session, shelf, "a").first_load
    first = propose(officer_session, shelf, "a", actor=SYSTEM, origin=Origin.YAML)
    assert (first.first_load, first.state) == (True, ChangeState.IN_FORCE)
    assert shelf.taken == [(first.id, first.in_force_at)]
    second = propose(officer_session, shelf, "b", actor=SYSTEM, origin=Origin.YAML)
    assert (second.first_load, second.state) == (False, ChangeState.PROPOSED)


def test_a_release_of_values_leaves_waiting_content_alone(officer_session: Session, shelf: Shelf) -> None:
    waiting = propose(officer_session, shelf, "a", actor=SYSTEM, origin=Origin.YAML)
    again = propose(officer_session, shelf, "b", actor=SYSTEM, origin=Origin.YAML)
    assert waiting.state == ChangeState.IN_FORCE
    made = law.propose(officer_session, proposal=law.Proposal(files=()), actor=SYSTEM, now=NOW)
    assert made is None
    assert again.state == ChangeState.PROPOSED


def test_content_of_an_unknown_kind_is_refused(officer_session: Session, shelf: Shelf) -> None:
    made = propose(officer_session, shelf, "a")
    law.install(())
    with pytest.raises(law.ContentUnknown):
        approve(officer_session, made, BINH)
    with pytest.raises(law.ContentUnknown):
        propose(officer_session, shelf, "a")


def test_an_empty_content_is_no_change(officer_session: Session, shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="changes something"):
        propose(officer_session, shelf)


@pytest.mark.parametrize(
    "statement",
    [
        "update law_change_set set content_kind = 'test.other' where id = :id",
        "update law_change_set set content_count = 3 where id = :id",
        "update law_change_set set state = 'IN_FORCE', in_force_at = now() where id = :id",
    ],
)
def test_the_database_itself_refuses(officer_session: Session, shelf: Shelf, statement: str) -> None:
    made = propose(officer_session, shelf, "a")
    with pytest.raises(DBAPIError), officer_session.begin_nested():
        officer_session.execute(text(statement), {"id": made.id})
