"""What declarations do when something happened: messages leave, slips are opened, people are told, pages wake up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor
from app.core.live import Poke
from app.core.notifications import Audience, Kind, Members, Officers, notify
from app.core.outbox import HandlerRegistry
from app.core.payments import SlipPaid
from app.customs.declarations.domain.timelimits import LIMITS, ClockKind
from app.customs.declarations.events import (
    ClockRanOut,
    DeclarationHandedIn,
    DispatchFailed,
    NoticeApplied,
)
from app.customs.declarations.models import Clock, Declaration, Notice, Revision
from app.customs.declarations.permissions import FILE, PERMISSIONS, READ
from app.customs.declarations.queries.naming import SUBJECT
from app.customs.declarations.service import asking, billing

PATH = "/declarations/{subject_id}"
TOPIC = "customs"
FAILED, RAN_OUT, OFFICE_RAN_OUT = (
    "customs.dispatch_failed",
    "customs.clock_ran_out",
    "customs.authority_late",
)
_ABOUT = N_("It is about the declaration “%(title)s”.")


def _kind(
    code: str, title: str, subject: str, text: str = _ABOUT, audience: Audience = Audience.CUSTOMER
) -> Kind:
    return Kind(code, audience, title, subject, text, PATH)


_TOLD: Mapping[str, Kind] = {
    "REGISTERED": _kind(
        "customs.registered", N_("A declaration is registered"), N_("Customs registered declaration %(code)s"),
        N_("It carries the official number %(number)s. It is about “%(title)s”."),
    ),
    "REFUSED": _kind(
        "customs.refused", N_("A declaration was refused"), N_("Customs refused declaration %(code)s"),
        N_("Each reason stands on its page with field, rule and remedy. It is about “%(title)s”."),
    ),
    "PAPERS_WANTED": _kind(
        "customs.papers_wanted", N_("Customs wants papers"), N_("Customs wants papers for declaration %(code)s")
    ),
    "GOODS_CHECK": _kind(
        "customs.goods_check", N_("Customs checks goods"), N_("Customs will check the goods of declaration %(code)s")
    ),
    "QUESTION": _kind(
        "customs.question", N_("Customs asks a question"), N_("Customs asks about declaration %(code)s")
    ),
    "AMENDMENT_WANTED": _kind(
        "customs.amendment_wanted", N_("Customs wants an amendment"),
        N_("Customs wants declaration %(code)s to be amended"),
    ),
    "TAX": _kind(
        "customs.tax", N_("A tax notice has arrived"), N_("Tax notice for declaration %(code)s"),
        N_("Compare it with the pre-calculation, then pay. It is about “%(title)s”."),
    ),
    "RELEASED": _kind(
        "customs.released", N_("Goods are released"), N_("The goods of declaration %(code)s are released")
    ),
    "CLEARED": _kind("customs.cleared", N_("A declaration is cleared"), N_("Declaration %(code)s is cleared")),
    "AMENDED": _kind(
        "customs.amended", N_("An amendment was accepted"), N_("Customs accepted the amendment of declaration %(code)s")
    ),
    "AMENDMENT_REFUSED": _kind(
        "customs.amendment_refused", N_("An amendment was refused"),
        N_("Customs refused the amendment of declaration %(code)s"),
    ),
    "CANCELLED": _kind(
        "customs.cancelled", N_("A declaration is cancelled"), N_("Customs cancelled declaration %(code)s")
    ),
    "CANCEL_REFUSED": _kind(
        "customs.cancel_refused", N_("A cancellation was refused"),
        N_("Customs refused to cancel declaration %(code)s"),
    ),
}  # fmt: skip
KINDS = (
    *_TOLD.values(),
    _kind(
        FAILED, N_("A message did not reach customs"), N_("A message for declaration %(code)s was not taken"),
        N_("The gateway of customs refused it as it stands. It is about “%(title)s”."),
    ),
    _kind(
        RAN_OUT, N_("A time limit of customs law has passed"), N_("A time limit of declaration %(code)s has passed"),
        N_("“%(limit)s”, due %(due_at)s. It is about “%(title)s”."),
    ),
    _kind(
        OFFICE_RAN_OUT, N_("Customs exceeds a time limit"), N_("Customs exceeds a time limit for declaration %(code)s"),
        N_("“%(limit)s”, due %(due_at)s. It is about “%(title)s”."), Audience.OFFICER,
    ),
)  # fmt: skip


def register(handlers: HandlerRegistry, zone: ZoneInfo) -> None:
    """Add the reactions to events."""

    @handlers.handles(DeclarationHandedIn, name="customs.queue_revision", runs_as="system")
    def queue(session: Session, event: DeclarationHandedIn, *, actor: Actor, now: datetime) -> None:
        declaration = session.get_one(Declaration, event.declaration_id)
        revision = session.get_one(Revision, event.revision_id)
        asking.send_revision(session, declaration=declaration, revision=revision, actor=actor, now=now)

    @handlers.handles(NoticeApplied, name="customs.bill", runs_as="system")
    def bill(session: Session, event: NoticeApplied, *, actor: Actor, now: datetime) -> None:
        if event.outcome != "APPLIED":
            return
        if event.kind == "TAX":
            billing.bill(session, notice_id=event.notice_id, zone=zone, now=now)
        elif event.kind == "CANCELLED":
            billing.withdraw_bills(session, declaration_id=event.declaration_id, now=now)

    @handlers.handles(SlipPaid, name="customs.tell_of_payment", runs_as="system")
    def paid(session: Session, event: SlipPaid, *, actor: Actor, now: datetime) -> None:
        if event.subject_kind == SUBJECT:
            billing.tell_of_payment(
                session, slip_id=event.slip_id, transaction=event.transaction_id, zone=zone, now=now
            )

    @handlers.handles(NoticeApplied, name="customs.tell_of_notice", runs_as="system")
    def tell(session: Session, event: NoticeApplied, *, actor: Actor, now: datetime) -> None:
        kind = _TOLD.get(event.kind) if event.outcome == "APPLIED" else None
        if kind is not None:
            number = session.get_one(Notice, event.notice_id).body.get("official_number", "")
            _tell_firm(session, event.declaration_id, kind.code, {"number": number}, now=now)

    @handlers.handles(DispatchFailed, name="customs.tell_of_failure", runs_as="system")
    def failed(session: Session, event: DispatchFailed, *, actor: Actor, now: datetime) -> None:
        _tell_firm(session, event.declaration_id, FAILED, {}, now=now)

    @handlers.handles(ClockRanOut, name="customs.tell_of_clock", runs_as="system")
    def ran_out(session: Session, event: ClockRanOut, *, actor: Actor, now: datetime) -> None:
        _tell_of_clock(session, event, now=now)


def pokes_of(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    """Return the topics of whatever happens to a declaration: the pages of its firm show it."""
    return [Poke(f"party:{party_id}", party_id)] if party_id else []


def _tell_of_clock(session: Session, event: ClockRanOut, *, now: datetime) -> None:
    clock = session.get_one(Clock, event.clock_id)
    declaration = session.get_one(Declaration, event.declaration_id)
    params = {
        "limit": billing.in_both(LIMITS[ClockKind(clock.kind)].name),
        "due_at": clock.due_at.isoformat() if clock.due_at else "",
    }
    if event.whose == "FIRM":
        _tell_firm(session, event.declaration_id, RAN_OUT, params, now=now)
        return
    notify(
        session, recipients=[Officers("", _roles(READ))], kind=OFFICE_RAN_OUT, subject=("declaration", declaration.id),
        party_id=declaration.party_id, params={**_about(declaration), **params}, actor=SYSTEM, now=now,
    )  # fmt: skip


def _tell_firm(
    session: Session, declaration_id: UUID, kind: str, params: Mapping[str, Any], *, now: datetime
) -> None:
    declaration = session.get_one(Declaration, declaration_id)
    notify(
        session, recipients=[Members(declaration.party_id, _roles(FILE), TOPIC)], kind=kind,
        subject=("declaration", declaration.id), party_id=declaration.party_id,
        params={**_about(declaration), **params}, actor=SYSTEM, now=now,
    )  # fmt: skip


def _about(declaration: Declaration) -> dict[str, str]:
    return {"code": declaration.code, "title": declaration.summary or declaration.code}


def _roles(permission: str) -> frozenset[str]:
    return next(each.roles for each in PERMISSIONS if each.code == permission)
