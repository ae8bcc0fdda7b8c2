"""Notices of customs: in their order, once, each with its effect; and nothing official without them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from app.core.db import DbRole, SessionContext
from app.core.kit.ids import uuid7
from app.customs.declarations import jobs
from app.customs.declarations.domain import lifecycle
from app.customs.declarations.domain.lifecycle import State, Step
from app.customs.declarations.models import Assessment, Declaration, Feed, Notice, Revision
from app.customs.declarations.service import asking, receiving
from app.customs.declarations.wire import Notice as WireNotice
from app.customs.declarations.wire import NoticeKind, Paper
from tests.customs.declarations.exchange import OFFICER, Exchange
from tests.customs.declarations.service.test_sending import cancel, show


def kinds(exchange: Exchange, key: UUID) -> list[str]:
    return [notice.kind for notice in exchange.notices(key)]


def pay(exchange: Exchange, key: UUID) -> None:
    tax = next(each for each in reversed(exchange.notices(key)) if each.kind == "TAX")
    with exchange.database.transaction(OFFICER) as session:
        asking.tell_payment(
            session, declaration=session.get_one(Declaration, key), reference=tax.body["payment_reference"],
            amount=Decimal(tax.body["total"]), paid_on=date(2026, 11, 20), transaction="FT1", actor=exchange.actor,
            now=exchange.now,
        )  # fmt: skip


def test_green_from_number_to_clearance(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    row = exchange.declaration(key)
    assert (row.state, row.channel) == ("PAYABLE", "GREEN")
    assert row.official_number is not None
    assert (len(row.official_number), row.registered_at) == (12, exchange.now)
    assert (row.released_at, row.cleared_at) == (None, None)
    exchange.wait(60)
    pay(exchange, key)
    exchange.go()
    row = exchange.declaration(key)
    assert (row.state, row.released_at, row.cleared_at) == ("CLEARED", exchange.now, exchange.now)
    assert {each.outcome for each in exchange.notices(key)} == {"APPLIED"}
    steps = [event["target"] for event in exchange.events("customs.declaration.moved")]
    assert steps == ["SENT", "REGISTERED", "PAYABLE", "RELEASED", "CLEARED"]


def test_red_goes_through_papers_and_goods(exchange: Exchange) -> None:
    exchange.customs.office.change({"channel": "RED", "ask": "Hàng mới?"})
    key = exchange.handed_in()
    exchange.go()
    assert exchange.declaration(key).state == "PAPERS"
    show(exchange, key, "INVOICE")
    exchange.go()
    question = exchange.notices(key)[-1]
    assert (question.kind, question.body["text"]) == ("QUESTION", "Hàng mới?")
    with exchange.database.transaction(exchange.tenant) as session:
        asking.answer_question(
            session, declaration_id=key, notice_id=question.id, text="Mới", papers=[Paper("CATALOGUE")],
            actor=exchange.actor, now=exchange.now,
        )  # fmt: skip
    exchange.go()
    assert kinds(exchange, key)[-4:] == ["PAPERS_CHECKED", "GOODS_CHECK", "GOODS_CHECKED", "TAX"]
    assert exchange.declaration(key).state == "PAYABLE"


def test_a_refusal_keeps_its_reasons_and_may_be_corrected(exchange: Exchange) -> None:
    key = exchange.handed_in(hs="77000000")
    exchange.go()
    assert exchange.declaration(key).state == "REFUSED"
    [fault] = exchange.notices(key)[-1].body["faults"]
    assert (fault["rule"], fault["field"], fault["line"]) == ("DH-01", "CMD", 1)
    assert fault["article"]
    assert fault["fix"]
    with exchange.database.transaction(exchange.tenant) as session:
        session.get_one(Declaration, key).state = lifecycle_to(State.REFUSED, Step.REWORK)
    corrected = exchange.revise(key, "CORRECTED", number=1)
    exchange.go()
    row = exchange.declaration(key)
    assert row.official_number is not None
    assert row.head == 1
    with exchange.database.session(OFFICER) as session:
        assert session.get_one(Revision, corrected).state == "ACCEPTED"


def lifecycle_to(state: State, step: Step) -> str:
    return lifecycle.take(state, step).to.value


@pytest.mark.parametrize("mood", [{"twice": True}, {"shuffle": True}, {"twice": True, "shuffle": True}])
def test_twice_and_in_the_wrong_order_is_the_same(exchange: Exchange, mood: dict[str, bool]) -> None:
    exchange.customs.office.change(mood)
    key = exchange.handed_in()
    exchange.go()
    exchange.read()
    assert kinds(exchange, key) == ["RECEIVED", "REGISTERED", "CHANNEL", "TAX"]
    assert exchange.declaration(key).state == "PAYABLE"
    assert len(exchange.events("customs.notice.applied")) == 4


def test_a_gap_is_asked_for(exchange: Exchange) -> None:
    exchange.customs.office.change({"withhold_next": 2})
    key = exchange.handed_in()
    exchange.go()
    assert kinds(exchange, key) == ["RECEIVED", "REGISTERED", "CHANNEL", "TAX"]
    assert exchange.declaration(key).state == "PAYABLE"


def test_one_that_comes_early_waits(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.send()
    all_of_them = exchange.gateway.notices("0").notices
    zone = exchange.platform.zone.tz
    with exchange.database.transaction(jobs.WORKER) as session:
        for notice in reversed(all_of_them[1:]):
            receiving.store(session, notice, now=exchange.now)
        assert receiving.apply(session, declaration_id=key, zone=zone, now=exchange.now) == 0
    assert exchange.declaration(key).official_number is None
    assert {each.applied_at for each in exchange.notices(key)} == {None}
    exchange.read()
    assert exchange.declaration(key).state == "PAYABLE"


def test_a_worker_that_died_between_keeping_and_applying_is_made_up_for(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.send()
    batch = exchange.gateway.notices("0")
    with exchange.database.transaction(jobs.WORKER) as session:
        for notice in batch.notices:
            receiving.store(session, notice, now=exchange.now)
        receiving.note_read(session, cursor=batch.cursor, now=exchange.now)
    exchange.read()
    assert exchange.declaration(key).state == "PAYABLE"


def test_what_the_table_does_not_allow_is_kept_and_moves_nothing(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    code, before = exchange.declaration(key).code, exchange.declaration(key)
    again = WireNotice("odd-1", 5, NoticeKind.REGISTERED, code, exchange.now, official_number="109999999990")
    with exchange.database.transaction(jobs.WORKER) as session:
        receiving.store(session, again, now=exchange.now)
        receiving.apply(session, declaration_id=key, zone=exchange.platform.zone.tz, now=exchange.now)
    assert exchange.notices(key)[-1].outcome == "IMPOSSIBLE"
    after = exchange.declaration(key)
    assert (after.state, after.official_number) == (before.state, before.official_number)


def test_the_authority_contradicting_itself_changes_nothing(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    row, known = exchange.declaration(key), exchange.notices(key)[1]
    other = WireNotice(
        known.gateway_id, 2, NoticeKind.REGISTERED, row.code, exchange.now, official_number="109999999990"
    )
    with exchange.database.transaction(jobs.WORKER) as session:
        receiving.store(session, other, now=exchange.now)
        receiving.store(session, replace(other, id="new-id"), now=exchange.now)
    exchange.read()
    assert exchange.declaration(key).official_number == row.official_number
    assert len(exchange.notices(key)) == 4


def test_a_notice_of_nobody_here_is_passed_over(exchange: Exchange) -> None:
    stray = WireNotice("stray", 1, NoticeKind.CLEARED, "TK-1999-000001-1", exchange.now)
    with exchange.database.transaction(jobs.WORKER) as session:
        assert receiving.store(session, stray, now=exchange.now) is None


def test_a_silent_gateway_is_noted_since_its_first_silence(exchange: Exchange) -> None:
    exchange.read()
    exchange.customs.office.change({"down": True})
    exchange.wait(60)
    exchange.read()
    first = exchange.now
    exchange.wait(60)
    exchange.read()
    with exchange.database.session(exchange.tenant) as session:
        feed = session.scalars(select(Feed)).one()
    assert (feed.failed_at, feed.error) == (first, "http-503")
    exchange.customs.office.change({"down": False})
    exchange.read()
    with exchange.database.session(exchange.tenant) as session:
        assert session.scalars(select(Feed)).one().failed_at is None


def test_official_taxes_are_compared_by_line_and_tax(exchange: Exchange) -> None:
    key = exchange.handed_in(ours=[("IMPORT_DUTY", "1270000"), ("VAT", "2000000"), ("EXCISE", "5")])
    exchange.go()
    with exchange.database.session(OFFICER) as session:
        official = session.scalars(
            select(Assessment).where(Assessment.party_id == exchange.party_id, Assessment.kind == "OFFICIAL")
        ).one()
    duty = 1000 * 25400 * 5 // 100
    assert official.total == duty + (25_400_000 + duty) // 10
    found = {(each.line, each.tax): (each.ours, each.official) for each in exchange.differences(key)}
    assert found == {(1, "VAT"): (2_000_000, 2_667_000), (1, "EXCISE"): (5, None)}
    assert {each.state for each in exchange.differences(key)} == {"OPEN"}


def test_without_a_pre_calculation_there_is_nothing_to_compare(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    assert exchange.differences(key) == []


def test_an_amendment_counts_up_and_is_taxed_anew(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    number = exchange.declaration(key).official_number
    exchange.wait(60)
    revision = exchange.revise(key, "AMENDMENT", number=1, unit_price=Decimal(200), value=Decimal(2000))
    exchange.go()
    row = exchange.declaration(key)
    assert (row.head, row.official_number) == (1, f"{number[:-1]}1" if number else "")
    assert kinds(exchange, key)[-3:] == ["RECEIVED", "AMENDED", "TAX"]
    with exchange.database.session(OFFICER) as session:
        assert session.get_one(Revision, revision).state == "ACCEPTED"
        newest = session.scalars(select(Assessment).where(Assessment.revision_id == revision)).one()
    assert newest.kind == "OFFICIAL"


def test_a_refused_amendment_leaves_what_counted(exchange: Exchange) -> None:
    exchange.customs.office.change({"refuse_amendments": True})
    key = exchange.handed_in()
    exchange.go()
    revision = exchange.revise(key, "AMENDMENT", number=1, value=Decimal(1000))
    exchange.go()
    row = exchange.declaration(key)
    assert (row.head, row.state) == (0, "PAYABLE")
    with exchange.database.session(OFFICER) as session:
        assert session.get_one(Revision, revision).state == "REFUSED"


def test_cancelled_by_the_authority(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    cancel(exchange, key)
    assert exchange.declaration(key).state == "PAYABLE", "asking cancels nothing"
    exchange.go()
    assert exchange.declaration(key).state == "CANCELLED"


def test_a_movement_without_duty_is_cleared_without_payment(exchange: Exchange) -> None:
    key = exchange.handed_in(type_code="C21")
    exchange.go()
    assert exchange.declaration(key).state == "CLEARED"
    assert exchange.notices(key)[3].body["total"] == "0"


def test_nobody_but_the_worker_writes_a_notice(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    changes = (
        (exchange.tenant, "denied"),
        (OFFICER, "denied"),
        (jobs.WORKER, "stays as it came"),
    )
    for context, said in changes:
        with pytest.raises(DBAPIError, match=said), exchange.database.transaction(context) as session:
            session.execute(update(Notice).where(Notice.declaration_id == key).values(kind="CLEARED"))


def test_another_firm_sees_nothing_of_it(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    with exchange.database.session(SessionContext(DbRole.TENANT, (uuid7(),))) as session:
        assert session.scalars(select(Notice).where(Notice.declaration_id == key)).all() == []


class TestClocks:
    """Statutory clocks, by the official instants of the notices."""

    def test_papers_are_checked_in_time(self, exchange: Exchange) -> None:
        exchange.customs.office.change({"channel": "YELLOW", "late_s": 600})
        key = exchange.handed_in()
        exchange.send()
        for _ in range(3):
            exchange.wait(600)
            exchange.read()
        show(exchange, key, "INVOICE")
        exchange.go()
        running = exchange.clocks(key)["PAPERS_CHECK"]
        assert (running.whose, running.met_at, running.law["article"]) == ("AUTHORITY", None, "23")
        assert running.due_at is not None
        assert running.due_at >= running.started_at + timedelta(hours=2)
        for _ in range(2):
            exchange.wait(600)
            exchange.read()
        met = exchange.clocks(key)["PAPERS_CHECK"]
        assert met.met_at == met.started_at + timedelta(seconds=1200)

    def test_a_declaration_is_valid_until_it_is_cleared(self, exchange: Exchange) -> None:
        key = exchange.handed_in()
        exchange.go()
        validity = exchange.clocks(key)["VALIDITY"]
        assert (validity.whose, validity.law["value"]) == ("FIRM", {"amount": "15", "unit": "day"})
        pay(exchange, key)
        exchange.go()
        clocks = exchange.clocks(key)
        assert clocks["VALIDITY"].met_at is not None
        assert clocks["FINAL_TAX"].met_at is not None

    def test_a_cancelled_declaration_has_no_running_clock(self, exchange: Exchange) -> None:
        key = exchange.handed_in()
        exchange.go()
        cancel(exchange, key)
        exchange.go()
        clocks = exchange.clocks(key)
        assert clocks["CANCEL_ANSWER"].met_at is not None
        assert clocks["VALIDITY"].cancelled_at is not None

    def test_the_time_since_arrival_is_counted(self, exchange: Exchange) -> None:
        arrived = (exchange.now - timedelta(days=10)).date().isoformat()
        key = exchange.handed_in(header={"IMC": "0100233488", "IP3": "USD", "ARR": arrived})
        exchange.go()
        clock = exchange.clocks(key)["DECLARE_IMPORT"]
        assert clock.met_at == exchange.declaration(key).registered_at
        assert clock.due_at is not None
        assert clock.due_at > clock.met_at  # type: ignore[operator]

    def test_an_overdue_clock_is_told_once(self, exchange: Exchange) -> None:
        key = exchange.handed_in()
        exchange.go()
        exchange.wait(20 * 86_400)
        jobs.tell_overdue(exchange.run(), exchange.platform.zone.tz)
        jobs.tell_overdue(exchange.run(), exchange.platform.zone.tz)
        told = exchange.events("customs.clock.ran_out")
        assert [(each["kind"], each["whose"]) for each in told] == [("VALIDITY", "FIRM")]
        assert exchange.clocks(key)["VALIDITY"].told_at == exchange.now
