"""Amendment and cancellation whole, with the simulated authority at the other end; the question as it really comes."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.kit.ids import uuid7
from app.core.outbox import HandlerRegistry
from app.core.payments import SlipState
from app.customs.declarations import jobs
from app.customs.declarations.models import Dispatch, Question, Revision
from app.customs.declarations.service import billing, desk_notices
from app.customs.declarations.service import questions as asked_and_answered
from app.customs.declarations.wire import read_response, write_response
from tests.customs.declarations.exchange import OFFICER, Exchange
from tests.customs.declarations.service.test_billing import TAX, bill, settle, slips
from tests.customs.declarations.service.test_receiving import pay
from tests.customs.declarations.service.test_sending import cancel, show


def paid_and_cleared(exchange: Exchange) -> UUID:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    settle(exchange, key)
    pay(exchange, key)
    exchange.go()
    assert exchange.declaration(key).state == "CLEARED"
    return key


def test_after_clearance_more_tax_is_a_slip_of_the_rest(exchange: Exchange) -> None:
    key = paid_and_cleared(exchange)
    number, cleared_at = exchange.declaration(key).official_number, exchange.declaration(key).cleared_at
    exchange.wait(86_400)
    revision = exchange.revise(key, "AMENDMENT", number=1, unit_price=Decimal(200), value=Decimal(2000))
    exchange.go()
    bill(exchange, key)
    row = exchange.declaration(key)
    assert number is not None
    assert (row.state, row.cleared_at, row.head) == ("CLEARED", cleared_at, 1)
    assert row.official_number == f"{number[:-1]}1"
    paid, further = slips(exchange, key)
    assert (paid.state, further.state, further.total) == (SlipState.PAID, SlipState.OPEN, TAX)
    with exchange.database.session(OFFICER) as session:
        assert session.get_one(Revision, revision).state == "ACCEPTED"
    clock = exchange.clocks(key)["AMENDMENT_ANSWER"]
    assert (clock.law["article"], clock.met_at) == ("20.3", exchange.now)


def test_after_clearance_less_tax_demands_nothing_and_keeps_what_was_paid(exchange: Exchange) -> None:
    key = paid_and_cleared(exchange)
    exchange.wait(86_400)
    exchange.revise(key, "AMENDMENT", number=1, unit_price=Decimal(50), value=Decimal(500))
    exchange.go()
    bill(exchange, key)
    [paid] = slips(exchange, key)
    assert (paid.state, paid.total, paid.excess) == (SlipState.PAID, TAX, TAX / 2), (
        "asked back, not sent back"
    )
    assert Decimal(exchange.notices(key)[-1].body["total"]) == TAX / 2


def test_long_after_clearance_the_answer_may_take_longer(exchange: Exchange) -> None:
    key = paid_and_cleared(exchange)
    exchange.wait(61 * 86_400)
    exchange.revise(key, "AMENDMENT", number=1, unit_price=Decimal(200), value=Decimal(2000))
    exchange.go()
    assert exchange.clocks(key)["AMENDMENT_ANSWER_LONG"].law["article"] == "20.3"


def test_what_may_not_be_amended_is_refused_by_the_authority_with_its_article(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    header = {"CH": "03CC", "MTC": "1", "IMC": "0100233488", "IP2": "CIF", "IP3": "USD", "IP4": "1000"}
    revision = exchange.revise(key, "AMENDMENT", number=1, header=header)
    exchange.go()
    refused = exchange.notices(key)[-1]
    assert refused.kind == "AMENDMENT_REFUSED"
    assert [(each["field"], bool(each["article"]), bool(each["fix"])) for each in refused.body["faults"]] == [
        ("MTC", True, True)
    ]
    assert exchange.declaration(key).head == 0
    with exchange.database.session(OFFICER) as session:
        assert session.get_one(Revision, revision).state == "REFUSED"
    later = exchange.revise(key, "AMENDMENT", number=2, unit_price=Decimal(200), value=Decimal(2000))
    exchange.go()
    with exchange.database.session(OFFICER) as session:
        assert session.get_one(Revision, later).state == "ACCEPTED", "a refusal bars no better amendment"


def test_a_payment_that_crosses_a_cancellation_is_kept_and_told(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    cancel(exchange, key)
    slip_id = settle(exchange, key)  # the bank was faster than the authority's answer
    exchange.go()
    with exchange.database.transaction(OFFICER) as session:
        billing.withdraw_bills(session, declaration_id=key, now=exchange.now)
        zone = exchange.platform.zone.tz
        billing.tell_of_payment(session, slip_id=slip_id, transaction="FT9", zone=zone, now=exchange.now)
    exchange.go()
    assert exchange.declaration(key).state == "CANCELLED"
    assert [slip.state for slip in slips(exchange, key)] == [SlipState.PAID], "what was paid stays paid"
    told = exchange.dispatches(key)[-1]
    assert (told.kind, told.state) == ("PAYMENT", "ACKNOWLEDGED"), "customs heard of the money"


def test_cancellation_refused_leaves_everything(exchange: Exchange) -> None:
    exchange.customs.office.change({"refuse_cancels": True})
    key = exchange.handed_in()
    exchange.go()
    cancel(exchange, key)
    exchange.go()
    assert exchange.notices(key)[-1].kind == "CANCEL_REFUSED"
    assert exchange.declaration(key).state == "PAYABLE"
    assert exchange.clocks(key)["CANCEL_ANSWER"].met_at == exchange.now


@pytest.fixture
def take(exchange: Exchange) -> Any:
    registry = HandlerRegistry()
    desk_notices.register(registry)
    return next(each for each in registry if each.name == "customs.take_question")


def test_a_question_from_the_authoritys_own_words_to_its_end(exchange: Exchange, take: Any) -> None:
    exchange.customs.office.change({"channel": "YELLOW", "ask": "Hàng <mới> & nguyên đai?"})
    key = exchange.handed_in()
    exchange.go()
    show(exchange, key, "INVOICE")
    exchange.go()
    notice = exchange.notices(key)[-1]
    raw = exchange.gateway.notices_of(exchange.declaration(key).code, notice.sequence - 1).notices[0]
    assert read_response(write_response(raw)).text == "Hàng <mới> & nguyên đai?"
    event = take.event_class(notice.id, key, exchange.declaration(key).code, "QUESTION", "APPLIED")
    for _ in range(2):
        with exchange.database.transaction(jobs.WORKER) as session:
            take.function(session, event, actor=exchange.actor, now=exchange.now)
    with exchange.database.session(OFFICER) as session:
        [question] = session.scalars(select(Question).where(Question.declaration_id == key)).all()
    assert (question.side, question.text, question.state) == ("AUTHORITY", "Hàng <mới> & nguyên đai?", "FIRM")
    with exchange.database.transaction(exchange.tenant) as session:
        asked_and_answered.answer(
            session,
            question_id=question.id,
            text="Mới 100 %",
            actor=replace(exchange.actor, user_id=uuid7()),
            now=exchange.now,
        )
    with exchange.database.session(OFFICER) as session:
        answer = session.scalars(
            select(Dispatch).where(Dispatch.declaration_id == key, Dispatch.kind == "ANSWER")
        )
        assert answer.one().content["answers"] == notice.gateway_id
    exchange.go()
    assert [each.kind for each in exchange.notices(key)][-3:] == ["RECEIVED", "PAPERS_CHECKED", "TAX"]
    assert exchange.dispatches(key)[-1].state == "ACKNOWLEDGED"
