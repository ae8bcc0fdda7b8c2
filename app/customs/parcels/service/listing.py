"""
Closing low-value lists: the matched parcels of a flight with their figures, fixed at the law of the day of closing.

What the platform works out is a pre-calculation. A list goes to customs by the gateway (``sending``), and number and
answer come back by it (``receiving``); here nobody can write them.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.customs.parcels.domain.lowvalue import Exemption, LeftOut
from app.customs.parcels.events import ListClosed
from app.customs.parcels.models import ParcelList
from app.customs.parcels.permissions import LIST
from app.customs.parcels.queries import lists
from app.customs.parcels.service.pricing import Goods, Order, Priced, Pricing, price

PREFIX = "DS"
MOST = 500
"""Parcels on one list: a bound of ours, no limit of the law; what is more stays matched and goes on the next one."""

_NUMBER = text("select nextval('parcels_list_number')")
_MATCHED = text(
    """
    select p.id, p.order_no, p.waybill_no, p.weight_kg, p.buyer_key, o.currency, o.total, o.items
      from parcels_parcel p
      join lateral (select currency, total, items from parcels_order o
                     where o.party_id = p.party_id and o.order_no = p.order_no
                     order by o.revision desc limit 1) o on true
     where p.party_id = :party and p.day = :day and p.state = 'MATCHED' and p.flight = :flight
     order by p.id limit :most
    """
)
_HOLD = text(
    "select id from parcels_parcel where party_id = :party and day = :day and state = 'MATCHED'"
    " and flight = :flight order by id limit :most for update"
)
_LINES = text(
    """
    insert into parcels_line (party_id, list_id, answer, answer_note, id, parcel_id, number, order_no, waybill_no,
                              description, hs, weight_kg, currency, total, exchange, customs_value, exemption, duty,
                              vat_rates, vat, goods)
    select :party, :list, 'NONE', '', r.*
      from unnest(cast(:id as uuid[]), cast(:parcel_id as uuid[]), cast(:number as bigint[]),
                  cast(:order_no as text[]), cast(:waybill_no as text[]), cast(:description as text[]),
                  cast(:hs as text[]), cast(:weight_kg as numeric[]), cast(:currency as text[]),
                  cast(:total as numeric[]), cast(:exchange as numeric[]), cast(:customs_value as numeric[]),
                  cast(:exemption as text[]), cast(:duty as numeric[]), cast(:vat_rates as text[]),
                  cast(:vat as numeric[]), cast(:goods as jsonb[])) as r
    """
)
_MARK = text(
    "update parcels_parcel set state = 'LISTED', listed = true where party_id = :party and id = any(:ids)"
)
_COUNT = text(
    """
    insert into parcels_buyer_year as b (party_id, year, buyer_key, orders, customs_value)
    select :party, :year, r.buyer_key, count(*), sum(r.value)
      from unnest(cast(:keys as bytea[]), cast(:values as numeric[])) as r(buyer_key, value)
     group by r.buyer_key order by r.buyer_key
    on conflict (party_id, year, buyer_key)
      do update set orders = b.orders + excluded.orders, customs_value = b.customs_value + excluded.customs_value
    """
)
_SHARERS = text(
    """
    select s.waybill_no, s.order_no, w.order_no as first_order
      from parcels_waybill_share s
      join parcels_waybill w on w.party_id = s.party_id and w.waybill_no = s.waybill_no and w.revision = s.revision
     where s.party_id = :party and s.waybill_no = any(:numbers)
       and not exists (select 1 from parcels_waybill n where n.party_id = s.party_id and n.waybill_no = s.waybill_no
                          and n.revision > s.revision)
    """
)
_SETTLED = text(
    "select order_no from parcels_parcel where party_id = :party and order_no = any(:orders)"
    " and state in ('LISTED', 'RETURNED')"
)
_HOLD_LISTED = text(
    "select id from parcels_parcel where party_id = :party"
    " and id in (select parcel_id from parcels_line where list_id = :list) order by id for update"
)


class NothingToList(Conflict):
    """No matched parcel of the flight may stand on a list."""

    code = "parcels.nothing-to-list"
    title = "There is nothing to put on a list."
    detail = "No parcel of this flight is matched, below the threshold and complete with HS code and rates."
    hint = "Look at what is left out, complete it and prepare the list again."


class NothingToCorrect(Conflict):
    """Nothing on the list has moved since it was closed, or corrections hold it already."""

    code = "parcels.nothing-to-correct"
    title = "There is nothing to correct."
    detail = (
        "No goods of this list went back since it was closed or last corrected, or customs refused the list."
    )
    hint = "Returns come by the API or by a file; then prepare the correction."


class CorrectionPending(Conflict):
    """An earlier correction of the list was not answered yet."""

    code = "parcels.correction-pending"
    title = "An earlier correction has no answer yet."
    detail = "Corrections of a list follow one another: each one says what is left after the one before."
    hint = "Send the earlier correction and wait for the answer of customs; then close the next one."


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a list would hold, and what stays outside with its reason."""

    rows: tuple[tuple[Any, Priced], ...]
    pricing: Pricing
    left_out: tuple[tuple[str, LeftOut, dict[str, str]], ...]

    def sum(self, name: str) -> Decimal:
        """Return the sum of a figure over what would be listed."""
        return sum((getattr(each.tax, name) for _, each in self.rows), Decimal(0))

    @property
    def weight_kg(self) -> Decimal:
        """Return the weight of what would be listed."""
        return sum((row.weight_kg for row, _ in self.rows), Decimal(0))

    @property
    def exemptions(self) -> Counter[Exemption]:
        """Return how many parcels owe no duty for which reason."""
        return Counter(each.tax.exemption for _, each in self.rows if each.tax is not None)


def prepare(
    session: Session, *, party_id: UUID, day: date, flight: str, now: datetime, zone: ZoneInfo
) -> Prepared:
    """Work out what a list of a flight would hold today; writes nothing."""
    params = {"party": party_id, "day": day, "flight": flight, "most": MOST}
    found = session.execute(_MATCHED, params).all()
    pricing = price(session, [_order(row) for row in found], on=local_day(now, zone))
    together = _together(session, party_id, found, pricing)
    fit, out = [], []
    for row in found:
        priced = together.get(row.order_no, pricing.orders[row.order_no])
        if priced.left_out is None:
            fit.append((row, priced))
        else:
            out.append((row.order_no, priced.left_out, dict(priced.params)))
    return Prepared(tuple(fit), pricing, tuple(out))


def close_list(
    session: Session, *, list_id: UUID, party_id: UUID, day: date, flight: str, actor: Actor, now: datetime,
    zone: ZoneInfo,
) -> ParcelList:  # fmt: skip
    """
    Close the list of a flight.

    :param list_id: key from the page, so that a doubled request closes one list.
    :raises Forbidden: the actor may not list for the party.
    :raises NothingToList:
    """
    require(actor, LIST, party_id=party_id)
    known = session.get(ParcelList, list_id)
    if known is not None and known.party_id == party_id:
        return known
    # Held before they are read, so that a message that comes meanwhile is judged after the list.
    session.execute(_HOLD, {"party": party_id, "day": day, "flight": flight, "most": MOST})
    made = prepare(session, party_id=party_id, day=day, flight=flight, now=now, zone=zone)
    if not made.rows:
        raise NothingToList
    today = local_day(now, zone)
    row = ParcelList(
        id=list_id, party_id=party_id, code=_code(session, today), day=day, flight=flight, corrects_id=None,
        state="CLOSED", law_day=today, law=made.pricing.law, parcels=len(made.rows), weight_kg=made.weight_kg,
        customs_value=made.sum("customs_value"), duty=made.sum("duty"), vat=made.sum("vat"), closed_at=now,
        closed_by=actor.user_id,
    )  # fmt: skip
    session.add(row)
    session.flush()  # the lines are written by a statement of their own and refer to the list
    _write_lines(session, row, [_line(number, *each) for number, each in enumerate(made.rows, start=1)])
    session.execute(_MARK, {"party": party_id, "ids": [each.id for each, _ in made.rows]})
    keys = [bytes(each.buyer_key) for each, _ in made.rows]
    values = [each.tax.customs_value for _, each in made.rows if each.tax is not None]
    session.execute(_COUNT, {"party": party_id, "year": today.year, "keys": keys, "values": values})
    _tell(session, row, "close", actor=actor, now=now)
    publish(session, ListClosed(list_id=row.id, parcels=row.parcels), actor=actor, at=now, party_id=party_id)
    return row


def correct_list(
    session: Session, *, list_id: UUID, first_id: UUID, actor: Actor, now: datetime, zone: ZoneInfo
) -> ParcelList:
    """
    Close a correction: the parcels of a list of which goods went back, with what is left of their figures.

    A list may be corrected again and again: each correction holds what moved since the one before.

    :raises NothingToCorrect: nothing went back that a correction does not hold already.
    :raises CorrectionPending: the one before was not answered.
    """
    first = lists.one(session, first_id).row
    require(actor, LIST, party_id=first.party_id)
    known = session.get(ParcelList, list_id)
    if known is not None and known.party_id == first.party_id:
        return known
    # Held, so that of two corrections the second one sees the first.
    session.execute(_HOLD_LISTED, {"party": first.party_id, "list": first.id})
    moved = lists.returned(session, first_id)
    if not moved or first.corrects_id is not None or first.state == "REFUSED":
        raise NothingToCorrect
    if lists.has_open_correction(session, first_id):
        raise CorrectionPending
    today = local_day(now, zone)
    row = ParcelList(
        id=list_id, party_id=first.party_id, code=_code(session, today), day=first.day, flight=first.flight,
        corrects_id=first.id, state="CLOSED", law_day=first.law_day, law=first.law, parcels=len(moved),
        weight_kg=sum((each.row.weight_kg for each in moved), Decimal(0)),
        customs_value=sum((each.customs_value for each in moved), Decimal(0)), duty=Decimal(0),
        vat=sum((each.vat for each in moved), Decimal(0)), closed_at=now, closed_by=actor.user_id,
    )  # fmt: skip
    session.add(row)
    session.flush()  # the lines are written by a statement of their own and refer to the list
    _write_lines(session, row, [_corrected(number, each) for number, each in enumerate(moved, start=1)])
    _tell(session, row, "correct", actor=actor, now=now)
    return row


def _together(session: Session, party_id: UUID, found: Sequence[Any], pricing: Pricing) -> dict[str, Priced]:
    """
    Return the orders that come on one waybill with others and may therefore not go on the list.

    What comes in one parcel counts together, so that nothing slips under a threshold in parts.
    """
    numbers = sorted({number for row in found for number in row.waybill_no.split(", ")})
    groups: dict[str, set[str]] = {}
    for row in session.execute(_SHARERS, {"party": party_id, "numbers": numbers}):
        groups.setdefault(row.waybill_no, set()).update((row.first_order, row.order_no))
    settled = set(
        session.scalars(_SETTLED, {"party": party_id, "orders": sorted(set().union(*groups.values()))})
    )
    kept: dict[str, Priced] = {}
    for orders in groups.values():
        priced = {each: pricing.orders[each] for each in orders if each in pricing.orders}
        bad = sorted(
            each for each in orders - settled if each not in priced or priced[each].left_out is not None
        )
        value = sum((each.tax.customs_value for each in priced.values() if each.tax is not None), Decimal(0))
        for each in sorted(priced):
            others = ", ".join(sorted(orders - {each}))
            if pricing.most is not None and not bad and value > pricing.most:
                params = (("orders", others), ("value", f"{value:.0f}"), ("most", f"{pricing.most:.0f}"))
                kept[each] = Priced(left_out=LeftOut.TOGETHER, params=params)
            elif set(bad) - {each} and priced[each].left_out is None:
                named = ", ".join(number for number in bad if number != each)
                kept[each] = Priced(left_out=LeftOut.PARTNER, params=(("orders", named),))
    return kept


def _order(row: Any) -> Order:
    goods = tuple(
        Goods(
            hs=each.get("hs") or "", origin=each.get("origin") or "", quantity=Decimal(each["quantity"]),
            unit=each["unit"], price=Decimal(each["unit_price"]),
        )
        for each in row.items
    )  # fmt: skip
    return Order(row.order_no, row.currency, row.total, goods)


def _line(number: int, row: Any, priced: Priced) -> dict[str, Any]:
    assert priced.tax is not None, "only priced parcels are listed"
    return {
        "id": uuid7(),
        "parcel_id": row.id,
        "number": number,
        "order_no": row.order_no,
        "waybill_no": row.waybill_no,
        "description": "; ".join(each["description"] for each in row.items)[:500],
        "hs": ", ".join(sorted({each["hs"] for each in row.items})),
        "weight_kg": row.weight_kg,
        "currency": row.currency,
        "total": row.total,
        "exchange": priced.exchange,
        "customs_value": priced.tax.customs_value,
        "exemption": priced.tax.exemption.value,
        "duty": priced.tax.duty,
        "vat_rates": priced.vat_rates,
        "vat": priced.tax.vat,
        "goods": json.dumps(priced.goods),
    }


def _corrected(number: int, each: lists.LineAfter) -> dict[str, Any]:
    row = each.row
    names = (
        "parcel_id", "order_no", "waybill_no", "description", "hs", "weight_kg", "currency", "total", "exchange",
        "exemption", "duty", "vat_rates",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        "id": uuid7(),
        "number": number,
        "customs_value": each.customs_value,
        "vat": each.vat,
        "goods": json.dumps(row.goods),
    }


def _write_lines(session: Session, row: ParcelList, lines: Sequence[dict[str, Any]]) -> None:
    columns = {name: [line[name] for line in lines] for name in lines[0]}
    session.execute(_LINES, {"party": row.party_id, "list": row.id, **columns})


def _code(session: Session, day: date) -> str:
    return format_code(PREFIX, day.year, session.execute(_NUMBER).scalar_one())


def _tell(session: Session, row: ParcelList, verb: str, *, actor: Actor, now: datetime) -> None:
    record(
        session, f"parcels:list:{verb}", subject=Subject("parcels_list", row.id), actor=actor, at=now,
        party_id=row.party_id, facts={"code": row.code, "parcels": row.parcels, "vat": str(row.vat)},
    )  # fmt: skip
