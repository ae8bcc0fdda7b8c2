"""
What leaves by itself: personal data whose time has passed, and files that nothing names. Two jobs, once an hour.

Nothing is erased on an assumption: where the law data name no term, or one that nobody has confirmed, the job counts
what would be due and says why it waits. What an operator erases by command is the operator's own decision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core import law
from app.core.db import DbRole, SessionContext
from app.core.db.backup.record import note
from app.core.documents.sweeping import sweep
from app.core.jobs import JobRegistry, JobSpec, NewJob, Run, defer_jobs
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.time import local_day
from app.core.workflow import retention
from app.core.workflow.retention import TERMS, Rule
from app.web.kernel import Kernel

ERASE, SWEEP = "privacy.erase", "documents.sweep"
MINUTES = {37: ERASE, 47: SWEEP}
STEP = 50
"""Objects of a kind that one run erases; the next hour takes the next."""

GRACE = timedelta(days=2)
"""A file that came within this time may belong to a form that somebody is still filling in."""

_OFFICER = SessionContext(DbRole.OFFICER)


class Hindrance(StrEnum):
    """Why nothing is erased although time may have passed."""

    NO_TERM = "NO_TERM"
    ASSUMED = "ASSUMED"


@dataclass(frozen=True, slots=True)
class Eraser:
    """A kind of personal data with its end: the law values that bound it, what is due, and how it goes."""

    code: str
    terms: tuple[str, ...]
    due: Callable[[Session, datetime, ZoneInfo], Sequence[Any]]
    erase: Callable[[Session, Sequence[Any], Actor, datetime], Any]


def _dossiers(rule: Rule) -> Eraser:
    return Eraser(
        f"dossier-{rule.value.lower()}",
        (TERMS[rule],),
        lambda session, now, zone: retention.due(session, now=now, zone=zone, rules=[rule]),
        lambda session, found, actor, now: retention.erase(session, found, actor=actor, now=now),
    )


DOSSIERS = tuple(_dossiers(rule) for rule in Rule)


def add_jobs(jobs: JobRegistry, kernel: Kernel, erasers: Sequence[Eraser]) -> None:
    """Register both jobs and what defers them once an hour."""

    def erase(run: Run) -> None:
        note(kernel.settings.var, "erasure", at=run.now, **erase_due(run, kernel.zone.tz, erasers))

    def clear(run: Run) -> None:
        with run.database.transaction(_OFFICER) as session:
            swept = sweep(session, store=kernel.store, before=run.now - GRACE, actor=SYSTEM, now=run.now)
        note(kernel.settings.var, "sweep", at=run.now, files=swept.files, leftovers=swept.leftovers)

    def plan(session: Session, *, now: datetime) -> None:
        if now.minute in MINUTES:
            defer_jobs(session, [NewJob(MINUTES[now.minute], {}, SYSTEM)])

    jobs.add(JobSpec(ERASE, erase, runs_as_system=True))
    jobs.add(JobSpec(SWEEP, clear, runs_as_system=True))
    jobs.every_minute("web.keeping")(plan)


def erase_due(run: Run, zone: ZoneInfo, erasers: Sequence[Eraser]) -> dict[str, Any]:
    """Erase one step of each kind whose term is confirmed; return what is left, what went, and what waits for what."""
    left, gone, held = 0, 0, {}
    for eraser in erasers:
        with run.database.transaction(_OFFICER) as session:
            hindrance = hindrance_of(session, eraser, local_day(run.now, zone))
            if hindrance is Hindrance.NO_TERM:
                held[eraser.code] = hindrance.value
                continue
            found = eraser.due(session, run.now, zone)
            if hindrance is not None:
                held[eraser.code], left = hindrance.value, left + len(found)
                continue
            eraser.erase(session, found[:STEP], SYSTEM, run.now)
            gone, left = gone + len(found[:STEP]), left + len(found[STEP:])
    return {"left": left, "gone": gone, "held": held}


def hindrance_of(session: Session, eraser: Eraser, day: date) -> Hindrance | None:
    """Return why a kind of data is not erased by itself on a day; None where all its terms are confirmed."""
    book = law.at(session, day)
    terms = [book.find(key) for key in eraser.terms]
    if any(term is None for term in terms):
        return Hindrance.NO_TERM
    return Hindrance.ASSUMED if any(term and term.status is law.Status.ASSUMED for term in terms) else None
