"""Values are written as the official papers write them and read back exactly or not at all."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.i18n import formats, localise

HANOI_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
NOON = datetime(2026, 12, 4, 5, 0, tzinfo=UTC)


class TestDates:
    @pytest.mark.parametrize("lang", ["vi", "en"])
    def test_day_month_year(self, lang: str) -> None:
        assert formats.format_date(date(2026, 3, 7), lang=lang, timezone=HANOI_TIME) == "07/03/2026"

    def test_day_of_an_instant_is_the_local_one(self) -> None:
        late = datetime(2026, 12, 4, 17, 30, tzinfo=UTC)
        assert formats.format_datetime(late, lang="vi", timezone=HANOI_TIME) == "05/12/2026\u00a000:30"

    def test_weekday(self) -> None:
        shown = formats.format_date(date(2026, 12, 4), lang="vi", timezone=HANOI_TIME, weekday=True)
        assert shown == "Thứ Sáu, 04/12/2026"

    def test_naive_is_refused(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            formats.format_time(datetime(2026, 1, 1), timezone=HANOI_TIME)  # noqa: DTZ001

    @pytest.mark.parametrize("text", ["04/12/2026", " 4/12/2026 ", "4.12.2026", "04-12-2026", "2026-12-04"])
    def test_read(self, text: str) -> None:
        assert formats.parse_date(text) == date(2026, 12, 4)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "31/02/2026",
            "12/2026",
            "4/12/26",
            "2026/12/04",
            "hôm nay",
            "31/12/9999",
            "0001-01-01",
            "1/1/0001",
        ],
    )
    def test_not_a_day(self, text: str) -> None:
        with pytest.raises(ValueError, match="Enter a day"):
            formats.parse_date(text)

    def test_what_an_address_says_may_be_no_day(self) -> None:
        assert formats.typed_day(" 2026-12-04 ") == date(2026, 12, 4)
        assert formats.typed_day("") is None
        assert formats.typed_day("31/02/2026") is None

    @given(st.dates(date(1800, 1, 1), date(2999, 12, 31)))
    def test_read_what_was_written(self, day: date) -> None:
        assert formats.parse_date(formats.format_date(day, lang="vi", timezone=HANOI_TIME)) == day


class TestNumbers:
    @pytest.mark.parametrize(("lang", "shown"), [("vi", "1.234.567,89"), ("en", "1,234,567.89")])
    def test_separators(self, lang: str, shown: str) -> None:
        assert formats.format_number(Decimal("1234567.89"), lang=lang) == shown
        assert formats.parse_number(shown, lang=lang) == Decimal("1234567.89")

    @pytest.mark.parametrize("text", ["1.5", "1.2345", "12.34.567", "1,5,0", "", "abc", "1e5", "--1", "١٢"])
    def test_doubtful_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="Enter a number"):
            formats.parse_number(text, lang="vi")

    @given(st.decimals(-(10**16), 10**16, places=4), st.sampled_from(["vi", "en"]))
    def test_read_what_was_written(self, value: Decimal, lang: str) -> None:
        assert formats.parse_number(formats.format_number(value, lang=lang), lang=lang) == value


class TestRates:
    @pytest.mark.parametrize(
        ("text", "lang", "shown"),
        [
            ("27.83%", "vi", "27,83 %"), ("26065.000000", "vi", "26.065"), ("27.83 %", "en", "27.83 %"),
            ("8", "vi", "8"), ("", "vi", ""),
            ("1.5 % + 2000 VND/LTR", "vi", "1,5 % + 2.000 VND/LTR"),
        ],
    )  # fmt: skip
    def test_its_numbers_are_those_of_the_language(self, text: str, lang: str, shown: str) -> None:
        assert formats.format_rate(text, lang=lang) == shown


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "currency", "lang", "shown"),
        [
            ("2500000000", "VND", "vi", "2.500.000.000 VND"),
            ("1500.5", "USD", "en", "1,500.50 USD"),
            ("1500", "USD", "vi", "1.500,00 USD"),
            ("0.125", "USD", "en", "0.125 USD"),
            ("10.00", "VND", "vi", "10 VND"),
        ],
    )
    def test_shown(self, amount: str, currency: str, lang: str, shown: str) -> None:
        assert formats.format_money(Decimal(amount), currency, lang=lang) == shown.replace(" ", "\u00a0")


class TestSpans:
    @pytest.mark.parametrize(
        ("minutes", "lang", "shown"),
        [
            (2880, "vi", "6 ngày làm việc"),
            (2880, "en", "6 working days"),
            (959, "en", "1 working day"),
            (479, "en", "7 working hours"),
            (59, "vi", "59 phút làm việc"),
            (0, "en", "0 working minutes"),
        ],
    )
    def test_working_time(self, minutes: int, lang: str, shown: str) -> None:
        assert formats.format_working_time(minutes, minutes_per_day=480, lang=lang) == shown

    @pytest.mark.parametrize(
        ("amount", "unit", "lang", "shown"),
        [
            ("480", "working_minute", "vi", "8 giờ làm việc"),
            ("480", "working_minute", "en", "8 working hours"),
            ("60", "working_minute", "en", "1 working hour"),
            ("2880", "working_minute", "vi", "48 giờ làm việc"),
            ("90", "working_minute", "vi", "1 giờ 30 phút làm việc"),
            ("45", "working_minute", "en", "45 working minutes"),
            ("6.75", "working_day", "vi", "6,75 ngày làm việc"),
            ("1", "working_day", "en", "1 working day"),
            ("0.5", "working_day", "en", "0.5 working day"),
            ("1.5", "working_day", "en", "1.5 working days"),
            ("1825", "day", "en", "1,825 days"),
            ("1", "day", "en", "1 day"),
        ],
    )
    def test_a_limit_is_said_exactly(self, amount: str, unit: str, lang: str, shown: str) -> None:
        assert formats.format_limit(Decimal(amount), unit, lang=lang) == shown

    def test_a_limit_of_another_unit_is_a_fault(self) -> None:
        with pytest.raises(ValueError, match="fortnight"):
            formats.format_limit(Decimal(1), "fortnight", lang="en")

    def test_relative(self) -> None:
        assert formats.format_relative(NOON - timedelta(minutes=3), now=NOON, lang="vi") == "3 phút trước"
        assert formats.format_relative(NOON + timedelta(hours=2), now=NOON, lang="en") == "in 2 hours"
        assert formats.format_relative(NOON, now=NOON, lang="vi") == "vừa xong"

    def test_file_size(self) -> None:
        assert formats.format_file_size(1_234_567, lang="vi") == "1,2\u00a0MB"
        assert formats.format_file_size(512, lang="vi") == "512\u00a0B"


class TestLocalise:
    @pytest.mark.parametrize(
        ("text", "lang", "expected"),
        [
            ({"vi": "Đất", "en": "Land"}, "vi", ("Đất", "vi")),
            ({"vi": "Đất", "en": "Land"}, "zh", ("Land", "en")),
            ({"vi": "Đất"}, "en", ("Đất", "vi")),
            ({"vi": "", "ja": "土地"}, "vi", ("土地", "ja")),
            ({}, "en", ("", "en")),
            ("DT-1", "en", ("DT-1", "en")),
        ],
    )
    def test_choice(self, text: dict[str, str] | str, lang: str, expected: tuple[str, str]) -> None:
        assert localise(text, lang) == expected
