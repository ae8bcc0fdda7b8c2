"""Who is told of slips: the payer's people, officers who keep the books, and open pages."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.auth.parties import find_office
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.live import Poke, PokeBook
from app.core.notifications import Audience, Channel, Kind, KindBook, Members, Officers, notify
from app.core.outbox import HandlerRegistry
from app.core.payments.events import (
    ClearingMoved,
    EntrySuspended,
    OutsideMoved,
    ReceiptIssued,
    RefundMoved,
    SlipCancelled,
    SlipExceeded,
    SlipOpened,
    SlipPaid,
    SlipPartPaid,
)
from app.core.payments.models import Outside, Refund, Slip
from app.core.payments.permissions import KEEP, PAY, PERMISSIONS, REFUND
from app.core.payments.states import ClearingState, OutsideState, RefundState

_SLIP, _REFUNDS = "/payments/{subject_id}", "/desk/payments/refunds/{subject_id}"
_ENTRIES = "/desk/payments/entries/{subject_id}"
_OUTSIDE = "/desk/payments/outside/{subject_id}"
_MAIL = frozenset({Channel.EMAIL})
DUE, PAID, PART, EXCESS, CANCELLED = (
    f"payments.{name}" for name in ("due", "paid", "part_paid", "exceeded", "cancelled")
)
REFUNDED, REFUSED, SUSPENSE, TO_CHECK, TO_APPROVE, TO_CLEAR = (
    f"payments.{name}"
    for name in ("refunded", "refund_refused", "suspense", "refund_asked", "refund_checked", "clearing_asked")
)
OUTSIDE_ASKED, OUTSIDE_RECORDED, OUTSIDE_COUNTED, OUTSIDE_REFUSED, OUTSIDE_UNDONE = (
    f"payments.outside_{name}" for name in ("asked", "recorded", "confirmed", "refused", "undone")
)

KINDS = (
    Kind(DUE, Audience.CUSTOMER, N_("Something is to be paid"), N_("Slip %(reference)s is to be paid"),
         N_("“%(title)s”: %(amount)s VND. The slip's page shows how to pay."), _SLIP, _MAIL),
    Kind(PAID, Audience.CUSTOMER, N_("A slip was paid"), N_("Slip %(reference)s is paid"),
         N_("“%(title)s”: the bank confirmed the payment. The receipt stands on the slip's page."), _SLIP),
    Kind(PART, Audience.CUSTOMER, N_("A slip was paid in part"), N_("Slip %(reference)s is paid in part"),
         N_("“%(title)s”: what is still owed stands on the slip's page."), _SLIP, _MAIL),
    Kind(EXCESS, Audience.CUSTOMER, N_("More was paid than a slip asks for"),
         N_("More was paid than slip %(reference)s asks for"),
         N_("“%(title)s”: the surplus can be asked back on the slip's page."), _SLIP, _MAIL),
    Kind(CANCELLED, Audience.CUSTOMER, N_("A slip was cancelled"), N_("Slip %(reference)s was cancelled"),
         N_("“%(title)s”: do not pay it any more."), _SLIP, _MAIL),
    Kind(REFUNDED, Audience.CUSTOMER, N_("A refund was paid"), N_("The refund for slip %(reference)s was paid"),
         N_("“%(title)s”: the bank has sent the money."), _SLIP),
    Kind(REFUSED, Audience.CUSTOMER, N_("A refund was refused"), N_("The refund for slip %(reference)s was refused"),
         N_("“%(title)s”: the reason stands on the slip's page."), _SLIP, _MAIL),
    Kind(SUSPENSE, Audience.OFFICER, N_("A payment has no slip"), N_("A payment waits for its slip"),
         N_("Its transfer names no slip, or a wrong one. Give it to its slip at the payment desk."),
         _ENTRIES),
    Kind(TO_CLEAR, Audience.OFFICER, N_("A proposal for an unclear payment waits for approval"),
         N_("Approve what becomes of a payment without a slip"),
         N_("A colleague has found its slip, or proposes to send it back."), _ENTRIES),
    Kind(TO_CHECK, Audience.OFFICER, N_("A refund waits for a check"),
         N_("Check the refund for slip %(reference)s"), N_("“%(title)s”: %(amount)s VND."), _REFUNDS),
    Kind(OUTSIDE_COUNTED, Audience.CUSTOMER, N_("A payment made elsewhere was confirmed"),
         N_("For slip %(reference)s, what was paid elsewhere is confirmed"),
         N_("“%(title)s”: %(amount)s VND is owed no more."), _SLIP),
    Kind(OUTSIDE_REFUSED, Audience.CUSTOMER, N_("A payment made elsewhere was not confirmed"),
         N_("For slip %(reference)s, a payment elsewhere was not confirmed"),
         N_("“%(title)s”: the reason stands on the slip's page."), _SLIP, _MAIL),
    Kind(OUTSIDE_UNDONE, Audience.CUSTOMER, N_("The confirmation of a payment elsewhere was taken back"),
         N_("For slip %(reference)s, a payment elsewhere does not count any more"),
         N_("“%(title)s”: %(amount)s VND is owed again; the reason stands on the slip's page."), _SLIP, _MAIL),
    Kind(OUTSIDE_ASKED, Audience.OFFICER, N_("A firm says that it has paid elsewhere"),
         N_("Compare with the paper: slip %(reference)s paid elsewhere"),
         N_("“%(title)s”: %(amount)s VND."), _OUTSIDE),
    Kind(OUTSIDE_RECORDED, Audience.OFFICER, N_("A payment made elsewhere waits for confirmation"),
         N_("Confirm what was paid elsewhere for slip %(reference)s"), N_("“%(title)s”: %(amount)s VND."), _OUTSIDE),
    Kind(TO_APPROVE, Audience.OFFICER, N_("A refund waits for approval"),
         N_("Approve the refund for slip %(reference)s"), N_("“%(title)s”: %(amount)s VND."), _REFUNDS),
)  # fmt: skip

_TOLD: Mapping[type, str] = {
    SlipOpened: DUE,
    SlipPaid: PAID,
    SlipPartPaid: PART,
    SlipExceeded: EXCESS,
    SlipCancelled: CANCELLED,
}


def register(handlers: HandlerRegistry, pokes: PokeBook, kinds: KindBook, *, authority: str) -> None:
    """
    Add the kinds of notices, the reactions that write them, and what open pages hear.

    :param authority: code of the office whose matter money without a slip is.
    """
    kinds.add(*KINDS)
    for event_class, kind in _TOLD.items():
        _tell_payer(handlers, event_class, kind)
        pokes.add(event_class.name, pokes_of)  # type: ignore[attr-defined]
    pokes.add(RefundMoved.name, pokes_of)
    pokes.add(OutsideMoved.name, pokes_of)
    _tell_of_outside(handlers)
    pokes.add(ReceiptIssued.name, pokes_of)

    @handlers.handles(EntrySuspended, name="payments.tell_of_suspense", runs_as="system")
    def tell_of_suspense(session: Session, event: EntrySuspended, *, actor: Actor, now: datetime) -> None:
        notify(
            session, recipients=[Officers("", _roles(KEEP))], kind=SUSPENSE, subject=("bank-entry", event.entry_id),
            party_id=find_office(session, authority).party_id, params={}, actor=actor, now=now,
        )  # fmt: skip

    @handlers.handles(ClearingMoved, name="payments.tell_of_clearing", runs_as="system")
    def tell_of_clearing(session: Session, event: ClearingMoved, *, actor: Actor, now: datetime) -> None:
        if event.state == ClearingState.ASKED:
            notify(
                session, recipients=[Officers("", _roles(REFUND))], kind=TO_CLEAR,
                subject=("bank-entry", event.entry_id), party_id=find_office(session, authority).party_id, params={},
                actor=actor, now=now,
            )  # fmt: skip

    @handlers.handles(RefundMoved, name="payments.tell_of_refund", runs_as="system")
    def tell_of_refund(session: Session, event: RefundMoved, *, actor: Actor, now: datetime) -> None:
        refund, slip = session.get(Refund, event.refund_id), session.get(Slip, event.slip_id)
        if refund is None or slip is None:
            return
        params = _params(slip) | {"amount": _dong(refund.amount)}
        to_officers = {RefundState.ASKED: (TO_CHECK, KEEP), RefundState.CHECKED: (TO_APPROVE, REFUND)}
        if event.state in to_officers:
            kind, permission = to_officers[RefundState(event.state)]
            notify(
                session, recipients=[Officers("", _roles(permission))], kind=kind, subject=("refund", refund.id),
                party_id=slip.party_id, params=params, actor=actor, now=now,
            )  # fmt: skip
        elif event.state in (RefundState.PAID, RefundState.REFUSED):
            kind = REFUNDED if event.state == RefundState.PAID else REFUSED
            _notify_payer(session, slip, kind, params, actor=actor, now=now)


def _tell_of_outside(handlers: HandlerRegistry) -> None:
    @handlers.handles(OutsideMoved, name="payments.tell_of_outside", runs_as="system")
    def tell_of_outside(session: Session, event: OutsideMoved, *, actor: Actor, now: datetime) -> None:
        found, slip = session.get(Outside, event.outside_id), session.get(Slip, event.slip_id)
        if found is None or slip is None:
            return
        params = _params(slip) | {"amount": _dong(found.amount)}
        to_officers = {
            OutsideState.ASKED: (OUTSIDE_ASKED, KEEP),
            OutsideState.RECORDED: (OUTSIDE_RECORDED, REFUND),
        }
        if event.state in to_officers:
            kind, permission = to_officers[OutsideState(event.state)]
            notify(
                session, recipients=[Officers("", _roles(permission))], kind=kind,
                subject=("outside-payment", found.id), party_id=slip.party_id, params=params, actor=actor, now=now,
            )  # fmt: skip
        elif event.state == OutsideState.CONFIRMED:
            kind = OUTSIDE_UNDONE if event.undoes else OUTSIDE_COUNTED
            _notify_payer(session, slip, kind, params, actor=actor, now=now)
        elif not event.undoes:  # that a wish to take one back was refused changes nothing for the payer
            _notify_payer(session, slip, OUTSIDE_REFUSED, params, actor=actor, now=now)


def pokes_of(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    """Return the topics of what happened to a slip: pages of its payer."""
    return [] if party_id is None else [Poke(f"party:{party_id}", party_id)]


def _tell_payer(handlers: HandlerRegistry, event_class: Any, kind: str) -> None:
    @handlers.handles(event_class, name=f"{kind.replace('.', '.tell_')}", runs_as="system")
    def tell(session: Session, event: Any, *, actor: Actor, now: datetime) -> None:
        slip = session.get(Slip, event.slip_id)
        if slip is not None:
            _notify_payer(session, slip, kind, _params(slip), actor=actor, now=now)


def _notify_payer(
    session: Session, slip: Slip, kind: str, params: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:  # fmt: skip
    roles = _roles(PAY)
    recipients = [Members(slip.party_id, roles, topic) for topic in sorted({"payment", slip.topic})]
    notify(
        session, recipients=recipients, kind=kind, subject=("slip", slip.id), party_id=slip.party_id, params=params,
        actor=actor, now=now,
    )  # fmt: skip


def _params(slip: Slip) -> dict[str, Any]:
    return {"reference": slip.reference, "title": dict(slip.title), "amount": _dong(slip.total)}


def _dong(amount: Decimal) -> str:
    return f"{amount:,.0f}".replace(",", ".")


def _roles(permission: str) -> frozenset[str]:
    return next(each.roles for each in PERMISSIONS if each.code == permission)
