"""Measures are recorded as of an instant, never overlap, and are never changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import Pct
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.models import TariffMeasure
from app.customs.tariff.service import MeasureWrite, record_measures
from tests.customs.tariff.changing import change_set

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LATER = FIRST + timedelta(days=30)
MFN = MeasureWrite(hs8="85171300", kind=Kind.MFN, valid=Period(date(2026, 1, 1)), expr=Pct(Decimal(10)))


def _rows(session: Session) -> list[TariffMeasure]:
    order = (TariffMeasure.recorded, TariffMeasure.valid)
    return list(session.scalars(select(TariffMeasure).order_by(*order)).all())


def _refused(session: Session, statement: str) -> str:
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.execute(text(statement))
    return str(caught.value.orig)


def test_a_later_set_closes_what_it_replaces_and_keeps_the_days_around(
    officer_session: Session,
) -> None:
    record_measures(officer_session, measures=[MFN], taken=FIRST, change_set_id=None)
    cut = replace(MFN, valid=Period(date(2026, 3, 1), date(2026, 6, 1)), expr=Pct(Decimal(5)))
    made = change_set(officer_session, cut, taken=LATER)
    record_measures(officer_session, measures=[cut], taken=LATER, change_set_id=made)

    old, *now = _rows(officer_session)
    assert old.recorded == Range(FIRST, LATER, bounds="[)")
    assert old.change_set_id is None
    assert [(row.valid.lower, row.valid.upper, row.expr["rate"]) for row in now] == [
        (date(2026, 1, 1), date(2026, 3, 1), "10"),
        (date(2026, 3, 1), date(2026, 6, 1), "5"),
        (date(2026, 6, 1), None, "10"),
    ]
    assert {row.change_set_id for row in now} == {made}


def test_a_measure_without_expression_ends_what_held(officer_session: Session) -> None:
    record_measures(officer_session, measures=[MFN], taken=FIRST, change_set_id=None)
    end = replace(MFN, valid=Period(date(2026, 3, 1)), expr=None)
    made = change_set(officer_session, end, taken=LATER)
    record_measures(officer_session, measures=[end], taken=LATER, change_set_id=made)
    current = [row for row in _rows(officer_session) if row.recorded.upper is None]
    assert [(row.valid.lower, row.valid.upper) for row in current] == [(date(2026, 1, 1), date(2026, 3, 1))]


def test_the_database_refuses_two_rates_for_one_day(officer_session: Session) -> None:
    record_measures(officer_session, measures=[MFN], taken=FIRST, change_set_id=None)
    second = replace(MFN, valid=Period(date(2026, 5, 1), date(2026, 5, 2)))
    with pytest.raises(IntegrityError, match="ex_tariff_measure_one_at_a_time"):
        record_measures(officer_session, measures=[second], taken=FIRST, change_set_id=None)


def test_nothing_is_edited_or_deleted(officer_session: Session) -> None:
    record_measures(officer_session, measures=[MFN], taken=FIRST, change_set_id=None)
    again = "update tariff_measure set recorded = tstzrange(lower(recorded), lower(recorded) + interval '{}')"
    assert "change set in force speaks" in _refused(officer_session, again.format("30 days"))
    change_set(officer_session, MFN, taken=LATER)
    assert "change set in force speaks" in _refused(officer_session, again.format("1 day"))
    officer_session.execute(text(again.format("30 days")))
    assert "append-only" in _refused(officer_session, again.format("2 days"))
    rights = officer_session.scalars(
        text(
            "select privilege_type || coalesce('(' || column_name || ')', '')"
            "  from information_schema.column_privileges"
            " where table_name = 'tariff_measure' and grantee = 'ftz_officer' and privilege_type = 'UPDATE'"
        )
    ).all()
    assert rights == ["UPDATE(recorded)"]


def test_after_the_first_load_a_row_needs_a_change_set_in_force(officer_session: Session) -> None:
    record_measures(officer_session, measures=[MFN], taken=FIRST, change_set_id=None)
    other = replace(MFN, hs8="85171400")
    with pytest.raises(IntegrityError, match="first load"), officer_session.begin_nested():
        record_measures(officer_session, measures=[other], taken=LATER, change_set_id=None)
    waiting = change_set(officer_session, other, taken=None)
    with pytest.raises(IntegrityError, match="change set in force"):
        record_measures(officer_session, measures=[other], taken=LATER, change_set_id=waiting)


def test_a_rate_that_no_item_says_is_refused_even_in_a_set_in_force(officer_session: Session) -> None:
    record_measures(officer_session, measures=[MFN], taken=FIRST, change_set_id=None)
    said = replace(MFN, hs8="85171400", expr=Pct(Decimal(5)))
    made = change_set(officer_session, said, taken=LATER)
    others = [
        replace(said, expr=Pct(Decimal(6))),
        replace(said, hs8="85171800"),
        replace(said, scheme="", variant="X"),
    ]
    for other in others:
        with pytest.raises(IntegrityError, match="what an item"), officer_session.begin_nested():
            record_measures(officer_session, measures=[other], taken=LATER, change_set_id=made)
    with pytest.raises(IntegrityError, match="what an item"), officer_session.begin_nested():
        record_measures(officer_session, measures=[said], taken=LATER + timedelta(1), change_set_id=made)
    record_measures(officer_session, measures=[said], taken=LATER, change_set_id=made)
