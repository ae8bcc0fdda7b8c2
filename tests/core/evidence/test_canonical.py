import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.evidence.canonical import NotCanonical, canonical_json

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
_scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _texts
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4)
)


def test_rfc_8785_sorts_keys_by_utf16_units() -> None:
    """The example of RFC 8785 §3.2.3."""
    value = {
        "€": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "ö": "Latin Small Letter O With Diaeresis",
    }

    assert list(json.loads(canonical_json(value))) == ["\r", "1", "\u0080", "ö", "€", "\U0001f600", "\ufb33"]


def test_text_is_escaped_only_where_it_must_be() -> None:
    assert canonical_json({"b": "Khu thương mại\n\x01", "a": [1, True, None]}) == (
        '{"a":[1,true,null],"b":"Khu thương mại\\n\\u0001"}'.encode()
    )


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        {"a": [1.0]},
        Decimal(1),
        UUID(int=1),
        b"x",
        (1, 2),
        {1: "x"},
        2**53,
        "a\x00",
        {"\x00": 1},
        "\ud800",
        {"\ud800": 1},
    ],
)
def test_refuses_what_has_no_one_spelling(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_names_the_place() -> None:
    value: Any = {"lots": [{"weight_kg": "1"}, {"weight_kg": 0.5}]}

    with pytest.raises(NotCanonical, match=r"\$\.lots\[1\]\.weight_kg is float"):
        canonical_json(value)


@given(_values)
def test_reads_back_and_is_stable(value: Any) -> None:
    first = canonical_json(value)

    assert json.loads(first) == value
    assert canonical_json(json.loads(first)) == first
