"""Settlement as arithmetic: sums, order, nothing settled twice."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.payments.references import compact, find_reference, make_reference
from app.core.payments.settlement import Due, Received, settle, state_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)

amounts = st.integers(min_value=1, max_value=10**12).map(Decimal)
dues = st.lists(st.tuples(amounts, st.integers(1, 4)), min_size=1, max_size=8).map(
    lambda rows: [Due(UUID(int=n), n, priority, amount) for n, (amount, priority) in enumerate(rows, 1)]
)
payments = st.lists(st.tuples(amounts, st.integers(0, 5)), max_size=8).map(
    lambda rows: [
        Received(UUID(int=100 + n), f"T{n}", NOW + timedelta(hours=hour), amount)
        for n, (amount, hour) in enumerate(rows)
    ]
)


@given(dues, payments)
def test_every_dong_is_somewhere_and_no_line_gets_too_much(lines: list[Due], came: list[Received]) -> None:
    plan = settle(lines, came)
    total, received = sum(line.amount for line in lines), sum(each.amount for each in came)
    assert plan.paid + plan.excess == received
    assert plan.paid == min(total, received)
    for line in lines:
        assert sum(share.amount for share in plan.shares if share.line_id == line.id) <= line.amount
    for each in came:
        assert sum(share.amount for share in plan.shares if share.payment_id == each.id) <= each.amount
    assert all(share.amount > 0 for share in plan.shares)


@given(dues, payments, st.randoms(use_true_random=False))
def test_the_order_in_which_payments_are_heard_of_changes_nothing(
    lines: list[Due], came: list[Received], random: object
) -> None:
    mixed, turned = list(came), list(lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert settle(turned, mixed) == settle(lines, came)


@given(dues, payments)
def test_a_later_line_gets_nothing_before_an_earlier_one_is_settled(
    lines: list[Due], came: list[Received]
) -> None:
    plan = settle(lines, came)
    paid = {line.id: sum(share.amount for share in plan.shares if share.line_id == line.id) for line in lines}
    ordered = sorted(lines, key=lambda line: (line.priority, line.number))
    for earlier, later in itertools.pairwise(ordered):
        assert not paid[later.id] or paid[earlier.id] == earlier.amount


@given(dues, payments)
def test_a_cancelled_slip_keeps_nothing(lines: list[Due], came: list[Received]) -> None:
    plan = settle(lines, came, cancelled=True)
    assert (plan.shares, plan.paid, plan.settled_by) == ((), 0, None)
    assert plan.excess == sum(each.amount for each in came)


@given(dues, payments)
def test_the_payment_that_settles_is_named(lines: list[Due], came: list[Received]) -> None:
    plan = settle(lines, came)
    settled = plan.paid == sum(line.amount for line in lines)
    assert (plan.settled_by is not None) == settled


@pytest.mark.parametrize(
    ("paid", "received", "refunded", "cancelled", "state"),
    [
        (0, 0, 0, False, "OPEN"),
        (40, 40, 0, False, "PART_PAID"),
        (100, 100, 0, False, "PAID"),
        (100, 130, 30, False, "PAID"),
        (0, 0, 0, True, "CANCELLED"),
        (0, 50, 20, True, "CANCELLED"),
        (0, 50, 50, True, "REFUNDED"),
    ],
)
def test_the_state_follows_from_the_sums(
    paid: int, received: int, refunded: int, cancelled: bool, state: str
) -> None:
    found = state_of(
        total=Decimal(100), paid=Decimal(paid), received=Decimal(received), refunded=Decimal(refunded),
        cancelled=cancelled,
    )  # fmt: skip
    assert found == state


class TestReference:
    @given(st.integers(2025, 2099), st.integers(1, 999_999))
    def test_it_is_found_however_it_was_written(self, year: int, number: int) -> None:
        reference = make_reference(year, number)
        for written in (
            reference,
            compact(reference),
            compact(reference).lower(),
            reference.replace("-", " "),
            f"NOP THUE {compact(reference)} CONG TY ABC",
            f"ck {reference.replace('-', '.')}, to khai 3",
        ):
            assert find_reference(written) == reference, written

    @given(st.integers(1, 999_999), st.integers(0, 9))
    def test_a_wrong_digit_is_no_reference(self, number: int, digit: int) -> None:
        right = compact(make_reference(2026, number))
        wrong = f"{right[:9]}{digit}{right[10:]}"
        assert find_reference(wrong) == (make_reference(2026, number) if wrong == right else None)

    def test_the_field_comes_before_the_text(self) -> None:
        first, second = make_reference(2026, 1), make_reference(2026, 2)
        assert find_reference(first, second) == first
        assert find_reference("", second) == second
        assert find_reference("", "tien hang") is None
