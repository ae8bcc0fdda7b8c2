"""
Worked examples as rows: what goes in, what comes out, and where the figures were read.

CIRCULAR: in the text of a circular, figures and all. FORMULA: the formula of an article; the sources that were read
have no figures for it, so these were made up here and calculated by hand. EXERCISE: a published student exercise, right
up to the base of the excise, wrong in its VAT. OWN: made up here and calculated by hand, from no text.
"""

from decimal import Decimal
from typing import Any

import pytest

from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.results import TaxKind
from app.customs.tariff.domain.shipment import Adjustment, Charge, Component, Direction
from app.customs.tariff.domain.stack import assess
from tests.customs.tariff.making import each, facts, line, measure, pct, shipment

MIXED = {"op": "sum", "of": [pct("30"), each("50")]}
CAR = (
    measure(Kind.MFN, MIXED),
    measure(Kind.ANTI_DUMPING, pct("12"), geo="JP"),
    measure(Kind.EXCISE, pct("40")),
    measure(Kind.VAT, pct("10")),
)
PLAIN = (measure(Kind.MFN, pct("10")), measure(Kind.VAT, pct("10"), conditions={"vat_reduction": True}))
TOBACCO = (
    measure(Kind.MFN, pct("30"), hs8="24011010"),
    measure(Kind.VAT, pct("10"), hs8="24011010"),
)

GOLDEN = [
    pytest.param(
        facts(CAR, rates={"USD": "22930"}),
        shipment(line("35680", quantity=Decimal(20))),
        {
            "CV": "818142400", "IMPORT_DUTY": "268372720", "ANTI_DUMPING": "98177088", "EXCISE": "473876883",
            "VAT": "165856909",
        },
        id="EXERCISE mixed duty, anti-dumping, excise; the VAT is ours",
    ),
    pytest.param(
        facts(TOBACCO),
        shipment(line("2000000", hs="24011010", quantity=Decimal(1020), unit="TNE")),
        {"CV": "50000000000", "IMPORT_DUTY": "15000000000", "VAT": "6500000000"},
        id="CIRCULAR 38/2015 art 37.2b: 1000 t invoiced, 1020 t received, the value stays",
    ),
    pytest.param(
        facts(TOBACCO),
        shipment(line("2000000", hs="24011010", quantity=Decimal(980), unit="TNE")),
        {"CV": "50000000000", "IMPORT_DUTY": "15000000000", "VAT": "6500000000"},
        id="CIRCULAR 38/2015 art 37.2b: 1000 t invoiced, 980 t received, the value stays",
    ),
    pytest.param(
        facts(PLAIN),
        shipment(line("100")),
        {"CV": "2500000", "IMPORT_DUTY": "250000", "VAT": "220000"},
        id="OWN VAT of 10 % reduced by 2 points",
    ),
    pytest.param(
        facts(PLAIN, rules={"vat_reduction": None}),
        shipment(line("100")),
        {"CV": "2500000", "IMPORT_DUTY": "250000", "VAT": "275000"},
        id="OWN no reduction in the law of the day",
    ),
    pytest.param(
        facts(PLAIN),
        shipment(line("100", scheme="ORDINARY")),
        {"CV": "2500000", "IMPORT_DUTY": "375000", "VAT": "230000"},
        id="OWN ordinary rate of 150 % of MFN",
    ),
    pytest.param(
        facts(PLAIN, groups={"JP": ("NO_MFN",)}),
        shipment(line("100")),
        {"CV": "2500000", "IMPORT_DUTY": "375000", "VAT": "230000"},
        id="OWN a country without MFN treatment",
    ),
    pytest.param(
        facts(PLAIN, rates={"USD": "25000", "EUR": "30000.5"}),
        shipment(
            line("100"), incoterm="FOB", freight=Charge(Decimal("10.5"), "USD"), insurance=Charge(Decimal(1), "EUR"),
            adjustments=(Adjustment(Component.INLAND_ABROAD, Decimal(2), "USD"),),
        ),
        {"CV": "2842501", "IMPORT_DUTY": "284250", "VAT": "250140"},
        id="OWN FOB with freight, insurance in another currency and inland carriage",
    ),
    pytest.param(
        facts(PLAIN),
        shipment(
            line("100"), incoterm="DDP",
            adjustments=(
                Adjustment(Component.INLAND_HERE, Decimal(5), "USD"), Adjustment(Component.DUTIES, Decimal(15), "USD"),
            ),
        ),
        {"CV": "2000000", "IMPORT_DUTY": "200000", "VAT": "176000"},
        id="OWN DDP: carriage and duties here come off",
    ),
    pytest.param(
        facts((*PLAIN, measure(Kind.ENVIRONMENT, each("4000", "VND", "LTR")))),
        shipment(line("100", quantity2=Decimal("7.5"), unit2="LTR")),
        {"CV": "2500000", "IMPORT_DUTY": "250000", "ENVIRONMENT": "30000", "VAT": "222400"},
        id="OWN environment tax by the second quantity",
    ),
    pytest.param(
        facts((measure(Kind.EXPORT, pct("5")),)),
        shipment(
            line("100"), direction=Direction.EXPORT, incoterm="CIF", destination="JP",
            freight=Charge(Decimal(9), "USD"), insurance=Charge(Decimal(1), "USD"),
        ),
        {"CV": "2250000", "EXPORT_DUTY": "112500"},
        id="OWN export duty on the value without freight and insurance",
    ),
    pytest.param(
        facts(PLAIN), shipment(line("100"), dutiable=False), {"CV": "2500000"}, id="OWN into the zone: no duty"
    ),
    pytest.param(
        facts((measure(Kind.MFN, {"op": "max", "of": [pct("10"), each("20")]}), PLAIN[1])),
        shipment(line("100")),
        {"CV": "2500000", "IMPORT_DUTY": "500000", "VAT": "240000"},
        id="OWN the higher of a percentage and an amount",
    ),
    pytest.param(
        facts((measure(Kind.MFN, each("5")), PLAIN[1])),
        shipment(line("100", quantity=Decimal("7.25"))),
        {"CV": "2500000", "IMPORT_DUTY": "906250", "VAT": "272500"},
        id="FORMULA Circular 38/2015 art 38.2a: quantity x amount x exchange",
    ),
    pytest.param(
        facts((measure(Kind.MFN, {"op": "sum", "of": [pct("7"), each("0.5")]}), PLAIN[1])),
        shipment(line("100", quantity=Decimal(3))),
        {"CV": "2500000", "IMPORT_DUTY": "212500", "VAT": "217000"},
        id="FORMULA Circular 38/2015 art 38.2b: percentage and amount together",
    ),
    pytest.param(
        facts((
            *PLAIN, measure(Kind.ANTI_DUMPING, pct("20"), geo="JP"), measure(Kind.COUNTERVAILING, pct("3"), geo="JP"),
            measure(Kind.SAFEGUARD, each("2")),
        )),
        shipment(line("100", quantity=Decimal(4))),
        {
            "CV": "2500000", "IMPORT_DUTY": "250000", "ANTI_DUMPING": "500000", "COUNTERVAILING": "75000",
            "SAFEGUARD": "200000", "VAT": "282000",
        },
        id="FORMULA Circular 38/2015 arts 39.3, 40.3: remedies on the value, and in the base of VAT",
    ),
    pytest.param(
        facts((*PLAIN, measure(Kind.SAFEGUARD, pct("10")), measure(Kind.EXCISE, pct("40")))),
        shipment(line("100")),
        {"CV": "2500000", "IMPORT_DUTY": "250000", "SAFEGUARD": "250000", "EXCISE": "1200000", "VAT": "336000"},
        id="FORMULA Circular 38/2015 art 40.3: a remedy in the base of the excise",
    ),
    pytest.param(
        facts((*PLAIN, measure(Kind.PREFERENCE, pct("12"), scheme="VJEPA", geo="JP"))),
        shipment(line("100", scheme="VJEPA", origin_proof="C/O VJ 1")),
        {"CV": "2500000", "IMPORT_DUTY": "250000", "VAT": "220000"},
        id="FORMULA Circular 38/2015 art 37.1 c.2.4: MFN where it is lower than the preference",
    ),
    pytest.param(
        facts((*PLAIN, measure(Kind.PREFERENCE, pct("2"), scheme="VJEPA", geo="JP"))),
        shipment(line("100", scheme="VJEPA")),
        {"CV": "2500000", "IMPORT_DUTY": "250000", "VAT": "220000"},
        id="FORMULA Law 54/2014 art 27.2: without proof no preference",
    ),
    pytest.param(
        facts((*PLAIN, measure(Kind.PREFERENCE, pct("2"), scheme="VJEPA", geo="JP"))),
        shipment(line("100", scheme="VJEPA", origin_proof="C/O VJ 1")),
        {"CV": "2500000", "IMPORT_DUTY": "50000", "VAT": "204000"},
        id="FORMULA Circular 38/2015 art 37.2a: value x rate, by a preference that is proven",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "asked", "expected"), GOLDEN)
def test_a_worked_example(given: Any, asked: Any, expected: dict[str, str]) -> None:
    done = assess(asked, given)
    (found,) = done.lines
    told = {"CV": str(found.customs_value), **{tax.kind.value: str(tax.amount) for tax in found.taxes}}
    assert told == expected
    assert done.complete
    assert done.total == sum(map(Decimal, expected.values())) - Decimal(expected["CV"])


def test_the_base_of_the_excise_is_that_of_the_published_exercise() -> None:
    done = assess(shipment(line("35680", quantity=Decimal(20))), facts(CAR, rates={"USD": "22930"}))
    excise = next(tax for tax in done.lines[0].taxes if tax.kind is TaxKind.EXCISE)
    assert excise.base == Decimal(1184692208)


def test_the_mixed_duty_of_the_published_exercise_step_by_step() -> None:
    done = assess(shipment(line("35680", quantity=Decimal(20))), facts(CAR, rates={"USD": "22930"}))
    duty = done.lines[0].taxes[0].trace.step
    assert [str(part.result) for part in duty.of] == ["245442720", "22930000"]


def test_every_example_says_where_it_comes_from() -> None:
    named = [str(each.id).split()[0] for each in GOLDEN]
    assert set(named) == {"CIRCULAR", "FORMULA", "EXERCISE", "OWN"}
