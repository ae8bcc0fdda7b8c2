"""The working calendar and the legal clock, on the days and hours of this release."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.kit.ranges import Period
from app.core.law import LawBook, LawValueMissing, Limit, LimitUnit, OpeningPeriod, law_files, load_yaml
from app.core.workflow.calendar import WorkCalendar, build_calendar
from app.core.workflow.clock import Clock, Pause, merged
from app.core.workflow.definition import ClockMode

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
APP = Path(__file__).parents[3] / "app"


@cache
def release() -> dict[str, tuple]:
    return dict(load_yaml(law_files(APP)).values)


@cache
def calendar() -> WorkCalendar:
    values = [value for key, found in release().items() if key.startswith("calendar.") for value in found]
    return build_calendar(values, zone=ZONE, around=date(2026, 3, 1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def law_on(day: date) -> LawBook:
    held = {key: value for key, found in release().items() for value in found if value.valid.contains(day)}
    return LawBook(day, held)


def limit(amount: str, unit: LimitUnit) -> Limit:
    return Limit(Decimal(amount), unit)


WORKING = LimitUnit.WORKING_DAY
MINUTES = LimitUnit.WORKING_MINUTE
CALENDAR = LimitUnit.DAY


@pytest.mark.parametrize(
    ("accepted", "amount", "unit", "due"),
    [
        ("2026-02-13T09:00", "10", WORKING, "2026-03-06T17:00"),  # over Tết
        ("2026-11-20T09:00", "3", WORKING, "2026-11-26T17:00"),  # over the new holiday of 24 November
        ("2026-02-27T09:00", "15", CALENDAR, "2026-03-16T17:00"),  # 14 March is a Saturday
        ("2026-03-16T09:00", "15", CALENDAR, "2026-03-31T17:00"),
        ("2026-04-01T09:00", "10", WORKING, "2026-04-15T17:00"),
        ("2025-12-31T16:59", "1", WORKING, "2026-01-05T17:00"),  # 2 January is off, in exchange
        ("2026-01-09T09:00", "1", WORKING, "2026-01-10T17:00"),  # for Saturday 10 January
        ("2026-08-21T09:00", "1", WORKING, "2026-08-22T17:00"),
        ("2026-08-28T09:00", "1", WORKING, "2026-09-03T17:00"),
        ("2026-04-24T09:00", "1", WORKING, "2026-04-28T17:00"),  # Monday compensates for a Sunday
        ("2026-03-02T09:00", "6.75", WORKING, "2026-03-11T15:00"),
        ("2026-03-02T09:00", "14.25", WORKING, "2026-03-23T09:30"),
        ("2026-03-02T09:00", "0.5", WORKING, "2026-03-03T11:30"),
        ("2026-03-07T09:00", "1", WORKING, "2026-03-09T17:00"),  # accepted on a Saturday
        ("2026-03-02T09:00", "480", MINUTES, "2026-03-03T09:00"),
        ("2026-03-02T18:00", "480", MINUTES, "2026-03-03T17:00"),  # filed after hours
        ("2026-03-02T12:00", "480", MINUTES, "2026-03-03T11:30"),  # filed at noon
        ("2026-03-07T10:00", "480", MINUTES, "2026-03-09T17:00"),  # filed on a Saturday
        ("2026-02-13T16:00", "480", MINUTES, "2026-02-23T16:00"),
    ],
)
def test_due_for_limit(accepted: str, amount: str, unit: LimitUnit, due: str) -> None:
    assert calendar().due_for_limit(at(accepted), limit(amount, unit)) == at(due)


@pytest.mark.parametrize(
    ("accepted", "instrument", "due"),
    [
        ("2026-02-27T09:00", "law-61-2020-qh14", "2026-03-16T17:00"),
        ("2026-03-16T09:00", "decree-31-2021", "2026-03-31T17:00"),
        ("2026-04-01T09:00", "decree-96-2026", "2026-04-15T17:00"),
    ],
)
def test_the_change_of_2026_gives_each_dossier_its_own_law(accepted: str, instrument: str, due: str) -> None:
    law = law_on(at(accepted).date())
    assert law.get("investment.irc.limit").instrument == instrument
    assert calendar().due_for_limit(at(accepted), law.limit("investment.irc.limit")) == at(due)


def test_a_moment_in_utc_belongs_to_its_local_day() -> None:
    late = datetime(2026, 3, 31, 17, 30, tzinfo=UTC)  # 1 April, half past midnight
    assert calendar().due_for_limit(late, limit("10", WORKING)) == at("2026-04-15T17:00")


def test_working_days_of_2026_and_the_make_up_saturdays() -> None:
    days = [day for day in calendar().days if day.year == 2026]
    assert [day for day in days if day.weekday() > 4] == [date(2026, 1, 10), date(2026, 8, 22)]
    off = [
        day
        for n in range(365)
        if (day := date(2026, 1, 1) + timedelta(days=n)).weekday() < 5 and not calendar().is_working(day)
    ]
    assert off == [
        date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, day) for day in range(16, 21)), date(2026, 4, 27),
        date(2026, 4, 30), date(2026, 5, 1), date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2),
        date(2026, 11, 24),
    ]  # fmt: skip


def test_a_working_day_has_480_minutes() -> None:
    assert calendar().minutes_between(at("2026-03-02T00:00"), at("2026-03-03T00:00")) == 480


@pytest.mark.parametrize(
    ("instant", "opens"),
    [
        ("2026-03-02T06:00", "2026-03-02T07:30"),
        ("2026-03-02T07:30", "2026-03-02T07:30"),
        ("2026-03-02T11:30", "2026-03-02T13:00"),
        ("2026-03-02T16:59", "2026-03-02T16:59"),
        ("2026-03-02T17:00", "2026-03-03T07:30"),
        ("2026-02-13T17:00", "2026-02-23T07:30"),
    ],
)
def test_next_open(instant: str, opens: str) -> None:
    assert calendar().next_open(at(instant)) == at(opens)


def test_counting_past_the_complete_days_is_refused_and_never_guessed() -> None:
    with pytest.raises(LawValueMissing) as caught:
        calendar().due_for_limit(at("2027-12-30T09:00"), limit("3", WORKING))
    assert caught.value.params == {"key": "calendar.complete", "day": "2028-01-01"}
    for ask in (
        lambda: calendar().due_for_limit(at("2027-12-30T09:00"), limit("3", CALENDAR)),
        lambda: calendar().add_minutes(at("2027-12-31T16:00"), 61),
        lambda: calendar().next_open(at("2027-12-31T17:00")),
        lambda: calendar().is_working(date(2028, 1, 1)),
        lambda: calendar().minutes_between(at("2025-11-30T10:00"), at("2026-01-05T10:00")),
        lambda: calendar().add_minutes(at("2025-12-01T08:00"), -31),
    ):
        with pytest.raises(LawValueMissing):
            ask()
    assert calendar().add_minutes(at("2027-12-31T16:00"), 60) == at("2027-12-31T17:00")


def test_a_gap_between_complete_days_is_never_crossed() -> None:
    values = [value for key, found in release().items() if key.startswith("calendar.") for value in found]
    holed = [v for v in values if not (v.key == "calendar.complete" and v.valid.contains(date(2026, 6, 1)))]
    early = build_calendar(holed, zone=ZONE, around=date(2025, 12, 5))
    assert early.complete == Period(date(2025, 12, 1), date(2026, 1, 1))
    assert build_calendar(holed, zone=ZONE, around=date(2027, 5, 5)).complete.start == date(2027, 1, 1)
    with pytest.raises(LawValueMissing):
        build_calendar(holed, zone=ZONE, around=date(2026, 6, 1))
    with pytest.raises(LawValueMissing) as caught:
        build_calendar([v for v in values if v.key != "calendar.week"], zone=ZONE, around=date(2026, 6, 1))
    assert caught.value.params["key"] == "calendar.week"


def test_the_same_values_build_one_calendar() -> None:
    values = [value for key, found in release().items() if key.startswith("calendar.") for value in found]
    assert build_calendar(values, zone=ZONE, around=date(2026, 5, 1)) is calendar()


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        calendar().next_open(datetime(2026, 3, 2, 9))  # noqa: DTZ001


def test_hours_that_change_count_by_days() -> None:
    long, short = (
        (OpeningPeriod(time(8), time(16)),),
        (OpeningPeriod(time(8), time(12)),),
    )
    days = tuple(date(2026, 3, day) for day in (2, 3, 4, 5, 6))
    week = WorkCalendar(
        ZONE, Period(date(2026, 3, 1), date(2026, 3, 8)), days, (long, long, short, long, long)
    )
    assert week.due_for_limit(at("2026-03-02T09:00"), limit("2", WORKING)) == at("2026-03-04T12:00")
    assert week.due_for_limit(at("2026-03-02T09:00"), limit("1.5", WORKING)) == at("2026-03-04T10:00")


FIRST = datetime(2026, 1, 1, tzinfo=ZONE)
instants = st.timedeltas(timedelta(0), timedelta(days=364)).map(lambda since: FIRST + since)
amounts = st.integers(min_value=0, max_value=480 * 200)
lengths = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))


@given(instants, st.integers(min_value=-480 * 15, max_value=480 * 200))
def test_minutes_between_undoes_add_minutes(start: datetime, minutes: int) -> None:
    end = calendar().add_minutes(start, minutes)
    assert calendar().minutes_between(start, end) == minutes
    assert calendar().worked_between(start, end) == timedelta(minutes=minutes)


@given(instants, lengths)
def test_add_worked_undoes_worked_between_up_to_closed_hours(start: datetime, length: timedelta) -> None:
    end = start + length
    worked = calendar().worked_between(start, end)
    earliest = calendar().add_worked(start, worked)
    assert earliest <= end
    assert calendar().worked_between(earliest, end) == timedelta(0)


@given(instants, instants, amounts, amounts)
def test_counting_is_monotone(one: datetime, other: datetime, less: int, more: int) -> None:
    first, second = sorted((one, other))
    assert calendar().worked_between(first, second) >= timedelta(0)
    assert calendar().add_minutes(first, less) <= calendar().add_minutes(second, less) or not less
    assert calendar().add_minutes(first, min(less, more)) <= calendar().add_minutes(first, max(less, more))


@given(instants, instants, instants)
def test_stretches_add_up(one: datetime, two: datetime, three: datetime) -> None:
    worked = calendar().worked_between
    assert worked(one, two) + worked(two, three) == worked(one, three)


@given(instants, st.integers(min_value=1, max_value=60))
def test_a_limit_in_working_days_ends_at_closing_and_has_that_many_days(start: datetime, days: int) -> None:
    due = calendar().due_for_limit(start, limit(str(days), WORKING))
    assert due.time() == time(17)
    counted = [day for day in calendar().days if start.date() < day <= due.date()]
    assert len(counted) == days


@given(instants, st.integers(1, 60), st.lists(st.tuples(lengths, lengths), max_size=4))
def test_pauses_move_the_due_instant_by_exactly_their_working_time(
    start: datetime, days: int, gaps: list[tuple[timedelta, timedelta]]
) -> None:
    pauses, now = [], start
    for wait, length in gaps:
        pauses.append(Pause(now + wait, now + wait + length))
        now += wait + length
    assume(now < at("2027-03-01T00:00"))
    appointment = calendar().due_for_limit(start, limit(str(days), WORKING))
    clock = Clock(calendar(), start, appointment, tuple(pauses))
    paused = sum((calendar().worked_between(p.start, p.end or now) for p in pauses), timedelta(0))
    assert calendar().worked_between(appointment, clock.effective_due(now)) == paused
    reading = clock.explain(now)
    total = calendar().minutes_between(start, appointment)
    assert reading.used_minutes + reading.remaining_minutes in (total, total - 1)  # both rounded down
    assert sum(found.minutes for found in reading.intervals) <= calendar().minutes_between(start, now)


def clock(*pauses: Pause, stopped_at: datetime | None = None) -> Clock:
    accepted = at("2026-03-02T09:00")
    due = calendar().due_for_limit(accepted, limit("3", WORKING))
    return Clock(calendar(), accepted, due, pauses, stopped_at)


def test_a_running_clock_counts_down_and_then_below_zero() -> None:
    assert clock().remaining(at("2026-03-05T16:00")) == 60
    assert not clock().explain(at("2026-03-05T17:00")).overdue
    late = clock().explain(at("2026-03-06T08:00"))
    assert (late.remaining_minutes, late.overdue, late.mode) == (-30, True, ClockMode.RUN)


def test_an_open_pause_holds_what_remains() -> None:
    paused = clock(Pause(at("2026-03-03T08:30")))
    left = [paused.remaining(at(f"2026-03-{day:02}T10:00")) for day in (3, 4, 9, 30)]
    assert left == [60 * 7 + 960 + 0] * 4 == [1380] * 4
    reading = paused.explain(at("2026-03-04T10:00"))
    assert reading.mode is ClockMode.PAUSE
    assert [(found.mode, found.end is None, found.minutes) for found in reading.intervals] == [
        (ClockMode.RUN, False, 450),
        (ClockMode.PAUSE, True, 420 + 150),
    ]


def test_a_pause_on_a_weekend_moves_nothing() -> None:
    paused = clock(Pause(at("2026-03-07T00:00"), at("2026-03-08T23:00")))
    assert paused.effective_due(at("2026-03-09T09:00")) == at("2026-03-05T17:00")


def test_pauses_that_overlap_count_once_and_outside_the_clock_not_at_all() -> None:
    window = {"start": at("2026-03-02T09:00"), "end": at("2026-03-10T09:00")}
    pauses = [
        Pause(at("2026-03-01T00:00"), at("2026-03-02T10:00")),
        Pause(at("2026-03-04T09:00"), at("2026-03-04T11:00")),
        Pause(at("2026-03-04T10:00"), at("2026-03-04T10:30")),
        Pause(at("2026-03-04T11:00"), at("2026-03-04T11:15")),
        Pause(at("2026-03-11T00:00")),
    ]
    assert merged(pauses, **window) == [
        (at("2026-03-02T09:00"), at("2026-03-02T10:00")),
        (at("2026-03-04T09:00"), at("2026-03-04T11:15")),
    ]


def test_a_stopped_clock_says_the_same_for_ever() -> None:
    done = clock(Pause(at("2026-03-03T08:30")), stopped_at=at("2026-03-04T08:30"))
    readings = [done.explain(at(text)) for text in ("2026-03-04T08:30", "2026-06-01T09:00")]
    assert readings[0] == readings[1]
    assert readings[0].mode is ClockMode.STOP
    assert readings[0].intervals[-1].end == at("2026-03-04T08:30")


def test_an_explanation_names_the_days_off_that_were_skipped() -> None:
    accepted = at("2026-02-13T09:00")
    due = calendar().due_for_limit(accepted, limit("10", WORKING))
    days = [found.day.day for found in Clock(calendar(), accepted, due).explain(accepted).exceptions]
    assert days == [16, 17, 18, 19, 20]


def test_a_pause_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="ends after"):
        Pause(at("2026-03-03T08:30"), at("2026-03-03T08:29"))
