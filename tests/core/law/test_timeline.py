"""Timelines: how a change cuts into what holds, and what differs between two of them."""

from datetime import date, timedelta
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.kit.ranges import Period
from app.core.law.book import LawValue, Status, law_value
from app.core.law.timeline import Action, ChangeItem, cut, end_value, fingerprint, plan, set_value, without

KEY = "test.limit"
ORIGIN = date(2026, 1, 1)


def held(start: int, end: int | None, value: str, status: Status = Status.CITED) -> LawValue:
    days = Period(ORIGIN + timedelta(days=start), None if end is None else ORIGIN + timedelta(days=end))
    return law_value(key=KEY, value=value, unit="count", valid=days, status=status, instrument="x")


@st.composite
def timelines(draw: st.DrawFn) -> list[LawValue]:
    edges = draw(st.lists(st.integers(0, 60), unique=True, max_size=8).map(sorted))
    return [
        held(start, end, draw(st.sampled_from("123")), draw(st.sampled_from(list(Status))))
        for start, end in zip_longest(edges, edges[1:])
        if draw(st.booleans())
    ]


def on(values: list[LawValue], day: date) -> LawValue | None:
    found = [value for value in values if value.valid.contains(day)]
    assert len(found) <= 1, "two values hold on one day"
    return found[0] if found else None


def applied(values: list[LawValue], items: tuple[ChangeItem, ...]) -> list[LawValue]:
    change = cut([(value.valid, index) for index, value in enumerate(values)], items)
    kept = [value for index, value in enumerate(values) if index not in change.closed]
    from_rests = [
        law_value(
            key=KEY,
            value=values[index].value,
            unit="count",
            valid=days,
            status=values[index].status,
            instrument="x",
        )
        for index, days in change.rests
    ]
    return kept + from_rests + list(change.added)


DAYS = [ORIGIN + timedelta(days=n) for n in range(-1, 70)]


@given(timelines(), timelines())
def test_a_plan_from_nothing_known_leads_to_what_the_files_say(
    current: list[LawValue], new: list[LawValue]
) -> None:
    after = applied(current, plan(current, new, current, key=KEY))
    for day in DAYS:
        wanted, got, was = on(new, day), on(after, day), on(current, day)
        assert (got and got.content_hash) == (wanted and wanted.content_hash)
        if got and wanted and got.status != wanted.status:
            assert was
            assert was.status is Status.VERIFIED


@given(timelines(), timelines())
def test_days_that_the_files_did_not_change_keep_what_the_installation_holds(
    old: list[LawValue], current: list[LawValue]
) -> None:
    assert plan(old, old, current, key=KEY) == ()


@given(timelines(), timelines())
def test_a_plan_is_empty_once_it_has_been_applied(current: list[LawValue], new: list[LawValue]) -> None:
    after = sorted(applied(current, plan((), new, current, key=KEY)), key=lambda value: value.valid.start)
    assert plan((), new, after, key=KEY) == ()


def test_a_later_value_closes_the_older_one_and_keeps_its_pieces() -> None:
    change = cut([(held(0, 30, "1").valid, "row")], [set_value(held(10, 20, "2"))])
    assert change.closed == ("row",)
    assert [days for _, days in change.rests] == [held(0, 10, "1").valid, held(20, 30, "1").valid]
    assert [value.value for value in change.added] == ["2"]


def test_a_row_that_loses_no_day_is_left_alone() -> None:
    change = cut([(held(0, 10, "1").valid, "row")], [set_value(held(10, None, "2"))])
    assert change.closed == ()
    assert change.rests == ()


def test_the_later_item_of_one_change_wins() -> None:
    change = cut([], [set_value(held(0, 30, "1")), end_value(KEY, held(10, 20, "9").valid)])
    assert [value.valid for value in change.added] == [held(0, 10, "1").valid, held(20, 30, "1").valid]


def test_a_verified_value_is_not_lowered_by_files_that_only_cite_it() -> None:
    old, verified = [held(0, None, "1", Status.ASSUMED)], [held(0, None, "1", Status.VERIFIED)]
    assert plan(old, [held(0, None, "1", Status.CITED)], verified, key=KEY) == ()


def test_neighbouring_days_with_the_same_change_are_one_item() -> None:
    current = [held(0, 10, "1"), held(10, 20, "2")]
    (item,) = plan((), [held(0, 20, "3")], current, key=KEY)
    assert item.action is Action.SET
    assert item.period == held(0, 20, "3").valid


def test_an_item_names_a_value_only_when_it_sets_one() -> None:
    with pytest.raises(ValueError, match="only then"):
        ChangeItem(Action.SET, KEY, held(0, 1, "1").valid)


def test_the_rest_of_an_endless_period_is_endless() -> None:
    assert list(without(held(0, None, "1").valid, held(5, 10, "1").valid)) == [
        held(0, 5, "1").valid,
        held(10, None, "1").valid,
    ]


def test_a_fingerprint_moves_with_days_content_and_status_only() -> None:
    base = fingerprint([held(0, 10, "1"), held(10, None, "2")])
    assert base == fingerprint([held(10, None, "2"), held(0, 10, "1")])
    assert base != fingerprint([held(0, 10, "1"), held(10, None, "2", Status.VERIFIED)])
    assert base != fingerprint([held(0, 11, "1"), held(11, None, "2")])
