"""
Parcels: rows taken and matched in a second, beside a bare COPY of the same rows, in an empty table and in a full one.

The COPY writes text columns into a table without keys, checks, sealing, match or answers: the least that can be done.
"""

import os
import statistics
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import select

from app.cli.demo_zone import SAIL
from app.core.auth.models import Party
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.customs.parcels.domain.facts import Message, Outcome, Source
from app.customs.parcels.permissions import SEND
from app.customs.parcels.service.taking import take
from benchmarks.report import Figure, show
from benchmarks.world import NOW, World, world

BATCH = 1_000
BATCHES = 5
FULL = int(os.environ.get("FTZ_BENCH_PARCELS", "300000"))
FLAT_AIM = 0.7

# Orders of other days as an operator would have sent them; what they hold does not matter for taking more.
FILL = """
insert into parcels_vault (id, party_id, month) select gen_random_uuid(), %(party)s, '2026-10-01';
insert into parcels_batch (id, party_id, message, source, at, taken, known, changed, faulty, faults)
select gen_random_uuid(), %(party)s, 'ORDER', 'API', now(), 0, 0, 0, 0, '[]';
insert into parcels_order (id, party_id, batch_id, vault_id, order_no, revision, platform, items, currency, freight,
       insurance, discount, goods, total, ordered_at, buyer, buyer_name, buyer_key, content_hash)
select gen_random_uuid(), b.party_id, b.id, v.id, 'FILL-' || n, 1, 'x', '[]', 'USD', 0, 0, 0, 20, 20, now(), '{}',
       '\\x00', int8send(n), '\\x00'
  from generate_series(1, %(rows)s) n cross join (select id, party_id from parcels_batch limit 1) b
  cross join (select id from parcels_vault where month = '2026-10-01') v;
insert into parcels_parcel (id, party_id, order_no, state, reasons, day, listed, returned, first_at, judged_at)
select gen_random_uuid(), party_id, order_no, 'WAITING', '[]', '2026-10-01'::date + (random() * 40)::int, false, 0,
       now(), now() from parcels_order where order_no like 'FILL-%%';
vacuum (analyze);
checkpoint;
"""


def main() -> None:
    """Measure and print."""
    with world() as bench:
        database = Database(bench.settings.database, logins=WEB_LOGINS, pool_size=2)
        try:
            show(parcels(bench, database))
        finally:
            database.close()


def parcels(bench: World, database: Database) -> list[Figure]:
    """Take orders, payments and waybills; return rows a second."""
    with database.session(SessionContext(DbRole.OFFICER)) as session:
        party = session.scalars(select(Party.id).where(Party.name == SAIL)).one()
    actor = Actor(ActorKind.CLIENT, uuid7(), "bench", (Grant(party, frozenset(), frozenset({SEND})),))
    bare = _copy(bench)
    _taken(bench, database, actor, party, "W")  # the first statements are prepared, the plans are known
    empty = _taken(bench, database, actor, party, "E")
    with psycopg.connect(bench.boot, autocommit=True) as connection:
        for statement in FILL.split(";\n"):
            if statement.strip():
                connection.execute(statement, {"party": party, "rows": FULL}, prepare=False)
    full = _taken(bench, database, actor, party, "F")
    return [
        Figure("parcels", "rows taken and matched", empty, "rows/s", bare, empty / bare,
               "for information", None),
        Figure("parcels", f"the same with {FULL:,} orders stored", full, "rows/s", empty, full / empty,
               f"at least {FLAT_AIM:.0%} of the empty table", full / empty >= FLAT_AIM),
    ]  # fmt: skip


def _taken(bench: World, database: Database, actor: Actor, party: UUID, mark: str) -> float:
    """Return rows a second over all batches; the median of the batches, since machines are shared."""
    seconds = []
    for number in range(BATCHES):
        batches = _batch(f"{mark}{number}")
        start = time.perf_counter()
        for message, rows in batches:
            with database.transaction(SessionContext(DbRole.TENANT, (party,))) as session:
                taken = take(
                    session, message=message, rows=rows, party_id=party, source=Source.API, actor=actor, now=NOW,
                    zone=bench.platform.zone.tz,
                )  # fmt: skip
            assert taken.count(Outcome.TAKEN) == len(rows)
        seconds.append(time.perf_counter() - start)
    return 3 * BATCH / statistics.median(seconds)


def _copy(bench: World) -> float:
    rows = [row for _, some in _batch("C") for row in some]
    with psycopg.connect(bench.boot) as connection:
        connection.execute("create table bench_copy (a text, b text, c text, d text, e text)")
        seconds = []
        for _ in range(BATCHES):
            start = time.perf_counter()
            with connection.cursor().copy("copy bench_copy from stdin") as target:
                for row in rows:
                    target.write_row([str(each) for each in list(row.values())[:5]])
            connection.commit()
            seconds.append(time.perf_counter() - start)
    return len(rows) / statistics.median(seconds)


def _batch(mark: str) -> Sequence[tuple[Message, list[dict[str, Any]]]]:
    numbers = [f"{mark}-{number:05d}" for number in range(BATCH)]
    orders = [
        {
            "order_id": each, "platform": "Bench", "currency": "USD", "ordered_at": "2026-11-18T09:00:00+07:00",
            "buyer": {"reference": each, "name": "Nguyễn Văn Thử", "address": "1 Phố Không Có"},
            "items": [{"description": "Ốp điện thoại", "quantity": "2", "unit_price": "10.25", "hs": "39269099"}],
        }
        for each in numbers
    ]  # fmt: skip
    payments = [
        {
            "payment_id": f"P{each}", "order_id": each, "amount": "20.50", "currency": "USD",
            "paid_at": "2026-11-18T09:01:00+07:00",
        }
        for each in numbers
    ]  # fmt: skip
    waybills = [
        {
            "waybill_id": f"W{each}", "order_id": each, "weight_kg": "0.350", "sender_country": "CN",
            "consignee": {"name": "Nguyễn Văn Thử"}, "declared_value": "20.50", "currency": "USD",
            "flight": "XX 0001", "expected_arrival": "2026-11-20T08:00:00+07:00",
        }
        for each in numbers
    ]  # fmt: skip
    return [(Message.ORDER, orders), (Message.PAYMENT, payments), (Message.WAYBILL, waybills)]


if __name__ == "__main__":
    main()
