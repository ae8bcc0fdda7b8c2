"""What the templates of the payment desk are told."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.personal import Cover, personal_values, reveal
from app.core.kit.time import utcnow
from app.core.payments.accounts import FIELDS, HOLDER
from app.core.payments.models import Clearing, Reconciliation
from app.core.payments.permissions import KEEP, REFUND
from app.core.payments.persons import authority_id
from app.core.payments.register import EntryLine, RefundLine, count_waiting
from app.core.payments.states import ClearingState, EntryState, RefundState
from app.core.privacy import Purpose, Read, ReadingKind, recent_reading, record_reading
from app.web.pages.personal import purposes_of
from app.web.payments_view import account_view, refund_view
from app.web.render import render, request_translator

DESK = "/desk/payments"
PROBLEMS = {
    "no-reference": N_("The transfer names no slip."),
    "wrong-reference": N_("The reference in the transfer is not right."),
    "unknown-reference": N_("There is no slip of the reference that was named."),
    "currency": N_("The money is not in dong."),
    "unreadable": N_("The message cannot be understood."),
    "differs": N_("The bank told the same transaction in two ways."),
    "id-used-twice": N_("The bank used the number of a message twice."),
    "ahead": N_(
        "The bank told of a booking that lies in the future; the statement of that day brings it in."
    ),
}
DIFFERENCES = {
    "TAKEN_IN": ("soon", N_("No message came; taken in from the statement")),
    "DIFFERS": ("bad", N_("Both have it, not alike")),
    "NOT_AT_BANK": ("bad", N_("The statement does not have it")),
    "SENT_UNKNOWN": ("bad", N_("The bank sent it, nobody ordered it here")),
    "SENT_DIFFERS": ("bad", N_("The bank sent another amount than was ordered")),
    "NOT_SENT": ("bad", N_("The bank confirmed it, the statement does not have it")),
}
_CLEARINGS = {
    ClearingState.ASKED: ("wait", N_("Proposed, waits for approval"), "hourglass"),
    ClearingState.APPROVED: ("active", N_("Approved, on its way to the bank"), "player-play"),
    ClearingState.DONE: ("good", N_("Done"), "check"),
    ClearingState.REFUSED: ("neutral", N_("Refused"), "x"),
}
_CHIPS = {
    "APPLIED": ("good", N_("Assigned to a slip"), "check"),
    "SUSPENSE": ("soon", N_("Without a slip"), "alert-triangle"),
    "RETURNED": ("neutral", N_("Sent back"), "refresh"),
}
WANTED = {"ASSIGN": N_("Proposed for a slip"), "RETURN": N_("Proposed to be sent back")}
PAYER = "bank-entry"


def frame(request: Request, session: Session, active: str) -> dict[str, Any]:
    """Return the tabs of the desk."""
    gettext = request_translator(request).gettext
    waiting = count_waiting(session)
    tabs = [
        ("day", gettext("Payments of the day"), DESK, 0),
        ("suspense", gettext("Without a slip"), f"{DESK}/suspense", waiting.suspense + waiting.messages),
        ("refunds", gettext("Refunds"), f"{DESK}/refunds", waiting.refunds),
        ("outside", gettext("Paid elsewhere"), f"{DESK}/outside", waiting.outside),
        ("statements", gettext("Bank statements"), f"{DESK}/statements", waiting.differences),
        ("slips", gettext("Slips"), "/payments", 0),
    ]
    return {
        "tabs_shown": [
            {"title": title, "href": href, "active": code == active, "count": count}
            for code, title, href, count in tabs
        ],
        "simulated": request.app.state.collecting.simulated,
    }


def entry_view(line: EntryLine) -> dict[str, Any]:
    """Return a bank entry as a row of the desk's lists; who paid stays covered."""
    tone, word, symbol = _CHIPS[line.state.value]
    return {
        "id": str(line.id),
        "href": f"{DESK}/entries/{line.id}",
        "transaction": line.transaction_id,
        "amount": line.amount,
        "currency": line.currency,
        "at": line.booked_at,
        "reference": line.reference,
        "payer": line.payer.get("name", ""),
        "remark": line.payer.get("remark", ""),
        "account": line.payer_account,
        "from_statement": line.source == "STATEMENT",
        "suspended": line.state.value == "SUSPENSE",
        "state": {"code": line.state.value, "tone": tone, "word": word, "symbol": symbol},
        "problem": PROBLEMS.get(line.problem, line.problem),
        "wanted": WANTED.get(line.clearing, ""),
        "slip": {"href": f"/payments/{line.slip_id}", "reference": line.slip_reference}
        if line.slip_id
        else None,
        "assigned_at": line.assigned_at,
        "assign_reason": line.assign_reason,
    }


def payer_for(session: Session, line: EntryLine, actor: Actor) -> dict[str, Any]:
    """
    Return name and transfer text as an officer may see them; records and commits the reading where it is one.

    Who deals with money in suspense reads them for that; anybody else states a purpose first.
    """
    if any(each.cover is Cover.ERASED for each in personal_values(line.payer)):
        return {"state": "erased"}
    in_hand = line.state is EntryState.SUSPENSE
    if not _reads(session, payer_read(session, line), actor, in_hand=in_hand):
        return {"state": "covered", "may_open": handles(actor)}
    return {"state": "shown", **reveal(dict(line.payer))}


def refund_for(session: Session, line: RefundLine, actor: Actor) -> dict[str, Any]:
    """
    Return a refund as an officer may see it; records and commits the reading of its account where it is one.

    Who checks or approves reads the account for that; anybody else, and later, states a purpose first.
    """
    view = {**refund_view(line.refund), "reference": line.reference, "payer": line.payer}
    if view["account"]["state"] == "erased":
        return view
    in_hand = line.refund.state in (RefundState.ASKED, RefundState.CHECKED)
    shown = account_view(line.refund, shown=True)  # made before the reading is committed, used only after it
    if _reads(session, account_read(line), actor, in_hand=in_hand):
        return view | {"account": shown}
    return view | {"account": view["account"] | {"may_open": handles(actor)}}


def payer_read(session: Session, line: EntryLine) -> Read:
    """Return what a reading of a payment's payer is recorded as."""
    return Read(PAYER, line.id, line.transaction_id, authority_id(session), ["payer", "remark"])


def account_read(line: RefundLine) -> Read:
    """Return what a reading of a refund's account is recorded as; the payer finds it among who read its data."""
    return Read(HOLDER, line.refund.id, line.reference, line.refund.party_id, list(FIELDS))


def note_reading(session: Session, what: Read, purpose: Purpose, actor: Actor, note: str = "") -> None:
    """Record that an officer reads who paid, or to which account money goes."""
    record_reading(
        session, what=what, purpose=purpose, note=note, how=ReadingKind.SHOWN, actor=actor, now=utcnow()
    )


def purpose_form(
    request: Request, *, title: str, lead: str, back: tuple[str, str], action: str, status: int = 200, **typed: Any
) -> Response:  # fmt: skip
    """Ask an officer what personal data are read for; ``back`` is the address and name of the page before."""
    view = {
        "title": title, "lead": lead, "action": action, "back": back[0], "back_label": back[1],
        "purposes": purposes_of(request), "given": "", "note": "", **typed,
    }  # fmt: skip
    return render(request, "personal/purpose.html", view, status=status)


def handles(actor: Actor) -> bool:
    """Tell whether an officer deals with money that came or goes, and so may read of whom it speaks."""
    return actor.may(KEEP) or actor.may(REFUND)


def _reads(session: Session, what: Read, actor: Actor, *, in_hand: bool) -> bool:
    """Tell whether an officer reads personal data now: for a purpose just stated, or because of the work in hand."""
    if recent_reading(session, actor=actor, object_id=what.id, now=utcnow()) is not None:
        return True
    if not in_hand or not handles(actor):
        return False
    note_reading(session, what, Purpose.HANDLING, actor)
    session.commit()  # before anything is shown: the reading stands even if the page breaks
    return True


def clearing_view(
    clearing: Clearing, *, slips: Mapping[UUID, str], people: Mapping[UUID, str]
) -> dict[str, Any]:
    """Return a proposal for money in suspense, with the names of who proposed and decided."""
    tone, word, symbol = _CLEARINGS[ClearingState(clearing.state)]
    return {
        "id": str(clearing.id),
        "returns": clearing.kind == "RETURN",
        "kind": WANTED[clearing.kind],
        "slip": {"href": f"/payments/{clearing.slip_id}", "reference": slips.get(clearing.slip_id, "")}
        if clearing.slip_id
        else None,
        "reason": clearing.reason,
        "asked_at": clearing.asked_at,
        "asked_by": people.get(clearing.asked_by, ""),
        "decided_at": clearing.decided_at,
        "decided_by": people.get(clearing.decided_by, "") if clearing.decided_by else "",
        "decision": clearing.decision,
        "done_at": clearing.done_at,
        "transaction": clearing.transaction_id,
        "error": clearing.error,
        "state": {"code": clearing.state, "tone": tone, "word": word, "symbol": symbol},
    }


def refund_row(line: RefundLine) -> dict[str, Any]:
    """Return a refund as a row of the desk's list."""
    return {
        **refund_view(line.refund),
        "reference": line.reference,
        "payer": line.payer,
        "href": f"{DESK}/refunds/{line.refund.id}",
    }


def reconciliation_view(row: Reconciliation) -> dict[str, Any]:
    """Return one comparison with the bank's statement."""
    return {
        "day": row.day,
        "at": row.at,
        "bank_count": row.bank_count,
        "bank_total": row.bank_total,
        "own_count": row.own_count,
        "own_total": row.own_total,
        "differences": [
            {
                "transaction": found["transaction_id"],
                "tone": DIFFERENCES[found["kind"]][0],
                "word": DIFFERENCES[found["kind"]][1],
                "bank": _amount(found["bank_amount"]),
                "own": _amount(found["own_amount"]),
            }
            for found in row.differences
        ],
    }


def total_of(lines: Sequence[EntryLine]) -> Decimal:
    """Return what came in dong."""
    return sum((line.amount for line in lines if line.currency == "VND"), Decimal(0))


def _amount(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)
