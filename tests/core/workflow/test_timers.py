"""Timers fire when nobody looks; an overdue dossier gets one apology with a new date."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.errors import Invalid
from app.core.workflow.builtin import NotOverdue, RescheduleUsedUp
from app.core.workflow.models import CaseEvent, Timer
from app.core.workflow.timers import Scan
from tests.core.workflow.conftest import TO_REVIEW, Play


def scan(play: Play) -> None:
    Scan(play.desk)(play.session, now=play.now)


def test_a_dossier_whose_time_is_over_is_marked_once(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    due = case.due_at
    assert due is not None
    play.now = due - timedelta(minutes=1)
    scan(play)
    assert case.overdue_at is None
    play.now = due + timedelta(minutes=1)
    scan(play)
    scan(play)
    play.session.flush()
    assert case.overdue_at == due
    taken = play.session.scalars(select(CaseEvent.action).where(CaseEvent.case_id == case.id)).all()
    assert taken.count("overdue") == 1


def test_a_pause_stops_the_timer_and_a_supplement_starts_it_anew(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "request_supplement", gaps=[{"target": "site", "code": "MISSING"}])
    play.now += timedelta(days=60)
    scan(play)
    assert case.overdue_at is None
    play.take(case, "filer", "supplement")
    waiting = play.session.scalars(
        select(Timer.due_at).where(
            Timer.case_id == case.id, Timer.fired_at.is_(None), Timer.cancelled_at.is_(None)
        )
    ).all()
    assert waiting == [case.due_at]


def test_one_dossier_that_cannot_fire_does_not_stop_the_others(play: Play) -> None:
    broken = play.at(play.draft(), *TO_REVIEW)
    whole = play.at(play.draft(), *TO_REVIEW)
    play.session.flush()
    perform = play.desk.perform

    def fail_for_one(session: object, *, case_id: object, **rest: object) -> object:
        if case_id == broken.id:
            raise RuntimeError("planted")
        return perform(session, case_id=case_id, **rest)  # type: ignore[arg-type]

    play.desk.perform = fail_for_one  # type: ignore[method-assign,assignment]
    assert whole.due_at is not None
    play.now = whole.due_at + timedelta(hours=1)
    scan(play)
    assert whole.overdue_at is not None
    timers = play.session.scalars(
        select(Timer).where(Timer.case_id == broken.id, Timer.cancelled_at.is_(None))
    ).all()
    assert [timer.fired_at for timer in timers] == [None]


def test_the_appointment_moves_once_and_only_when_it_has_passed(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    with pytest.raises(NotOverdue):
        play.take(case, "head", "reschedule", new_date="18/12/2026", reason="Chậm trễ.")
    assert case.due_at is not None
    promised = case.appointment_at
    play.now = case.due_at + timedelta(hours=2)
    scan(play)
    play.take(case, "head", "reschedule", new_date="18/12/2026", reason="Cần thẩm định thêm.")
    assert case.due_at == case.rescheduled_to
    assert case.appointment_at == promised
    play.now = case.due_at + timedelta(hours=2)
    with pytest.raises(RescheduleUsedUp):
        play.take(case, "head", "reschedule", new_date="25/12/2026", reason="Lại chậm.")


@pytest.mark.parametrize("day", ["2026-12-18", "20/12/2026", "01/01/2026", "hôm nào đó"])
def test_a_new_date_is_a_working_day_to_come(play: Play, day: str) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    assert case.due_at is not None
    play.now = case.due_at + timedelta(hours=2)
    with pytest.raises(Invalid) as refusal:
        play.take(case, "head", "reschedule", new_date=day, reason="Chậm trễ.")
    assert [each.name for each in refusal.value.errors] == ["new_date"]
