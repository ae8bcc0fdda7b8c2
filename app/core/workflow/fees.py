"""
Fees of procedures: a slip is opened when a step says so, and a later step waits until it is paid.

A procedure names the law value of its fee (``fee``), the effect ``open_fee`` on the step at which it falls due (filing,
or the decision), and the guard ``fee_paid`` on the step that waits. A procedure without a fee names neither.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.core.errors import Conflict, DomainError
from app.core.kit.actor import SYSTEM, Actor
from app.core.law import LawValueWrongUnit
from app.core.outbox import HandlerRegistry
from app.core.payments import (
    LineDraft,
    LineKind,
    SlipState,
    SlipSubject,
    SlipView,
    cancel_slip,
    open_slip,
    slip_of,
)
from app.core.workflow import procedures
from app.core.workflow.events import CaseMoved
from app.core.workflow.models import Case
from app.core.workflow.step import Effect, Guard, Step

SUBJECT, NOTICE, TOPIC = "case", "fee", "workflow"
_TITLE = {"vi": "Phí, lệ phí giải quyết thủ tục", "en": "Fee of the procedure"}


class FeeUnpaid(Conflict):
    """The step waits for the fee."""

    code = "workflow.fee-unpaid"
    title = "The fee has not been paid."
    detail = "This step is possible when the payment slip %(reference)s is paid in full."
    hint = "Pay the slip, or wait until the bank confirms the payment; the dossier's page shows both."


class FeeNotOpened(Conflict):
    """No slip was opened for the fee."""

    code = "workflow.fee-not-opened"
    title = "No payment slip was opened for the fee."
    detail = "The procedure asks for a fee, and no step of this dossier has demanded it."
    hint = "Tell the operator: the procedure's data do not fit together."


def open_fee(step: Step) -> None:
    """Open the slip for the procedure's fee, once; a fee of nothing opens none."""
    amount = _amount(step)
    if not amount:
        return
    title = {language: f"{step.definition.title[language]} ({_TITLE[language]})" for language in _TITLE}
    slip = open_slip(
        step.session, party_id=step.case.party_id,
        subject=SlipSubject(SUBJECT, step.case.id, title, f"/dossiers/{step.case.id}", TOPIC), notice=NOTICE,
        lines=[LineDraft("FEE", LineKind.FEE, _TITLE, amount)], due_on=None, zone=step.zone, actor=step.actor,
        now=step.now,
    )  # fmt: skip
    step.facts["fee_slip"] = slip.reference


def fee_paid(step: Step) -> DomainError | None:
    """Refuse the step while the fee is owed."""
    if not _amount(step):
        return None
    slip = fee_slip(step.session, step.case)
    if slip is None:
        return FeeNotOpened()
    return None if slip.state is SlipState.PAID else FeeUnpaid(reference=slip.reference)


def fee_slip(session: Session, case: Case) -> SlipView | None:
    """Return the slip of a dossier's fee; None where there is none."""
    return slip_of(session, subject_kind=SUBJECT, subject_id=case.id, notice=NOTICE)


def register(handlers: HandlerRegistry) -> None:
    """Cancel what nobody owes any more: the unpaid fee of a dossier that has ended."""

    @handlers.handles(CaseMoved, name="workflow.cancel_fee", runs_as="system")
    def cancel_fee(session: Session, event: CaseMoved, *, actor: Actor, now: datetime) -> None:
        case = session.get(Case, event.case_id)
        if case is None:
            return
        definition = procedures.definition_of(session, case.version_id)
        slip = fee_slip(session, case) if definition.fee and definition.states[case.state].final else None
        if slip is not None and slip.state in (SlipState.OPEN, SlipState.PART_PAID):
            reason = "Hồ sơ đã kết thúc."
            cancel_slip(session, slip_id=slip.id, reason=reason, actor=SYSTEM, now=now)


GUARDS: dict[str, Guard] = {"fee_paid": fee_paid}
EFFECTS: dict[str, Effect] = {"open_fee": open_fee}


def _amount(step: Step) -> Decimal:
    """
    Return the fee in dong, nothing where the procedure asks for none.

    :raises LawValueWrongUnit: the law value is no amount in dong.
    """
    if step.definition.fee is None:
        return Decimal(0)
    value = step.book.get(step.definition.fee)
    match value.value:
        case {"amount": str(amount), "currency": "VND"}:
            return Decimal(amount)
    raise LawValueWrongUnit(key=value.key, unit=value.unit, expected="an amount in dong")
