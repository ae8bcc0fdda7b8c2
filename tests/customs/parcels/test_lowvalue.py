"""The low-value rules on both sides of 18 February 2025, without a database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.customs.parcels.domain.lowvalue import (
    Exemption,
    GoodsTax,
    Thresholds,
    after_return,
    is_low,
    share,
    tax,
)

MILLION = Decimal(1_000_000)
TODAY = Thresholds(MILLION, Decimal(100_000), Decimal(0))
BEFORE = Thresholds(MILLION, Decimal(100_000), MILLION)


def goods(value: int, *, duty: int = 0, rate: str = "10") -> GoodsTax:
    return GoodsTax(Decimal(value), Decimal(duty), Decimal(value + duty), Decimal(rate))


@pytest.mark.parametrize(
    ("value", "duty", "exemption", "vat"),
    [
        (1_000_000, 200_000, Exemption.VALUE, 100_000),
        (1_000_001, 200_000, Exemption.NONE, 120_000),
        (1_000_001, 99_999, Exemption.AMOUNT, 100_000),
        (1_000_001, 100_000, Exemption.NONE, 110_000),
    ],
)
def test_duty_is_exempt_up_to_the_threshold_and_then_not_in_the_base_of_vat(
    value: int, duty: int, exemption: Exemption, vat: int
) -> None:
    owed = tax([goods(value, duty=duty)], TODAY)
    assert (owed.exemption, owed.vat) == (exemption, Decimal(vat))
    assert owed.duty == (Decimal(duty) if exemption is Exemption.NONE else 0)


def test_vat_was_exempt_before_and_is_due_on_every_parcel_since() -> None:
    parcel = [goods(500_000)]
    assert (tax(parcel, BEFORE).vat_exempt, tax(parcel, BEFORE).vat) == (True, 0)
    assert (tax(parcel, TODAY).vat_exempt, tax(parcel, TODAY).vat) == (False, Decimal(50_000))


def test_goods_with_two_rates_are_rounded_each_by_itself() -> None:
    owed = tax([goods(100_005), goods(200_007, rate="8")], TODAY)
    assert owed.vats == (Decimal(10_001), Decimal(16_001))
    assert owed.vat == sum(owed.vats)


def test_without_a_threshold_nothing_is_low() -> None:
    assert not is_low(Decimal(1), Thresholds(None, None, None))
    assert tax([goods(1, duty=1)], Thresholds(None, None, None)).exemption is Exemption.NONE


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 10**9))
def test_what_is_left_after_a_return_lies_between_nothing_and_all(vat: int, price: int, back: int) -> None:
    left = after_return(Decimal(vat), goods=Decimal(price), returned=Decimal(back))
    assert 0 <= left <= vat
    assert left == 0 or back < price


@given(st.integers(0, 10**12), st.sampled_from([0, 5, 8, 10]))
def test_a_share_is_whole_dong(amount: int, rate: int) -> None:
    found = share(Decimal(amount), Decimal(rate))
    assert found == found.to_integral_value()
    assert abs(found * 100 - amount * rate) <= 50
