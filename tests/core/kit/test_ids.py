import time
import uuid

import pytest

from app.core.kit.ids import key_of, uuid7


def test_uuid7_has_the_version_and_variant_of_rfc_9562():
    made = uuid7()
    assert made.version == 7
    assert made.variant == uuid.RFC_4122


def test_uuid7_starts_with_the_milliseconds_of_its_making():
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert before <= made.int >> 80 <= after


def test_uuid7_of_a_later_millisecond_sorts_later(monkeypatch):
    now = 1_767_225_600_000_000_000
    keys = []
    for millis in range(20):
        monkeypatch.setattr(time, "time_ns", lambda instant=now + millis * 1_000_000: instant)
        keys.append(uuid7())
    assert keys == sorted(keys)
    assert [str(key) for key in keys] == sorted(str(key) for key in keys)


def test_uuid7_does_not_repeat_within_a_millisecond(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_225_600_000_000_000)
    assert len({uuid7() for _ in range(2000)}) == 2000


def test_a_key_is_read_back_from_its_text():
    made = uuid7()
    assert key_of(str(made)) == made


@pytest.mark.parametrize("text", ["", "0", "no key", "0190c5a0-0000-7000-8000-00000000000", "\0" * 32])
def test_any_other_text_is_no_key(text: str):
    assert key_of(text) is None
