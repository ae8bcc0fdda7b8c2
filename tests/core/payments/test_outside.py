"""Paid outside the platform: said with a paper, confirmed by two, taken back by a further entry."""

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg.errors
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.db import Database, DbRole, SessionContext
from app.core.documents.intake import MediaType
from app.core.documents.store import FileStore
from app.core.errors import Forbidden, Invalid
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.payments import blocking_debts, find_slip
from app.core.payments.intake import take_booking
from app.core.payments.models import Outside, Slip
from app.core.payments.outside import (
    OutsideChanged,
    OutsideDecided,
    OutsideOwn,
    OutsideUnderWay,
    Said,
    Scan,
    confirm_outside,
    counted_on,
    outside_of,
    record_outside,
    refuse_outside,
    say_paid,
    take_back,
)
from app.core.payments.permissions import KEEP, PAY, REFUND
from tests.conftest import NOW
from tests.core.payments.conftest import Till
from tests.core.payments.test_intake import booking
from tests.core.payments.test_suspense import officer

TREASURER, HEAD = officer(KEEP), officer(KEEP, REFUND)
DAY = NOW.date() - timedelta(days=30)
SAID = Said(Decimal(1_000_000), DAY, "Kho bạc quận", "GNT-77", "")


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    file = FileStore(tmp_path).put(io.BytesIO(b"%PDF-1.7"), limit_bytes=100)
    return Scan(file, MediaType.PDF, "giay-nop-tien.pdf")


def payer(till: Till) -> Actor:
    return Actor(
        ActorKind.CUSTOMER, user_id=uuid7(), grants=(Grant(till.party_id, frozenset(), frozenset({PAY})),)
    )


def said(till: Till, slip: Slip, scan: Scan | None, actor: Actor, what: Said = SAID) -> UUID:
    return say_paid(
        till.session, slip_id=slip.id, said=what, scan=scan, zone=till.platform.zone.tz, actor=actor, now=NOW
    )


def late(till: Till) -> Slip:
    return till.slip(due_on=local_day(NOW, till.platform.zone.tz) - timedelta(days=120))


def stops(till: Till) -> bool:
    till.session.flush()
    debts = blocking_debts(till.session, party_id=till.party_id, now=NOW, zone=till.platform.zone.tz)
    return bool(debts.stop_registration)


def test_two_officers_and_then_the_debt_stops_nothing(till: Till, scan: Scan) -> None:
    slip = late(till)
    key = said(till, slip, scan, payer(till))
    assert stops(till)
    record_outside(till.session, outside_id=key, actor=TREASURER, now=NOW)
    assert stops(till), "one officer is not enough"
    confirm_outside(till.session, outside_id=key, actor=HEAD, now=NOW)
    assert not stops(till)
    seen = find_slip(till.session, slip.id)
    assert (seen.outstanding, seen.outside, seen.paid, seen.settled_outside) == (0, 1_000_000, 0, True)
    (counted,) = counted_on(till.session, slip.id, till.platform.zone.tz)
    assert (counted.amount, counted.booked_at.date()) == (1_000_000, DAY)


def test_a_part_leaves_the_rest_owed(till: Till, scan: Scan) -> None:
    slip = late(till)
    key = said(till, slip, scan, TREASURER, replace(SAID, amount=Decimal(400_000)))
    confirm_outside(till.session, outside_id=key, actor=HEAD, now=NOW)
    assert stops(till)
    assert find_slip(till.session, slip.id).outstanding == 600_000


def test_who_recorded_does_not_confirm(till: Till, scan: Scan) -> None:
    key = said(till, late(till), scan, HEAD)
    with pytest.raises(OutsideOwn):
        confirm_outside(till.session, outside_id=key, actor=HEAD, now=NOW)
    with pytest.raises(Forbidden):
        confirm_outside(till.session, outside_id=key, actor=TREASURER, now=NOW)


def test_the_database_wants_four_eyes_too(till: Till, scan: Scan) -> None:
    key = said(till, late(till), scan, HEAD)
    alone = text("update payments_outside set state = 'CONFIRMED', decided_by = recorded_by where id = :id")
    with pytest.raises(DBAPIError) as refused:
        till.session.execute(alone, {"id": key})
    assert isinstance(refused.value.orig, psycopg.errors.CheckViolation)


def test_what_was_said_is_never_edited(till: Till, scan: Scan) -> None:
    key = said(till, late(till), scan, HEAD)
    with pytest.raises(DBAPIError) as refused:
        till.session.execute(text("update payments_outside set amount = 1 where id = :id"), {"id": key})
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_a_further_entry_takes_it_back(till: Till, scan: Scan) -> None:
    slip = late(till)
    key = said(till, slip, scan, TREASURER)
    confirm_outside(till.session, outside_id=key, actor=HEAD, now=NOW)
    undoing = take_back(
        till.session, outside_id=key, note="Giấy nộp tiền của doanh nghiệp khác", actor=TREASURER, now=NOW
    )
    assert not stops(till), "it counts until a colleague has confirmed that it does not"
    with pytest.raises(OutsideDecided):
        take_back(till.session, outside_id=key, note="Lần nữa", actor=HEAD, now=NOW)
    confirm_outside(till.session, outside_id=undoing, actor=HEAD, now=NOW)
    assert stops(till)
    assert find_slip(till.session, slip.id).outside == 0
    assert counted_on(till.session, slip.id, till.platform.zone.tz) == []
    assert till.session.get_one(Outside, key).state == "CONFIRMED"
    assert len(outside_of(till.session, slip.id)) == 2


def test_a_refused_one_may_be_said_again(till: Till, scan: Scan) -> None:
    slip = late(till)
    key = said(till, slip, scan, payer(till))
    with pytest.raises(OutsideUnderWay):
        said(till, slip, scan, TREASURER)
    with pytest.raises(Invalid):
        refuse_outside(till.session, outside_id=key, reason=" ", actor=TREASURER, now=NOW)
    refuse_outside(till.session, outside_id=key, reason="Chứng từ không rõ", actor=TREASURER, now=NOW)
    till.session.flush()
    said(till, slip, scan, payer(till))


def test_money_that_came_meanwhile_is_not_counted_twice(till: Till, scan: Scan) -> None:
    slip = late(till)
    key = said(till, slip, scan, TREASURER)
    told = booking(slip.reference, amount=300_000, transaction=f"T{slip.reference}")
    take_booking(till.session, told, source="CALLBACK", now=NOW)
    with pytest.raises(OutsideChanged):
        confirm_outside(till.session, outside_id=key, actor=HEAD, now=NOW)


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (replace(SAID, amount=None), "amount"),
        (replace(SAID, amount=Decimal(1_000_001)), "amount"),
        (replace(SAID, paid_on=None), "paid_on"),
        (replace(SAID, paid_on=NOW.date() + timedelta(days=3)), "paid_on"),
        (replace(SAID, place=" "), "place"),
        (replace(SAID, paper=""), "paper"),
    ],
)
def test_what_is_missing_is_told(till: Till, scan: Scan, what: Said, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        said(till, late(till), scan, payer(till), what)
    assert [each.name for each in refused.value.errors] == [field]


def test_without_the_paper_nothing_is_entered(till: Till) -> None:
    with pytest.raises(Invalid) as refused:
        said(till, late(till), None, TREASURER)
    assert [each.name for each in refused.value.errors] == ["paper_file"]


def test_a_payer_cannot_say_that_it_is_confirmed(paying: Database, till: Till) -> None:
    row = (
        "insert into payments_outside (id, party_id, slip_id, amount, paid_on, place, paper, note, asked_at, asked_by,"
        " state)"
    )
    with paying.session(SessionContext(DbRole.TENANT, (till.party_id,))) as session:
        with pytest.raises(DBAPIError) as refused:
            session.execute(
                text(f"{row} values (:id, :party, :id, 1, now()::date, '', '', '', now(), :id, 'CONFIRMED')"),
                {"id": uuid7(), "party": till.party_id},
            )
        session.rollback()
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)
