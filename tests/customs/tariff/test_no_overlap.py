"""For every day and every instant of knowledge a place has one rate at most, whatever is tried on the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import Pct
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.service import MeasureWrite, record_measures
from tests.customs.tariff.changing import change_set

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = date(2026, 1, 1)
LINES = ("85171300", "85171400")
DAYS = 12

PAIRS = text(
    "select count(*) from tariff_measure a join tariff_measure b"
    " on a.slot = b.slot and a.id < b.id and a.valid && b.valid and a.recorded && b.recorded"
)
CLOSE = text(
    "update tariff_measure set recorded = tstzrange(lower(recorded), cast(:at as timestamptz)) where hs8 = :hs8"
    " and upper_inf(recorded)"
)
SLIP = text(
    "insert into tariff_measure (id, hs8, subline10, kind, scheme, geo, variant, valid, recorded, expr, conditions,"
    " status, change_set_id) select gen_random_uuid(), :hs8, '', 'MFN', '', '', '', daterange(:since, :until),"
    " tstzrange(cast(:at as timestamptz), cast(:to as timestamptz)),"
    ' \'{"op": "pct", "rate": "7"}\', \'{}\', \'ASSUMED\', cast(:set as uuid)'
)

periods = st.tuples(st.integers(0, DAYS - 1), st.one_of(st.none(), st.integers(1, DAYS))).map(
    lambda pair: Period(
        DAY + timedelta(days=pair[0]), None if pair[1] is None else DAY + timedelta(days=pair[0] + pair[1])
    )
)
# One rate for each place of a set: seven percent, another, or the end of what holds.
steps = st.lists(
    st.tuples(st.sampled_from(LINES), periods, st.sampled_from((None, "7", "9"))),
    min_size=1, max_size=2, unique_by=lambda each: each[0],
)  # fmt: skip
# Rows and closings that nobody should get through: which set they claim, and from when until when they were known.
attempts = st.tuples(
    st.sampled_from(("insert", "close")), st.sampled_from(LINES), periods, st.integers(-1, 5), st.integers(0, 6),
    st.one_of(st.none(), st.integers(1, 7)),
)  # fmt: skip


def write(hs8: str, days: Period, rate: str | None) -> MeasureWrite:
    return MeasureWrite(hs8=hs8, kind=Kind.MFN, valid=days, expr=Pct(Decimal(rate)) if rate else None)


@contextmanager
def undone(session: Session) -> Iterator[None]:
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()


def instant(number: int) -> datetime:
    return START + timedelta(days=number)


def tried(session: Session, statement: Any, values: dict[str, Any]) -> None:
    try:
        with session.begin_nested():
            session.execute(statement, values)
    except DBAPIError:
        return


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=st.lists(steps, max_size=4), wrong=st.lists(attempts, max_size=6))
def test_no_two_rates_hold_for_one_day_as_known_at_one_instant(
    officer_session: Session, history: list[Any], wrong: list[Any]
) -> None:
    session = officer_session
    with undone(session):
        model: list[dict[tuple[str, int], str]] = [{}]
        first = [write(hs8, Period(DAY), "7") for hs8 in LINES[:1]]
        record_measures(session, measures=first, taken=START, change_set_id=None)
        model[0] = {(LINES[0], day): "7" for day in range(2 * DAYS)}
        sets = []
        for number, says in enumerate(history, start=1):
            told = [write(*each) for each in sorted(says)]
            sets.append(change_set(session, *told, taken=instant(number)))
            record_measures(session, measures=told, taken=instant(number), change_set_id=sets[-1])
            model.append(_after(model[-1], says))
            _try_all(session, wrong, sets)
        _try_all(session, wrong, sets)
        assert session.scalar(PAIRS) == 0
        for number, held in enumerate(model):
            assert _known(session, instant(number)) == held


def _try_all(session: Session, wrong: list[Any], sets: list[Any]) -> None:
    """Try what must not change anything; what the guards let through is what an item of the latest set says."""
    for what, hs8, days, claimed, begun, lasted in wrong:
        if what == "close":
            tried(session, CLOSE, {"at": instant(begun), "hs8": hs8})
            continue
        claims = sets[claimed] if 0 <= claimed < len(sets) else None
        if claims == (sets[-1] if sets else None) and lasted is None and begun == len(sets):
            continue  # the latest set, or the first load, may write what it says: that is no intruder
        to = instant(begun + lasted) if lasted else None
        tried(
            session, SLIP,
            {"hs8": hs8, "since": days.start, "until": days.end, "at": instant(begun), "to": to, "set": claims},
        )  # fmt: skip


def _after(held: dict[tuple[str, int], str], says: list[Any]) -> dict[tuple[str, int], str]:
    found = dict(held)
    for hs8, days, rate in says:
        for day in range(2 * DAYS):
            if days.contains(DAY + timedelta(days=day)):
                found.pop((hs8, day), None)
                if rate is not None:
                    found[hs8, day] = rate
    return found


def _known(session: Session, at: datetime) -> dict[tuple[str, int], str]:
    rows = session.execute(
        text(
            "select m.hs8, d.day, m.expr ->> 'rate' from generate_series(0, :last) as d(day)"
            " join tariff_measure m on m.valid @> cast(:start as date) + d.day"
            "  and m.recorded @> cast(:at as timestamptz)"
        ),
        {"last": 2 * DAYS - 1, "start": DAY, "at": at},
    )
    found: dict[tuple[str, int], str] = {}
    for hs8, day, rate in rows:
        assert (hs8, day) not in found
        found[hs8, day] = rate
    return found


def test_a_set_of_an_earlier_instant_revives_nothing(officer_session: Session) -> None:
    session = officer_session
    record_measures(session, measures=[write(LINES[1], Period(DAY), "7")], taken=START, change_set_id=None)
    said, ended = write(LINES[0], Period(DAY), "7"), write(LINES[0], Period(DAY), None)
    early = change_set(session, said, taken=instant(1))
    record_measures(session, measures=[said], taken=instant(1), change_set_id=early)
    late = change_set(session, ended, taken=instant(2))
    record_measures(session, measures=[ended], taken=instant(2), change_set_id=late)
    values = {"hs8": LINES[0], "since": DAY, "until": None, "to": None}
    for claims, at in ((early, instant(1)), (None, START)):
        with pytest.raises(DBAPIError, match=r"latest change set|first load"), session.begin_nested():
            session.execute(SLIP, {**values, "set": claims, "at": at})


def test_a_first_load_row_that_was_never_open_is_refused(officer_session: Session) -> None:
    values = {"hs8": LINES[0], "since": DAY, "until": None, "set": None, "at": START, "to": instant(3)}
    with pytest.raises(DBAPIError, match="latest change set"), officer_session.begin_nested():
        officer_session.execute(SLIP, values)
