"""Payments made outside the platform: said on the slip's page, recorded and confirmed at the desk."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.documents.service import file_of
from app.core.errors import DomainError, NotFound
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.payments.models import Outside
from app.core.payments.outside import confirm_outside, record_outside, refuse_outside, say_paid, take_back
from app.core.payments.permissions import KEEP, READ, REFUND
from app.core.payments.register import OutsideLine, list_outside
from app.core.privacy import Purpose, Read, ReadingKind, record_reading
from app.web.forms import PostedForm, text
from app.web.need import Holder, SignedInActor
from app.web.outside_view import HERE, desk_row, names_of, outside_view, said_of, scan_of, typed_of
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.pages.payments import slip_answer
from app.web.payment_desk_view import DESK, frame
from app.web.payments_view import visible_slip
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import upload_router

payment_outside = router()
payment_outside_uploads = upload_router()

Reader = Annotated[Actor, Depends(Holder(READ))]


@payment_outside_uploads.post("/payments/{slip_id}/outside", include_in_schema=False)
def say(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, posted: PostedForm, slip_id: UUID
) -> Response:  # fmt: skip
    """Say that a slip was paid elsewhere, with the paper: the payer, or an officer who keeps the books."""
    slip, typed = visible_slip(session, actor, slip_id), typed_of(posted)
    scan, problems = scan_of(request, posted)
    if not problems:
        try:
            key = say_paid(
                session, slip_id=slip.id, said=said_of(request, typed), scan=scan, zone=zone.tz, actor=actor,
                now=utcnow(),
            )  # fmt: skip
        except DomainError as refusal:
            if not refusal.errors:
                raise
            session.rollback()
            problems = list(refusal.errors)
        else:
            return RedirectResponse(
                f"{HERE}/{key}" if actor.is_officer else f"/payments/{slip_id}#outside", 303
            )
    return slip_answer(
        request, session, actor, zone, slip, problems=problems, typed_outside=typed, status=422
    )


@payment_outside.get(
    "/payments/{slip_id}/outside/{outside_id}/paper", name="payment-outside-paper", include_in_schema=False
)
def paper(
    request: Request, session: DbSession, actor: SignedInActor, slip_id: UUID, outside_id: UUID
) -> Response:
    """Send the scan; an officer's taking it along is recorded, since it may name people."""
    slip, found = visible_slip(session, actor, slip_id), session.get(Outside, outside_id)
    if found is None or found.slip_id != slip.id or found.document_id is None:
        raise NotFound
    document, file = file_of(session, document_id=found.document_id)
    if actor.is_officer:
        record_reading(
            session, what=Read("outside-payment", found.id, slip.reference, slip.party_id, ["outside_paper"]),
            purpose=Purpose.HANDLING, note="", how=ReadingKind.EXPORTED, actor=actor, now=utcnow(),
        )  # fmt: skip
    body = request.app.state.kernel.store.read(file.sha256)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(document.title)}
    return Response(body, media_type=file.media_type, headers=headers)


@payment_outside.get(HERE, name="payment-outside-list", include_in_schema=False)
def list_page(request: Request, session: DbSession, actor: Reader, show: str = "") -> Response:
    """List what waits to be recorded or confirmed, or all."""
    view = {
        "title": request_translator(request).gettext("Paid elsewhere"),
        "rows": [desk_row(each) for each in list_outside(session, waiting=show != "all")],
        "all": show == "all",
        **frame(request, session, "outside"),
    }
    return render(request, "payments/desk_outside.html", view)


@payment_outside.get(HERE + "/{outside_id}", name="payment-outside", include_in_schema=False)
def entry_page(request: Request, session: DbSession, actor: Reader, outside_id: UUID) -> Response:
    """Show one entry with what may be done now."""
    return _entry(request, session, actor, outside_id)


@payment_outside.post(HERE + "/{outside_id}/{step}", include_in_schema=False)
def decide(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, outside_id: UUID, step: str
) -> Response:
    """Record, confirm, refuse or take back."""
    reason, note, now, shown = text(posted, "reason"), text(posted, "note"), utcnow(), outside_id
    try:
        match step:
            case "record":
                record_outside(session, outside_id=outside_id, actor=actor, now=now)
            case "confirm":
                confirm_outside(session, outside_id=outside_id, actor=actor, now=now)
            case "refuse":
                refuse_outside(session, outside_id=outside_id, reason=reason, actor=actor, now=now)
            case "undo":
                shown = take_back(session, outside_id=outside_id, note=note, actor=actor, now=now)
            case _:
                raise NotFound
    except DomainError as refusal:
        if not refusal.errors:
            raise
        session.rollback()
        return _entry(request, session, actor, outside_id, problems=refusal.errors, status=422)
    return RedirectResponse(f"{HERE}/{shown}", 303)


def _entry(
    request: Request, session: Session, actor: Actor, outside_id: UUID, *, problems: Any = (), status: int = 200
) -> Response:  # fmt: skip
    line = _line(session, outside_id)
    row, gettext = line.outside, request_translator(request).gettext
    people = names_of(session, row)
    own = actor.user_id in (row.recorded_by, row.asked_by)
    undone = any(
        each.outside.undoes_id == row.id and each.outside.state != "REFUSED"
        for each in list_outside(session, waiting=False)
    )
    view = {
        "title": gettext("Paid elsewhere for slip %(reference)s", reference=line.reference),
        "row": {
            **outside_view(row), "reference": line.reference, "payer": line.payer,
            "asked_by": people.get(row.asked_by, ""),
            "recorded_by": people.get(row.recorded_by, "") if row.recorded_by else "",
            "decided_by": people.get(row.decided_by, "") if row.decided_by else "",
        },
        "can_record": row.state == "ASKED" and actor.may(KEEP),
        "can_confirm": row.state == "RECORDED" and actor.may(REFUND) and not own,
        "own": row.state == "RECORDED" and own,
        "can_refuse": (row.state == "ASKED" and actor.may(KEEP))
        or (row.state == "RECORDED" and actor.may(KEEP if own else REFUND)),
        "can_undo": row.state == "CONFIRMED" and row.undoes_id is None and not undone and actor.may(KEEP),
        "problems": problems,
        "crumbs": [Crumb(gettext("Payment desk"), DESK), Crumb(gettext("Paid elsewhere"), HERE)],
    }  # fmt: skip
    return render(request, "payments/desk_outside_entry.html", view, status=status)


def _line(session: Session, outside_id: UUID) -> OutsideLine:
    found = list_outside(session, outside_id=outside_id)
    if not found:
        raise NotFound
    return found[0]
