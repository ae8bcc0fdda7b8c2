"""From the tax notice to a slip, from the paid slip to customs, and what people are told on the way."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.notifications.models import Notification
from app.core.outbox import HandlerRegistry
from app.core.payments import SlipState, SlipView, slips_of
from app.core.payments.intake import take_booking
from app.customs.declarations import handlers, jobs
from app.customs.declarations.models import Declaration, Notice
from app.customs.declarations.service import billing
from tests.conftest import NOW
from tests.core.payments.test_intake import booking
from tests.customs.declarations.exchange import OFFICER, Exchange
from tests.customs.declarations.firms import Firms
from tests.customs.declarations.service.test_sending import cancel

DUTY = Decimal(1000 * 25400 * 5 // 100)
TAX = DUTY + (25_400_000 + DUTY) // 10


def bill(exchange: Exchange, key: UUID) -> None:
    """Bill all tax notices of a declaration, in the worst order."""
    with exchange.database.session(OFFICER) as session:
        found = session.scalars(
            select(Notice.id)
            .where(Notice.declaration_id == key, Notice.kind == "TAX")
            .order_by(Notice.sequence.desc())
        ).all()
    for notice_id in found:
        with exchange.database.transaction(OFFICER) as session:
            billing.bill(session, notice_id=notice_id, zone=exchange.platform.zone.tz, now=exchange.now)


def slips(exchange: Exchange, key: UUID) -> list[SlipView]:
    with exchange.database.session(exchange.tenant) as session:
        return slips_of(session, subject_kind="declaration", subject_id=key)


def test_a_tax_notice_is_a_slip_with_a_line_for_each_tax(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    bill(exchange, key)
    [slip] = slips(exchange, key)
    notice = exchange.notices(key)[-1]
    assert (slip.total, slip.state, slip.notice) == (TAX, SlipState.OPEN, notice.body["payment_reference"])
    assert slip.due_on is not None
    assert slip.due_on.isoformat() == notice.body["due_on"]
    assert [(line.purpose, line.amount) for line in slip.lines] == [
        ("IMPORT_DUTY", DUTY),
        ("VAT", TAX - DUTY),
    ]


def test_nothing_owed_is_no_slip(exchange: Exchange) -> None:
    key = exchange.handed_in(type_code="C21")
    exchange.go()
    bill(exchange, key)
    assert slips(exchange, key) == []


def test_a_later_notice_replaces_the_slip_that_waits(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    exchange.wait(60)
    exchange.revise(key, "AMENDMENT", number=1, unit_price=Decimal(200), value=Decimal(2000))
    exchange.go()
    bill(exchange, key)
    first, second = slips(exchange, key)
    assert (first.state, second.state) == (SlipState.CANCELLED, SlipState.OPEN)
    assert second.total == 2 * TAX


def test_what_was_paid_counts_when_more_is_demanded(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    settle(exchange, key)
    exchange.wait(60)
    exchange.revise(key, "AMENDMENT", number=1, unit_price=Decimal(200), value=Decimal(2000))
    exchange.go()
    bill(exchange, key)
    paid, further = slips(exchange, key)
    assert (paid.state, further.state) == (SlipState.PAID, SlipState.OPEN)
    assert [(line.purpose, line.amount) for line in further.lines] == [("FURTHER", TAX)]


def test_a_lower_tax_after_payment_is_a_claim_and_no_movement_of_money(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    settle(exchange, key)
    exchange.wait(60)
    exchange.revise(key, "AMENDMENT", number=1, unit_price=Decimal(50), value=Decimal(500))
    exchange.go()
    for _ in range(2):
        bill(exchange, key)
    [slip] = slips(exchange, key)
    assert (slip.state, slip.total, slip.excess, slip.refunded) == (SlipState.PAID, TAX, TAX / 2, 0)
    notice = exchange.notices(key)[-1]
    assert all(notice.body["payment_reference"] in text for text in slip.release_reason.values())
    assert [each["excess"] for each in exchange.events("payments.slip.exceeded")] == [f"{TAX / 2:.4f}"]
    exchange.wait(60)
    exchange.revise(key, "AMENDMENT", number=2, unit_price=Decimal(200), value=Decimal(2000))
    exchange.go()
    bill(exchange, key)
    first, further = slips(exchange, key)
    assert (first.excess, further.total) == (TAX / 2, 2 * TAX - TAX / 2), "a surplus is set against nothing"


def test_what_was_paid_for_a_cancelled_declaration_is_the_firm_s(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    settle(exchange, key)
    with exchange.database.transaction(OFFICER) as session:
        billing.withdraw_bills(session, declaration_id=key, now=exchange.now)
    [slip] = slips(exchange, key)
    assert (slip.state, slip.excess) == (SlipState.PAID, TAX)


def settle(exchange: Exchange, key: UUID) -> UUID:
    """Let the bank tell that the open slip of a declaration was paid in full."""
    [slip] = [each for each in slips(exchange, key) if each.state is SlipState.OPEN]
    with exchange.database.transaction(OFFICER) as session:
        told = booking(slip.reference, int(slip.total), transaction=f"T-{slip.reference}", at=exchange.now)
        take_booking(session, told, source="CALLBACK", now=exchange.now)
    return slip.id


def test_a_paid_slip_is_told_to_customs_once(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    slip_id = settle(exchange, key)
    for _ in range(2):
        with exchange.database.transaction(OFFICER) as session:
            billing.tell_of_payment(
                session, slip_id=slip_id, transaction="FT1", zone=exchange.platform.zone.tz, now=exchange.now
            )
    assert exchange.declaration(key).state == "PAYABLE", "paying the bank clears nothing"
    exchange.go()
    assert [each.kind for each in exchange.dispatches(key)] == ["DECLARE", "PAYMENT"]
    assert exchange.declaration(key).state == "CLEARED"


def test_a_cancelled_declaration_demands_nothing(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    bill(exchange, key)
    cancel(exchange, key)
    exchange.go()
    with exchange.database.transaction(OFFICER) as session:
        billing.withdraw_bills(session, declaration_id=key, now=exchange.now)
    assert [slip.state for slip in slips(exchange, key)] == [SlipState.CANCELLED]


@pytest.fixture
def heard(exchange: Exchange) -> dict[str, Any]:
    registry = HandlerRegistry()
    handlers.register(registry, exchange.platform.zone.tz)
    return {handler.name: handler for handler in registry}


def test_each_notice_that_concerns_people_has_a_kind() -> None:
    codes = {kind.code for kind in handlers.KINDS}
    assert {"customs.refused", "customs.tax", "customs.question", "customs.cleared"} <= codes
    assert len(codes) == len(handlers.KINDS)


def test_the_firms_people_are_told(exchange: Exchange, heard: dict[str, Any]) -> None:
    exchange.party_id = Firms(exchange.database, exchange.platform, NOW).party()
    exchange.wait(10 * 86_400)  # the demo's people hold their roles by then
    key = exchange.handed_in()
    exchange.go()
    handler = heard["customs.tell_of_notice"]
    notice = exchange.notices(key)[1]
    event = handler.event_class(notice.id, key, exchange.declaration(key).code, "REGISTERED", "APPLIED")
    with exchange.database.transaction(OFFICER) as session:
        handler.function(session, event, actor=exchange.actor, now=exchange.now)
    with exchange.database.session(jobs.WORKER) as session:
        told = session.scalars(select(Notification).where(Notification.subject_id == key)).all()
        code = session.get_one(Declaration, key).code
    assert {each.kind for each in told} == {"customs.registered"}
    assert told[0].params["code"] == code
    assert told[0].params["number"] == exchange.declaration(key).official_number
