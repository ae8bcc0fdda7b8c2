"""The law in the database: first load, proposals, two officers, two clocks, and what the database itself refuses."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.actor import SYSTEM, Actor, ActorKind
from app.core.kit.ids import uuid7
from app.core.kit.ranges import Period
from app.core.law import ChangeState, LawChangeSet, LawValue, Origin, Status, law_value, set_value

APP = Path(__file__).parents[3] / "app"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)


def officer(name: str) -> Actor:
    return Actor(ActorKind.OFFICER, user_id=uuid7(), name=name)


AN, BINH, CHI = officer("An"), officer("Bình"), officer("Chi")

FILE = """
instruments:
  decree-1:
    {kind: DECREE, number: 1/2026/NĐ-CP, title: {vi: Nghị định, en: Decree}, status: CITED}
test.limit:
  description: {vi: Thời hạn thử, en: Test limit}
  unit: duration
  values:
    - from: 2026-01-01
      value: {amount: "15", unit: day}
      source: {instrument: decree-1}
      status: CITED
test.count:
  description: {vi: Số lần, en: Count}
  unit: count
  values:
    - {from: 2026-01-01, value: "1", source: {instrument: decree-1}, status: CITED}
"""
CHANGED = FILE.replace(
    "source: {instrument: decree-1}\n      status: CITED\ntest.count",
    "source: {instrument: decree-1}\n      status: CITED\n    - from: 2026-06-01\n"
    '      value: {amount: "10", unit: working_day}\n      source: {instrument: decree-1, article: "39"}\n'
    "      status: CITED\ntest.count",
)


@pytest.fixture
def load(officer_session: Session, tmp_path: Path):
    def loading(content: str = FILE, *, now: datetime = NOW, actor: Actor = SYSTEM) -> LawChangeSet | None:
        path = tmp_path / "test.yaml"
        path.write_text(content, encoding="utf-8")
        return law.propose(officer_session, proposal=law.load_yaml([path]), actor=actor, now=now)

    return loading


def approve(session: Session, made: LawChangeSet, *actors: Actor, now: datetime = NOW) -> None:
    for actor in actors:
        law.approve(session, change_set_id=made.id, actor=actor, content_hash=made.content_hash, now=now)


def single(key: str, value: str, start: date, end: date | None = None) -> LawValue:
    return law_value(
        key=key,
        value=value,
        unit="count",
        valid=Period(start, end),
        status=Status.CITED,
        instrument="decree-1",
    )


def propose_one(session: Session, value: LawValue, *, actor: Actor = AN, now: datetime = NOW) -> LawChangeSet:
    return law.propose_items(
        session, items=[set_value(value)], origin=Origin.SCREEN, title="Screen", actor=actor, now=now
    )


def count(session: Session, key: str, day: date = TODAY, *, known_at: datetime | None = None) -> str | None:
    found = law.at(session, day, known_at=known_at).find(key)
    return found.text() if found else None


def test_the_first_load_takes_force_at_once_with_each_status(officer_session: Session) -> None:
    proposal = law.load_yaml(law.law_files(APP))
    made = law.propose(officer_session, proposal=proposal, actor=SYSTEM, now=NOW)
    assert made is not None
    assert (made.state, made.first_load) == (ChangeState.IN_FORCE, True)
    book = law.at(officer_session, date(2026, 4, 1))
    assert book.get("investment.irc.limit").status is Status.CITED
    assert book.get("onestop.reception.limit").status is Status.ASSUMED
    holidays = law.between(officer_session, "calendar.", date(2026, 2, 1), date(2026, 3, 1))
    assert {value.key for value in holidays} == {
        "calendar.complete", "calendar.day", "calendar.week", "calendar.working_hours",
    }  # fmt: skip
    assert law.propose(officer_session, proposal=proposal, actor=SYSTEM, now=NOW) is None
    assert law.diff(officer_session, proposal) == []


def test_a_later_load_waits_for_two_officers_and_then_cuts_the_older_value(
    officer_session: Session, load
) -> None:
    load()
    made = load(CHANGED)
    assert made.state == ChangeState.PROPOSED
    assert law.at(officer_session, TODAY).days("test.limit") == 15
    approve(officer_session, made, AN)
    assert law.at(officer_session, TODAY).days("test.limit") == 15
    approve(officer_session, made, BINH)
    assert made.state == ChangeState.IN_FORCE
    assert law.at(officer_session, TODAY).limit("test.limit").amount == 10
    assert law.at(officer_session, date(2026, 5, 31)).days("test.limit") == 15
    series = law.between(officer_session, "test.limit", date(2026, 1, 1), date(2027, 1, 1))
    assert [value.valid for value in series] == [
        Period(date(2026, 1, 1), date(2026, 6, 1)),
        Period(date(2026, 6, 1)),
    ]


def test_the_same_files_again_change_nothing_also_while_they_wait_or_after_a_rejection(
    officer_session: Session, load
) -> None:
    load()
    made = load(CHANGED)
    assert load(CHANGED) is None
    assert [waiting.id for waiting in law.open_change_sets(officer_session)] == [made.id]
    law.reject(officer_session, change_set_id=made.id, actor=AN, reason="Not read yet", now=NOW)
    assert load(CHANGED) is None
    assert law.open_change_sets(officer_session) == []


def test_a_newer_load_replaces_the_one_that_waits(officer_session: Session, load) -> None:
    load()
    old = load(CHANGED)
    new = load(CHANGED.replace('amount: "10"', 'amount: "9"'), now=NOW + timedelta(hours=1))
    assert (old.state, old.superseded) == (ChangeState.REJECTED, True)
    assert [waiting.id for waiting in law.open_change_sets(officer_session)] == [new.id]
    again = load(CHANGED, now=NOW + timedelta(hours=2))
    assert again is not None
    assert again.content_hash == old.content_hash


def test_a_release_leaves_alone_what_an_installation_entered_for_itself(
    officer_session: Session, load
) -> None:
    load()
    approve(
        officer_session, propose_one(officer_session, single("test.count", "3", date(2026, 3, 1))), BINH, CHI
    )
    assert load(FILE) is None
    made = load(CHANGED)
    assert {item.key for item in law.items_of(officer_session, made.id)} == {"test.limit"}
    assert count(officer_session, "test.count") == "3"


def test_a_verified_value_is_not_touched_by_a_load_that_cites_the_same(
    officer_session: Session, load
) -> None:
    load()
    (value,) = law.between(officer_session, "test.limit", TODAY, TODAY + timedelta(days=1))
    made = law.propose_items(
        officer_session,
        items=law.verification([value]),
        origin=Origin.SCREEN,
        title="Read",
        actor=AN,
        now=NOW,
    )
    approve(officer_session, made, BINH, CHI)
    verified = law.at(officer_session, TODAY).get("test.limit")
    assert verified.status is Status.VERIFIED
    assert verified.content_hash == value.content_hash
    assumed = FILE.replace(
        "status: CITED\ntest.count", "status: ASSUMED\n      note: {vi: a, en: b}\ntest.count"
    )
    assert load(assumed) is None


def test_approval_needs_two_different_officers_other_than_the_proposer(
    officer_session: Session, load
) -> None:
    load()
    made = propose_one(officer_session, single("test.count", "2", date(2026, 7, 1)))
    for refused in (AN, SYSTEM, Actor(ActorKind.CUSTOMER, user_id=uuid7())):
        with pytest.raises(law.LawApprovalRefused):
            approve(officer_session, made, refused)
    approve(officer_session, made, BINH)
    with pytest.raises(law.LawApprovedAlready):
        approve(officer_session, made, BINH)
    assert made.state == ChangeState.PROPOSED
    approve(officer_session, made, CHI)
    with pytest.raises(law.LawChangeDecided):
        approve(officer_session, made, officer("Dũng"))
    with pytest.raises(law.LawChangeUnknown):
        law.approve(officer_session, change_set_id=uuid7(), actor=AN, content_hash="", now=NOW)


def test_an_approval_is_bound_to_the_content_that_was_shown(officer_session: Session, load) -> None:
    load()
    made = propose_one(officer_session, single("test.count", "2", date(2026, 7, 1)))
    with pytest.raises(law.LawContentMoved):
        law.approve(officer_session, change_set_id=made.id, actor=BINH, content_hash="0" * 64, now=NOW)


def test_a_change_made_on_values_that_have_moved_is_not_approved(officer_session: Session, load) -> None:
    load()
    first = propose_one(officer_session, single("test.count", "2", date(2026, 7, 1)))
    second = propose_one(officer_session, single("test.count", "4", date(2026, 8, 1)))
    approve(officer_session, first, BINH, CHI)
    with pytest.raises(law.LawBaseMoved):
        approve(officer_session, second, BINH)
    law.reject(officer_session, change_set_id=second.id, actor=AN, reason="Again", now=NOW)
    approve(
        officer_session, propose_one(officer_session, single("test.count", "4", date(2026, 8, 1))), BINH, CHI
    )
    assert [count(officer_session, "test.count", date(2026, month, 5)) for month in (6, 7, 8)] == [
        "1",
        "2",
        "4",
    ]


def test_a_rejection_says_why_and_is_final(officer_session: Session, load) -> None:
    load()
    made = propose_one(officer_session, single("test.count", "2", date(2026, 7, 1)))
    with pytest.raises(ValueError, match="why"):
        law.reject(officer_session, change_set_id=made.id, actor=BINH, reason=" ", now=NOW)
    with pytest.raises(law.LawApprovalRefused):
        law.reject(officer_session, change_set_id=made.id, actor=SYSTEM, reason="No", now=NOW)
    law.reject(officer_session, change_set_id=made.id, actor=BINH, reason="No", now=NOW)
    with pytest.raises(law.LawChangeDecided):
        approve(officer_session, made, CHI)


def test_what_was_known_earlier_can_be_asked_for_ever(officer_session: Session, load) -> None:
    load()
    later = NOW + timedelta(days=10)
    made = propose_one(officer_session, single("test.count", "2", date(2026, 3, 1), date(2026, 4, 1)))
    approve(officer_session, made, BINH, CHI, now=later)
    in_march = date(2026, 3, 15)
    assert count(officer_session, "test.count", in_march) == "2"
    assert count(officer_session, "test.count", in_march, known_at=later - timedelta(seconds=1)) == "1"
    assert count(officer_session, "test.count", in_march, known_at=later) == "2"
    assert count(officer_session, "test.count", in_march, known_at=NOW - timedelta(days=1)) is None
    assert count(officer_session, "test.count", date(2026, 5, 1)) == "1"


def test_changes_within_one_instant_and_clocks_that_run_behind_keep_their_order(
    officer_session: Session, load
) -> None:
    load()
    for step in ("2", "3", "4"):
        behind = NOW - timedelta(minutes=int(step))
        made = propose_one(officer_session, single("test.count", step, date(2026, 1, 1)), now=behind)
        approve(officer_session, made, BINH, CHI, now=behind)
    assert count(officer_session, "test.count") == "4"


def test_a_key_can_lose_its_value_and_the_reader_is_told(officer_session: Session, load) -> None:
    load()
    item = law.end_value("test.count", Period(date(2026, 9, 1)))
    made = law.propose_items(
        officer_session, items=[item], origin=Origin.SCREEN, title="Repealed", actor=AN, now=NOW
    )
    approve(officer_session, made, BINH, CHI)
    assert count(officer_session, "test.count", date(2026, 8, 31)) == "1"
    with pytest.raises(law.LawValueMissing):
        law.at(officer_session, TODAY).get("test.count")


def test_differences_read_in_both_languages(officer_session: Session, load, tmp_path: Path) -> None:
    load()
    made = load(CHANGED)
    (change,) = law.describe(officer_session, made.id)
    assert change.text["vi"] == (
        "Thời hạn thử (test.limit), từ 01/06/2026: 15 ngày (1/2026/NĐ-CP; đã dẫn nguồn)"
        " → 10 ngày làm việc (1/2026/NĐ-CP, Điều 39; đã dẫn nguồn)"
    )
    assert change.text["en"] == (
        "Test limit (test.limit), from 2026-06-01: 15 days (1/2026/NĐ-CP; cited)"
        " → 10 working days (1/2026/NĐ-CP, Art. 39; cited)"
    )


def test_faulty_files_are_refused_as_a_whole(officer_session: Session, load) -> None:
    with pytest.raises(law.LawProposalInvalid) as caught:
        load(FILE.replace('"1"', "1"))
    assert [error.code for error in caught.value.errors] == ["law.value"]
    assert law.at(officer_session, TODAY).find("test.limit") is None


def test_an_instrument_that_a_release_corrects_waits_as_well(officer_session: Session, load) -> None:
    load()
    made = load(FILE.replace("en: Decree}", "en: Decree on tests}"))
    assert law.items_of(officer_session, made.id) == ()
    assert law.instruments(officer_session)["decree-1"].title["en"] == "Decree"
    approve(officer_session, made, AN, BINH)
    officer_session.expire_all()
    assert law.instruments(officer_session)["decree-1"].title["en"] == "Decree on tests"


def test_the_book_costs_one_query_and_none_when_it_was_asked_before(officer_session: Session, load) -> None:
    load()
    seen: list[str] = []
    connection = officer_session.connection()
    event.listen(connection, "before_cursor_execute", lambda *found: seen.append(found[2]))
    never_asked_elsewhere = date(2091, 7, 7)
    for _ in range(2):
        assert law.at(officer_session, never_asked_elsewhere).days("test.limit") == 15
        assert len(seen) == 1


def test_what_was_rolled_back_is_never_served_from_memory(officer_session: Session, load) -> None:
    load()
    with officer_session.begin_nested() as attempt:
        made = propose_one(officer_session, single("test.count", "2", date(2026, 1, 1)))
        approve(officer_session, made, BINH, CHI)
        assert count(officer_session, "test.count") == "2"
        attempt.rollback()
    assert count(officer_session, "test.count") == "1"


@pytest.mark.parametrize(
    "statement",
    [
        "delete from law_value",
        "update law_value set value = '\"9\"'",
        "update law_value set recorded = tstzrange(lower(recorded) - interval '1 day', now())",
        "update law_value set recorded = 'empty'",
        "update law_change_set set title = 'x'",
        "update law_change_set set state = 'PROPOSED'",
        "delete from law_change_set",
        "delete from law_approval",
        "insert into law_value select gen_random_uuid(), key, daterange('2040-01-01', null), tstzrange(now(), null),"
        " value, unit, instrument_id, article, status, note, content_hash, gen_random_uuid() from law_value",
        "insert into law_value select gen_random_uuid(), key, valid, recorded, value, unit, instrument_id, article,"
        " status, note, content_hash, change_set_id from law_value",
        "insert into law_value select gen_random_uuid(), 'test.limit', daterange('2020-01-01', '2021-01-01'), recorded,"
        " value, unit, instrument_id, article, status, note, content_hash, change_set_id from law_value",
        "insert into law_change_item select change_set_id, 99, action, key, daterange('2020-01-01', '2021-01-01'),"
        " value, unit, instrument_id, article, status, note from law_change_item",
        "insert into law_change_set select gen_random_uuid(), origin, title, state, proposed_by, proposed_by_name,"
        " proposed_at, content_hash, base_hash, source, instruments, first_load, now(), decided_at, decided_by,"
        " reason, superseded from law_change_set",
    ],
)
def test_the_database_itself_keeps_the_record(officer_session: Session, load, statement: str) -> None:
    load()
    with pytest.raises(DBAPIError), officer_session.begin_nested():
        officer_session.execute(text(statement))


def test_a_program_past_this_module_cannot_put_a_change_in_force(officer_session: Session, load) -> None:
    load()
    made = propose_one(officer_session, single("test.count", "2", date(2026, 7, 1)))
    force = text("update law_change_set set state = 'IN_FORCE', in_force_at = now() where id = :id")
    vote = text("insert into law_approval values (:id, :officer, 'x', now(), :hash, null)")
    for voter, content in ((BINH, made.content_hash), (AN, made.content_hash), (CHI, "0" * 64)):
        voted = {"id": made.id, "officer": voter.user_id, "hash": content}
        officer_session.execute(vote, voted)
        with pytest.raises(DBAPIError, match="two officers"), officer_session.begin_nested():
            officer_session.execute(force, {"id": made.id})


def test_items_cannot_be_slipped_under_an_approval(officer_session: Session, load) -> None:
    load()
    made = propose_one(officer_session, single("test.count", "2", date(2026, 7, 1)))
    slip = text(
        "insert into law_change_item select change_set_id, 9, action, key, valid, value, unit, instrument_id, article,"
        " status, note from law_change_item where change_set_id = :id"
    )
    with officer_session.begin_nested() as before:
        officer_session.execute(slip, {"id": made.id})
        with pytest.raises(law.LawContentMoved):
            approve(officer_session, made, BINH)
        before.rollback()
    approve(officer_session, made, BINH)
    with pytest.raises(DBAPIError, match="approved"), officer_session.begin_nested():
        officer_session.execute(slip, {"id": made.id})


def test_a_tenant_reads_the_law_and_writes_nothing(tenant_session: Session) -> None:
    assert law.at(tenant_session, TODAY).find("test.limit") is None
    assert law.between(tenant_session, "calendar.", TODAY, TODAY + timedelta(days=9)) == ()
    for statement in (
        "insert into law_key values ('a.b', '{}')",
        "update law_value set recorded = recorded",
        "update law_change_set set state = 'REJECTED'",
        "insert into law_approval values (gen_random_uuid(), gen_random_uuid(), 'x', now(), 'x', null)",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), tenant_session.begin_nested():
            tenant_session.execute(text(statement))
