import base64
import json
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.kit.pagination import InvalidCursor, Page, decode_cursor, encode_cursor, position

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
values = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    st.integers(-(2**63), 2**63 - 1),
    st.datetimes(timezones=zones),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
    st.uuids(),
)


def packed(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(st.lists(values, min_size=1, max_size=4).map(tuple))
def test_cursor_reads_back_with_its_types(key):
    text = encode_cursor(key)
    decoded = decode_cursor(text)
    assert decoded == key
    assert [type(value) for value in decoded] == [type(value) for value in key]
    assert decode_cursor(text, expected=tuple(type(value) for value in key)) == key
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ((), ValueError),
        ((True,), TypeError),
        ((1.5,), TypeError),
        ((None,), TypeError),
        ((datetime(2026, 1, 1),), ValueError),  # noqa: DTZ001
        ((2**63,), ValueError),
        (("a\0b",), ValueError),
        (("\ud800",), ValueError),
        (("x" * 3000,), ValueError),
        ((Decimal("NaN"),), ValueError),
        ((Decimal("1E+9999"),), ValueError),
    ],
)
def test_what_no_row_is_sorted_by_is_refused(key, error):
    with pytest.raises(error):
        encode_cursor(key)


def test_a_cursor_of_another_list_is_refused():
    text = encode_cursor((datetime(2026, 1, 1, tzinfo=UTC), uuid.UUID(int=1)))
    assert decode_cursor(text, expected=(datetime, uuid.UUID))
    for expected in [(date, uuid.UUID), (datetime,), (str, uuid.UUID)]:
        with pytest.raises(InvalidCursor):
            decode_cursor(text, expected=expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "é",
        "a" * 5000,
        packed([]),
        packed({}),
        packed(5),
        packed([["s"]]),
        packed([["x", "a"]]),
        packed([["i", "1"]]),
        packed([["i", True]]),
        packed([["i", 2**70]]),
        packed([["i", 1.0]]),
        packed([["s", 1]]),
        packed([[["s"], "a"]]),
        packed([["u", "no"]]),
        packed([["u", "{00000000-0000-0000-0000-000000000001}"]]),
        packed([["t", "2026-01-01T00:00:00"]]),
        packed([["d", "20260101"]]),
        packed([["n", "x"]]),
        packed([["n", "sNaN"]]),
        packed([["s", "a\0"]]),
        packed([["s", "\ud800"]]),
        base64.urlsafe_b64encode(b'[["s", "a"]]').decode(),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        encode_cursor(("a",)) + "=",
        encode_cursor(("a",)) + "\n",
    ],
)
def test_garbage_is_refused(text):
    with pytest.raises(InvalidCursor):
        decode_cursor(text)


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_is_read_or_refused(text):
    try:
        key = decode_cursor(text)
    except InvalidCursor:
        return
    assert encode_cursor(key) == text


def test_a_page_keeps_its_cursors_when_its_items_change():
    page = Page((1, 2), next_cursor="n", previous_cursor="p")
    assert page.map(str) == Page(("1", "2"), "n", "p")
    assert Page(()).next_cursor is None


class TestPosition:
    AT, KEY = datetime(2026, 11, 22, 8, tzinfo=UTC), uuid.UUID(int=7)

    def test_a_page_begins_behind_its_cursor(self):
        assert position(encode_cursor((self.AT, self.KEY)), datetime, uuid.UUID) == (self.AT, self.KEY)

    @pytest.mark.parametrize(
        "text",
        ["", "no cursor", encode_cursor((AT,)), encode_cursor(("a", KEY)), encode_cursor((AT.date(), KEY))],
    )
    def test_whatever_is_no_cursor_of_the_list_begins_anew(self, text):
        assert position(text, datetime, uuid.UUID) is None
