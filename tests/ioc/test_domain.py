"""Indicator formulas of Decision 766: the rule and its traps."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.ioc.domain import Handling, Quarter, Share, on_time

DAY = timedelta(days=1)
RECEIVED = datetime(2026, 10, 1, 9, tzinfo=UTC)
DUE = RECEIVED + 14 * DAY
PERIOD_END = datetime(2027, 1, 1, tzinfo=UTC)


def handling(**given: object) -> Handling:
    return Handling(**{"received_at": RECEIVED, "appointment_at": DUE, **given})  # type: ignore[arg-type]


class TestOnTime:
    def test_a_result_at_the_very_appointment_is_on_time(self) -> None:
        assert on_time(handling(result_at=DUE), period_end=PERIOD_END)
        assert not on_time(handling(result_at=DUE + timedelta(seconds=1)), period_end=PERIOD_END)

    def test_the_result_counts_before_the_return(self) -> None:
        """A result that lies ready and is fetched late is on time."""
        assert on_time(handling(result_at=DUE, returned_at=DUE + 9 * DAY), period_end=PERIOD_END)
        assert not on_time(handling(returned_at=DUE + 9 * DAY), period_end=PERIOD_END)

    def test_the_time_of_a_supplement_is_taken_off(self) -> None:
        waited = ((RECEIVED + DAY, RECEIVED + 4 * DAY),)
        assert on_time(handling(result_at=DUE + 3 * DAY, supplements=waited), period_end=PERIOD_END)
        assert not on_time(handling(result_at=DUE + 4 * DAY, supplements=waited), period_end=PERIOD_END)

    def test_two_supplement_requests_are_overdue_however_fast(self) -> None:
        twice = ((RECEIVED, RECEIVED + DAY), (RECEIVED + 2 * DAY, RECEIVED + 3 * DAY))
        assert not on_time(handling(result_at=RECEIVED + 4 * DAY, supplements=twice), period_end=PERIOD_END)

    def test_a_dossier_that_waits_for_its_only_supplement_ends_with_the_request(self) -> None:
        assert on_time(handling(supplements=((DUE - DAY, None),)), period_end=PERIOD_END)
        assert not on_time(handling(supplements=((DUE + DAY, None),)), period_end=PERIOD_END)

    def test_an_open_dossier_ends_with_the_period(self) -> None:
        assert on_time(handling(), period_end=DUE)
        assert not on_time(handling(), period_end=DUE + DAY)

    def test_without_an_appointment_the_longest_time_counts(self) -> None:
        open_ended = handling(appointment_at=None, result_at=RECEIVED + 10 * DAY)
        assert on_time(open_ended, period_end=PERIOD_END, longest=10 * DAY)
        assert not on_time(open_ended, period_end=PERIOD_END, longest=9 * DAY)


class TestShare:
    def test_nothing_over_nothing_is_no_share(self) -> None:
        assert Share(0, 0).percent is None

    @pytest.mark.parametrize(
        ("part", "whole", "percent"), [(1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13")]
    )
    def test_two_decimals_half_up(self, part: int, whole: int, percent: str) -> None:
        assert Share(part, whole).percent == Decimal(percent)


class TestQuarter:
    def test_neighbours_cross_the_year(self) -> None:
        assert str(Quarter.of(date(2026, 12, 31)).following) == "2027-Q1"
        assert str(Quarter.of(date(2026, 1, 1)).previous) == "2025-Q4"

    @pytest.mark.parametrize("text", ["2026", "2026-Q5", "Q1-2026", "26-Q1", ""])
    def test_what_is_no_quarter_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="quarter"):
            Quarter.parse(text)
