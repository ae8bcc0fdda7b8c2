"""A demo zone goes on having rates of exchange after the week of its seed; what changed is found anew."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app.core.db import Database, DbRole, SessionContext
from app.core.kit.time import local_day
from app.customs.tariff import facade as tariff
from app.customs.tariff.events import HeadingsChanged
from app.customs.tariff.jobs import DemoRates
from app.customs.tariff.models import TariffExchangeRate
from app.customs.tariff.queries.finding import dotted, heading_documents
from tests.conftest import NOW

OFFICER, ZONE = SessionContext(DbRole.OFFICER), ZoneInfo("Asia/Ho_Chi_Minh")


def test_a_demo_zone_has_rates_in_the_weeks_after_its_seed(ready: Database) -> None:
    scan = DemoRates(ZONE)
    with ready.session(OFFICER) as session:
        for weeks in (5, 6, 60):
            now = NOW + timedelta(weeks=weeks)
            today = local_day(now, ZONE)
            assert tariff.rate_of_exchange(session, "USD", today) is None
            scan(session, now=now)
            rate = tariff.rate_of_exchange(session, "USD", today)
            assert rate is not None
            assert (rate.status, rate.source) == ("ASSUMED", "DEMO")
            before = session.scalar(select(func.count()).select_from(TariffExchangeRate))
            scan(session, now=now + timedelta(minutes=1))
            assert session.scalar(select(func.count()).select_from(TariffExchangeRate)) == before


def test_codes_that_changed_are_read_anew_and_others_are_not(ready: Database) -> None:
    told = HeadingsChanged("85171300 99999999")
    with ready.session(OFFICER) as session:
        (found,) = heading_documents(session, told.keys())
        everything = {each.key for each in heading_documents(session, None)}
    assert (found.key, found.code, found.url) == ("85171300", "8517.13.00", "/tariff/85171300")
    assert {"85", "85171300"} <= everything


def test_a_code_is_written_as_schedules_write_it() -> None:
    assert [dotted(code) for code in ("85", "8517", "851713", "85171300", "8517130010")] == [
        "85", "8517", "8517.13", "8517.13.00", "8517.13.00.10",
    ]  # fmt: skip
