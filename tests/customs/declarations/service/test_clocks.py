"""Statutory clocks beyond the plain ones: extension, departure, expiry, windows; figures of the public board."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.core.kit.time import local_day
from app.customs.declarations import jobs
from app.customs.declarations.models import ClockFigure, Declaration
from app.customs.declarations.service import figures
from tests.customs.declarations.exchange import OFFICER, Exchange
from tests.customs.declarations.service.test_receiving import pay
from tests.customs.declarations.service.test_sending import cancel, show


def test_the_check_of_complex_goods_is_extended_once(exchange: Exchange) -> None:
    exchange.customs.office.change({"channel": "RED", "extend_check": True})
    key = exchange.handed_in()
    exchange.go()
    exchange.customs.office.change({"late_s": 600})
    show(exchange, key, "INVOICE")
    exchange.send()
    for _ in range(2):
        exchange.wait(600)
        exchange.read()
    first = exchange.clocks(key)["GOODS_CHECK"]
    assert first.due_at is not None
    assert "extension" not in first.law
    exchange.wait(600)
    exchange.read()
    longer = exchange.clocks(key)["GOODS_CHECK"]
    assert longer.due_at is not None
    assert longer.due_at >= first.due_at + timedelta(days=1)
    assert (longer.started_at, longer.law["extension"]["article"]) == (first.started_at, "23")
    assert exchange.declaration(key).state == "GOODS_CHECK"
    for _ in range(2):
        exchange.wait(600)
        exchange.read()
    assert exchange.clocks(key)["GOODS_CHECK"].met_at is not None


@pytest.mark.parametrize(
    ("days", "express", "due_hours", "late"),
    [(2, "", -4, False), (2, "F", -2, False), (-2, "", 20, True), (0, "", None, None)],
)
def test_an_export_is_declared_hours_before_its_departure(
    exchange: Exchange, days: int, express: str, due_hours: int | None, late: bool | None
) -> None:
    zone = exchange.platform.zone.tz
    departs = local_day(exchange.now, zone) + timedelta(days=days)
    header = {"EPC": "0100233488", "IP3": "USD", "ARR": departs.isoformat(), "CCC": express}
    key = exchange.handed_in(type_code="B11", header=header)
    with exchange.database.transaction(exchange.tenant) as session:
        values = {"direction": "EXPORT", "movement": "ZONE_TO_ABROAD"}
        session.execute(update(Declaration).where(Declaration.id == key).values(values))
    exchange.go()
    clock = exchange.clocks(key)["DECLARE_EXPORT"]
    assert (clock.whose, clock.law["article"]) == ("FIRM", "25.1.a")
    assert clock.met_at == exchange.declaration(key).registered_at
    if due_hours is None:
        assert clock.due_at is None, "the hour of departure decides, and nobody declared it"
        assert clock.law["missing"]
        return
    assert clock.due_at == datetime.combine(departs, datetime.min.time(), zone) + timedelta(hours=due_hours)
    assert clock.met_at is not None
    assert (clock.met_at > clock.due_at) is late


def test_the_end_of_validity_starts_the_authoritys_clock(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    exchange.wait(20 * 86_400)
    for _ in range(2):
        jobs.tell_overdue(exchange.run(), exchange.platform.zone.tz)
    clocks = exchange.clocks(key)
    expiry = clocks["EXPIRY_CHECK"]
    assert (expiry.whose, expiry.started_at, expiry.met_at) == ("AUTHORITY", clocks["VALIDITY"].due_at, None)
    assert expiry.due_at is not None
    assert expiry.due_at >= expiry.started_at + timedelta(days=9)
    cancel(exchange, key)
    exchange.go()
    assert exchange.clocks(key)["EXPIRY_CHECK"].met_at == exchange.now


def test_a_window_ends_without_anybody_being_told(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    pay(exchange, key)
    exchange.go()
    window = exchange.clocks(key)["FREE_AMENDMENT"]
    assert (window.started_at, window.law["article"]) == (exchange.declaration(key).cleared_at, "29.4")
    exchange.wait(100 * 86_400)
    jobs.tell_overdue(exchange.run(), exchange.platform.zone.tz)
    assert exchange.events("customs.clock.ran_out") == []


def counted(exchange: Exchange, month: str) -> dict[str, tuple[int, datetime]]:
    with exchange.database.session(OFFICER) as session:
        rows = session.scalars(select(ClockFigure).where(ClockFigure.month == month)).all()
    return {row.kind: (row.ended, row.counted_at) for row in rows}


def test_figures_count_months_often_and_the_year_once_a_day(exchange: Exchange) -> None:
    zone = exchange.platform.zone.tz

    def refresh() -> bool:
        with exchange.database.transaction(jobs.WORKER) as session:
            return figures.refresh(session, zone=zone, now=exchange.now)

    def clear() -> None:
        key = exchange.handed_in()
        exchange.go()
        pay(exchange, key)
        exchange.go()

    exchange.wait(400 * 86_400)  # nothing that other tests left ends in these months
    clear()
    assert refresh()
    assert not refresh(), "it was counted some minutes ago"
    month, first_at = local_day(exchange.now, zone).strftime("%Y-%m"), exchange.now
    first = counted(exchange, month)[figures.TO_CLEARANCE][0]
    exchange.wait(3_600)
    clear()
    assert refresh()
    assert counted(exchange, month)[figures.TO_CLEARANCE][0] == first + 1
    assert counted(exchange, figures.YEAR)[figures.TO_CLEARANCE] == (first, first_at), (
        "the year waits for its day"
    )
    exchange.wait(25 * 3_600)
    assert refresh()
    assert counted(exchange, figures.YEAR)[figures.TO_CLEARANCE] == (first + 1, exchange.now)
