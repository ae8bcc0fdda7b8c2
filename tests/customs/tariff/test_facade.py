"""The tariff on a database: the starter schedule, assessments by its rows, searching, rates of exchange."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.auth.models import User
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM, Actor, ActorKind
from app.core.settings import DatabaseTarget
from app.customs.tariff import facade as tariff
from app.customs.tariff.models import TariffExchangeRate, TariffMeasure
from app.customs.tariff.service import (
    SecondOfficer,
    SheetDecided,
    SheetFaulty,
    decide_rates,
    enter_rates,
)
from tests.conftest import NOW
from tests.customs.tariff.making import line, shipment

OFFICER, AUTH = SessionContext(DbRole.OFFICER), SessionContext(DbRole.AUTH)
TODAY = date(2026, 11, 20)
MONDAY = date(2026, 11, 16)
NEXT = date(2026, 11, 23)
PHONE, CAR = "85171300", "87032359"


@pytest.fixture
def session(ready: Database) -> Iterator[Session]:
    """A session of an officer on a database with the starter schedule and demo rates."""
    with ready.session(OFFICER) as found:
        yield found


@pytest.fixture
def officers(ready: Database) -> list[Actor]:
    """Two officers."""
    with ready.session(AUTH) as found:
        users = found.scalars(select(User).where(User.login.in_(("hai.quan.khu", "phap.che")))).all()
        return [Actor(ActorKind.OFFICER, each.id, each.full_name, ()) for each in users]


def _ask(**other: Any) -> tariff.Shipment:
    return shipment(line("10000", **{"hs": "85076090", "origin": "CN", **other}), on=TODAY)


def test_the_starter_schedule_is_loaded_once_and_assumed(session: Session) -> None:
    statuses = set(session.scalars(select(TariffMeasure.status).distinct()))
    assert statuses == {"ASSUMED"}
    assert tariff.load_starter(session, actor=SYSTEM, now=NOW) is None


def test_a_preference_with_its_paper_is_given_and_without_it_not(session: Session) -> None:
    given = tariff.assess(session, _ask(scheme="ACFTA", origin_proof="C/O E 1"))
    assert (given.lines[0].scheme, given.lines[0].taxes[0].rate) == ("ACFTA", "0 %")
    without = tariff.assess(session, _ask(scheme="ACFTA"))
    assert [told.code for told in without.problems] == ["tariff.preference-without-proof"]
    assert (without.problems[0].act, without.problems[0].article) == ("54/2014/QH13", "27.2")
    assert without.lines[0].taxes[0].rate == "10 %"


def test_vat_is_reduced_by_the_law_of_the_day(session: Session) -> None:
    rates = {
        day: next(
            tax.rate
            for tax in tariff.assess(
                session, shipment(line("100", hs="85076090", origin="CN"), on=day), latest_exchange=True
            ).lines[0].taxes
            if tax.kind is tariff.TaxKind.VAT
        )
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    }  # fmt: skip
    assert list(rates.values()) == ["8 %", "10 %"]


def test_an_assessment_keeps_everything_and_replays_after_the_tariff_moved_on(
    cluster: PrivateCluster, ready_target: DatabaseTarget, session: Session
) -> None:
    done = tariff.assess(session, _ask(scheme="ACFTA", origin_proof="C/O E 1"))
    stored = json.dumps(tariff.to_record(done))
    # As a change set would: the guards of the database are another test's matter.
    with psycopg.connect(cluster.boot_conninfo(ready_target.name)) as moving:
        moving.execute("set session_replication_role = replica")
        moving.execute(
            "update tariff_measure set recorded = tstzrange(lower(recorded), now()) where hs8 = '85076090'"
        )
    session.rollback()
    now = tariff.assess(session, _ask(scheme="ACFTA", origin_proof="C/O E 1"))
    assert [told.code for told in now.problems] == ["tariff.scheme-unknown", "tariff.rate-missing"]
    assert tariff.replay(json.loads(stored)).same
    then = tariff.assess(
        session, _ask(scheme="ACFTA", origin_proof="C/O E 1"), known_at=NOW + timedelta(days=1)
    )
    assert then.lines == done.lines


def test_fifty_lines_cost_as_few_queries_as_one(ready: Database) -> None:
    lines = [
        line("100", number=number, hs=PHONE if number % 2 else CAR, origin="JP") for number in range(1, 51)
    ]
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "set_config" not in statement:
            seen.append(statement)

    engine = ready.engine("ftz_web_officer")
    with ready.session(OFFICER) as session:
        event.listen(engine, "before_cursor_execute", note)
        try:
            done = tariff.assess(session, shipment(*lines, on=TODAY))
            tariff.options(session, shipment(*lines, on=TODAY))
        finally:
            event.remove(engine, "before_cursor_execute", note)
    assert len(done.lines) == len(lines)
    assert len(seen) <= 5


def test_options_name_every_treatment_with_its_papers(session: Session) -> None:
    (found,) = tariff.options(session, _ask())
    assert [each.scheme for each in found.options][:1] == ["ACFTA"]
    assert {"ACFTA", "MFN", "RCEP"} <= {each.scheme for each in found.options}
    assert tariff.schemes(session)["ACFTA"].papers == ("C/O E",)


@pytest.mark.parametrize("asked", ["dien thoai", "Điện thoại", "smartphone", "8517.13", "85171300"])
def test_goods_are_found_by_code_or_words_without_accents(session: Session, asked: str) -> None:
    assert PHONE in [each.code for each in tariff.search_headings(session, asked, TODAY, lines_only=True)]


@pytest.mark.parametrize("asked", ["", "   ", "%", "_", "không có gì như vậy", "0" * 400, "\x00"])
def test_a_search_without_sense_finds_nothing(session: Session, asked: str) -> None:
    assert tariff.search_headings(session, asked, TODAY) == []


def test_a_heading_is_that_of_the_day(session: Session) -> None:
    found = tariff.heading(session, PHONE, TODAY)
    assert found is not None
    assert found.unit == "NMB"
    assert tariff.heading(session, PHONE, date(2020, 1, 1)) is None


def test_a_week_without_rates_says_so_and_the_latest_may_be_asked_for(session: Session) -> None:
    later = shipment(line("100", hs=PHONE, origin="CN"), on=date(2027, 2, 1))
    assert [told.code for told in tariff.assess(session, later).problems] == ["tariff.exchange-missing"]
    assert tariff.assess(session, later, latest_exchange=True).complete


def test_rates_hold_when_a_second_officer_confirms(session: Session, officers: list[Actor]) -> None:
    first, second = officers
    sheet = enter_rates(
        session, week=NEXT, rate_day=date(2026, 11, 19), rates={"USD": Decimal("26111.5")}, source="VCB", actor=first,
        now=NOW,
    )  # fmt: skip
    session.flush()
    assert tariff.rate_of_exchange(session, "USD", NEXT) is None
    with pytest.raises(SecondOfficer):
        decide_rates(session, sheet_id=sheet.id, confirmed=True, reason="", actor=first, now=NOW)
    decide_rates(session, sheet_id=sheet.id, confirmed=True, reason="", actor=second, now=NOW)
    rate = tariff.rate_of_exchange(session, "USD", NEXT + timedelta(days=6))
    assert rate is not None
    assert (rate.rate, rate.status) == (Decimal("26111.5"), "VERIFIED")
    assert tariff.rate_of_exchange(session, "USD", NEXT + timedelta(days=7)) is None
    with pytest.raises(SheetDecided):
        decide_rates(session, sheet_id=sheet.id, confirmed=False, reason="x", actor=second, now=NOW)


def test_a_confirmed_sheet_replaces_what_the_week_had(session: Session, officers: list[Actor]) -> None:
    first, second = officers
    sheet = enter_rates(
        session, week=MONDAY, rate_day=date(2026, 11, 12), rates={"USD": Decimal(26000)}, source="VCB", actor=first,
        now=NOW,
    )  # fmt: skip
    session.flush()
    decide_rates(
        session, sheet_id=sheet.id, confirmed=True, reason="", actor=second, now=NOW + timedelta(hours=1)
    )
    rate = tariff.rate_of_exchange(session, "USD", TODAY)
    assert rate is not None
    assert rate.rate == Decimal(26000)
    kept = session.scalars(
        select(TariffExchangeRate).where(
            TariffExchangeRate.currency == "USD", TariffExchangeRate.valid.contains(TODAY)
        )
    ).all()
    assert len(kept) == 2


def test_the_database_refuses_a_rate_that_no_sheet_says(session: Session, officers: list[Actor]) -> None:
    sheet = enter_rates(
        session, week=NEXT, rate_day=date(2026, 11, 19), rates={"USD": Decimal(26000)}, source="VCB",
        actor=officers[0], now=NOW,
    )  # fmt: skip
    session.flush()
    with pytest.raises(IntegrityError, match="sheet in force"):
        session.execute(
            text(
                "insert into tariff_exchange_rate (id, currency, rate, rate_day, source, valid, recorded, status,"
                " sheet_id)"
                " values (gen_random_uuid(), 'USD', 26000, '2026-11-19', 'VCB', '[2026-11-23,2026-11-30)',"
                " tstzrange(now(), null), 'VERIFIED', :sheet)"
            ),
            {"sheet": sheet.id},
        )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"week": date(2026, 11, 24)}, "week"),
        ({"rate_day": NEXT}, "rate_day"),
        ({"rates": {}}, "rates"),
        ({"rates": {"usd": Decimal(1)}}, "rate-usd"),
        ({"rates": {"USD": Decimal("-1")}}, "rate-USD"),
        ({"rates": {"USD": Decimal("1.0000001")}}, "rate-USD"),
        ({"source": " "}, "source"),
    ],
)
def test_a_faulty_sheet_is_answered_by_field(
    session: Session, officers: list[Actor], change: dict[str, Any], field: str
) -> None:
    values: dict[str, Any] = {
        "week": NEXT, "rate_day": date(2026, 11, 19), "rates": {"USD": Decimal(26000)}, "source": "VCB", **change
    }  # fmt: skip
    with pytest.raises(SheetFaulty) as caught:
        enter_rates(session, **values, actor=officers[0], now=datetime(2026, 11, 20, tzinfo=UTC))
    assert field in [problem.name for problem in caught.value.errors]
