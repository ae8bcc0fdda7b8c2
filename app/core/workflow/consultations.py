"""Parallel consultations: several agencies asked at once, each with its own deadline and silence rule.

An agency answers from its notice, late, or by a letter that the clerk files. An answer after the time has passed is
kept and marked late; it never turns a dossier back by itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core.auth.models import Office
from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.law import Limit, LimitUnit
from app.core.workflow.models import Case, Consultation, Timer
from app.core.workflow.permissions import ADVISE, RECEIVE
from app.core.workflow.step import Step
from app.core.workflow.timekeeping import calendar_of

LAPSE = "CONSULTATION"
"""Kind of the timer that fires when an agency's time has passed."""


class Silence(StrEnum):
    """What follows from an agency's silence."""

    CONSENT = "CONSENT"
    WAIT = "WAIT"


class Verdict(StrEnum):
    """What an agency says."""

    AGREE = "AGREE"
    AGREE_WITH_CONDITIONS = "AGREE_WITH_CONDITIONS"
    DISAGREE = "DISAGREE"
    NOT_CONCERNED = "NOT_CONCERNED"


class AnsweredAlready(Conflict):
    """The agency has answered before."""

    code = "workflow.answered-already"
    title = "This consultation has been answered."
    detail = "An opinion was given on %(at)s; an opinion is not changed afterwards."
    hint = "Ask the division in charge to consult again if something new has come up."


def ask_agencies(step: Step) -> None:
    """
    Ask the agencies that the step names, in parallel.

    ``input["agencies"]``: rows of ``office``, ``question``, ``days`` (working days, may be fractional) and ``silence``.

    :raises Invalid: an office is unknown or named twice, a number of days or a silence rule cannot be read.
    """
    rows: Sequence[Mapping[str, str]] = step.input["agencies"]
    known = set(
        step.session.scalars(
            select(Office.code).where(Office.code.in_([row.get("office", "") for row in rows]))
        )
    )
    if len(known) != len(rows):
        raise _fault("unknown-office", N_("Choose each agency once, from the list."))
    round_number = 1 + (
        step.session.scalar(select(func.max(Consultation.round)).where(Consultation.case_id == step.case.id))
        or 0
    )
    for row in rows:
        _ask(step, row, round_number)
    step.facts["agencies"] = sorted(known)
    step.facts["round"] = round_number


def _ask(step: Step, row: Mapping[str, str], round_number: int) -> None:
    due_at = _deadline(step, row)
    assert step.actor.user_id is not None, "a consultation is asked for by a person"
    asked = Consultation(
        id=uuid7(), case_id=step.case.id, party_id=step.case.party_id, round=round_number, office=row["office"],
        question=row.get("question", ""), silence=_silence(row), asked_at=step.now, asked_by=step.actor.user_id,
        due_at=due_at, lapsed_at=None, answered_at=None, answered_by=None, channel=None, verdict=None, opinion=None,
        reference=None,
    )  # fmt: skip
    step.session.add(asked)
    step.session.add(
        Timer(
            id=uuid7(), case_id=step.case.id, party_id=step.case.party_id, kind=LAPSE, subject_id=asked.id,
            due_at=due_at, fired_at=None, cancelled_at=None, counted_at=step.now,
        )
    )  # fmt: skip


def _deadline(step: Step, row: Mapping[str, str]) -> datetime:
    try:
        limit = Limit(Decimal(row.get("days", "").replace(",", ".")), LimitUnit.WORKING_DAY)
    except (InvalidOperation, ValueError):
        raise _fault("bad-days", N_("Write the number of working days, for example 3.")) from None
    return calendar_of(step.session, local_day(step.now, step.zone), step.zone).due_for_limit(step.now, limit)


def _silence(row: Mapping[str, str]) -> str:
    try:
        return Silence(row.get("silence", Silence.WAIT)).value
    except ValueError:
        raise _fault("bad-silence", N_("Choose what follows from silence.")) from None


def _fault(code: str, reason: str) -> Invalid:
    return Invalid(errors=[FieldProblem("agencies", code, reason)])


def answer(
    session: Session,
    *,
    consultation_id: UUID,
    verdict: Verdict,
    opinion: str,
    actor: Actor,
    now: datetime,
    reference: str = "",
) -> Consultation:
    """
    Write down what an agency says.

    :param reference: number and date of a letter; a clerk who files a letter must give it.
    :raises NotFound: no such consultation, or it is another agency's.
    :raises Invalid: a disagreement or a condition without its reason, or a filed letter without its number.
    :raises AnsweredAlready: there is an answer.
    """
    asked = _for_update(session, consultation_id, actor)
    own = _is_own(session, asked, actor)
    if asked.answered_at is not None:
        raise AnsweredAlready(at=asked.answered_at.isoformat(timespec="minutes"))
    problems = []
    if verdict in (Verdict.DISAGREE, Verdict.AGREE_WITH_CONDITIONS) and not opinion.strip():
        problems.append(FieldProblem("opinion", "missing", N_("Give the reason or the conditions.")))
    if not own and not reference.strip():
        problems.append(FieldProblem("reference", "missing", N_("Give the number and date of the letter.")))
    if problems:
        raise Invalid(errors=problems)
    asked.answered_at, asked.answered_by = now, actor.user_id
    asked.channel = "ONLINE" if own else "LETTER"
    asked.verdict, asked.opinion, asked.reference = verdict.value, opinion.strip(), reference.strip() or None
    record(
        session, "workflow:consultation:answer", subject=Subject("consultation", asked.id), actor=actor, at=now,
        party_id=asked.party_id, facts={"office": asked.office, "verdict": verdict.value, "channel": asked.channel,
                                        "late": now > asked.due_at}, digests={"opinion": opinion},
    )  # fmt: skip
    return asked


def _for_update(session: Session, consultation_id: UUID, actor: Actor) -> Consultation:
    found = session.get(Consultation, consultation_id, with_for_update=True, populate_existing=True)
    if found is None or not (_is_own(session, found, actor) or actor.may(RECEIVE)):
        raise NotFound
    return found


def _is_own(session: Session, asked: Consultation, actor: Actor) -> bool:
    """Tell whether the actor speaks for the office that was asked."""
    office = session.scalar(select(Office.party_id).where(Office.code == asked.office))
    own = any(grant.party_id == office and ADVISE in grant.permissions for grant in actor.grants)
    if own:
        require(actor, ADVISE)
    return own


def is_closed(asked: Consultation) -> bool:
    """Tell whether nothing more is waited for: answered, or lapsed where silence is consent."""
    return asked.answered_at is not None or (asked.lapsed_at is not None and asked.silence == Silence.CONSENT)


def all_closed(session: Session, case_id: UUID) -> bool:
    """Tell whether no agency of the dossier is still waited for."""
    waiting = select(func.count()).where(
        Consultation.case_id == case_id,
        Consultation.answered_at.is_(None),
        or_(Consultation.lapsed_at.is_(None), Consultation.silence == Silence.WAIT.value),
    )
    return session.scalar(waiting) == 0


def lapse(session: Session, *, consultation_id: UUID, now: datetime) -> Consultation | None:
    """Note that an agency's time has passed without an answer; None when it had answered."""
    asked = session.get(Consultation, consultation_id, with_for_update=True, populate_existing=True)
    if asked is None or asked.answered_at is not None:
        return None
    asked.lapsed_at = asked.lapsed_at or now
    return asked


def of_case(session: Session, case_id: UUID) -> list[Consultation]:
    """Return the consultations of a dossier, newest round first."""
    query = select(Consultation).where(Consultation.case_id == case_id)
    return list(session.scalars(query.order_by(Consultation.round.desc(), Consultation.office)))


def waiting_for(session: Session, offices: Sequence[str]) -> list[tuple[Consultation, Case]]:
    """Return what some offices are asked and have not answered, the most urgent first, with the dossiers."""
    query = (
        select(Consultation, Case)
        .join(Case, Case.id == Consultation.case_id)
        .where(Consultation.office.in_(offices), Consultation.answered_at.is_(None))
        .order_by(Consultation.due_at, Consultation.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]
