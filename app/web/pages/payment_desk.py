"""The desk of payments: what came and went on a day, and refunds."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import DomainError, Forbidden, Invalid, NotFound
from app.core.i18n import N_, formats
from app.core.i18n.formats import typed_day
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.core.payments.permissions import KEEP, READ, REFUND
from app.core.payments.reconciling import bounds
from app.core.payments.refunds import approve_refund, check_refund, refuse_refund
from app.core.payments.register import RefundLine, entries_between, list_refunds, sent_between
from app.web.exports import csv_response, xlsx_response
from app.web.forms import PostedForm, text
from app.web.need import Holder
from app.web.pages.personal import chosen
from app.web.payment_desk_view import (
    DESK,
    account_read,
    entry_view,
    frame,
    handles,
    note_reading,
    purpose_form,
    refund_for,
    refund_row,
    total_of,
)
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

payment_desk = router()

Reader = Annotated[Actor, Depends(Holder(READ))]


@payment_desk.get(DESK, name="payment-desk", include_in_schema=False)
def day_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, day: str = ""
) -> Response:
    """Show what the bank booked on a day."""
    chosen = typed_day(day) or local_day(utcnow(), zone.tz)
    found = entries_between(session, *bounds(chosen, zone.tz))
    view = {
        "title": request_translator(request).gettext("Payment desk"),
        "rows": [entry_view(each) for each in found],
        "total": total_of(found),
        "sent": sent_between(session, *bounds(chosen, zone.tz)),
        "day": chosen,
        "export": f"{DESK}/day.{{}}?day={chosen.isoformat()}",
        **frame(request, session, "day"),
    }
    return render(request, "payments/desk_day.html", view)


@payment_desk.get(DESK + "/day.csv", name="payment-desk-csv", include_in_schema=False)
@payment_desk.get(DESK + "/day.xlsx", name="payment-desk-xlsx", include_in_schema=False)
def day_file(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, day: str = ""
) -> Response:  # fmt: skip
    """Send the payments of a day as CSV or XLSX."""
    ending = request.url.path.rpartition(".")[2]
    translator = request_translator(request)
    chosen = typed_day(day) or local_day(utcnow(), zone.tz)
    header = [
        translator.gettext(name)
        for name in (
            N_("Direction"), N_("Transaction"), N_("Time"), N_("Amount of money"), N_("Currency"), N_("Reference"),
            N_("Slip"), N_("State"),
        )
    ]  # fmt: skip
    start, end = bounds(chosen, zone.tz)
    came, went = translator.gettext("Received"), translator.gettext("Sent")

    def moment(at: datetime) -> str:
        return formats.format_datetime(at, lang=translator.lang, timezone=zone.tz).replace(formats.NBSP, " ")

    # Names of payers and what they wrote stay on the page of a payment, where reading them is recorded.
    rows = [
        [
            came, each["transaction"], moment(each["at"]), f"{each['amount'].normalize():f}", each["currency"],
            each["reference"], each["slip"]["reference"] if each["slip"] else "",
            translator.gettext(word),
        ]
        for each in map(entry_view, entries_between(session, start, end))
        for word in (each["problem"] or each["state"]["word"],)
    ] + [
        [
            went, line.transaction_id, moment(line.at), f"{line.amount.normalize():f}", line.currency, line.reference,
            line.reference, translator.gettext("Paid by the bank"),
        ]
        for line in sent_between(session, start, end)
    ]  # fmt: skip
    send = csv_response if ending == "csv" else xlsx_response
    return send(f"payments-{chosen.isoformat()}.{ending}", header, rows)


@payment_desk.get(DESK + "/refunds", name="payment-refunds", include_in_schema=False)
def refunds_page(request: Request, session: DbSession, actor: Reader, show: str = "") -> Response:
    """List refunds that wait, or all."""
    view = {
        "title": request_translator(request).gettext("Refunds"),
        "rows": [refund_row(each) for each in list_refunds(session, under_way=show != "all")],
        "all": show == "all",
        **frame(request, session, "refunds"),
    }
    return render(request, "payments/desk_refunds.html", view)


@payment_desk.get(DESK + "/refunds/{refund_id}", name="payment-refund", include_in_schema=False)
def refund_page(request: Request, session: DbSession, actor: Reader, refund_id: UUID) -> Response:
    """Show one refund with what may be done now."""
    return _refund(request, session, actor, refund_id)


@payment_desk.get(
    DESK + "/refunds/{refund_id}/account", name="payment-refund-account", include_in_schema=False
)
def purpose_page(request: Request, session: DbSession, actor: Reader, refund_id: UUID) -> Response:
    """Ask what the account of a refund is read for."""
    _demand_handling(actor)
    return _ask(request, _line(session, refund_id))


@payment_desk.post(DESK + "/refunds/{refund_id}/account", include_in_schema=False)
def open_account(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, refund_id: UUID
) -> Response:
    """Record the reading and go on to the refund, which shows the account for a while."""
    _demand_handling(actor)
    line, given, note = _line(session, refund_id), text(posted, "purpose"), text(posted, "note")
    try:
        note_reading(session, account_read(line), chosen(given), actor, note)
    except Invalid as refusal:
        return _ask(request, line, given=given, note=note, problems=refusal.errors, status=refusal.status)
    return RedirectResponse(f"{DESK}/refunds/{refund_id}", 303)


@payment_desk.post(DESK + "/refunds/{refund_id}/{step}", include_in_schema=False)
def decide(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, refund_id: UUID, step: str
) -> Response:
    """Check, approve or refuse a refund."""
    reason, now = text(posted, "reason"), utcnow()
    try:
        match step:
            case "check":
                check_refund(session, refund_id=refund_id, actor=actor, now=now)
            case "approve":
                approve_refund(session, refund_id=refund_id, actor=actor, now=now)
            case "refuse":
                refuse_refund(session, refund_id=refund_id, reason=reason, actor=actor, now=now)
            case _:
                raise NotFound
    except DomainError as refusal:
        if not refusal.errors:
            raise
        session.rollback()
        return _refund(request, session, actor, refund_id, problems=refusal.errors, status=422)
    return RedirectResponse(f"{DESK}/refunds/{refund_id}", 303)


def _refund(
    request: Request, session: Session, actor: Actor, refund_id: UUID, *, problems: Any = (), status: int = 200
) -> Response:  # fmt: skip
    line = _line(session, refund_id)
    state, gettext = line.refund.state, request_translator(request).gettext
    own = line.refund.checked_by == actor.user_id
    view = {
        "title": gettext("Refund for slip %(reference)s", reference=line.reference),
        "row": refund_for(session, line, actor),
        "purpose": f"{DESK}/refunds/{refund_id}/account",
        "can_check": state == "ASKED" and actor.may(KEEP),
        "can_approve": state == "CHECKED" and actor.may(REFUND) and not own,
        "own_check": state == "CHECKED" and own,
        "can_refuse": (state == "ASKED" and actor.may(KEEP)) or (state == "CHECKED" and actor.may(REFUND)),
        "problems": problems,
        "crumbs": [Crumb(gettext("Payment desk"), DESK), Crumb(gettext("Refunds"), f"{DESK}/refunds")],
    }
    return render(request, "payments/desk_refund.html", view, status=status)


def _demand_handling(actor: Actor) -> None:
    if not handles(actor):
        raise Forbidden(permission=KEEP)


def _line(session: Session, refund_id: UUID) -> RefundLine:
    found = list_refunds(session, refund_id=refund_id)
    if not found:
        raise NotFound
    return found[0]


def _ask(request: Request, line: RefundLine, **typed: Any) -> Response:
    gettext, here = request_translator(request).gettext, f"{DESK}/refunds/{line.refund.id}"
    return purpose_form(
        request, title=gettext("Show the account of the refund for slip %(reference)s", reference=line.reference),
        lead=gettext("Bank, account and holder are covered."), back=(here, gettext("Back to the refund")),
        action=f"{here}/account", **typed,
    )  # fmt: skip
