"""Money without a slip: the list, one payment, and what two officers do with it."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.models import User
from app.core.errors import DomainError, Invalid, NotFound
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.payments.finding import candidates
from app.core.payments.models import Clearing, Slip
from app.core.payments.permissions import KEEP, READ, REFUND
from app.core.payments.register import EntryLine, entry, refused_messages, suspended
from app.core.payments.states import OPEN_CLEARINGS
from app.core.payments.suspense import (
    approve_clearing,
    clearings_of,
    propose_assignment,
    propose_return,
    refuse_clearing,
)
from app.web.forms import PostedForm, text
from app.web.need import Holder
from app.web.pages.personal import chosen
from app.web.payment_desk_view import (
    DESK,
    PROBLEMS,
    clearing_view,
    entry_view,
    frame,
    note_reading,
    payer_for,
    payer_read,
    purpose_form,
)
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

payment_suspense = router()

HERE = f"{DESK}/suspense"
Reader = Annotated[Actor, Depends(Holder(READ))]
Keeper = Annotated[Actor, Depends(Holder(KEEP))]


@payment_suspense.get(HERE, name="payment-suspense", include_in_schema=False)
def suspense_page(request: Request, session: DbSession, actor: Reader) -> Response:
    """List what belongs to no slip, and messages that could not be applied."""
    view = {
        "title": request_translator(request).gettext("Payments without a slip"),
        "rows": [entry_view(each) for each in suspended(session)],
        "messages": [
            {
                "at": each.received_at,
                "problem": PROBLEMS.get(each.problem, each.problem),
                "name": each.webhook_id.partition("#")[0],
            }
            for each in refused_messages(session)
        ],
        **frame(request, session, "suspense"),
    }
    return render(request, "payments/desk_suspense.html", view)


@payment_suspense.get(DESK + "/entries/{entry_id}", name="payment-entry", include_in_schema=False)
def entry_page(
    request: Request, session: DbSession, actor: Reader, entry_id: UUID, reference: str = ""
) -> Response:
    """Show one payment, and what may be done with it."""
    return _entry(request, session, actor, entry_id, typed={"reference": reference[:40]})


@payment_suspense.get(DESK + "/entries/{entry_id}/payer", name="payment-payer", include_in_schema=False)
def purpose_page(request: Request, session: DbSession, actor: Keeper, entry_id: UUID) -> Response:
    """Ask what the payer's name is read for."""
    return _ask(request, _line(session, entry_id))


@payment_suspense.post(DESK + "/entries/{entry_id}/payer", include_in_schema=False)
def open_payer(
    request: Request, session: DbSession, actor: Keeper, posted: PostedForm, entry_id: UUID
) -> Response:
    """Record the reading and go on to the payment, which shows the payer for a while."""
    line, given, note = _line(session, entry_id), text(posted, "purpose"), text(posted, "note")
    try:
        note_reading(session, payer_read(session, line), chosen(given), actor, note)
    except Invalid as refusal:
        return _ask(request, line, given=given, note=note, problems=refusal.errors, status=refusal.status)
    return RedirectResponse(f"{DESK}/entries/{entry_id}", 303)


@payment_suspense.post(DESK + "/entries/{entry_id}/assign", include_in_schema=False)
def assign(
    request: Request, session: DbSession, actor: Keeper, posted: PostedForm, entry_id: UUID
) -> Response:
    """Propose the slip that a payment is for."""
    typed = {"reference": text(posted, "reference"), "reason": text(posted, "reason")}
    try:
        propose_assignment(session, entry_id=entry_id, actor=actor, now=utcnow(), **typed)
    except DomainError as refusal:
        return _again(request, session, actor, entry_id, refusal, typed)
    return RedirectResponse(f"{DESK}/entries/{entry_id}", 303)


@payment_suspense.post(DESK + "/entries/{entry_id}/return", include_in_schema=False)
def send_back(
    request: Request, session: DbSession, actor: Keeper, posted: PostedForm, entry_id: UUID
) -> Response:
    """Propose to send a payment back to where it came from."""
    why = text(posted, "why")
    try:
        propose_return(session, entry_id=entry_id, reason=why, actor=actor, now=utcnow())
    except DomainError as refusal:
        return _again(request, session, actor, entry_id, refusal, {"why": why}, "why")
    return RedirectResponse(f"{DESK}/entries/{entry_id}", 303)


@payment_suspense.post(DESK + "/clearings/{clearing_id}/{step}", include_in_schema=False)
def decide(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, clearing_id: UUID, step: str
) -> Response:
    """Approve or refuse a colleague's proposal, or take the own one back."""
    found = session.get(Clearing, clearing_id)
    if found is None:
        raise NotFound
    entry_id, reason = found.entry_id, text(posted, "refusal")
    try:
        match step:
            case "approve":
                approve_clearing(session, clearing_id=clearing_id, actor=actor, now=utcnow())
            case "refuse":
                refuse_clearing(session, clearing_id=clearing_id, reason=reason, actor=actor, now=utcnow())
            case _:
                raise NotFound
    except DomainError as refusal:
        return _again(request, session, actor, entry_id, refusal, {"refusal": reason}, "refusal")
    return RedirectResponse(f"{DESK}/entries/{entry_id}", 303)


def _again(
    request: Request, session: Session, actor: Actor, entry_id: UUID, refusal: DomainError, typed: dict[str, str],
    reason: str = "reason",
) -> Response:  # fmt: skip
    """
    Show the page again with what was typed; a refusal that names no field goes on to its own page.

    :param reason: what the reason is called on the form that was sent: there are several on the page.
    """
    if not refusal.errors:
        raise refusal
    session.rollback()
    problems = [replace(each, name=reason) if each.name == "reason" else each for each in refusal.errors]
    return _entry(request, session, actor, entry_id, problems=problems, typed=typed, status=422)


def _line(session: Session, entry_id: UUID) -> EntryLine:
    found = entry(session, entry_id)
    if found is None:
        raise NotFound
    return found


def _entry(
    request: Request, session: Session, actor: Actor, entry_id: UUID, *, problems: Any = (),
    typed: dict[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    found = _line(session, entry_id)
    gettext = request_translator(request).gettext
    payer = payer_for(session, found, actor)
    clearings = clearings_of(session, entry_id)
    waiting = next((each for each in clearings if each.state in OPEN_CLEARINGS), None)
    slips, people = _named(session, clearings)
    asked = waiting is not None and waiting.state == "ASKED"
    own = waiting is not None and waiting.asked_by == actor.user_id
    free = found.state.value == "SUSPENSE" and waiting is None and actor.may(KEEP)
    view = {
        "title": gettext("Payment %(transaction)s", transaction=found.transaction_id),
        "row": entry_view(found),
        "payer": payer,
        "purpose": f"{DESK}/entries/{entry_id}/payer",
        "clearings": [clearing_view(each, slips=slips, people=people) for each in clearings],
        "waiting": clearing_view(waiting, slips=slips, people=people) if waiting else None,
        "can_assign": free and found.currency == "VND",
        "can_return": free,
        "can_approve": asked and not own and actor.may(REFUND),
        "can_refuse": asked and actor.may(KEEP if own else REFUND),
        "own": own and asked,
        "candidates": candidates(session, found.amount) if free and found.currency == "VND" else [],
        "typed": {"reference": "", "reason": "", "why": "", "refusal": "", **(typed or {})},
        "problems": problems,
        "crumbs": [Crumb(gettext("Payment desk"), DESK), Crumb(gettext("Payments without a slip"), HERE)],
    }
    return render(request, "payments/desk_entry.html", view, status=status)


def _named(session: Session, clearings: Any) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """Return the references of slips and the names of officers that proposals speak of."""
    slips = {each.slip_id for each in clearings if each.slip_id}
    people = {who for each in clearings for who in (each.asked_by, each.decided_by) if who}
    references = session.execute(select(Slip.id, Slip.reference).where(Slip.id.in_(slips)))
    names = session.execute(select(User.id, User.full_name).where(User.id.in_(people)))
    return {row[0]: row[1] for row in references}, {row[0]: row[1] for row in names}


def _ask(request: Request, line: EntryLine, **typed: Any) -> Response:
    gettext, here = request_translator(request).gettext, f"{DESK}/entries/{line.id}"
    return purpose_form(
        request, title=gettext("Show who paid %(transaction)s", transaction=line.transaction_id),
        lead=gettext("The payer's name and the text of the transfer are covered."),
        back=(here, gettext("Back to the payment")), action=f"{here}/payer", **typed,
    )  # fmt: skip
