"""Indicator formulas of Decision 766: the rule and its traps."""

from datetime import UTC, datetime, timedelta

from app.ioc.domain import Handling, on_time

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
