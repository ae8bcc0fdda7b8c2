"""Who may see and pay a slip, and what templates are told of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import NotFound
from app.core.i18n import N_, localise
from app.core.kit.actor import Actor
from app.core.kit.personal import MASK, Cover, personal_values, reveal
from app.core.kit.time import local_day
from app.core.payments import SlipState, SlipView, blocking_debts, find_slip, slip_of
from app.core.payments.accounts import FIELDS
from app.core.payments.bank import Collecting
from app.core.payments.booking import received_on
from app.core.payments.debts import CLEARANCE_BLOCKED, REGISTRATION_AFTER
from app.core.payments.interest import RATE, LateInterest, late_interest
from app.core.payments.models import Refund
from app.core.payments.outside import counted_on
from app.core.payments.permissions import PAY, READ
from app.core.payments.references import compact
from app.core.payments.refunds import refunds_of
from app.core.payments.settlement import Due, Received
from app.core.payments.states import OPEN_REFUNDS, RefundState
from app.core.settings.zone import ZoneConfig
from app.core.workflow.fees import NOTICE, SUBJECT
from app.web.outside_view import slip_outside
from app.web.panels import DOSSIER
from app.web.render import request_translator
from app.web.spec import ObjectPanel

_STATES = {
    SlipState.OPEN: ("neutral", N_("To be paid"), "circle-dashed"),
    SlipState.PART_PAID: ("soon", N_("Paid in part"), "circle-half-2"),
    SlipState.PAID: ("good", N_("Paid in full"), "check"),
    SlipState.CANCELLED: ("neutral", N_("Cancelled"), "ban"),
    SlipState.REFUNDED: ("neutral", N_("Refunded"), "refresh"),
}
_REFUNDS = {
    RefundState.ASKED: ("wait", N_("Asked for, waits for a check"), "hourglass"),
    RefundState.CHECKED: ("wait", N_("Checked, waits for approval"), "hourglass"),
    RefundState.APPROVED: ("active", N_("Approved, on its way to the bank"), "player-play"),
    RefundState.PAID: ("good", N_("Refunded"), "check"),
    RefundState.REFUSED: ("bad", N_("Refused"), "x"),
}


KINDS = {
    "declaration": N_("Customs declaration"),
    "parcels_list": N_("Low-value list"),
    "case": N_("Dossier"),
}


def may_pay(actor: Actor, slip: SlipView) -> bool:
    """Tell whether somebody pays for the payer: by the permission, or as a delegate for the matter that is paid for."""
    if actor.is_officer:
        return False
    return any(
        PAY in grant.permissions or any(code.partition(".")[0] == slip.topic for code in grant.permissions)
        for grant in actor.grants
        if grant.party_id == slip.party_id
    )


def visible_slip(session: Session, actor: Actor, slip_id: UUID) -> SlipView:
    """
    Return a slip that the actor may see.

    :raises NotFound: there is none, or it is not the actor's to see.
    """
    slip = find_slip(session, slip_id)
    if not (actor.may(READ) if actor.is_officer else may_pay(actor, slip)):
        raise NotFound
    return slip


def row_view(request: Request, slip: SlipView, today: date) -> dict[str, Any]:
    """Return a slip as a row of a list."""
    late = is_late(slip, today)
    return {
        "href": f"/payments/{slip.id}",
        "reference": slip.reference,
        "title": localise(slip.title, request_translator(request).lang)[0],
        "payer": slip.payer,
        "total": slip.total,
        "outstanding": slip.outstanding,
        "excess": slip.excess,
        "due_on": slip.due_on,
        "late": late,
        "state": state_view(slip),
    }


def state_view(slip: SlipView) -> Mapping[str, str]:
    """Return the state of a slip as a chip."""
    if slip.settled_outside:
        return {"code": "OUTSIDE", "tone": "good", "word": N_("Paid elsewhere"), "symbol": "check"}
    tone, word, symbol = _STATES[slip.state]
    return {"code": slip.state.value, "tone": tone, "word": word, "symbol": symbol}


def is_late(slip: SlipView, today: date) -> bool:
    """Tell whether something is owed past its day."""
    return bool(slip.outstanding and slip.due_on and slip.due_on < today)


def slip_view(
    request: Request, session: Session, slip: SlipView, *, actor: Actor, zone: ZoneConfig, now: datetime
) -> dict[str, Any]:  # fmt: skip
    """Return everything that the page of a slip shows."""
    today = local_day(now, zone.tz)
    payments = received_on(session, slip.id)
    collecting: Collecting = request.app.state.collecting
    pays = may_pay(actor, slip)
    own = not actor.is_officer and actor.may(PAY, slip.party_id)
    refunds = refunds_of(session, slip.id)
    under_way = any(each.state in OPEN_REFUNDS for each in refunds)
    return {
        "id": str(slip.id),
        "party_id": str(slip.party_id),
        **row_view(request, slip, today),
        **_became(slip, request_translator(request).lang),
        "payments": [
            {"transaction": each.transaction_id, "at": each.booked_at, "amount": each.amount}
            for each in payments
        ],
        "refunds": [refund_view(each, shown=own) for each in refunds],
        "desk": actor.is_officer and actor.may(READ),
        "outside": slip_outside(session, slip, actor),
        "interest": interest_view(session, slip, payments, zone=zone, today=today),
        "debt": debt_view(request, session, slip, zone=zone, now=now) if is_late(slip, today) else None,
        "receipt": f"/payments/{slip.id}/receipt" if slip.receipt_id else "",
        "can_pay": pays and slip.outstanding > 0,
        "can_ask": pays and slip.excess > 0 and not under_way,
        "online": bool(collecting.pay_url),
        "simulated": collecting.simulated,
        "transfer": {
            "account": collecting.account,
            "bank": collecting.bank,
            "text": compact(slip.reference),
            "qr": f"/payments/{slip.id}/qr.svg" if collecting.account and collecting.bin else "",
        },
    }


def _became(slip: SlipView, lang: str) -> dict[str, Any]:
    """Return the lines of a slip and what became of the demand."""
    return {
        "subject_href": slip.href,
        "paid": slip.paid,
        "refunded": slip.refunded,
        "released": slip.released,
        "release_reason": localise(slip.release_reason, lang)[0] if slip.release_reason else "",
        "paid_at": slip.paid_at,
        "cancel_reason": slip.cancel_reason,
        "cancelled_at": slip.cancelled_at,
        "lines": [
            {
                "number": line.number,
                "title": localise(line.title, lang)[0],
                "chapter": line.chapter,
                "sub_item": line.sub_item,
                "amount": line.amount,
                "paid": line.paid,
            }
            for line in slip.lines
        ],
    }


def interest_view(
    session: Session, slip: SlipView, payments: Sequence[Received], *, zone: ZoneConfig, today: date
) -> dict[str, Any] | None:
    """
    Return the late interest with its arithmetic; None where there is none, or the law names no rate.

    What was confirmed as paid elsewhere counts on the day that its paper says.
    """
    if slip.due_on is None or slip.cancelled_at is not None:
        return None
    value = law.at(session, today).find(RATE)
    if value is None:
        return None
    elsewhere = counted_on(session, slip.id, zone.tz) if slip.outside else []
    found: LateInterest = late_interest(
        [(Due(line.id, line.number, line.priority, line.amount), line.kind) for line in slip.lines],
        [*payments, *elsewhere],
        due_on=slip.due_on, today=today, rate=value.decimal(), zone=zone.tz,
    )  # fmt: skip
    if not found.stretches:
        return None
    return {
        "total": found.total,
        "assumed": value.status.value == "ASSUMED",
        "rows": [
            {
                "first": each.first,
                "last": each.last,
                "days": each.days,
                "base": each.base,
                "rate": each.rate,
                "amount": each.amount,
            }
            for each in found.stretches
        ],
    }


def debt_view(
    request: Request, session: Session, slip: SlipView, *, zone: ZoneConfig, now: datetime
) -> dict[str, Any] | None:
    """Return what an overdue slip stops, with act and article; None where the law does not say it."""
    try:
        found = blocking_debts(session, party_id=slip.party_id, now=now, zone=zone.tz)
    except law.LawValueMissing:
        return None
    mine = next((each for each in found.debts if each.slip_id == slip.id), None)
    if mine is None:
        return None
    values, acts = {each.key: each for each in found.law}, law.instruments(session)
    longest = law.at(session, local_day(now, zone.tz)).days(REGISTRATION_AFTER)
    words = []
    if mine.stops_clearance:
        words.append(
            (
                N_("While this is overdue, customs does not clear new declarations of the payer."),
                CLEARANCE_BLOCKED,
            )
        )
    stopped = N_(
        "It is overdue for longer than %(days)s days: customs may enforce it and registers no new declarations."
    )
    ahead = N_("After %(days)s days overdue, customs may enforce a debt and registers no new declarations.")
    words.append((stopped if mine.stops_registration else ahead, REGISTRATION_AFTER))
    translator = request_translator(request)
    return {
        "days": mine.days,
        "effects": [
            {
                "text": translator.gettext(word, days=longest),
                "source": _source(values[key], acts, translator.lang),
                "article": values[key].article or "",
                "assumed": values[key].status is law.Status.ASSUMED,
            }
            for word, key in words
        ],
    }


def _source(value: law.LawValue, acts: Mapping[str, law.Instrument], lang: str) -> str:
    """Return number and title of the act of a value; its code where the law data lack the act."""
    if value.instrument is None:
        return ""
    act = acts.get(value.instrument)
    return f"{localise(act.title, lang)[0]} ({act.number})" if act else value.instrument


def refund_view(refund: Refund, *, shown: bool = False) -> dict[str, Any]:
    """Return a refund for a list or its own page; see ``account_view`` for what is shown."""
    tone, word, symbol = _REFUNDS[RefundState(refund.state)]
    return {
        "id": str(refund.id),
        "slip_id": str(refund.slip_id),
        "amount": refund.amount,
        "reason": refund.reason,
        "account": account_view(refund, shown=shown),
        "asked_at": refund.asked_at,
        "checked_at": refund.checked_at,
        "decided_at": refund.decided_at,
        "decision": refund.decision,
        "paid_at": refund.paid_at,
        "transaction": refund.transaction_id,
        "error": refund.error,
        "state": {"code": refund.state, "tone": tone, "word": word, "symbol": symbol},
    }


def account_view(refund: Refund, *, shown: bool) -> dict[str, Any]:
    """
    Return where a refund goes, in dots unless it may be shown.

    :param shown: the reader is of the payer, or an officer whose reading has been recorded.
    """
    if any(each.cover is Cover.ERASED for each in personal_values(refund.destination)):
        return {"state": "erased"}
    found = reveal(refund.destination) if shown else dict.fromkeys(FIELDS, MASK)
    return {"state": "shown" if shown else "covered", **{name: found.get(name, "") for name in FIELDS}}


def fee_panel(session: Session, actor: Actor, case_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a dossier's page: its fee, where it has one."""
    found = slip_of(session, subject_kind=SUBJECT, subject_id=case_id, notice=NOTICE)
    if found is None:
        return {}
    return {
        "row": {
            "href": f"/payments/{found.id}",
            "reference": found.reference,
            "total": found.total,
            "outstanding": found.outstanding,
            "state": state_view(found),
        }
    }


FEE_PANEL = ObjectPanel(DOSSIER, "fee", N_("Fee"), "payments/_dossier_panel.html", fee_panel, 8)
