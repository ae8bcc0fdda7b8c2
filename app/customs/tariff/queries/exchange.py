"""Reading rates of exchange: of a week, the sheets of officers, and which day's rates serve a week."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import law
from app.core.workflow.calendar import build_calendar
from app.customs.tariff.domain.exchange import WEEKDAYS, rate_day
from app.customs.tariff.domain.facts import RULES
from app.customs.tariff.models import TariffExchangeRate, TariffExchangeSheet

_SHEETS = 30
_LOOK_BACK = timedelta(days=60)


def rates_of_week(session: Session, monday: date) -> Sequence[TariffExchangeRate]:
    """Return the rates that hold in the week of a Monday, by currency."""
    rate = TariffExchangeRate
    return session.scalars(
        select(rate).where(rate.valid.contains(monday), func.upper_inf(rate.recorded)).order_by(rate.currency)
    ).all()


def sheets(session: Session) -> Sequence[TariffExchangeSheet]:
    """Return the last sheets, newest first."""
    sheet = TariffExchangeSheet
    return session.scalars(select(sheet).order_by(sheet.week.desc(), sheet.id.desc()).limit(_SHEETS)).all()


def waiting_for(session: Session, monday: date) -> TariffExchangeSheet | None:
    """Return the last sheet of a week that waits for a second officer."""
    sheet = TariffExchangeSheet
    return session.scalars(
        select(sheet).where(sheet.week == monday, sheet.state == "ENTERED").order_by(sheet.id.desc()).limit(1)
    ).one_or_none()


def rate_day_of(session: Session, week: date, zone: ZoneInfo) -> date | None:
    """Return the banking day whose rates serve a week; None where the law or the calendar of those days is missing."""
    named = law.at(session, week).find(f"{RULES}exchange_weekday")
    if named is None or named.text() not in WEEKDAYS:
        return None
    values = law.between(session, "calendar.", week - _LOOK_BACK, week + timedelta(days=1))
    try:
        calendar = build_calendar(values, zone=zone, around=week - timedelta(days=1))
        return rate_day(week, named.text(), calendar.is_working)
    except law.LawValueMissing:
        return None
