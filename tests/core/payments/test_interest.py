"""Late interest as arithmetic."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.core.payments.interest import late_interest
from app.core.payments.settlement import Due, Received
from app.core.payments.states import LineKind

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RATE = Decimal("0.03")
DUE = date(2026, 11, 1)
TAX = (Due(UUID(int=1), 1, 1, Decimal(10_000_000)), LineKind.TAX)
FINE = (Due(UUID(int=2), 2, 3, Decimal(5_000_000)), LineKind.FINE)


def paid(day: int, amount: int) -> Received:
    """Return a payment at noon of a day after the due day."""
    at = datetime(2026, 11, 1, 5, tzinfo=UTC) + timedelta(days=day)
    return Received(UUID(int=100 + day), f"T{day}", at, Decimal(amount))


def rows(*payments: Received, days: int) -> list[tuple[int, Decimal, Decimal]]:
    found = late_interest(
        [TAX, FINE], payments, due_on=DUE, today=DUE + timedelta(days=days), rate=RATE, zone=ZONE
    )
    return [(each.days, each.base, each.amount) for each in found.stretches]


def test_nothing_is_late_on_the_day_and_the_day_after_has_not_passed() -> None:
    assert rows(days=0) == []
    assert rows(days=1) == []


def test_each_day_that_has_passed_counts() -> None:
    assert rows(days=11) == [(10, 10_000_000, 30_000)]


def test_a_part_that_was_paid_bears_no_more() -> None:
    assert rows(paid(4, 4_000_000), days=11) == [(3, 10_000_000, 9_000), (7, 6_000_000, 12_600)]


def test_what_was_settled_on_time_bears_nothing() -> None:
    assert rows(paid(0, 15_000_000), days=100) == []
    assert rows(paid(-3, 10_000_000), days=100) == []


def test_a_fine_bears_nothing() -> None:
    assert rows(paid(0, 10_000_000), days=100) == []


def test_it_ends_with_the_payment() -> None:
    assert rows(paid(6, 15_000_000), days=400) == [(5, 10_000_000, 15_000)]


def test_without_a_day_nothing_is_late() -> None:
    found = late_interest([TAX], [], due_on=None, today=DUE, rate=RATE, zone=ZONE)
    assert (found.stretches, found.total) == ((), 0)


@given(st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 9_000_000)), max_size=6), st.integers(0, 80))
def test_days_follow_each_other_and_the_sum_is_that_of_what_is_shown(
    payments: list[tuple[int, int]], days: int
) -> None:
    came = [
        Received(
            UUID(int=n), f"T{n}", datetime(2026, 11, 1, 5, tzinfo=UTC) + timedelta(days=day), Decimal(amount)
        )
        for n, (day, amount) in enumerate(payments, 10)
    ]
    found = late_interest(
        [TAX, FINE], came, due_on=DUE, today=DUE + timedelta(days=days), rate=RATE, zone=ZONE
    )
    assert found.total == sum(each.amount for each in found.stretches)
    last = DUE
    for each in found.stretches:
        assert each.first > last or each.first == DUE + timedelta(days=1)
        assert (each.last - each.first).days == each.days - 1
        assert 0 < each.base <= 10_000_000
        last = each.last
    assert last < DUE + timedelta(days=max(days, 1))
