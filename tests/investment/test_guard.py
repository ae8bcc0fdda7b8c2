"""The guard that judges a request by the numbered rules, with the law of the day."""

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from app.core import law
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.time import local_day
from app.investment.procedures import RulesBroken, investment_rules
from tests.conftest import NOW
from tests.investment.requests import request


def judged(database: Database, **changes: Any) -> Any:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    with database.session(SessionContext(DbRole.OFFICER)) as session:
        book = law.at(session, local_day(NOW, zone))
        case = SimpleNamespace(answers=request(**changes), base_id=None)
        step: Any = SimpleNamespace(session=session, case=case, now=NOW, zone=zone, book=book)
        refusal = investment_rules(step)
        return refusal, [value.key for value in book.used()]


def test_a_sound_request_passes_and_the_law_that_was_read_is_kept(ready: Database) -> None:
    assert judged(ready) == (None, ["investment.term.max_years"])


def test_all_violations_are_listed_with_the_source_of_the_law(ready: Database) -> None:
    refusal, _ = judged(ready, term_years=71, declaration=False)
    assert isinstance(refusal, RulesBroken)
    assert [each.code for each in refusal.errors] == ["INV-06", "INV-09"]
    assert refusal.errors[0].params == {"limit": "70", "source": "143/2025/QH15"}
