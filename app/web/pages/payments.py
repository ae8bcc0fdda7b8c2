"""A slip with everything that became of it, the way to the bank, the receipt, and refunds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.documents.service import file_of
from app.core.errors import Conflict, DomainError, Forbidden, NotFound
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.payments.bank import Collecting
from app.core.payments.permissions import PAY
from app.core.payments.queries import SlipView
from app.core.payments.references import compact
from app.core.payments.refunds import WhereTo, ask_refund
from app.core.payments.transfer_code import transfer_code
from app.core.settings.zone import ZoneConfig
from app.web.forms import PostedForm, text
from app.web.need import CustomerActor, SignedInActor
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.payments_view import may_pay, slip_view, visible_slip
from app.web.qr import qr_code
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

payment_pages = router()

LIST = "/payments"
_ORDER_FOR = timedelta(minutes=30)


class NotPayable(Conflict):
    """Nothing is owed."""

    code = "payments.not-payable"
    title = "There is nothing to pay on this slip."
    detail = "It is paid or was cancelled."
    hint = "Look at the slip again."


class NoBankPage(Conflict):
    """The installation has no bank page."""

    code = "payments.no-bank-page"
    title = "Paying at the bank's page is not set up."
    detail = "This installation has no bank whose page could be opened."
    hint = "Transfer the amount with the text that the slip's page shows."


@payment_pages.get("/payments/{slip_id}", name="payment-slip", include_in_schema=False)
def slipslip_answer(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, slip_id: UUID, back: str = ""
) -> Response:  # fmt: skip
    """Show one slip: what is owed, how to pay, what came, what goes back."""
    return slip_answer(
        request, session, actor, zone, visible_slip(session, actor, slip_id), came_back=bool(back)
    )


@payment_pages.get("/payments/{slip_id}/standing", name="payment-standing", include_in_schema=False)
def standing(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, slip_id: UUID
) -> Response:
    """Give the part of the page that changes when the bank has told something."""
    slip = visible_slip(session, actor, slip_id)
    view = {"slip": slip_view(request, session, slip, actor=actor, zone=zone, now=utcnow())}
    return render(request, "payments/_standing.html", view)


@payment_pages.get("/payments/{slip_id}/bank", name="payment-bank", include_in_schema=False)
def to_bank(request: Request, session: DbSession, actor: SignedInActor, slip_id: UUID) -> Response:
    """Send the payer to the bank's page with an order that the bank can check; nothing changes here."""
    slip = visible_slip(session, actor, slip_id)
    if not may_pay(actor, slip):
        raise Forbidden(permission=PAY)
    if slip.outstanding <= 0:
        raise NotPayable
    collecting: Collecting = request.app.state.collecting
    if not collecting.pay_url:
        raise NoBankPage
    way = collecting.way_to_bank(
        order_id=uuid7(), reference=slip.reference, amount=slip.outstanding, until=utcnow() + _ORDER_FOR,
        back=f"{request.app.state.settings.origin}/payments/{slip.id}?back=1",
    )  # fmt: skip
    return RedirectResponse(way, 303)


@payment_pages.get("/payments/{slip_id}/qr.svg", name="payment-qr", include_in_schema=False)
def qr(request: Request, session: DbSession, actor: SignedInActor, slip_id: UUID) -> Response:
    """Draw the code that a bank's program reads."""
    slip = visible_slip(session, actor, slip_id)
    collecting: Collecting = request.app.state.collecting
    if not (collecting.account and collecting.bin) or slip.outstanding <= 0:
        raise NotFound
    return qr_code(
        transfer_code(
            bin=collecting.bin,
            account=collecting.account,
            amount=slip.outstanding,
            text=compact(slip.reference),
        )
    )


@payment_pages.get("/payments/{slip_id}/receipt", name="payment-receipt", include_in_schema=False)
def receipt(request: Request, session: DbSession, actor: SignedInActor, slip_id: UUID) -> Response:
    """Send the signed receipt."""
    slip = visible_slip(session, actor, slip_id)
    if slip.receipt_id is None:
        raise NotFound
    document, file = file_of(session, document_id=slip.receipt_id)
    body = request.app.state.kernel.store.read(file.sha256)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(document.title)}
    return Response(body, media_type=file.media_type, headers=headers)


@payment_pages.post("/payments/{slip_id}/refund", include_in_schema=False)
def refund(
    request: Request, session: DbSession, actor: CustomerActor, zone: CurrentZone, posted: PostedForm, slip_id: UUID
) -> Response:  # fmt: skip
    """Ask for what was paid too much."""
    slip = visible_slip(session, actor, slip_id)
    where = WhereTo(
        text(posted, "bank"), text(posted, "account"), text(posted, "holder"), text(posted, "reason")
    )
    try:
        ask_refund(session, slip_id=slip.id, where=where, actor=actor, now=utcnow())
    except DomainError as refusal:
        if not refusal.errors:
            raise
        session.rollback()
        return slip_answer(
            request, session, actor, zone, slip, problems=refusal.errors, typed=where, status=422
        )
    return RedirectResponse(f"/payments/{slip_id}#refund", 303)


def slip_answer(
    request: Request, session: Session, actor: Actor, zone: ZoneConfig, slip: SlipView, *, problems: Any = (),
    typed: WhereTo | None = None, typed_outside: Mapping[str, str] | None = None, came_back: bool = False,
    status: int = 200,
) -> Response:  # fmt: skip
    """
    Show the page of a slip, with what was typed into one of its forms where that was refused.

    :param typed_outside: what was said of a payment elsewhere.
    """
    gettext = request_translator(request).gettext
    found = slip_view(request, session, slip, actor=actor, zone=zone, now=utcnow())
    view = {
        "title": gettext("Payment slip %(reference)s", reference=slip.reference),
        "slip": found,
        "typed": typed or WhereTo("", "", slip.payer, found["release_reason"]),
        "typed_outside": typed_outside,
        "problems": problems,
        "waits": came_back and found["outstanding"] > 0,
        "crumbs": [Crumb(gettext("Payment slips"), LIST)],
    }
    return render(request, "payments/slip.html", view, status=status)
