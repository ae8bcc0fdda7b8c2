"""What a rate depends on besides code, day and origin: decided, or named; and quantities in units of one family."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.i18n import translator
from app.customs.tariff.domain.conditions import IN_QUOTA, OUT_OF_QUOTA, readable
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.options import rank
from app.customs.tariff.domain.results import Assessment, Severity
from app.customs.tariff.domain.stack import assess
from app.customs.tariff.domain.units import factor
from app.customs.tariff.domain.words import arithmetic, said
from app.customs.tariff.facade import from_record, replay, to_record
from tests.customs.tariff.making import each, facts, line, measure, pct, shipment

VAT = measure(Kind.VAT, pct("10"))
MFN = measure(Kind.MFN, pct("20"))
LOW_PRICE = {"minimum_value": {"amount": "5", "currency": "USD", "per": "KGM"}}


def _assess(*rows: Any, **asked: Any) -> Assessment:
    return assess(shipment(line("100", **asked)), facts((*rows, VAT)))


def _told(done: Assessment) -> list[tuple[str, str]]:
    return [(each.code, each.severity.value) for each in done.problems]


def _duty(done: Assessment) -> str:
    return done.lines[0].taxes[0].rate


@pytest.mark.parametrize(
    "conditions",
    [
        {"moon": "full"},
        {"quota": "HALF"},
        {"paper": ""},
        {"paper": 7},
        {"end_use": ["A"]},
        {"minimum_value": {"amount": 5, "currency": "USD", "per": "KGM"}},
        {"minimum_value": {"amount": "5", "currency": "USD"}},
        {"vat_reduction": "perhaps"},
    ],
)
@pytest.mark.parametrize("kind", [Kind.MFN, Kind.SAFEGUARD, Kind.EXCISE, Kind.VAT])
def test_a_condition_that_nobody_can_read_decides_no_rate(kind: Kind, conditions: dict[str, Any]) -> None:
    rows = [measure(each, pct("20")) for each in (Kind.MFN, Kind.VAT) if each is not kind]
    done = assess(
        shipment(line("100", papers=("",), end_use="A")),
        facts((*rows, measure(kind, pct("1"), conditions=conditions))),
    )
    assert not done.complete
    assert _told(done) == [("tariff.condition-unknown", "ERROR")]
    assert next(iter(conditions)) in said(done.problems[0], translator("en"))[0]
    assert not readable(conditions)


@pytest.mark.parametrize(
    ("conditions", "claims", "code"),
    [
        ({"paper": "P-1"}, {"papers": ("P-1",)}, "tariff.paper-needed"),
        ({"end_use": "ASSEMBLY"}, {"end_use": "ASSEMBLY"}, "tariff.end-use-needed"),
        ({"quota": "IN"}, {"variants": (IN_QUOTA,)}, "tariff.quota-not-claimed"),
        (LOW_PRICE, {"quantity": Decimal(20), "unit": "KGM"}, "tariff.price-too-low"),
    ],
)
def test_a_special_rate_holds_for_who_fulfils_its_condition(
    conditions: dict[str, Any], claims: dict[str, Any], code: str
) -> None:
    special = measure(Kind.MFN, pct("3"), geo="JP", conditions=conditions)
    without = {"quantity": Decimal("20.01"), "unit": "KGM"}
    assert _duty(_assess(special, MFN, **{**without, **claims})) == "3 %"
    other = _assess(special, MFN, **without)
    assert (_duty(other), _told(other), other.complete) == ("20 %", [(code, "WARNING")], True)
    alone = _assess(special, **without)
    assert (_told(alone), alone.complete) == ([(code, "ERROR")], False)


def test_a_preference_whose_condition_is_not_fulfilled_gives_way_to_mfn() -> None:
    rows = (
        MFN,
        measure(Kind.PREFERENCE, pct("0"), scheme="VJEPA", geo="JP", conditions={"paper": "LICENCE"}),
    )
    asked = {"scheme": "VJEPA", "origin_proof": "C/O VJ 1"}
    done = _assess(*rows, **asked)
    assert (_duty(done), _told(done)) == ("20 %", [("tariff.paper-needed", "WARNING")])
    assert _duty(_assess(*rows, **asked, papers=("LICENCE",))) == "0 %"


def test_a_remedy_under_an_unfulfilled_condition_is_none() -> None:
    remedy = measure(Kind.ANTI_DUMPING, pct("50"), geo="JP", conditions={"end_use": "RESALE"})
    assert [tax.kind.value for tax in _assess(MFN, remedy).lines[0].taxes] == ["IMPORT_DUTY", "VAT"]


def test_a_price_without_its_quantity_is_not_decided() -> None:
    special = measure(Kind.MFN, pct("3"), geo="JP", conditions=LOW_PRICE)
    assert _told(_assess(special, MFN)) == [("tariff.unit-inconvertible", "ERROR")]
    assert _told(_assess(special, MFN, quantity=None)) == [("tariff.unit-needed", "ERROR")]


def test_goods_under_a_quota_say_so_and_both_rates_are_options() -> None:
    rows = (MFN, measure(Kind.MFN, pct("80"), variant=OUT_OF_QUOTA), VAT)
    held, asked = facts(rows), shipment(line("100"))
    assert _told(assess(asked, held)) == [("tariff.quota-open", "WARNING")]
    (found,) = rank(asked, held)
    assert [(each.quota, each.rate, each.needs_proof) for each in found.options] == [
        (IN_QUOTA, "20 %", True),
        (OUT_OF_QUOTA, "80 %", False),
    ]
    for claim, rate in ((IN_QUOTA, "20 %"), (OUT_OF_QUOTA, "80 %")):
        done = _assess(*rows[:2], variants=(claim,))
        assert (_duty(done), _told(done)) == (rate, [])


@pytest.mark.parametrize(
    ("quantity", "unit", "per", "duty"),
    [
        ("2", "TNE", "KGM", 250_000_000),
        ("1500", "KGM", "TNE", 187_500),
        ("3", "MTQ", "LTR", 375_000_000),
        ("2", "DZN", "NMB", 3_000_000),
        ("7", "NMB", "DZN", 72_917),
        ("250", "CTM", "GRM", 6_250_000),
        ("2", "DPR", "NPR", 3_000_000),
        ("4000", "KWH", "MWH", 500_000),
    ],
)
def test_a_quantity_is_converted_within_its_family(quantity: str, unit: str, per: str, duty: int) -> None:
    done = _assess(measure(Kind.MFN, each("5", per=per)), quantity=Decimal(quantity), unit=unit)
    tax = done.lines[0].taxes[0]
    assert (int(tax.amount), done.problems) == (duty, ())
    assert (tax.trace.step.declared, tax.trace.step.declared_unit) == (Decimal(quantity), unit)
    assert unit in arithmetic(tax, translator("vi"))
    assert replay(to_record(done)).same
    assert from_record(to_record(done)) == done


@pytest.mark.parametrize(
    ("unit", "per"), [("KGM", "LTR"), ("NPR", "NMB"), ("SET", "NMB"), ("PK", "NMB"), ("XYZ", "KGM")]
)
def test_what_counts_something_else_is_named_with_its_field(unit: str, per: str) -> None:
    done = _assess(measure(Kind.MFN, each("5", per=per)), unit=unit)
    (found,) = done.problems
    assert (found.code, found.field, found.severity) == (
        "tariff.unit-inconvertible", "quantity2", Severity.ERROR
    )  # fmt: skip
    assert found.params == {"unit": per, "declared": unit}


def test_the_quantity_in_the_very_unit_goes_before_one_that_must_be_converted() -> None:
    done = _assess(
        measure(Kind.MFN, each("5", per="KGM")), quantity=Decimal(1), unit="TNE", quantity2=Decimal(990), unit2="KGM"
    )  # fmt: skip
    assert done.lines[0].taxes[0].trace.step.quantity == Decimal(990)


UNITS = ("KGM", "GRM", "TNE", "CTM", "LTR", "MTQ", "NMB", "DZN", "NPR", "SET")


@given(st.sampled_from(UNITS), st.sampled_from(UNITS), st.decimals(0, 10**9, places=2))
def test_there_and_back_is_the_same_quantity(one: str, other: str, quantity: Decimal) -> None:
    there, back = factor(one, other), factor(other, one)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert abs(back.of(there.of(quantity)) - quantity) < Decimal("1e-40")
