"""What pages are told of payments that were made outside the platform."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.core.auth.models import User
from app.core.documents.refusals import FileRefused
from app.core.errors import FieldProblem
from app.core.i18n import N_, formats
from app.core.kit.actor import Actor
from app.core.payments import SlipView
from app.core.payments.models import Outside
from app.core.payments.outside import Said, Scan, open_outside, outside_of
from app.core.payments.permissions import KEEP, PAY
from app.core.payments.register import OutsideLine
from app.core.payments.states import OutsideState
from app.core.workflow.papers.intake import LIMITS, keep_file
from app.web.forms import text
from app.web.render import error_texts, request_translator
from app.web.uploads import sent_files

HERE = "/desk/payments/outside"
FIELDS = ("amount", "paid_on", "place", "paper", "note")
_STATES = {
    OutsideState.ASKED: ("wait", N_("Said by the payer, waits for a check"), "hourglass"),
    OutsideState.RECORDED: ("wait", N_("Recorded, waits for confirmation"), "hourglass"),
    OutsideState.CONFIRMED: ("good", N_("Confirmed"), "check"),
    OutsideState.REFUSED: ("bad", N_("Refused"), "x"),
}


def outside_view(row: Outside) -> dict[str, Any]:
    """Return an entry for a list or its own page."""
    tone, word, symbol = _STATES[OutsideState(row.state)]
    return {
        "id": str(row.id),
        "slip_id": str(row.slip_id),
        "href": f"{HERE}/{row.id}",
        "undoes": row.undoes_id is not None,
        "undoes_href": f"{HERE}/{row.undoes_id}" if row.undoes_id else "",
        "amount": row.amount,
        "paid_on": row.paid_on,
        "place": row.place,
        "paper": row.paper,
        "note": row.note,
        "scan": f"/payments/{row.slip_id}/outside/{row.id}/paper" if row.document_id else "",
        "asked_at": row.asked_at,
        "recorded_at": row.recorded_at,
        "decided_at": row.decided_at,
        "decision": row.decision,
        "state": {"code": row.state, "tone": tone, "word": word, "symbol": symbol},
    }


def desk_row(line: OutsideLine) -> dict[str, Any]:
    """Return an entry as a row of the desk."""
    return {**outside_view(line.outside), "reference": line.reference, "payer": line.payer}


def slip_outside(session: Session, slip: SlipView, actor: Actor) -> dict[str, Any]:
    """Return what the page of a slip says of payments elsewhere, and whether this reader may say one."""
    may = actor.may(KEEP) if actor.is_officer else actor.may(PAY, slip.party_id)
    return {
        "amount": slip.outside,
        "rows": [outside_view(each) for each in outside_of(session, slip.id)],
        "can_say": may and slip.outstanding > 0 and open_outside(session, slip.id) is None,
        "officer": actor.is_officer,
        "limit_bytes": LIMITS.max_bytes,
    }


def names_of(session: Session, row: Outside) -> Mapping[UUID, str]:
    """Return the names of those who said, recorded and decided."""
    people = {each for each in (row.asked_by, row.recorded_by, row.decided_by) if each}
    found = session.execute(select(User.id, User.full_name).where(User.id.in_(people)))
    return {each[0]: each[1] for each in found}


def typed_of(posted: FormData) -> dict[str, str]:
    """Return what was typed, for showing it again."""
    return {name: text(posted, name) for name in FIELDS}


def said_of(request: Request, typed: Mapping[str, str]) -> Said:
    """Read what was typed; what cannot be read is left out, and the use case says so."""
    try:
        amount = formats.parse_number(typed["amount"], lang=request_translator(request).lang)
    except ValueError:
        amount = None
    day: date | None
    try:
        day = formats.parse_date(typed["paid_on"])
    except ValueError:
        day = None
    return Said(amount, day, typed["place"], typed["paper"], typed["note"])


def scan_of(request: Request, posted: FormData) -> tuple[Scan | None, list[FieldProblem]]:
    """Receive and keep the paper; a refusal names the file."""
    for each in sent_files(posted, "paper_file")[:1]:
        name = each.filename or "file"
        try:
            kept = keep_file(request.app.state.kernel.store, stream=each.file, filename=name)
        except FileRefused as refusal:
            texts = error_texts(request_translator(request), refusal)
            params = {"file": name, "reason": f"{texts['detail']} {texts['hint']}"}
            return None, [FieldProblem("paper_file", refusal.code, "%(file)s: %(reason)s", params)]
        return Scan(kept.file, kept.media_type, kept.name), []
    return None, []
