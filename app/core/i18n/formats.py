"""
How values are written for people, and how typed values are read back.

Dates are ``dd/MM/yyyy`` and times 24 h in every language, as the official papers write them. Numbers
follow the language: ``1.234.567,89`` in Vietnamese, ``1,234,567.89`` in English. Nothing here rounds
money: an amount is written with all the decimals that it has.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_timedelta, get_day_names
from babel.numbers import format_decimal, get_currency_precision

from app.core.i18n.catalogue import N_, translator

MINUTES_PER_HOUR = 60
SECONDS_PER_MINUTE = 60
NBSP = "\u00a0"
_FIGURE = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_PERCENT = re.compile(r"(?<=\d)\s*%")
FIRST_YEAR, LAST_YEAR = 1800, 2999
_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def _local(value: datetime, timezone: ZoneInfo) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a naive datetime cannot be shown: its time zone is unknown")
    return value.astimezone(timezone)


def format_date(value: date | datetime, *, lang: str, timezone: ZoneInfo, weekday: bool = False) -> str:
    """
    Write a day as ``04/12/2026``, or ``Thứ Sáu, 04/12/2026`` with its weekday.

    :param value: a calendar day, or an aware instant whose day in ``timezone`` is meant.
    :raises ValueError: for a naive datetime.
    """
    day = _local(value, timezone) if isinstance(value, datetime) else value
    text = f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
    return f"{get_day_names('wide', locale=lang)[day.weekday()]}, {text}" if weekday else text


def format_time(value: datetime, *, timezone: ZoneInfo) -> str:
    """Write the time of day of an aware instant as ``10:42``."""
    return f"{_local(value, timezone):%H:%M}"


def format_datetime(value: datetime, *, lang: str, timezone: ZoneInfo) -> str:
    """Write an aware instant as ``04/12/2026 10:42``."""
    return f"{format_date(value, lang=lang, timezone=timezone)}{NBSP}{format_time(value, timezone=timezone)}"


def format_number(value: Decimal | int, *, lang: str, decimals: int | None = None) -> str:
    """
    Write a number with the separators of a language.

    :param decimals: exactly so many decimals (half-even, for display only), or all that the value has.
    """
    if decimals is None:
        exponent = Decimal(value).as_tuple().exponent
        pattern_decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    else:
        pattern_decimals = decimals
    pattern = "#,##0" + ("." + "0" * pattern_decimals if pattern_decimals else "")
    return format_decimal(value, format=pattern, locale=lang)


def format_rate(text: str, *, lang: str) -> str:
    """Write the numbers of a rate, which has them with a point, as a language does: ``11.6%`` as ``11,6 %``."""
    said = _FIGURE.sub(
        lambda found: format_number(Decimal(f"{Decimal(found[0]).normalize():f}"), lang=lang), text
    )
    return _PERCENT.sub(" %", said)


def format_money(amount: Decimal | int, currency: str, *, lang: str) -> str:
    """
    Write an amount with its ISO 4217 code, ``1.500.000 VND``.

    An amount is shown with at least the decimals of its currency and never with fewer than it has.
    """
    value = Decimal(amount)
    exponent = value.normalize().as_tuple().exponent
    own = max(0, -exponent) if isinstance(exponent, int) else 0
    decimals = max(own, get_currency_precision(currency))
    return f"{format_number(value, lang=lang, decimals=decimals)}{NBSP}{currency}"


def format_working_time(minutes: int, *, minutes_per_day: int, lang: str) -> str:
    """
    Write a span of working time: ``6 ngày làm việc``, below one day in hours, below one hour in minutes.

    Whole units only, rounded towards zero: what remains is never shown as more than it is.

    :param minutes: working minutes ≥ 0.
    :param minutes_per_day: working minutes of one full day by the calendar that measured the span.
    """
    ngettext = translator(lang).ngettext
    if minutes >= minutes_per_day:
        days = minutes // minutes_per_day
        return ngettext("%(n)s working day", "%(n)s working days", days, n=format_number(days, lang=lang))
    if minutes >= MINUTES_PER_HOUR:
        return ngettext("%(n)s working hour", "%(n)s working hours", minutes // MINUTES_PER_HOUR)
    return ngettext("%(n)s working minute", "%(n)s working minutes", minutes)


def format_limit(amount: Decimal, unit: str, *, lang: str) -> str:
    """
    Write a length that a rule gives, exactly: ``8 giờ làm việc``, ``1 h 30 min of working time``, ``1 working day``.

    Working minutes are said in hours as far as they fill them, never in days: a rule does not say how long a day is.

    :param unit: ``day``, ``working_day`` or ``working_minute``, as the limits of the law count.
    :raises ValueError: another unit.
    """
    language = translator(lang)
    ngettext, count = language.ngettext, math.ceil(amount)
    said = format_number(amount.normalize(), lang=lang)
    if unit == "day":
        return ngettext("%(n)s day", "%(n)s days", count, n=said)
    if unit == "working_day":
        return ngettext("%(n)s working day", "%(n)s working days", count, n=said)
    if unit != "working_minute":
        raise ValueError(f"{unit} is no unit of a time limit.")
    hours, minutes = divmod(count, MINUTES_PER_HOUR)
    if not hours:
        return ngettext("%(n)s working minute", "%(n)s working minutes", minutes)
    if not minutes:
        whole = format_number(hours, lang=lang)
        return ngettext("%(n)s working hour", "%(n)s working hours", hours, n=whole)
    return language.gettext(
        "%(hours)s h %(minutes)s min of working time",
        hours=format_number(hours, lang=lang), minutes=format_number(minutes, lang=lang),
    )  # fmt: skip


def format_relative(value: datetime, *, now: datetime, lang: str) -> str:
    """Write how far an instant lies from now: ``3 phút trước``, ``in 2 hours``, ``just now``."""
    if abs((value - now).total_seconds()) < SECONDS_PER_MINUTE:
        return translator(lang).gettext("just now")
    return format_timedelta(value - now, granularity="minute", add_direction=True, locale=Locale.parse(lang))


def format_duration(seconds: float, *, lang: str) -> str:
    """Write a length of time by its largest unit: ``45 giây``, ``12 min``, ``3 days``."""
    locale = Locale.parse(lang)
    return format_timedelta(timedelta(seconds=seconds), threshold=2, format="short", locale=locale)


def format_file_size(size_bytes: int, *, lang: str) -> str:
    """Write the size of a file in decimal units, ``1,2 MB``."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 1_000)):
        if size_bytes >= factor:
            return f"{format_number(Decimal(size_bytes) / factor, lang=lang, decimals=1)}{NBSP}{unit}"
    return f"{size_bytes}{NBSP}B"


def parse_date(text: str) -> date:
    """
    Read a day typed as ``dd/MM/yyyy``; also ``d/M/yyyy``, with dots or hyphens, and ISO ``yyyy-MM-dd``.

    :raises ValueError: the text is no such day, or of a year that nobody means; the message is an id that can be shown.
    """
    found = _DATE.fullmatch(text.strip())
    try:
        if found:
            day, month, year = (int(part) for part in found.groups())
            read = date(year, month, day)
        else:
            read = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        read = date.min
    # At both ends of the calendar a zone's offset or a term of some days leads out of it.
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise ValueError(N_("Enter a day as day/month/year, for example 27/03/2026."))
    return read


def typed_day(text: str) -> date | None:
    """Return a day typed as ``parse_date`` takes it, ``None`` for anything else (in an address it asks nothing)."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def decimal_sign(lang: str) -> str:
    """Return the sign before decimals in a language."""
    return format_decimal(Decimal("1.5"), locale=lang)[1]


def parse_number(text: str, *, lang: str) -> Decimal:
    """
    Read a number typed with the separators of a language; spaces are ignored.

    Groups must have three digits, so that ``1.5`` typed on a Vietnamese page is refused and never
    taken for 15.

    :raises ValueError: the text is no such number; the message is an id that can be shown.
    """
    group, point = (".", ",") if decimal_sign(lang) == "," else (",", ".")
    plain = re.sub(r"\s", "", text)
    digits = rf"-?(\d+|\d{{1,3}}({re.escape(group)}\d{{3}})+)({re.escape(point)}\d+)?"
    if not re.fullmatch(digits, plain, re.ASCII):
        raise ValueError(N_("Enter a number with digits only, for example 1234."))
    return Decimal(plain.replace(group, "").replace(point, "."))
