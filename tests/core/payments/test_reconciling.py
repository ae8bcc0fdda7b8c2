"""The statement beside the books: each difference is an item with an owner until it is settled."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core.errors import Invalid
from app.core.kit.actor import SYSTEM
from app.core.payments.bank import Booking, RefundAnswer, RefundResult, Sent
from app.core.payments.differences import (
    DifferenceClosed,
    close_difference,
    open_differences,
    take_difference,
)
from app.core.payments.intake import take_booking
from app.core.payments.models import DifferenceItem
from app.core.payments.reconciling import reconcile
from app.core.payments.suspense import take_return
from tests.conftest import NOW
from tests.core.payments.conftest import Till
from tests.core.payments.test_intake import booking
from tests.core.payments.test_suspense import TREASURER, sent_back, unclear


def compared(
    till: Till, statement: Sequence[Booking] = (), sent: Sequence[Sent] = ()
) -> list[tuple[str, str]]:
    zone = till.platform.zone.tz
    day: date = NOW.astimezone(zone).date()
    reconcile(till.session, day=day, statement=statement, sent=sent, zone=zone, actor=SYSTEM, now=NOW)
    till.session.flush()
    rows = till.session.scalars(select(DifferenceItem).order_by(DifferenceItem.kind))
    return [(each.kind, each.state) for each in rows]


def test_books_that_agree_have_no_difference(till: Till) -> None:
    take_booking(till.session, booking("x"), source="CALLBACK", now=NOW)
    assert compared(till, [booking("x")]) == []


def test_what_was_taken_in_is_settled_by_that(till: Till) -> None:
    assert compared(till, [booking("x")]) == [("TAKEN_IN", "CLOSED")]


def test_what_differs_waits_for_somebody_and_is_kept_once(till: Till) -> None:
    take_booking(till.session, booking("x"), source="CALLBACK", now=NOW)
    for _ in range(2):
        assert compared(till, [booking("x", 5)]) == [("DIFFERS", "OPEN")]


def test_what_a_later_comparison_does_not_find_closes_by_itself(till: Till) -> None:
    take_booking(till.session, booking("x"), source="CALLBACK", now=NOW)
    assert compared(till) == [("NOT_AT_BANK", "OPEN")]
    assert compared(till, [booking("x")]) == [("NOT_AT_BANK", "CLOSED")]


def test_an_owner_closes_it_with_words(till: Till) -> None:
    take_booking(till.session, booking("x"), source="CALLBACK", now=NOW)
    compared(till)
    ((item, nobody),) = open_differences(till.session)
    assert nobody is None
    take_difference(till.session, difference_id=item.id, actor=TREASURER, now=NOW)
    assert item.owner_id == TREASURER.user_id
    with pytest.raises(Invalid):
        close_difference(till.session, difference_id=item.id, note=" ", actor=TREASURER, now=NOW)
    close_difference(till.session, difference_id=item.id, note="Ngân hàng đã hủy", actor=TREASURER, now=NOW)
    with pytest.raises(DifferenceClosed):
        take_difference(till.session, difference_id=item.id, actor=TREASURER, now=NOW)
    assert compared(till) == [("NOT_AT_BANK", "CLOSED")], "what somebody closed stays closed"


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ([Sent("RET1", Decimal(1_000_000), "VND")], []),
        ([Sent("RET1", Decimal(900_000), "VND")], [("SENT_DIFFERS", "OPEN")]),
        ([], [("NOT_SENT", "OPEN")]),
        (
            [Sent("RET1", Decimal(1_000_000), "VND"), Sent("RET9", Decimal(5), "VND")],
            [("SENT_UNKNOWN", "OPEN")],
        ),
    ],
)
def test_what_went_back_is_compared_as_well(
    till: Till, sent: list[Sent], found: list[tuple[str, str]]
) -> None:
    key = sent_back(till, unclear(till))
    take_return(till.session, clearing_id=key, result=RefundResult(RefundAnswer.PAID, "RET1"), now=NOW)
    assert compared(till, [booking("tien thue")], sent) == found
