"""One test for each rule, of the name of the rule: what it lets pass and what it names."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.customs.declarations.domain import catalogue, dictionary, forms, rules
from app.customs.declarations.domain.containers import check_digit, fault
from app.customs.declarations.domain.content import Content, Limits
from app.customs.declarations.domain.splitting import branches

TODAY = date(2026, 11, 20)
HEADER = {
    "IMC": "0100233488", "IMN": "Công ty Thử", "IMA": "Số 1", "EPN": "Demo Ltd", "EPA": "Lot 9", "EPO": "JP",
    "SKB": "4", "CH": "03CC", "MTC": "4", "NO": "20", "NOT": "PK", "GW": "20000", "GWT": "KGM",
    "ARR": "2026-11-20", "DST": "VNZZZ",
    "PSC": "VNZZZ", "IV1": "A", "IV3": "INV-1", "IVD": "2026-11-19", "IVP": "TTR", "IP1": "A", "IP2": "CIF",
    "IP3": "USD", "IP4": "1100", "VD1": "6",
}  # fmt: skip
LINE = {
    "hs": "72083990", "description": "Thép tấm", "origin": "CN", "quantity": "2", "unit": "TNE", "unit_price": "550",
    "value": "1100", "scheme": "MFN",
}  # fmt: skip


def content(*lines: Mapping[str, str], **header: str) -> Content:
    return Content(
        direction="IMPORT", movement="ZONE_TO_INLAND", type_code="A11", header={**HEADER, **header},
        lines=lines or (LINE,), today=TODAY, limits=Limits(50, Decimal(1)), countries=frozenset({"CN", "JP"}),
        schemes=frozenset({"MFN", "ACFTA"}),
    )  # fmt: skip


def named(found: Content, *, line: int | None = None) -> set[tuple[str, str]]:
    return {(each.rule, each.field) for each in rules.check(found) if each.line == line}


def line(**cells: str) -> dict[str, str]:
    return {**LINE, **cells}


def test_what_is_right_passes() -> None:
    assert rules.check(content()) == []


def test_every_rule_has_words_in_both_languages() -> None:
    for code, words in rules.words().items():
        for said in (words.says, words.fix, words.source):
            assert set(said) == {"vi", "en"}, code
        assert words.severity in (rules.ERROR, rules.WARNING)


def test_missing() -> None:
    assert ("missing", "IV3") in named(content(IV3=""))
    assert ("missing", "description") in named(content(line(description="")), line=1)


@pytest.mark.parametrize(
    ("code", "when"), [("FR1", {"IP2": "FOB"}), ("IN3", {"IP2": "CFR", "IN1": "A"}), ("COC", {"MTC": "2"})]
)
def test_missing_by_condition(code: str, when: dict[str, str]) -> None:
    assert ("missing", code) not in named(content())
    assert ("missing", code) in named(content(**when))


def test_too_long() -> None:
    assert ("too_long", "IV3") in named(content(IV3="x" * 36))


def test_not_listed() -> None:
    assert ("not_listed", "IP2") in named(content(IP2="DPU"))
    assert ("not_listed", "DST") in named(content(DST="HAIPHONG"))
    assert named(content(DST="CNXMN")) == set(), "a place outside the short list may be given by its code"


def test_countries_and_schemes() -> None:
    assert ("not_listed", "origin") in named(content(line(origin="XX")), line=1)
    assert ("not_listed", "scheme") in named(content(line(scheme="B99")), line=1)


def test_not_number() -> None:
    assert ("not_number", "IP4") in named(content(IP4="mười"))


def test_not_whole() -> None:
    assert ("not_whole", "NO") in named(content(NO="1.5"))


def test_not_day() -> None:
    assert ("not_day", "ARR") in named(content(ARR="2026-13-32"))


@pytest.mark.parametrize(
    ("field", "cells"),
    [
        ("quantity", {"quantity": "2.001"}),
        ("unit_price", {"unit_price": "550.0000001"}),
        ("value", {"value": "1100.00001"}),
    ],
)
def test_decimals(field: str, cells: dict[str, str]) -> None:
    """Quantities have 2 decimals, values 4 and unit prices 6."""
    assert ("decimals", field) in named(content(line(**cells)), line=1)


def test_not_positive() -> None:
    assert ("not_positive", "quantity") in named(content(line(quantity="0", value="0")), line=1)


def test_tax_code() -> None:
    assert ("tax_code", "IMC") in named(content(IMC="0100233489"))


def test_firm_tax_code() -> None:
    """A declaration does not carry the code of another firm."""
    assert ("firm_tax_code", "IMC") in named(replace(content(), firm_tax_code="0312345674"))
    assert named(replace(content(), firm_tax_code="0100233488")) == set()


def test_container() -> None:
    assert ("container", "CNT") in named(content(MTC="2", COC="1", CNT="CSQU3054384"))
    assert ("container", "CNT") not in named(content(MTC="2", COC="1", CNT="CSQU3054383"))


def test_the_published_container_number() -> None:
    """The worked example of ISO 6346 itself."""
    assert check_digit("CSQU305438") == 3
    assert fault("CSQU3054383") == ""
    assert fault("CSQ3054383") == "shape"
    assert fault("CSUQ3054383") == "shape"


def test_container_twice() -> None:
    assert ("container_twice", "CNT") in named(content(MTC="2", COC="2", CNT="CSQU3054383\nCSQU3054383"))


def test_container_count() -> None:
    assert ("container_count", "COC") in named(content(MTC="2", COC="2", CNT="CSQU3054383"))


@pytest.mark.parametrize("term", ["CIF", "CIP", "C&I", "DDU", "DDP", "DAP", "DAF", "DAT"])
def test_insurance_none(term: str) -> None:
    assert ("insurance_none", "IN1") in named(content(IP2=term, IN1="D"))
    assert ("insurance_none", "IN1") not in named(content(IP2="FOB", IN1="D"))


def test_invoice_total() -> None:
    assert ("invoice_total", "IP4") in named(content(IP4="1100.01"))


def test_invoice_day() -> None:
    assert ("invoice_day", "IVD") in named(content(IVD="2026-11-21"))
    assert ("invoice_day", "IVD") not in named(content(IVD="2026-11-20"))


def test_waybill() -> None:
    assert ("waybill", "BL1") in named(content(MTC="1", BL1="9" * 21))
    assert ("waybill", "BL1") not in named(content(MTC="4", BL1="9" * 21))


def test_gross_weight() -> None:
    assert ("gross_weight", "GW") in named(content(GW="1000000"))
    assert ("gross_weight", "GW") not in named(content(GW="999999.999"))
    assert ("gross_weight", "GW") in named(content(MTC="1", GW="10.25"))


def test_earlier_number() -> None:
    change = replace(content(PRV="10862544012"), movement="CHANGE_OF_USE", type_code="A42")
    assert ("earlier_number", "PRV") in named(change)
    assert ("missing", "PRV") in named(replace(content(), movement="CHANGE_OF_USE", type_code="A42"))


def test_type_direction() -> None:
    assert ("type_direction", "type_code") in named(replace(content(), type_code="B11"))


def test_type_unusual() -> None:
    assert ("type_unusual", "type_code") in named(replace(content(), type_code="E31"))


def test_first_branch() -> None:
    assert ("first_branch", "FIC") in named(content(BNO="2", DNO="2", FIC=""))
    assert ("first_branch", "FIC") not in named(content(BNO="2", DNO="2", FIC="10862544012"))


def test_zone_term() -> None:
    found = [
        each
        for each in rules.check(content(IP2="FOB", FR1="A", FR3="1", FR2="USD", IN1="D"))
        if each.rule == "zone_term"
    ]
    assert len(found) == 1
    assert not rules.is_error(found[0])


def test_no_lines() -> None:
    assert ("no_lines", "lines") in named(replace(content(), lines=()))


def test_too_many_lines() -> None:
    found: dict[str, Any] = {"value": "0.5", "quantity": "1", "unit_price": "0.5"}
    assert ("too_many_lines", "lines") not in named(content(*[line(**found)] * 50))
    assert ("too_many_lines", "lines") in named(content(*[line(**found)] * 51))


def test_branches() -> None:
    assert [len(part) for part in branches(range(101), 50)] == [50, 50, 1]


def test_hs_form() -> None:
    assert ("hs_form", "hs") in named(content(line(hs="7208399")), line=1)
    assert named(content(line(hs="7208399010")), line=1) == set()


def test_price_times_quantity() -> None:
    """Give or take one unit of the currency."""
    assert named(content(line(value="1101"), IP4="1101"), line=1) == set()
    assert ("price_times_quantity", "value") in named(content(line(value="1101.01"), IP4="1101.01"), line=1)


def test_origin_proof() -> None:
    assert ("origin_proof", "origin_proof") in named(content(line(scheme="ACFTA")), line=1)
    assert named(content(line(scheme="ACFTA", origin_proof="E26-1")), line=1) == set()


def test_second_quantity() -> None:
    assert ("second_quantity", "unit2") in named(content(line(quantity2="20")), line=1)
    assert ("same_unit", "unit2") in named(content(line(quantity2="20", unit2="TNE")), line=1)


def test_the_catalogue_has_forty_codes() -> None:
    codes = catalogue.type_codes().values()
    assert [sum(1 for each in codes if each.direction == way) for way in ("IMPORT", "EXPORT")] == [24, 16]
    for movement in catalogue.movements().values():
        assert catalogue.usual(movement.code), movement.code
        assert {each.direction for each in catalogue.usual(movement.code)} <= set(movement.directions)


def test_the_dictionary_speaks_both_languages_and_names_lists_that_exist() -> None:
    elsewhere = {"country", "scheme"}
    for field in (*dictionary.header_fields().values(), *dictionary.line_fields().values()):
        assert set(field.label) == {"vi", "en"}, field.code
        assert field.help is None or set(field.help) == {"vi", "en"}, field.code
        assert (field.kind == "code") == bool(field.list), field.code
        assert not field.list or field.list in elsewhere | dictionary.code_lists().keys(), field.code


def test_forms_are_dated_and_name_their_source() -> None:
    """Lengths and terms are data: each row has a day, a source that rules cite and its standing."""
    sources = dictionary.load("rules")["sources"]
    for name, each in dictionary.load("forms").items():
        assert set(each["about"]) == {"vi", "en"}, name
        for row in each["rows"]:
            assert row["source"] in sources, name
            assert row["status"] in ("CITED", "ASSUMED"), name
    assert forms.number_of("waybill_length", TODAY) == 20
    with pytest.raises(LookupError):
        forms.form("waybill_length", date(1999, 1, 1))


def test_every_field_of_a_line_explains_itself() -> None:
    for field in dictionary.line_fields().values():
        assert field.help is not None, field.code
        assert set(field.help) == {"vi", "en"}, field.code
