import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.kit.taxcode import InvalidTaxCode, TaxCode, TaxCodeKind, parse_tax_code


@pytest.mark.parametrize("value", ["0100233488", "0312945656", "4401053694"])
def test_known_enterprises_pass(value):
    assert parse_tax_code(value) == TaxCode(value, TaxCodeKind.ENTERPRISE)


@pytest.mark.parametrize("typed", ["0312945656-001", "0312945656001", " 0312945656 - 001 ", "0312945656–001"])
def test_branch_is_written_with_its_dash(typed):
    code = parse_tax_code(typed)
    assert str(code) == "0312945656-001"
    assert code.kind is TaxCodeKind.BRANCH
    assert code.enterprise == "0312945656"


def test_personal_id_serves_as_tax_code():
    code = parse_tax_code("031 095 001 234")
    assert code == TaxCode("031095001234", TaxCodeKind.PERSONAL)
    assert code.enterprise is None


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("01002E3488", "characters"),
        ("٠١٠٠٢٣٣٤٨٨", "characters"),
        ("010023348", "length"),
        ("01002334881", "length"),
        ("01002334880011", "length"),
        ("0100000003", "serial"),
        ("000000000000", "serial"),
        ("0100233489", "check"),
        ("0100233489-001", "check"),
        ("0312945656-000", "branch"),
    ],
)
def test_refused_with_a_reason(typed, reason):
    with pytest.raises(InvalidTaxCode) as caught:
        parse_tax_code(typed)
    assert caught.value.reason == reason
    assert str(caught.value)


@pytest.mark.parametrize("value", ["0100233488", "0312945656", "4401053694"])
def test_every_single_wrong_digit_is_caught(value):
    for index, digit in enumerate(value):
        for wrong in set("0123456789") - {digit}:
            with pytest.raises(InvalidTaxCode):
                parse_tax_code(value[:index] + wrong + value[index + 1 :])


@given(st.text(max_size=20) | st.text("0123456789- ", max_size=16))
def test_any_text_is_read_or_refused(text):
    try:
        code = parse_tax_code(text)
    except InvalidTaxCode:
        return
    assert parse_tax_code(code.value) == code
