"""Parcels for programs: /api/v1/parcels. Batches of messages in, the state of parcels out."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session

from app.core.auth.clients.scopes import PARCELS_READ, PARCELS_WRITE
from app.core.auth.permissions import require
from app.core.i18n import Translator
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import local_day, utcnow
from app.customs.parcels.domain.facts import Message, ParcelState, Source
from app.customs.parcels.domain.reasons import WORDS, Reason
from app.customs.parcels.permissions import READ
from app.customs.parcels.queries import board
from app.customs.parcels.queries.board import PAGE_SIZE, Parties
from app.customs.parcels.schemas import (
    BatchOut,
    FaultOut,
    OrderBatch,
    ParcelOut,
    ParcelPage,
    PaymentBatch,
    ReasonOut,
    ReturnBatch,
    RowOut,
    WaybillBatch,
)
from app.customs.parcels.service.taking import Taken, operator_of, take
from app.web.api.door import OwnBrowser
from app.web.idempotency import once_router
from app.web.need import Scoped
from app.web.render import request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

parcels_api = router(prefix="/api/v1", tags=["parcels"])
parcels_once = once_router(prefix="/api/v1/parcels", tags=["parcels"])

Sender = Annotated[Actor, Depends(Scoped(PARCELS_WRITE))]
Reader = Annotated[Actor, Depends(Scoped(PARCELS_READ))]


@parcels_once.post("/orders", dependencies=[OwnBrowser])
def send_orders(
    request: Request, session: DbSession, actor: Sender, zone: CurrentZone, body: OrderBatch
) -> BatchOut:
    """Take orders; each row is answered for itself, and a row that came before changes nothing."""
    return _take(request, session, actor, zone, Message.ORDER, body.rows, body.party_id)


@parcels_once.post("/payments", dependencies=[OwnBrowser])
def send_payments(
    request: Request, session: DbSession, actor: Sender, zone: CurrentZone, body: PaymentBatch
) -> BatchOut:
    """Take payments; they may come before their order."""
    return _take(request, session, actor, zone, Message.PAYMENT, body.rows, body.party_id)


@parcels_once.post("/waybills", dependencies=[OwnBrowser])
def send_waybills(
    request: Request, session: DbSession, actor: Sender, zone: CurrentZone, body: WaybillBatch
) -> BatchOut:
    """Take waybills; they may come before their order."""
    return _take(request, session, actor, zone, Message.WAYBILL, body.rows, body.party_id)


@parcels_once.post("/returns", dependencies=[OwnBrowser])
def send_returns(
    request: Request, session: DbSession, actor: Sender, zone: CurrentZone, body: ReturnBatch
) -> BatchOut:
    """Take what goes back, whole or in part."""
    return _take(request, session, actor, zone, Message.RETURN, body.rows, body.party_id)


@parcels_api.get("/parcels")
def list_parcels(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    day: Annotated[date | None, Query(description="Local day of arrival; today when left out.")] = None,
    state: Annotated[ParcelState | None, Query(description="Only parcels in this state.")] = None,
    order_id: Annotated[str, Query(max_length=64, description="Only this order, of whatever day.")] = "",
    after: Annotated[str, Query(max_length=2000, description="Cursor of the page before.")] = "",
) -> ParcelPage:
    """Return the parcels of a day with the reasons why one is not matched."""
    require(actor, READ)
    translator, parties = request_translator(request), parties_of(actor)
    if order_id:
        found = board.of_order(session, parties, order_id.replace("\0", ""))
        return ParcelPage(items=[_parcel(each, translator) for each in found], next=None)
    day = day or local_day(utcnow(), zone.tz)
    states = [state] if state else []
    found = board.parcels(session, parties, day, states=states, after=position(after, str, UUID))
    page, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    path = f"/api/v1/parcels?day={day}" + (f"&state={state.value}" if state else "")
    link = f"{path}&after={encode_cursor((page[-1].state.value, page[-1].id))}" if more else None
    return ParcelPage(items=[_parcel(each, translator) for each in page], next=link)


def parties_of(actor: Actor) -> Parties:
    """Return whose parcels an actor reads: customs all, others those of the parties for which they may."""
    if actor.is_officer:
        return None
    return [party for party in actor.party_ids if actor.may(READ, party)]


def said_reason(reason: Reason, translator: Translator) -> tuple[str, str]:
    """Return what a reason says and what ends it, in the reader's language."""
    words = WORDS[reason.miss]
    return translator.gettext(words.title) % dict(reason.params), translator.gettext(words.remedy)


def _take(
    request: Request, session: Session, actor: Actor, zone: Any, message: Message, rows: list[Any], party: UUID | None
) -> BatchOut:  # fmt: skip
    party_id = operator_of(actor, party)
    taken = take(
        session, message=message, rows=rows, party_id=party_id, source=Source.API, actor=actor, now=utcnow(),
        zone=zone.tz,
    )  # fmt: skip
    return _batch(taken, request_translator(request))


def _batch(taken: Taken, translator: Translator) -> BatchOut:
    counts = {name.lower(): 0 for name in ("TAKEN", "KNOWN", "CHANGED", "FAULTY")}
    rows = []
    for each in taken.rows:
        counts[each.outcome.value.lower()] += 1
        errors = [
            FaultOut(name=one.name, code=one.code, reason=translator.gettext(one.reason))
            for one in each.errors
        ]
        rows.append(RowOut(index=each.index, id=each.number, outcome=each.outcome.value, errors=errors))
    return BatchOut(batch_id=taken.batch_id, rows=rows, **counts)


def _parcel(line: board.ParcelLine, translator: Translator) -> ParcelOut:
    reasons = []
    for each in line.reasons:
        title, remedy = said_reason(each, translator)
        reasons.append(ReasonOut(code=each.miss.value, reason=title, remedy=remedy))
    return ParcelOut(
        order_id=line.order_no,
        state=line.state.value,
        reasons=reasons,
        waybill_id=line.waybill_no,
        flight=line.flight,
        expected_arrival=line.arrives_at,
        list_code=None,
    )
