from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.kit.codes import (
    CROCKFORD,
    InvalidCode,
    ParsedCode,
    check_character,
    format_code,
    parse_code,
    parse_verification_code,
    verification_code,
)

prefixes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=6)
parts = st.tuples(prefixes, st.integers(1000, 9999), st.integers(1, 10**12 - 1))


def replaced(text: str, index: int, character: str) -> str:
    return text[:index] + character + text[index + 1 :]


@pytest.mark.parametrize(
    ("text", "check"),
    [("0794", "0"), ("079", "X"), ("000000021825009", "7"), ("000000021694233", "X")],
)
def test_check_character_agrees_with_iso_7064_mod_11_2(text, check):
    # The first two are the worked examples of the standard, the others published ORCID identifiers.
    assert check_character(text) == check


@pytest.mark.parametrize("text", ["", "12-3", "ab", "١٢"])
def test_check_character_refuses_other_characters(text):
    with pytest.raises(ValueError, match="letters A-Z"):
        check_character(text)


def test_code_is_padded_and_grows():
    assert format_code("HS", 2026, 123) == "HS-2026-000123-9"
    assert format_code("HS", 2026, 12_345_678).startswith("HS-2026-12345678-")


@pytest.mark.parametrize(
    ("prefix", "year", "number"),
    [
        ("", 2026, 1),
        ("hs", 2026, 1),
        ("Đ", 2026, 1),
        ("ABCDEFG", 2026, 1),
        ("HS", 26, 1),
        ("HS", 10000, 1),
        ("HS", 2026, 0),
        ("HS", 2026, -1),
        ("HS", 2026, 10**12),
    ],
)
def test_format_refuses_what_cannot_be_read_back(prefix, year, number):
    with pytest.raises(ValueError, match="code"):
        format_code(prefix, year, number)


@given(parts)
def test_code_reads_back(parts):
    code = format_code(*parts)
    assert parse_code(code) == ParsedCode(*parts)
    assert str(parse_code(code)) == code


@pytest.mark.parametrize(
    "typed",
    [
        "hs-2026-000123-9",
        "HS20260001239",
        " hs 2026 000123 9 ",
        "HS–2026—000123−9",
        "ＨＳ-２０２６-０００１２３-９",
        "HS-2026-000\u200b123-9\n",
        "HS/2026/000123/9",
    ],
)
def test_parse_forgives_how_people_type(typed):
    assert str(parse_code(typed)) == "HS-2026-000123-9"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "shape"),
        ("HS", "shape"),
        ("2026-000123-9", "shape"),
        ("HS-2026-123-9", "shape"),
        ("HS-2026-0000123-9", "shape"),
        ("HS-2026-000123", "shape"),
        ("HS-2026-000123-A", "shape"),
        ("HS-2026-000000-1", "shape"),
        ("HS-0026-000123-1", "shape"),
        ("HS-2026-٠٠٠123-9", "shape"),
        ("HS-2026-000123-8", "check"),
        ("HS-2026-000123-X", "check"),
    ],
)
def test_parse_refuses_with_a_reason(typed, reason):
    with pytest.raises(InvalidCode) as caught:
        parse_code(typed)
    assert caught.value.reason == reason


@settings(max_examples=60)
@given(parts)
def test_every_single_wrong_digit_is_caught(parts):
    code = format_code(*parts)
    for index, character in enumerate(code):
        if character.isdigit() or index == len(code) - 1:
            for wrong in set("0123456789X" if index == len(code) - 1 else "0123456789") - {character}:
                with pytest.raises(InvalidCode):
                    parse_code(replaced(code, index, wrong))


@settings(max_examples=60)
@given(parts)
def test_every_swap_of_neighbouring_digits_is_caught(parts):
    compact = format_code(*parts).replace("-", "")
    for index in range(len(parts[0]), len(compact) - 1):
        left, right = compact[index], compact[index + 1]
        if left != right:
            with pytest.raises(InvalidCode):
                parse_code(compact[:index] + right + left + compact[index + 2 :])


@given(st.binary(min_size=17, max_size=17))
def test_verification_code_keeps_all_130_bits(random):
    code = verification_code(random)
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5, 6, 1]
    number = 0
    for character in code.replace("-", "")[:26]:
        number = number * 32 + CROCKFORD.index(character)
    assert number == int.from_bytes(random, "big") >> 6
    assert parse_verification_code(code) == code


@pytest.mark.parametrize("length", [0, 16, 18])
def test_verification_code_needs_its_randomness(length):
    with pytest.raises(ValueError, match="17 random bytes"):
        verification_code(bytes(length))


def test_verification_code_forgives_lookalikes():
    code = verification_code(bytes(16) + b"\x40")
    typed = code.replace("0", "o").replace("1", "l").lower().replace("-", " ")
    assert "o" in typed
    assert "l" in typed
    assert parse_verification_code(typed) == code


@settings(max_examples=15)
@given(st.binary(min_size=17, max_size=17))
def test_verification_code_catches_every_wrong_character_and_every_swap(random):
    compact = verification_code(random).replace("-", "")
    for index, character in enumerate(compact):
        for wrong in set(CROCKFORD) - {character}:
            with pytest.raises(InvalidCode):
                parse_verification_code(replaced(compact, index, wrong))
        for other in range(index + 1, len(compact)):
            if compact[other] != character:
                swapped = replaced(replaced(compact, index, compact[other]), other, character)
                with pytest.raises(InvalidCode):
                    parse_verification_code(swapped)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("", "shape"), ("0" * 26, "shape"), ("U" * 27, "alphabet"), ("0" * 26 + "1", "check")],
)
def test_verification_code_refuses_with_a_reason(typed, reason):
    with pytest.raises(InvalidCode) as caught:
        parse_verification_code(typed)
    assert caught.value.reason == reason


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    for read in (parse_code, parse_verification_code):
        with suppress(InvalidCode):
            assert read(text)
