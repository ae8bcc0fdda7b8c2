"""What the authority no longer demands of a paid slip: the payer's again, told once, asked back by the payer only."""

from decimal import Decimal

import pytest

from app.core import outbox
from app.core.errors import NotFound
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.payments import SlipState, cancel_slip, demand_less, find_slip
from app.core.payments.intake import take_booking
from app.core.payments.models import Slip
from app.core.payments.refunds import refunds_of
from tests.conftest import NOW
from tests.core.payments.conftest import Till
from tests.core.payments.test_intake import booking

WHY = {"vi": "Thông báo thuế TB2", "en": "Tax notice TB2"}


def paid(till: Till, amount: int = 1_000_000) -> Slip:
    slip = till.slip()
    take_booking(till.session, booking(slip.reference, amount), source="CALLBACK", now=NOW)
    till.session.flush()
    return slip


def lower(till: Till, slip: Slip, demanded: int) -> Slip:
    return demand_less(
        till.session, slip_id=slip.id, demanded=Decimal(demanded), why=WHY, actor=SYSTEM, now=NOW
    )


def told(till: Till) -> list[str]:
    return [each.event.name for each in outbox.pending(till.session)]


def test_a_lower_demand_is_a_surplus_that_its_payer_is_told_of_once(till: Till) -> None:
    slip = paid(till)
    for _ in range(2):
        lower(till, slip, 700_000)
    seen = find_slip(till.session, slip.id)
    assert (seen.state, seen.total, seen.paid, seen.excess, seen.released) == (
        SlipState.PAID, 1_000_000, 1_000_000, 300_000, 300_000,
    )  # fmt: skip
    assert (seen.outstanding, seen.release_reason) == (0, WHY)
    assert told(till).count("payments.slip.exceeded") == 1
    assert not refunds_of(till.session, slip.id), "no money moves by itself"


def test_it_adds_to_what_came_too_much_and_never_rises(till: Till) -> None:
    slip = paid(till, 1_200_000)
    lower(till, slip, 700_000)
    lower(till, slip, 900_000)
    assert find_slip(till.session, slip.id).excess == 500_000
    lower(till, slip, 0)
    assert find_slip(till.session, slip.id).excess == 1_200_000


def test_a_later_payment_keeps_what_was_released(till: Till) -> None:
    slip = paid(till)
    lower(till, slip, 700_000)
    take_booking(till.session, booking(slip.reference, 50_000, transaction="T2"), source="CALLBACK", now=NOW)
    till.session.flush()
    assert find_slip(till.session, slip.id).excess == 350_000


def test_a_slip_that_is_cancelled_afterwards_owes_all_that_came_back_once(till: Till) -> None:
    slip = paid(till)
    lower(till, slip, 700_000)
    cancel_slip(till.session, slip_id=slip.id, reason="Hủy", actor=SYSTEM, now=NOW)
    seen = find_slip(till.session, slip.id)
    assert (seen.state, seen.excess, seen.released) == (SlipState.CANCELLED, 1_000_000, 0)


def test_what_is_not_paid_is_not_lowered(till: Till) -> None:
    with pytest.raises(ValueError, match="paid slip"):
        lower(till, till.slip(), 0)
    slip = paid(till)
    with pytest.raises(ValueError, match="paid slip"):
        lower(till, slip, 1_000_001)
    with pytest.raises(NotFound):
        demand_less(till.session, slip_id=uuid7(), demanded=Decimal(0), why=WHY, actor=SYSTEM, now=NOW)
