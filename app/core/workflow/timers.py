"""Timers that fire when nobody looks: clocks that run out, agencies whose time passes.

A timer is a row, scanned each minute; pauses and holiday edits move it. One dossier's failure never stops the others:
each fires in a savepoint of its own, and a failed one is tried again at the next scan.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import DomainError
from app.core.telemetry import get_logger
from app.core.workflow import consultations
from app.core.workflow.advice import CONSULTED
from app.core.workflow.desk import Desk
from app.core.workflow.models import Case, Timer
from app.core.workflow.timekeeping import DUE

BATCH = 500
OVERDUE = "overdue"

log = get_logger("workflow.timers")


@dataclass(frozen=True, slots=True)
class Scan:
    """The scan of one process; ``desk`` takes the steps that timers lead to."""

    desk: Desk

    def __call__(self, session: Session, *, now: datetime) -> None:
        """Fire what is due at ``now``, oldest first; rows that another worker holds are left to it."""
        due = session.scalars(
            select(Timer)
            .where(Timer.due_at <= now, Timer.fired_at.is_(None), Timer.cancelled_at.is_(None))
            .order_by(Timer.due_at, Timer.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for timer in due:
            timer_id = timer.id
            try:
                with session.begin_nested():
                    self._fire(session, timer, now)
                    timer.fired_at = now
            except DomainError as refusal:
                # Nothing is lost: the row stays due and the next scan tries again.
                log.warning("timer.refused", timer=str(timer_id), reason=refusal.code)
            except Exception as error:
                log.error("timer.failed", timer=str(timer_id), exc_info=error)

    def _fire(self, session: Session, timer: Timer, now: datetime) -> None:
        if timer.kind == DUE:
            self._step(session, timer, OVERDUE, now)
        elif timer.kind == consultations.LAPSE and timer.subject_id is not None:
            lapsed = consultations.lapse(session, consultation_id=timer.subject_id, now=now)
            session.flush()  # whether all are closed is asked of the database
            if lapsed is not None and consultations.all_closed(session, timer.case_id):
                self._step(session, timer, CONSULTED, now)

    def _step(self, session: Session, timer: Timer, action: str, now: datetime) -> None:
        """Take a step of the platform's own, if the dossier's state still knows it."""
        self.desk.take_if_possible(session, case=session.get_one(Case, timer.case_id), action=action, now=now)
