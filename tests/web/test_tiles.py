"""Shares and quarters: what every tile is counted in."""

from datetime import date
from decimal import Decimal

import pytest

from app.web.tiles import Quarter, Share


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
