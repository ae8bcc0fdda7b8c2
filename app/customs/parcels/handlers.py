"""What happens when customs has answered a list: the firm is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor
from app.core.live import Poke
from app.core.notifications import Audience, Kind, Members, notify
from app.core.outbox import HandlerRegistry
from app.core.payments import SlipPaid
from app.customs.parcels.events import ListAnswered, ListTaxed
from app.customs.parcels.models import ParcelList
from app.customs.parcels.permissions import LIST, PERMISSIONS
from app.customs.parcels.service import billing

PATH = "/customs/parcels/lists/{subject_id}"
TOPIC = "customs"
_ABOUT = N_("Flight %(flight)s, %(parcels)s parcels.")


def _kind(code: str, title: str, subject: str, text: str = _ABOUT) -> Kind:
    return Kind(f"parcels.list_{code}", Audience.CUSTOMER, title, subject, text, PATH)


_TOLD: Mapping[str, Kind] = {
    "REFUSED": _kind(
        "refused", N_("A low-value list was refused"), N_("Customs refused list %(code)s"),
        N_("The reasons stand on its page. Its parcels are free again: correct them and close another list."),
    ),
    "LINES_REFUSED": _kind(
        "lines_refused", N_("Parcels of a low-value list were refused"), N_("Customs refused parcels of list %(code)s"),
        N_("Refused: %(refused)s. The reasons stand beside each parcel; what was refused can go on another list."),
    ),
    "GOODS_CHECK": _kind(
        "goods_check", N_("Customs checks parcels of a list"), N_("Customs will check parcels of list %(code)s")
    ),
    "RELEASED": _kind(
        "released", N_("Parcels of a list are released"), N_("Customs released parcels of list %(code)s")
    ),
    "AMENDMENT_REFUSED": _kind(
        "correction_refused", N_("A correction of a low-value list was refused"),
        N_("Customs refused correction %(code)s"), N_("The reason stands on its page. The list stays as it was."),
    ),
    "FAILED": _kind(
        "failed", N_("A low-value list did not reach customs"), N_("List %(code)s was not taken by the gateway"),
        N_("The gateway refused it as it stands; nothing was declared. Its parcels are free again."),
    ),
    "PAYMENT_FAILED": _kind(
        "payment_failed", N_("Customs did not enter the payment of a list"),
        N_("Customs did not enter the tax paid for list %(code)s"),
        N_("The money was received. Show customs the receipt of the slip; its answer stands on the page of the list."),
    ),
    "CLEARED": _kind("cleared", N_("A low-value list is cleared"), N_("Customs cleared list %(code)s")),
}  # fmt: skip
KINDS = tuple(_TOLD.values())


def register(handlers: HandlerRegistry, zone: ZoneInfo) -> None:
    """Add the reactions to events."""

    @handlers.handles(ListTaxed, name="parcels.bill", runs_as="system")
    def bill(session: Session, event: ListTaxed, *, actor: Actor, now: datetime) -> None:
        billing.bill(session, notice_id=event.notice_id, zone=zone, now=now)

    @handlers.handles(SlipPaid, name="parcels.tell_of_payment", runs_as="system")
    def paid(session: Session, event: SlipPaid, *, actor: Actor, now: datetime) -> None:
        if event.subject_kind == billing.SUBJECT:
            billing.tell_of_payment(
                session, slip_id=event.slip_id, transaction=event.transaction_id, zone=zone, now=now
            )

    @handlers.handles(ListAnswered, name="parcels.tell_of_answer", runs_as="system")
    def tell(session: Session, event: ListAnswered, *, actor: Actor, now: datetime) -> None:
        kind = _TOLD.get(event.outcome)
        if kind is None:
            return
        row = session.get_one(ParcelList, event.list_id)
        roles = next(each.roles for each in PERMISSIONS if each.code == LIST)
        notify(
            session, recipients=[Members(row.party_id, roles, TOPIC)], kind=kind.code,
            subject=("parcels_list", row.id), party_id=row.party_id, actor=SYSTEM, now=now,
            params={"code": row.code, "flight": row.flight, "parcels": str(row.parcels),
                    "refused": str(event.refused)},
        )  # fmt: skip


def pokes_of(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    """Return the topics of whatever happens to a list: the pages of its operator show it."""
    return [Poke(f"party:{party_id}", party_id)] if party_id else []
