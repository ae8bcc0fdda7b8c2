from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.kit.ranges import Period

FIRST = date(2026, 1, 1)
days = st.integers(0, 30).map(lambda count: FIRST + timedelta(days=count))
periods = st.builds(
    lambda start, length: Period(start, None if length is None else start + timedelta(days=length)),
    days,
    st.none() | st.integers(1, 12),
)


@pytest.mark.parametrize("end", [FIRST, FIRST - timedelta(days=1)])
def test_a_period_holds_a_day(end):
    with pytest.raises(ValueError, match="holds no day"):
        Period(FIRST, end)


def test_moments_are_refused():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(TypeError):
        Period(moment)
    with pytest.raises(TypeError):
        Period(FIRST, moment)
    with pytest.raises(TypeError):
        Period(FIRST).contains(moment)


def test_the_end_is_outside():
    period = Period(FIRST, date(2026, 2, 1))
    assert period.contains(FIRST)
    assert period.contains(date(2026, 1, 31))
    assert not period.contains(date(2026, 2, 1))
    assert (period.days, period.last_day) == (31, date(2026, 1, 31))
    assert period == Period.of_days(FIRST, date(2026, 1, 31))
    assert Period(FIRST).contains(date.max)
    assert Period(FIRST).days is Period(FIRST).last_day is None
    assert str(period) == "[2026-01-01, 2026-02-01)"


def test_touching_periods_do_not_overlap():
    assert not Period(FIRST, date(2026, 2, 1)).overlaps(Period(date(2026, 2, 1)))


@given(periods, periods, days)
def test_the_intersection_holds_the_common_days(first, second, day):
    common = first.intersect(second)
    both = first.contains(day) and second.contains(day)
    assert both == (common is not None and common.contains(day))
    assert first.overlaps(second) == second.overlaps(first) == (common is not None)
    assert common == second.intersect(first)


@given(periods)
def test_a_period_meets_itself(period):
    assert period.intersect(period) == period
