"""Guards and effects of the desk itself, which any procedure may name."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select

from app.core.errors import Conflict, DomainError, FieldProblem, Invalid
from app.core.evidence.canonical import canonical_json
from app.core.i18n import N_
from app.core.kit.ids import uuid7
from app.core.kit.personal import to_stored
from app.core.kit.time import local_day
from app.core.workflow import answers as form
from app.core.workflow.consultations import all_closed, ask_agencies
from app.core.workflow.gaps import GAP_CODES
from app.core.workflow.models import Gap, Submission
from app.core.workflow.step import Effect, Guard, Step, times_taken
from app.core.workflow.timekeeping import calendar_of, set_timer

MAX_SUPPLEMENTS = "onestop.supplement.max_requests"
MAX_RESCHEDULES = "onestop.reschedule.max"


class FormIncomplete(Invalid):
    """Questions are unanswered; every one is listed."""

    code = "workflow.form-incomplete"
    title = "The dossier is not complete."


class SupplementUsedUp(Conflict):
    """The law allows no further request for a supplement."""

    code = "workflow.supplement-used-up"
    title = "A supplement has been requested before."
    detail = (
        "The law allows %(allowed)s request for a supplement; a further one counts the dossier as overdue. "
        "It needs the recorded permission of the head of division."
    )
    hint = "Ask the head of division to allow it with a reason, or decide on what is there."


class RescheduleUsedUp(Conflict):
    """The appointment has been moved as often as the law allows."""

    code = "workflow.reschedule-used-up"
    title = "The appointment cannot be moved again."
    detail = "The law allows an appointment to be moved %(allowed)s time; this has been done."
    hint = "Decide on the dossier now; the delay is shown as what it is."


class NotOverdue(Conflict):
    """An apology is for a dossier whose time has run out."""

    code = "workflow.not-overdue"
    title = "The dossier is not overdue."
    detail = "Its time runs until %(due)s. The appointment may be moved with an apology only after that."


class ConsultationOpen(Conflict):
    """Agencies have not answered yet."""

    code = "workflow.consultation-open"
    title = "The consultation is not over."
    detail = "An agency has neither answered nor let its time pass."
    hint = "Wait for the answers, or file an answer that came by letter."


def form_complete(step: Step) -> DomainError | None:
    """Refuse a dossier with unanswered questions, listing all of them."""
    problems = form.missing(step.definition.sections, step.case.answers)
    return FormIncomplete(errors=problems) if problems else None


def supplement_allowed(step: Step) -> DomainError | None:
    """Refuse more requests than the law allows and a supervisor has permitted, and gaps that are not coded."""
    allowed = int(step.book.decimal(MAX_SUPPLEMENTS))
    made, permitted = times_taken(step, "request_supplement"), times_taken(step, "allow_supplement")
    if made >= allowed + permitted:
        return SupplementUsedUp(allowed=allowed)
    targets = {*step.definition.fields(), *(part.code for part in step.definition.components)}
    problems = [
        FieldProblem("gaps", "bad-gap", N_("Choose for each gap what it concerns and what is wanting."))
        for gap in step.input.get("gaps", ())
        if gap.get("code") not in GAP_CODES or gap.get("target") not in targets
    ]
    return Invalid(errors=problems[:1]) if problems else None


def reschedule_allowed(step: Step) -> DomainError | None:
    """Refuse to move an appointment before it has passed, more often than the law allows, or into the past."""
    case = step.case
    if case.due_at is None or step.now <= case.due_at:
        return NotOverdue(due=case.due_at.isoformat(timespec="minutes") if case.due_at else "-")
    allowed = int(step.book.decimal(MAX_RESCHEDULES))
    if times_taken(step, "reschedule") >= allowed:
        return RescheduleUsedUp(allowed=allowed)
    day = _new_day(step)
    if day is None:
        return Invalid(
            errors=[FieldProblem("new_date", "not-a-date", N_("Write the date as day/month/year."))]
        )
    if day <= local_day(step.now, step.zone) or not calendar_of(step.session, day, step.zone).is_working(day):
        reason = N_("Choose a working day to come.")
        return Invalid(errors=[FieldProblem("new_date", "not-a-working-day", reason)])
    return None


def consultation_over(step: Step) -> DomainError | None:
    """Refuse to go on while an agency may still answer."""
    return None if all_closed(step.session, step.case.id) else ConsultationOpen()


def freeze_submission(step: Step) -> None:
    """Keep what the applicant sends, word for word, with its digest in the evidence entry."""
    case = step.case
    assert step.actor.user_id is not None, "only a person or a client files"
    earlier = 0
    if case.submitted_at is not None:
        earlier = step.session.scalar(select(func.count()).where(Submission.case_id == case.id)) or 0
    # Over the sealed form of personal answers: the digest says nothing of them, and outlives their erasure.
    digest = hashlib.sha256(canonical_json(to_stored(case.answers))).hexdigest()
    step.session.add(
        Submission(
            id=uuid7(),
            case_id=case.id,
            party_id=case.party_id,
            number=earlier + 1,
            version_id=case.version_id,
            answers=case.answers,
            digest=digest,
            at=step.now,
            by=step.actor.user_id,
        )
    )
    case.submitted_at = case.submitted_at or step.now
    step.facts["submission"] = earlier + 1
    step.facts["answers_sha256"] = digest


def assign_to_actor(step: Step) -> None:
    """Make whoever takes the step the one who handles the dossier."""
    step.case.assigned_to = step.actor.user_id


def record_gaps(step: Step) -> None:
    """Write down each gap of a supplement request as a row that the applicant closes."""
    number = times_taken(step, "request_supplement") + 1
    for gap in step.input["gaps"]:
        step.session.add(
            Gap(
                id=uuid7(),
                case_id=step.case.id,
                party_id=step.case.party_id,
                request=number,
                target=gap["target"],
                code=gap["code"],
                note=gap.get("note", ""),
                asked_at=step.now,
                closed_at=None,
            )
        )
    step.facts["supplement_request"] = number
    step.facts["gaps"] = [f"{gap['target']}:{gap['code']}" for gap in step.input["gaps"]]


def close_gaps(step: Step) -> None:
    """Close the gaps that the applicant answers with this supplement."""
    opened = select(Gap).where(Gap.case_id == step.case.id, Gap.closed_at.is_(None))
    for gap in step.session.scalars(opened.with_for_update()):
        gap.closed_at = step.now


def set_new_date(step: Step) -> None:
    """Promise a new date; the first appointment stays on record."""
    day = _new_day(step)
    assert day is not None, "the guard has read it"
    case = step.case
    case.rescheduled_to = case.due_at = calendar_of(step.session, day, step.zone).closing(day)
    set_timer(step, case.due_at)


def mark_overdue(step: Step) -> None:
    """Note since when the legal time has run out; a late reception is on record as a step and delays nothing legal."""
    if step.case.accepted_at is not None:
        step.case.overdue_at = step.case.overdue_at or step.case.due_at


def _new_day(step: Step) -> date | None:
    try:
        parsed = datetime.strptime(str(step.input.get("new_date", "")), "%d/%m/%Y")  # noqa: DTZ007  a calendar day
    except ValueError:
        return None
    return parsed.date()


GUARDS: Mapping[str, Guard] = {
    "form_complete": form_complete,
    "supplement_allowed": supplement_allowed,
    "reschedule_allowed": reschedule_allowed,
    "consultation_over": consultation_over,
}

EFFECTS: Mapping[str, Effect] = {
    "freeze_submission": freeze_submission,
    "assign_to_actor": assign_to_actor,
    "record_gaps": record_gaps,
    "close_gaps": close_gaps,
    "set_new_date": set_new_date,
    "mark_overdue": mark_overdue,
    "ask_agencies": ask_agencies,
}
