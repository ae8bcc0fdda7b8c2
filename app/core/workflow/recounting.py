"""
When the days off change, the clocks of open dossiers follow; the appointment on record stays as it was promised.

A timer knows when it was last counted. One that was counted before the law of the calendar changed is counted anew,
from the day on which its limit began and with all pauses, by the calendar as it is known now. Where an apology set a
new date, that date is a promise and stays.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import law
from app.core.evidence import Subject, record
from app.core.kit.actor import SYSTEM
from app.core.telemetry import get_logger
from app.core.workflow import procedures
from app.core.workflow.calendar import PREFIX
from app.core.workflow.models import Case, Timer
from app.core.workflow.timekeeping import DUE, counted_due

BATCH = 500
_TICK = timedelta(microseconds=1)

log = get_logger("workflow.recounting")


@dataclass(frozen=True, slots=True)
class Recount:
    """The scan of one process for clocks that were counted with an older calendar."""

    zone: ZoneInfo

    def __call__(self, session: Session, *, now: datetime) -> None:
        """Count again what waits; rows that another worker holds are left to it, one that fails stops no other."""
        changed = law.changed_at(session, PREFIX)
        if changed is None:
            return
        stale = session.scalars(
            select(Timer)
            .where(
                Timer.kind == DUE, Timer.counted_at <= changed,
                Timer.fired_at.is_(None), Timer.cancelled_at.is_(None),
            )
            .order_by(Timer.due_at, Timer.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()  # fmt: skip
        for timer in stale:
            timer_id = timer.id
            try:
                with session.begin_nested():
                    self._count(session, timer, now)
                    timer.counted_at = max(now, changed + _TICK)
            except Exception as error:
                log.error("recounting.failed", timer=str(timer_id), exc_info=error)

    def _count(self, session: Session, timer: Timer, now: datetime) -> None:
        case = session.get_one(Case, timer.case_id, with_for_update=True, populate_existing=True)
        if case.rescheduled_to is not None or case.due_at is None:
            return
        due = counted_due(session, case, procedures.definition_of(session, case.version_id), self.zone)
        if due == case.due_at:
            return
        record(
            session, "workflow:case:recount", subject=Subject("case", case.id), actor=SYSTEM, at=now,
            party_id=case.party_id, facts={"from": case.due_at.isoformat(), "to": due.isoformat()},
        )  # fmt: skip
        case.due_at = timer.due_at = due
        case.recounted_at = now
