"""How a step turns the legal clock: reception, run, pause, stop.

The appointment is computed once, at acceptance, and never moves; ``due_at`` is what the running clock says and moves
by the working minutes of each pause, and when the days off change (``recounting``).
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.workflow import procedures
from app.core.workflow.calendar import PREFIX, WorkCalendar, build_calendar
from app.core.workflow.definition import ClockMode, Definition, State
from app.core.workflow.limits import choose
from app.core.workflow.models import Case, ClockInterval, Timer
from app.core.workflow.step import Step

_COUNTING = (ClockMode.RECEPTION, ClockMode.RUN, ClockMode.PAUSE)
# How far the calendar is read: whole years, so that a process asks the same question all year long.
_YEARS_AHEAD = 3

# National status codes of a decision: 8 stopped with a refusal, 9 result ready.
DECIDING = frozenset({8, 9})

DUE = "DUE"
"""Kind of the timer that fires when a dossier's clock has run out."""


def calendar_of(session: Session, day: date, zone: ZoneInfo) -> WorkCalendar:
    """
    Return the working calendar that the law gives around a day.

    :raises LawValueMissing: the calendar is not complete for that day.
    """
    values = law.between(session, PREFIX, date(day.year - 1, 1, 1), date(day.year + _YEARS_AHEAD, 1, 1))
    return build_calendar(values, zone=zone, around=day)


def turn(step: Step, target: State, zone: ZoneInfo) -> None:
    """
    Bring the dossier's clock into the mode of the state it moves to.

    :raises LawValueMissing: a limit or the calendar of a day that would be counted is not in the law data.
    :raises NotInForce: at acceptance, no version of the procedure is valid on the day.
    """
    case = step.case
    before, after = ClockMode(case.clock), target.clock
    if before is after:
        return
    ended = _close_open_interval(step) if before in _COUNTING else None
    if after is ClockMode.RECEPTION:
        case.due_at = _due(step, step.definition.reception_limit, zone)
    elif after is ClockMode.RUN and case.accepted_at is None:
        _accept(step, zone)
    elif (
        after is ClockMode.RUN and before is ClockMode.PAUSE and ended is not None and case.due_at is not None
    ):
        if case.rescheduled_to is None:
            case.due_at = counted_due(step.session, case, step.definition, zone)
        else:
            calendar = calendar_of(step.session, local_day(step.now, zone), zone)
            case.due_at = calendar.add_minutes(case.due_at, calendar.minutes_between(*_ends(ended)))
    if target.national in DECIDING:
        case.decided_at = case.decided_at or step.now
    case.clock = after.value
    if after in _COUNTING:
        step.session.add(
            ClockInterval(
                id=uuid7(),
                case_id=case.id,
                party_id=case.party_id,
                mode=after.value,
                reason=step.action.code,
                started_at=step.now,
                ended_at=None,
            )
        )
    due_at = case.due_at if after in (ClockMode.RECEPTION, ClockMode.RUN) else None
    set_timer(step, due_at, first=before is ClockMode.OFF)


def counted_due(session: Session, case: Case, definition: Definition, zone: ZoneInfo) -> datetime:
    """
    Count the end of a dossier's running limit from its beginning, with the calendar as it is known now.

    The limit is that of the law on the day it began; each finished pause moves the end by its working minutes.

    :raises LawValueMissing: the limit or the calendar of a day that would be counted is not in the law data.
    """
    intervals = session.scalars(
        select(ClockInterval).where(ClockInterval.case_id == case.id).order_by(ClockInterval.started_at)
    ).all()
    if case.accepted_at is None:
        reception = [each for each in intervals if each.mode == ClockMode.RECEPTION]
        started_at, limit_key = reception[-1].started_at, definition.reception_limit
    else:
        started_at, limit_key = case.accepted_at, definition.limit_key(case.limit_code)
    day = local_day(started_at, zone)
    calendar = calendar_of(session, day, zone)
    due = calendar.due_for_limit(started_at, law.at(session, day).get(limit_key).limit())
    for pause in intervals:
        if pause.mode == ClockMode.PAUSE and pause.ended_at is not None:
            due = calendar.add_minutes(due, calendar.minutes_between(*_ends(pause)))
    return due


def _ends(interval: ClockInterval) -> tuple[datetime, datetime]:
    assert interval.ended_at is not None, "an open interval has no length yet"
    return interval.started_at, interval.ended_at


def _accept(step: Step, zone: ZoneInfo) -> None:
    """Pin the version in force on the day of acceptance, choose its limit and compute the appointment, all once."""
    case = step.case
    case.version_id, step.definition = procedures.in_force(
        step.session, case.procedure, local_day(step.now, zone)
    )
    case.accepted_at = step.now
    step.facts["version"] = step.definition.version
    case.appointment_at = case.due_at = _due(step, choose(step), zone)


def _due(step: Step, limit_key: str, zone: ZoneInfo) -> datetime:
    limit = step.book.get(limit_key).limit()
    return calendar_of(step.session, local_day(step.now, zone), zone).due_for_limit(step.now, limit)


def _close_open_interval(step: Step) -> ClockInterval | None:
    interval = step.session.scalar(
        select(ClockInterval).where(ClockInterval.case_id == step.case.id, ClockInterval.ended_at.is_(None))
    )
    if interval is not None:
        # A wall clock that was set back must not end an interval before it began.
        interval.ended_at = max(step.now, interval.started_at)
        step.session.flush()  # the unique index allows one open interval; the next is inserted in the same step
    return interval


def set_timer(step: Step, due_at: datetime | None, *, first: bool = False) -> None:
    """
    Cancel what the dossier waited for and, when a clock runs, wait for its end.

    :param first: no clock has run before, so nothing can wait.
    """
    case = step.case
    if not first:
        _cancel_waiting(step)
    if due_at is not None:
        step.session.add(
            Timer(
                id=uuid7(),
                case_id=case.id,
                party_id=case.party_id,
                kind=DUE,
                subject_id=None,
                due_at=due_at,
                fired_at=None,
                cancelled_at=None,
                counted_at=step.now,
            )
        )


def _cancel_waiting(step: Step) -> None:
    waiting = step.session.scalars(
        select(Timer).where(
            Timer.case_id == step.case.id,
            Timer.kind == DUE,
            Timer.fired_at.is_(None),
            Timer.cancelled_at.is_(None),
        )
    )
    for timer in waiting:
        timer.cancelled_at = step.now
