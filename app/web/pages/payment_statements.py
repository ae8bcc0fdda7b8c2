"""The bank's statement beside the books, and each difference until somebody has settled it."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import DomainError, FieldProblem
from app.core.i18n import N_, formats
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.core.payments.bank import Bank, BankDown
from app.core.payments.differences import close_difference, difference, open_differences, take_difference
from app.core.payments.models import DifferenceItem
from app.core.payments.permissions import KEEP, READ
from app.core.payments.reconciling import latest, reconcile
from app.web.forms import PostedForm, text
from app.web.need import Holder
from app.web.payment_desk_view import DESK, DIFFERENCES, frame, reconciliation_view
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

payment_statements = router()

HERE = f"{DESK}/statements"
Reader = Annotated[Actor, Depends(Holder(READ))]
Keeper = Annotated[Actor, Depends(Holder(KEEP))]


@payment_statements.get(HERE, name="payment-statements", include_in_schema=False)
def statements_page(request: Request, session: DbSession, actor: Reader, zone: CurrentZone) -> Response:
    """Show open differences and the latest comparisons with the bank's statement."""
    return _statements(request, session, actor, local_day(utcnow(), zone.tz))


@payment_statements.post(HERE, include_in_schema=False)
def compare(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Fetch the statement of a day and compare it."""
    typed, today = text(posted, "day"), local_day(utcnow(), zone.tz)
    try:
        chosen = formats.parse_date(typed)
    except ValueError as fault:
        problems = [FieldProblem("day", "shape", str(fault))]
        return _statements(request, session, actor, typed, problems=problems, status=422)
    if chosen > today:
        problems = [
            FieldProblem("day", "ahead", N_("This day has not come yet; choose today or an earlier day."))
        ]
        return _statements(request, session, actor, chosen, problems=problems, status=422)
    session.rollback()  # the bank is asked without a connection
    bank: Bank = request.app.state.bank
    try:
        statement, sent = bank.statement(chosen), bank.sent(chosen)
    except BankDown:
        reason = N_("The bank does not answer now. Nothing was changed; try again later.")
        return _statements(
            request, session, actor, chosen, problems=[FieldProblem("", "down", reason)], status=503
        )
    reconcile(session, day=chosen, statement=statement, sent=sent, zone=zone.tz, actor=actor, now=utcnow())
    return RedirectResponse(HERE, 303)


@payment_statements.get(
    DESK + "/differences/{bank_difference_id}", name="payment-difference", include_in_schema=False
)
def difference_page(
    request: Request, session: DbSession, actor: Reader, bank_difference_id: UUID
) -> Response:
    """Show one difference: what the bank says, what stands here, who looks into it."""
    return _difference(request, session, actor, bank_difference_id)


@payment_statements.post(DESK + "/differences/{bank_difference_id}/owner", include_in_schema=False)
def take(
    request: Request, session: DbSession, actor: Keeper, posted: PostedForm, bank_difference_id: UUID
) -> Response:
    """Look into a difference from now on."""
    take_difference(session, difference_id=bank_difference_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{DESK}/differences/{bank_difference_id}", 303)


@payment_statements.post(DESK + "/differences/{bank_difference_id}/close", include_in_schema=False)
def close(
    request: Request, session: DbSession, actor: Keeper, posted: PostedForm, bank_difference_id: UUID
) -> Response:
    """Say what became of a difference."""
    note = text(posted, "note")
    try:
        close_difference(session, difference_id=bank_difference_id, note=note, actor=actor, now=utcnow())
    except DomainError as refusal:
        if not refusal.errors:
            raise
        session.rollback()
        return _difference(
            request, session, actor, bank_difference_id, problems=refusal.errors, note=note, status=422
        )
    return RedirectResponse(HERE, 303)


def _difference(
    request: Request, session: Session, actor: Actor, bank_difference_id: UUID, *, problems: Any = (), note: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    item, owner = difference(session, bank_difference_id)
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Difference in %(transaction)s", transaction=item.transaction_id),
        "row": _row(item, owner or ""),
        "can_keep": actor.may(KEEP) and item.state == "OPEN",
        "mine": item.owner_id == actor.user_id,
        "note": note,
        "problems": problems,
        "crumbs": [Crumb(gettext("Payment desk"), DESK), Crumb(gettext("Bank statements"), HERE)],
    }
    return render(request, "payments/desk_difference.html", view, status=status)


def _statements(
    request: Request, session: Session, actor: Actor, day: date | str, *, problems: Any = (), status: int = 200
) -> Response:  # fmt: skip
    view = {
        "title": request_translator(request).gettext("Comparison with the bank"),
        "day": day,
        "items": [_row(item, owner or "") for item, owner in open_differences(session)],
        "rows": [reconciliation_view(each) for each in latest(session)],
        "can_compare": actor.may(KEEP),
        "problems": problems,
        **frame(request, session, "statements"),
    }
    return render(request, "payments/desk_statements.html", view, status=status)


def _row(item: DifferenceItem, owner: str) -> dict[str, Any]:
    tone, word = DIFFERENCES[item.kind]
    return {
        "id": str(item.id),
        "href": f"{DESK}/differences/{item.id}",
        "transaction": item.transaction_id,
        "day": item.day,
        "tone": tone,
        "word": word,
        "bank": item.bank_amount,
        "own": item.own_amount,
        "found_at": item.found_at,
        "open": item.state == "OPEN",
        "owner": owner,
        "closed_at": item.closed_at,
        "note": item.note,
    }
