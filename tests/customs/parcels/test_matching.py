"""The three-way match, without a database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.customs.parcels.domain.facts import (
    Facts,
    OrderFact,
    ParcelState,
    PaymentFact,
    ReturnFact,
    WaybillFact,
)
from app.customs.parcels.domain.matching import Tolerances, judge, state_of
from app.customs.parcels.domain.reasons import SHORT, WORDS, Miss

AT = datetime(2026, 11, 20, tzinfo=UTC)
TOLERANCES = Tolerances(Decimal(1), Decimal(70))
ORDER = OrderFact("USD", Decimal("20.50"), Decimal("24.00"), b"buyer", AT)


def paid(number: str = "P1", amount: str = "24.00", currency: str = "USD") -> PaymentFact:
    return PaymentFact(number, Decimal(amount), currency, AT)


def sent(number: str = "W1", **more: Any) -> WaybillFact:
    values: dict[str, Any] = {
        "declared": Decimal("20.50"), "currency": "USD", "weight_kg": Decimal("0.35"), "consignee": b"buyer",
        "flight": "XX 1", "arrives_at": AT,
    }  # fmt: skip
    return WaybillFact(number, **(values | more))


def misses(facts: Facts) -> list[Miss]:
    return [each.miss for each in judge(facts, TOLERANCES).reasons]


def test_three_messages_that_agree_match() -> None:
    verdict = judge(Facts(ORDER, (paid(),), (sent(),)), TOLERANCES)
    assert (verdict.state, verdict.reasons) == (ParcelState.MATCHED, ())


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Facts(), [Miss.ORDER_MISSING, Miss.WAYBILL_MISSING]),
        (Facts(ORDER), [Miss.PAYMENT_MISSING, Miss.WAYBILL_MISSING]),
        (Facts(None, (), (sent(),)), [Miss.ORDER_MISSING]),
        (Facts(ORDER, (paid(),)), [Miss.WAYBILL_MISSING]),
    ],
)
def test_what_is_missing_waits(facts: Facts, found: list[Miss]) -> None:
    assert misses(facts) == found
    assert judge(facts, TOLERANCES).state is ParcelState.WAITING


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Facts(ORDER, (paid(amount="20.00"),), (sent(),)), Miss.AMOUNT_DIFFERS),
        (Facts(ORDER, (paid(), paid("P2")), (sent(),)), Miss.PAID_TWICE),
        (Facts(ORDER, (paid(currency="EUR"),), (sent(),)), Miss.PAYMENT_CURRENCY),
        (Facts(ORDER, (paid(),), (sent(declared=Decimal(5)),)), Miss.VALUE_DIFFERS),
        (Facts(ORDER, (paid(),), (sent(currency="CNY"),)), Miss.WAYBILL_CURRENCY),
        (Facts(ORDER, (paid(),), (sent(weight_kg=Decimal(0)),)), Miss.WEIGHT_ABSURD),
        (Facts(ORDER, (paid(),), (sent(weight_kg=Decimal(350)),)), Miss.WEIGHT_ABSURD),
        (Facts(ORDER, (paid(),), (sent(consignee=b"other"),)), Miss.BUYER_DIFFERS),
    ],
)
def test_what_differs_is_named(facts: Facts, found: Miss) -> None:
    assert misses(facts) == [found]
    assert judge(facts, TOLERANCES).state is ParcelState.MISMATCH


def test_an_amount_that_differs_names_both_figures() -> None:
    (reason,) = judge(Facts(ORDER, (paid(amount="20"),), (sent(),)), TOLERANCES).reasons
    assert reason.params == {"total": "24.00", "paid": "20.00", "currency": "USD"}


def test_parts_of_a_payment_add_up_and_roundings_pass() -> None:
    facts = Facts(ORDER, (paid(amount="14"), paid("P2", "9.80")), (sent(declared=Decimal("20.49")),))
    assert misses(facts) == []


def test_a_payment_set_to_nothing_does_not_count() -> None:
    assert misses(Facts(ORDER, (paid(), paid("P2", "0")), (sent(),))) == []


def test_two_waybills_of_one_flight_are_one_import() -> None:
    halves = (sent(declared=Decimal("10.25")), sent("W2", declared=Decimal("10.25")))
    assert misses(Facts(ORDER, (paid(),), halves)) == []


def test_a_difference_shows_while_something_is_missing() -> None:
    found = judge(Facts(ORDER, (paid(currency="EUR"),)), TOLERANCES)
    assert found.state is ParcelState.MISMATCH
    assert [each.miss for each in found.reasons] == [Miss.WAYBILL_MISSING, Miss.PAYMENT_CURRENCY]


def test_what_was_listed_stays_listed_and_what_went_back_is_over() -> None:
    verdict = judge(Facts(ORDER), TOLERANCES)
    assert state_of(verdict, listed=True, gone_back=False) is ParcelState.LISTED
    assert state_of(verdict, listed=True, gone_back=True) is ParcelState.RETURNED


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(SHORT) == set(Miss)
    assert all(each.title and each.remedy for each in WORDS.values())


AMOUNTS = st.sampled_from(["0", "12.00", "24.00", "24.10", "48.00"])
PAYMENTS = st.lists(
    st.builds(paid, st.sampled_from(["P1", "P2", "P3"]), AMOUNTS, st.sampled_from(["USD", "EUR"])),
    unique_by=lambda each: each.number,
)
WAYBILLS = st.lists(
    st.builds(
        sent,
        st.sampled_from(["W1", "W2"]),
        weight_kg=st.sampled_from([Decimal(0), Decimal("0.3"), Decimal(99)]),
        consignee=st.sampled_from([b"buyer", b"other"]),
    ),
    unique_by=lambda each: each.number,
)


@given(PAYMENTS, WAYBILLS, st.booleans(), st.randoms())
def test_the_order_of_arrival_does_not_matter(
    payments: list[PaymentFact], waybills: list[WaybillFact], with_order: bool, chance: Any
) -> None:
    order = ORDER if with_order else None
    before = judge(Facts(order, tuple(payments), tuple(waybills)), TOLERANCES)
    chance.shuffle(payments)
    chance.shuffle(waybills)
    assert judge(Facts(order, tuple(payments), tuple(waybills)), TOLERANCES) == before


def back(amount: str, number: str = "R1", *, whole: bool = False) -> ReturnFact:
    return ReturnFact(number, whole, Decimal(amount))


def test_an_order_in_two_parcels_of_one_flight_matches() -> None:
    parts = (sent("W1", declared=Decimal("12.50")), sent("W2", declared=Decimal("8.00")))
    assert misses(Facts(ORDER, (paid(),), parts)) == []


def test_an_order_of_which_a_parcel_is_missing_says_so() -> None:
    assert misses(Facts(ORDER, (paid(),), (sent(declared=Decimal("12.50")),))) == [Miss.VALUE_DIFFERS]


def test_parcels_on_different_flights_are_no_match() -> None:
    parts = (sent("W1", declared=Decimal("12.50")), sent("W2", declared=Decimal("8.00"), flight="XX 2"))
    verdict = judge(Facts(ORDER, (paid(),), parts), TOLERANCES)
    assert [each.miss for each in verdict.reasons] == [Miss.FLIGHTS_DIFFER]
    assert verdict.reasons[0].params["numbers"] == "W1 (XX 1), W2 (XX 2)"


def test_what_goes_back_is_never_more_than_was_sold() -> None:
    facts = Facts(ORDER, (paid(),), (sent(),), (back("10.25"), back("10.25", "R2")))
    assert misses(facts) == []
    assert misses(Facts(ORDER, (paid(),), (sent(),), (back("20.51"),))) == [Miss.RETURN_EXCEEDS]
