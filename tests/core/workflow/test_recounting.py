"""A day off that is announced later moves the clocks of open dossiers, and no promise."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from app.core import law
from app.core.evidence import EvidenceEntry
from app.core.kit.ranges import Period
from app.core.law import Origin, Status, law_value, set_value
from app.core.workflow.models import Case, Timer
from app.core.workflow.recounting import Recount
from tests.core.workflow.conftest import TO_REVIEW, Play

NEW_DAY_OFF = date(2026, 11, 26)


def close_the_offices(play: Play, day: date = NEW_DAY_OFF) -> None:
    """Bring a day off into force as two officers do it."""
    value = law_value(
        key="calendar.day", value="OFF", unit="day_kind", valid=Period(day, day + timedelta(days=1)),
        status=Status.ASSUMED, note={"vi": "Ngày nghỉ thử nghiệm", "en": "A day off of the test"},
    )  # fmt: skip
    made = law.propose_items(
        play.session, items=[set_value(value)], origin=Origin.SCREEN, title="Ngày nghỉ", actor=play.people["head"],
        now=play.now,
    )  # fmt: skip
    for who in ("customs", "tax"):
        law.approve(
            play.session, change_set_id=made.id, actor=play.people[who], content_hash=made.content_hash, now=play.now
        )  # fmt: skip
    play.session.flush()


def recount(play: Play) -> None:
    play.now += timedelta(minutes=1)
    Recount(play.desk._zone)(play.session, now=play.now)
    play.session.flush()


def waiting(play: Play, case: Case) -> list[datetime]:
    open_timers = select(Timer.due_at).where(
        Timer.case_id == case.id, Timer.fired_at.is_(None), Timer.cancelled_at.is_(None)
    )
    return list(play.session.scalars(open_timers))


def recounts(play: Play, case: Case) -> list[str]:
    entries = select(EvidenceEntry.body).where(
        EvidenceEntry.tag == "workflow:case:recount", EvidenceEntry.subject_id == case.id
    )
    return list(play.session.scalars(entries))


def test_a_new_day_off_moves_the_clock_and_the_timer_and_not_the_appointment(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    play.session.flush()
    promised, before = case.appointment_at, case.due_at
    assert before is not None
    close_the_offices(play)
    recount(play)
    assert case.due_at is not None
    assert (case.due_at - before).days >= 1
    assert case.appointment_at == promised
    assert waiting(play, case) == [case.due_at]
    assert case.recounted_at == play.now
    assert len(recounts(play, case)) == 1


def test_nothing_moves_twice_or_without_a_change(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    play.session.flush()
    before = case.due_at
    recount(play)
    assert (case.due_at, case.recounted_at) == (before, None)
    close_the_offices(play)
    recount(play)
    moved, at = case.due_at, case.recounted_at
    recount(play)
    assert (case.due_at, case.recounted_at) == (moved, at)
    assert len(recounts(play, case)) == 1


def test_a_dossier_that_waits_for_reception_is_moved_too(play: Play) -> None:
    play.now = datetime.fromisoformat("2026-11-25T16:00:00+07:00")
    case = play.at(play.draft(), ("filer", "submit"))
    play.session.flush()
    before = case.due_at
    assert before is not None
    close_the_offices(play)
    recount(play)
    assert case.due_at is not None
    assert case.due_at > before


def test_a_clock_that_stands_still_takes_the_day_off_along_when_it_goes_on(play: Play) -> None:
    plain, still = (play.at(play.draft(), *TO_REVIEW) for _ in range(2))
    gap = [{"target": "project_name_vi", "code": "UNCLEAR"}]
    play.take(still, "appraiser", "request_supplement", gaps=gap)
    play.session.flush()
    close_the_offices(play)
    recount(play)
    play.take(still, "filer", "supplement")
    play.session.flush()
    assert plain.due_at is not None
    assert still.due_at is not None
    # The pause took the minute between two looks at the clock, so it ends in the first minute of the next day.
    assert still.due_at.date() - plain.due_at.date() == timedelta(days=1)


def test_a_date_that_an_apology_set_stays(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    assert case.due_at is not None
    play.now = case.due_at + timedelta(minutes=1)
    play.take(case, "head", "reschedule", reason="Chờ ý kiến.", new_date="10/12/2026")
    play.session.flush()
    promised = case.due_at
    close_the_offices(play, date(2026, 12, 8))
    recount(play)
    assert case.due_at == promised
    assert case.recounted_at is None
