"""
Matching orders: what is known of each is read, judged by the domain and written, all of a batch in a few statements.

The parcels are locked before the messages are read. Of two batches about the same order the later one therefore sees
what the earlier one wrote, and the verdict is that of all messages, whoever came first.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.customs.parcels.domain.facts import Facts, OrderFact, PaymentFact, ReturnFact, WaybillFact
from app.customs.parcels.domain.matching import Tolerances, Verdict, judge, state_of

_GRAM = Decimal("0.001")
_UNBOUND = Decimal(10) ** 15
_MAKE = text(
    """
    insert into parcels_parcel (id, party_id, order_no, state, reasons, day, listed, returned, first_at, judged_at)
    select r.id, :party, r.number, 'WAITING', '[]', :day, false, 0, :now, :now
      from unnest(cast(:ids as uuid[]), cast(:numbers as text[])) as r(id, number) order by r.number
    on conflict (party_id, order_no) do nothing
    """
)
_LOCK = text(
    "select id, order_no, listed, first_at from parcels_parcel"
    " where party_id = :party and order_no = any(:numbers) order by order_no for update"
)
_ORDERS = text(
    "select distinct on (order_no) order_no, currency, goods, total, buyer_name, ordered_at, buyer_key"
    " from parcels_order where party_id = :party and order_no = any(:numbers) order by order_no, revision desc"
)


def _numbered(kind: str, columns: str) -> str:
    """Return the statement for messages that name an order: a later revision may name another one."""
    table, number = f"parcels_{kind}", f"{kind}_no"
    return (
        f"select t.order_no, {columns} from {table} t"  # noqa: S608  names of ours
        " where t.party_id = :party and t.order_no = any(:numbers) and not exists ("
        f" select 1 from {table} n where n.party_id = t.party_id and n.{number} = t.{number}"
        " and n.revision > t.revision)"
    )


_PAYMENTS = text(_numbered("payment", "t.payment_no, t.amount, t.currency, t.paid_at"))
_WAYBILLS = text(
    _numbered(
        "waybill",
        "t.waybill_no, t.declared, t.currency, t.weight_kg, t.consignee_name, t.flight, t.arrives_at",
    )
)
_SHARED = text(
    """
    select s.order_no, s.waybill_no, s.declared, w.declared as first_declared, w.order_no as first_order, w.currency,
           w.weight_kg, w.consignee_name, w.flight, w.arrives_at
      from parcels_waybill_share s
      join parcels_waybill w on w.party_id = s.party_id and w.waybill_no = s.waybill_no and w.revision = s.revision
     where s.party_id = :party
       and s.waybill_no in (select x.waybill_no from parcels_waybill_share x
                             where x.party_id = :party and x.order_no = any(:numbers)
                            union all
                            select x.waybill_no from parcels_waybill_share x
                             where x.party_id = :party and x.waybill_no = any(:waybills))
       and not exists (select 1 from parcels_waybill n where n.party_id = s.party_id and n.waybill_no = s.waybill_no
                          and n.revision > s.revision)
     order by s.waybill_no, s.order_no
    """
)
_RETURNS = text(_numbered("return", "t.return_no, t.whole, t.amount"))
# By the unique index whatever the planner believes of the table: statistics of a table that grows fast are stale, and a
# join on them reads the operator's whole year for each row.
_WRITE = text(
    """
    insert into parcels_parcel (party_id, id, order_no, listed, first_at, judged_at, state, reasons, day, waybill_no,
                                flight, arrives_at, currency, goods, total, weight_kg, buyer_key, returned)
    select :party, r.id, r.order_no, r.listed, r.first_at, :now, r.state, r.reasons, r.day, r.waybill_no, r.flight,
           r.arrives_at, r.currency, r.goods, r.total, r.weight_kg, r.buyer_key, r.returned
      from unnest(cast(:id as uuid[]), cast(:order_no as text[]), cast(:listed as boolean[]),
                  cast(:first_at as timestamptz[]), cast(:state as text[]), cast(:reasons as jsonb[]),
                  cast(:day as date[]), cast(:waybill_no as text[]), cast(:flight as text[]),
                  cast(:arrives_at as timestamptz[]), cast(:currency as text[]), cast(:goods as numeric[]),
                  cast(:total as numeric[]), cast(:weight_kg as numeric[]), cast(:buyer_key as bytea[]),
                  cast(:returned as numeric[]))
        as r(id, order_no, listed, first_at, state, reasons, day, waybill_no, flight, arrives_at, currency, goods,
             total, weight_kg, buyer_key, returned)
    on conflict (party_id, order_no) do update
       set state = excluded.state, reasons = excluded.reasons, day = excluded.day, waybill_no = excluded.waybill_no,
           flight = excluded.flight, arrives_at = excluded.arrives_at, currency = excluded.currency,
           goods = excluded.goods, total = excluded.total, weight_kg = excluded.weight_kg,
           buyer_key = excluded.buyer_key, returned = excluded.returned, judged_at = excluded.judged_at
    """
)


def tolerances_at(session: Session, day: date) -> Tolerances:
    """
    Return how far figures may differ on a day.

    :raises LawValueMissing: nobody has said.
    """
    book = law.at(session, day)
    return Tolerances(
        amount_percent=book.decimal("customs.parcels.match.amount_tolerance"),
        weight_most_kg=book.decimal("customs.parcels.match.weight_most_kg"),
    )


def match(
    session: Session, *, party_id: UUID, orders: Sequence[str], now: datetime, zone: ZoneInfo
) -> dict[str, Verdict]:
    """Judge orders anew from everything that is known of them, and write what follows."""
    if not orders:
        return {}
    numbers = sorted(set(orders))
    today = local_day(now, zone)
    tolerances = tolerances_at(session, today)
    params: dict[str, Any] = {"party": party_id, "numbers": numbers}
    session.execute(_MAKE, params | {"ids": [uuid7() for _ in numbers], "day": today, "now": now})
    held = {row.order_no: row for row in session.execute(_LOCK, params)}
    known, buyers = _facts(session, params)
    verdicts = {number: judge(known[number], tolerances) for number in numbers}
    rows = [
        _row(number, known[number], verdicts[number], held[number], buyers.get(number), zone)
        for number in numbers
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    session.execute(_WRITE, {"party": party_id, "now": now, **columns})
    return verdicts


def _facts(session: Session, params: dict[str, Any]) -> tuple[dict[str, Facts], dict[str, bytes]]:
    orders: dict[str, OrderFact] = {}
    buyers: dict[str, bytes] = {}
    for row in session.execute(_ORDERS, params):
        orders[row.order_no] = OrderFact(
            row.currency, row.goods, row.total, bytes(row.buyer_name), row.ordered_at
        )
        buyers[row.order_no] = bytes(row.buyer_key)
    payments: defaultdict[str, list[PaymentFact]] = defaultdict(list)
    for row in session.execute(_PAYMENTS, params):
        payments[row.order_no].append(PaymentFact(row.payment_no, row.amount, row.currency, row.paid_at))
    waybills: defaultdict[str, list[WaybillFact]] = defaultdict(list)
    for row in session.execute(_WAYBILLS, params):
        waybills[row.order_no].append(
            WaybillFact(
                row.waybill_no, row.declared, row.currency, row.weight_kg, bytes(row.consignee_name), row.flight,
                row.arrives_at,
            )
        )  # fmt: skip
    _share(session, params, waybills)
    returns: defaultdict[str, list[ReturnFact]] = defaultdict(list)
    for row in session.execute(_RETURNS, params):
        returns[row.order_no].append(ReturnFact(row.return_no, row.whole, row.amount))
    return {
        number: Facts(
            orders.get(number),
            tuple(sorted(payments[number], key=lambda each: each.number)),
            tuple(sorted(waybills[number], key=lambda each: each.number)),
            tuple(sorted(returns[number], key=lambda each: each.number)),
        )
        for number in params["numbers"]
    }, buyers


def _share(session: Session, params: dict[str, Any], waybills: defaultdict[str, list[WaybillFact]]) -> None:
    """Give each order of a shared waybill its part of value and weight; grams that are left stay with the first."""
    numbers = sorted({each.number for found in waybills.values() for each in found})
    shared: defaultdict[str, list[Any]] = defaultdict(list)
    for row in session.execute(_SHARED, params | {"waybills": numbers}):
        shared[row.waybill_no].append(row)
    for waybill_no, rows in shared.items():
        first, whole = rows[0], rows[0].first_declared + sum(row.declared for row in rows)
        left = first.weight_kg
        for row in rows:
            part = (
                (first.weight_kg * row.declared / whole).quantize(_GRAM, rounding=ROUND_DOWN)
                if whole
                else Decimal(0)
            )
            left -= part
            if row.order_no in params["numbers"]:
                waybills[row.order_no].append(_shared_fact(row, row.declared, part))
        if first.first_order in params["numbers"]:
            others = [each for each in waybills[first.first_order] if each.number != waybill_no]
            waybills[first.first_order] = [*others, _shared_fact(first, first.first_declared, left)]


def _shared_fact(row: Any, declared: Decimal, part: Decimal) -> WaybillFact:
    return WaybillFact(
        row.waybill_no,
        declared,
        row.currency,
        row.weight_kg,
        bytes(row.consignee_name),
        row.flight,
        row.arrives_at,
        part,
    )


def _row(
    number: str, facts: Facts, verdict: Verdict, held: Any, buyer_key: bytes | None, zone: ZoneInfo
) -> dict[str, Any]:  # fmt: skip
    # Where parts come one after another, the last one tells when the order is here.
    waybill = max(facts.waybills, key=lambda each: (each.arrives_at, each.number), default=None)
    order = facts.order
    gone_back = any(each.whole for each in facts.returns)
    return {
        "id": held.id,
        "order_no": number,
        "listed": held.listed,
        "first_at": held.first_at,
        "state": state_of(verdict, listed=held.listed, gone_back=gone_back).value,
        "reasons": json.dumps([{"code": each.miss.value, **each.params} for each in verdict.reasons]),
        "day": local_day(waybill.arrives_at if waybill else held.first_at, zone),
        "waybill_no": ", ".join(each.number for each in facts.waybills) or None,
        "flight": waybill.flight if waybill else None,
        "arrives_at": waybill.arrives_at if waybill else None,
        "currency": order.currency if order else None,
        "goods": order.goods if order else None,
        "total": order.total if order else None,
        "weight_kg": sum((each.part_kg for each in facts.waybills), Decimal(0)) if waybill else None,
        "buyer_key": buyer_key,
        "returned": min(
            sum((each.amount for each in facts.returns), Decimal(0)), order.goods if order else _UNBOUND
        ),
    }
