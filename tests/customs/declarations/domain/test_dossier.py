"""Which papers a declaration asks for, and what a certificate says."""

from datetime import date
from typing import Any

import pytest

from app.core.kit.conditions import FieldKind, FieldType, check, fields
from app.customs.declarations.domain import catalogue, dictionary, dossier
from app.customs.declarations.domain.dossier import (
    Certificate,
    CertificateExpired,
    CertificateOfAnother,
    CertificateUnread,
    Standing,
    asked,
    fact_part,
    fact_title,
    facts_of,
    read_certificate,
    slots,
    standing,
)

OWN, FOREIGN = "0100233488", "0312945656"
TODAY = date(2026, 11, 20)


def facts(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "direction": "IMPORT", "movement": "ABROAD_TO_ZONE", "type_code": "E11", "by_agent": False, "header": {},
        "lines": [{"hs": "72081000", "scheme": "MFN"}],
    }  # fmt: skip
    return facts_of(**{**content, **changes})


def schema() -> dict[str, FieldType]:
    """Return the types of all facts from the catalogues themselves, so that no condition names what is not there."""
    text, movements = FieldType(FieldKind.TEXT), catalogue.movements()
    return {
        "direction": FieldType(FieldKind.CODE, values=frozenset({"IMPORT", "EXPORT"})),
        "movement": FieldType(FieldKind.CODE, values=frozenset(movements)),
        "type_code": FieldType(FieldKind.CODE, values=frozenset(catalogue.type_codes())),
        "by_agent": FieldType(FieldKind.BOOLEAN),
        "lines": FieldType(FieldKind.ROWS),
        **{f"header.{code.lower()}": text for code in dictionary.header_fields()},
        **{f"lines[].{code.lower()}": text for code in dictionary.line_fields()},
    }


def codes(**changes: Any) -> set[str]:
    return {each.slot.code for each in asked(facts(**changes))}


def test_the_movement_and_the_type_decide() -> None:
    assert {"INVOICE", "TRANSPORT", "PACKING_LIST", "OTHER"} == codes()
    assert "TRANSPORT" not in codes(movement="ZONE_TO_INLAND")
    assert "PROCESSING_CONTRACT" in codes(type_code="E21")
    assert "TEMPORARY" in codes(type_code="G12")
    assert {"DESTRUCTION", "OTHER"} == codes(movement="DESTRUCTION", type_code="A42")
    assert "AGENCY" in codes(by_agent=True)


def test_the_goods_decide() -> None:
    assert "ORIGIN" not in codes()
    assert "ORIGIN" in codes(lines=[{"scheme": "MFN"}, {"scheme": "ACFTA"}])
    assert "DUTY_FREE_LIST" in codes(type_code="A43")
    assert "DUTY_FREE_LIST" not in codes(type_code="A11")
    assert "SPECIALISED" in codes(header={"OL1": "MO"})
    assert "PERMIT" in codes(header={"SN1": "12/GP"})


def test_an_empty_field_is_unknown_and_not_false() -> None:
    (origin,) = [each for each in asked(facts(lines=[{"hs": "72"}])) if each.slot.code == "ORIGIN"]
    assert (origin.known, origin.wanting) == (False, ("lines[].scheme",))
    assert standing(origin, []) is Standing.UNKNOWN


def test_an_export_that_claims_nothing_asks_for_no_origin() -> None:
    export = {"direction": "EXPORT", "movement": "ZONE_TO_ABROAD", "type_code": "B11"}
    assert "ORIGIN" not in codes(**export, lines=[{"hs": "72"}])
    assert "ORIGIN" in codes(**export, lines=[{"hs": "72"}, {"hs": "73", "scheme": "CPTPP"}])


def test_every_fact_of_a_condition_has_a_name_and_a_page() -> None:
    named = {path for each in slots() if each.when is not None for path in fields(each.when)}
    assert {"header.ss1", "header.sn1", "header.ol1", "lines[].scheme"} <= named
    for path in sorted(named):
        assert set(fact_title(path)) == {"vi", "en"}, path
    assert fact_part("header.ol1") == "header/permits"
    assert fact_part("lines[].scheme") == "lines"
    assert fact_part("movement") == ""


@pytest.mark.parametrize(
    ("code", "sources", "found"),
    [
        ("INVOICE", [], Standing.MISSING),
        ("INVOICE", ["UPLOAD"], Standing.ATTACHED),
        ("INVOICE", ["VAULT"], Standing.REFERRED),
        ("INVOICE", ["VAULT", "UPLOAD"], Standing.ATTACHED),
        ("OTHER", [], Standing.OPTIONAL),
    ],
)
def test_where_a_place_stands(code: str, sources: list[str], found: Standing) -> None:
    assert standing(dossier.find(facts(), code), sources) is found


def test_every_condition_is_sound_and_every_basis_known() -> None:
    for each in slots():
        assert each.when is None or not check(each.when, schema()), each.code
        for words in (each.title, each.hint or each.title, *(form.title for form in each.forms)):
            assert set(words) == {"vi", "en"}, each.code
        for basis in (each.basis, *(form.basis for form in each.forms)):
            assert basis.title["vi"]
            assert basis.article or basis.assumed, each.code
    assert len({each.code for each in slots()}) == len(slots())


def read(**changes: Any) -> Certificate:
    content: dict[str, Any] = {
        "number": " VN 12 ",
        "issued_on": TODAY,
        "holder": OWN,
        "own": OWN,
        "today": TODAY,
    }
    return read_certificate(**{**content, **changes})


def test_a_certificate_of_the_firm_and_of_its_branch() -> None:
    assert read() == Certificate("VN 12", TODAY, OWN)
    assert read(holder="0100233488-001").holder == "0100233488-001"
    assert read(own="").holder == OWN


def test_a_certificate_of_another_firm_is_refused_by_name() -> None:
    with pytest.raises(CertificateOfAnother) as refused:
        read(holder=FOREIGN)
    assert [each.name for each in refused.value.errors] == ["holder"]
    assert refused.value.params == {"holder": FOREIGN, "own": OWN}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"number": "", "issued_on": None, "holder": ""}, ["number", "issued_on", "holder"]),
        ({"number": "x" * 61}, ["number"]),
        ({"issued_on": date(2026, 11, 21)}, ["issued_on"]),
        ({"holder": "0100233489"}, ["holder"]),
        ({"valid_until": date(2026, 11, 19)}, ["valid_until"]),
    ],
)
def test_what_is_wanting_on_a_certificate_is_named(changes: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(CertificateUnread) as refused:
        read(**changes)
    assert [each.name for each in refused.value.errors] == named


def test_a_certificate_that_has_ended_is_refused_by_name() -> None:
    ended = {"issued_on": date(2025, 11, 1), "valid_until": date(2026, 11, 19)}
    with pytest.raises(CertificateExpired) as refused:
        read(**ended)
    assert [each.name for each in refused.value.errors] == ["valid_until"]
    assert refused.value.params == {"number": "VN 12", "until": "19/11/2026", "day": "20/11/2026"}
    assert read(**ended, counts_on=date(2026, 11, 19)).valid_until == date(2026, 11, 19)
    assert standing(dossier.find(facts(), "INVOICE"), ["VAULT"], expired=True) is Standing.EXPIRED
    assert standing(dossier.find(facts(), "INVOICE"), [], expired=True) is Standing.MISSING
