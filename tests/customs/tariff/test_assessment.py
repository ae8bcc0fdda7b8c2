"""What holds for every assessment, and what is said when something is wrong or missing."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.options import rank
from app.customs.tariff.domain.problems import SENTENCES
from app.customs.tariff.domain.results import Severity
from app.customs.tariff.domain.shipment import Adjustment, AllocateBy, Charge, Component, ShipmentLine
from app.customs.tariff.domain.stack import assess
from app.customs.tariff.domain.valuation import share
from app.customs.tariff.facade import from_record, replay, to_record, to_text
from tests.customs.tariff.making import HS, each, facts, line, measure, pct, shipment

MFN = measure(Kind.MFN, pct("20"))
VAT = measure(Kind.VAT, pct("10"))
AJCEP = measure(Kind.PREFERENCE, pct("5"), scheme="AJCEP", geo="AJCEP")
CPTPP = measure(Kind.PREFERENCE, pct("25"), scheme="CPTPP", geo="CPTPP")
KOREA = measure(Kind.PREFERENCE, pct("0"), scheme="VKFTA", geo="VKFTA")
HELD = facts((MFN, VAT, AJCEP, CPTPP, KOREA), groups={"JP": ("AJCEP", "CPTPP")})

amounts = st.decimals(min_value=0, max_value=10**9, places=4)
weights = st.lists(st.decimals(min_value=0, max_value=10**7, places=4), min_size=1, max_size=50).filter(any)


@given(amounts, weights)
def test_shares_add_up_to_what_is_shared(amount: Decimal, by: list[Decimal]) -> None:
    parts = share(amount, by)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
    total = sum(by)
    for part, weight in zip(parts, by, strict=True):
        assert abs(part * total - amount * weight) < Decimal("0.0001") * total


@given(
    st.lists(st.decimals(min_value=1, max_value=10**6, places=4), min_size=1, max_size=8),
    amounts,
    st.booleans(),
)
def test_every_assessment_adds_up_and_replays(values: list[Decimal], freight: Decimal, proven: bool) -> None:
    lines = [
        ShipmentLine(number, HS, value, "JP", "AJCEP", "C/O AJ 1" if proven else None, Decimal(number), "NMB")
        for number, value in enumerate(values, 1)
    ]
    done = assess(shipment(*lines, incoterm="FOB", freight=Charge(freight, "USD")), HELD)
    taxes = [tax for each_line in done.lines for tax in each_line.taxes]
    assert taxes
    assert all(tax.amount >= 0 for tax in taxes)
    assert all(tax.amount == tax.amount.to_integral_value() for tax in taxes)
    assert done.total == sum(done.totals.values()) == sum(tax.amount for tax in taxes)
    for tax in taxes:
        assert tax.base == sum(amount for _, amount in tax.base_parts)
    shared = [
        part.amount for each_line in done.lines for part in each_line.value_parts if part.name == "FREIGHT"
    ]
    assert sum(shared) == freight
    record = to_record(done)
    assert json.loads(to_text(done)) == record
    assert from_record(record) == done
    assert replay(record).same


def test_a_record_that_was_touched_does_not_replay() -> None:
    record = to_record(assess(shipment(line("100")), HELD))
    record["lines"][0]["taxes"][0]["amount"] = "1"
    assert not replay(record).same


@pytest.mark.parametrize(
    ("change", "code", "field", "scheme"),
    [
        ({"scheme": "AJCEP"}, "tariff.preference-without-proof", "origin_proof", "MFN"),
        ({"scheme": "VKFTA", "origin_proof": "C/O VK"}, "tariff.origin-not-in-scheme", "origin", "MFN"),
        ({"scheme": "EVFTA", "origin_proof": "REX"}, "tariff.scheme-unknown", "scheme", "MFN"),
        ({"scheme": "CPTPP", "origin_proof": "C/O"}, "tariff.mfn-lower", "scheme", "MFN"),
        ({"origin": ""}, "tariff.origin-missing", "origin", "ORDINARY"),
    ],
)
def test_a_claim_that_is_not_given_is_explained(
    change: dict[str, Any], code: str, field: str, scheme: str
) -> None:
    done = assess(shipment(line("100", **change)), HELD)
    (told,) = done.problems
    assert (told.code, told.field, told.line, told.severity) == (code, field, 1, Severity.WARNING)
    assert done.lines[0].scheme == scheme
    assert done.complete


@pytest.mark.parametrize(
    ("held", "change", "code", "field"),
    [
        (HELD, {"hs": "8703.23"}, "tariff.code-form", "hs"),
        (HELD, {"hs": "99999999"}, "tariff.code-not-in-force", "hs"),
        (facts((VAT,)), {}, "tariff.rate-missing", "hs"),
        (facts((MFN,)), {}, "tariff.rate-missing", "hs"),
        (facts((measure(Kind.MFN, each("5", per="KGM")), VAT)), {}, "tariff.unit-inconvertible", "quantity2"),
        (
            facts((measure(Kind.MFN, each("5", per="KGM")), VAT)),
            {"quantity": None},
            "tariff.unit-needed",
            "quantity2",
        ),
        (facts((measure(Kind.MFN, each("5", "EUR")), VAT)), {}, "tariff.exchange-missing", "currency"),
    ],
)
def test_a_line_that_cannot_be_worked_out_has_no_figure_and_says_why(
    held: Any, change: dict[str, Any], code: str, field: str
) -> None:
    good = replace(line("50"), number=2) if held is HELD else None
    lines = [line("100", **change), *([good] if good else [])]
    done = assess(shipment(*lines), held)
    errors = [(told.code, told.field, told.line) for told in done.problems]
    assert errors == [(code, field, 1)]
    assert not done.complete
    assert not done.lines[0].complete
    assert all(each_line.complete for each_line in done.lines[1:])


@pytest.mark.parametrize(
    ("held", "other", "code"),
    [
        (facts((MFN, VAT), rates={}), {}, "tariff.exchange-missing"),
        (facts((MFN, VAT), rules={"rounding": None}), {}, "tariff.rule-missing"),
        (HELD, {"incoterm": "XYZ"}, "tariff.term-unknown"),
        (
            HELD,
            {"incoterm": "DDP", "adjustments": (Adjustment(Component.DUTIES, Decimal(101), "USD"),)},
            "tariff.value-negative",
        ),
        (
            HELD,
            {"incoterm": "FOB", "freight": Charge(Decimal(1), "USD"), "insurance": Charge(Decimal(1), "USD"),
             "allocate_by": AllocateBy.WEIGHT},
            "tariff.allocation-impossible",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_whole_shipment_is_said(held: Any, other: dict[str, Any], code: str) -> None:
    done = assess(shipment(line("100"), **other), held)
    assert [told.code for told in done.problems] == [code]
    assert not done.complete


def test_charges_that_the_term_does_not_ask_for_are_left_out_and_said() -> None:
    done = assess(shipment(line("100"), freight=Charge(Decimal(10), "USD")), HELD)
    assert [told.code for told in done.problems] == ["tariff.charge-not-used"]
    assert done.lines[0].customs_value == Decimal(2500000)
    missing = assess(shipment(line("100"), incoterm="FOB"), HELD)
    assert [told.code for told in missing.problems] == ["tariff.charge-missing"] * 2
    assert missing.complete


def test_a_line_of_ten_digits_takes_the_rate_of_its_sub_line() -> None:
    rate = {"op": "by_subline", "lines": {HS + "20": pct("70")}, "else": pct("30")}
    held = facts((measure(Kind.MFN, rate), VAT))
    amounts_of = [
        assess(shipment(line("100", hs=code)), held).lines[0].taxes[0].rate
        for code in (HS, HS + "10", HS + "20")
    ]
    assert amounts_of == ["30 %", "30 %", "70 %"]


def test_a_preference_that_leaves_a_country_out_is_not_given_to_it() -> None:
    rate = {"op": "excluded", "origins": ["KH"], "of": pct("0")}
    held = facts(
        (MFN, VAT, measure(Kind.PREFERENCE, rate, scheme="ATIGA", geo="ATIGA")),
        groups={"KH": ("ATIGA",), "LA": ("ATIGA",)},
    )
    given_to = {
        origin: assess(shipment(line("100", origin=origin, scheme="ATIGA", origin_proof="D")), held)
        .lines[0]
        .scheme
        for origin in ("KH", "LA")
    }
    assert given_to == {"KH": "MFN", "LA": "ATIGA"}


def test_a_country_goes_before_its_group_and_a_variant_before_the_general_row() -> None:
    quota = measure(Kind.MFN, pct("80"), variant="OUT_OF_QUOTA")
    own = measure(Kind.PREFERENCE, pct("1"), scheme="AJCEP", geo="JP")
    held = facts((MFN, VAT, quota, AJCEP, own), groups={"JP": ("AJCEP",)})
    out = assess(shipment(line("100", variants=("OUT_OF_QUOTA",))), held)
    assert out.lines[0].taxes[0].rate == "80 %"
    near = assess(shipment(line("100", scheme="AJCEP", origin_proof="AJ")), held)
    assert near.lines[0].taxes[0].rate == "1 %"


def test_options_are_ranked_and_say_what_they_save() -> None:
    (found,) = rank(shipment(line("100")), HELD)
    told = [
        (each_one.scheme, each_one.rate, each_one.needs_proof, each_one.best) for each_one in found.options
    ]
    assert told == [("AJCEP", "5 %", True, True), ("MFN", "20 %", False, False)]
    assert found.options[0].saving == found.options[1].total - found.options[0].total > 0


def test_every_sentence_can_be_filled() -> None:
    for what, fix in SENTENCES.values():
        names = dict.fromkeys(
            (
                "hs", "day", "kind", "currency", "rule", "term", "unit", "component", "scheme", "origin", "declared",
                "name", "quota", "paper", "use", "price",
            ),
            "x",
        )  # fmt: skip
        assert what % names
        assert fix % names
