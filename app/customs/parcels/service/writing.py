"""
Writing rows of a batch: one statement for all of them, buyers sealed under the operator's key of the month.

A twin of the same batch in another transaction is waited for at the unique index and then known.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.kit.ids import uuid7
from app.core.kit.personal import to_stored
from app.core.kit.time import local_day
from app.core.privacy import Holder, Sealer, key_box
from app.core.privacy.sealing import normalised
from app.customs.parcels.domain.facts import Message, Outcome
from app.customs.parcels.models import Vault
from app.customs.parcels.schemas import KEYS, Buyer, Consignee, OrderIn, PaymentIn, ReturnIn, Row, WaybillIn

HOLDER = "parcels"

# Columns of each table after the four that all have, with the type of their array.
_COLUMNS: Mapping[Message, Mapping[str, str]] = {
    Message.ORDER: {
        "order_no": "text", "revision": "bigint", "vault_id": "uuid", "platform": "text", "items": "jsonb",
        "currency": "text", "freight": "numeric", "insurance": "numeric", "discount": "numeric", "goods": "numeric",
        "total": "numeric", "ordered_at": "timestamptz", "buyer": "jsonb", "buyer_name": "bytea", "buyer_key": "bytea",
        "content_hash": "bytea",
    },
    Message.PAYMENT: {
        "payment_no": "text", "revision": "bigint", "order_no": "text", "amount": "numeric", "currency": "text",
        "paid_at": "timestamptz", "content_hash": "bytea",
    },
    Message.WAYBILL: {
        "waybill_no": "text", "revision": "bigint", "vault_id": "uuid", "order_no": "text", "weight_kg": "numeric",
        "sender_country": "text", "declared": "numeric", "currency": "text", "flight": "text",
        "arrives_at": "timestamptz", "consignee": "jsonb", "consignee_name": "bytea", "content_hash": "bytea",
    },
    Message.RETURN: {
        "return_no": "text", "revision": "bigint", "order_no": "text", "whole": "boolean", "amount": "numeric",
        "reason": "text", "returned_at": "timestamptz", "content_hash": "bytea",
    },
}  # fmt: skip
_TABLES = {message: f"parcels_{message.value.lower()}" for message in Message}
_NUMBERS = {message: f"{message.value.lower()}_no" for message in Message}


def _known_statement(message: Message) -> str:
    number = _NUMBERS[message]
    return (
        f"select {number}, revision, content_hash from {_TABLES[message]}"  # noqa: S608  names of ours
        f" where party_id = :party and {number} = any(:numbers)"
    )


def _insert_statement(message: Message) -> str:
    columns = _COLUMNS[message]
    arrays = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in columns.items())
    names, number = ", ".join(columns), _NUMBERS[message]
    return (
        f"insert into {_TABLES[message]} (party_id, batch_id, id, {names})"  # noqa: S608  names of ours
        f" select :party, :batch, r.* from unnest(cast(:ids as uuid[]), {arrays}) as r"
        f" on conflict (party_id, {number}, revision) do nothing returning {number}, revision"
    )


def _orders_statement(message: Message) -> str:
    return (
        f"select distinct order_no from {_TABLES[message]}"  # noqa: S608  names of ours
        f" where party_id = :party and {_NUMBERS[message]} = any(:numbers)"
    )


_KNOWN = {message: text(_known_statement(message)) for message in Message}
_INSERT = {message: text(_insert_statement(message)) for message in Message}
_ORDERS = {message: text(_orders_statement(message)) for message in Message}


_SHARES = text(
    """
    insert into parcels_waybill_share (party_id, waybill_no, revision, order_no, declared)
    select :party, r.* from unnest(cast(:waybills as text[]), cast(:revisions as bigint[]), cast(:orders as text[]),
                                   cast(:values as numeric[])) as r
    """
)
_SHARED_ORDERS = text(
    "select distinct order_no from parcels_waybill_share where party_id = :party and waybill_no = any(:numbers)"
)


class MonthErased(Conflict):
    """The key of the month is destroyed: no buyer's data can be kept under it."""

    code = "parcels.month-erased"
    title = "The buyers of this month were erased."
    detail = "The term of retention of this month has passed, so no order and no waybill can be taken for it any more."
    hint = "Nothing of the batch was taken. Check the clock of the installation, or send it when the next month begins."


class Writer:
    """Writes the rows of one batch."""

    def __init__(
        self, session: Session, *, party_id: UUID, batch_id: UUID, message: Message, now: datetime, zone: ZoneInfo
    ) -> None:  # fmt: skip
        self._session = session
        self._party_id = party_id
        self._batch_id = batch_id
        self._message = message
        self._now = now
        self._month = local_day(now, zone).replace(day=1)

    def take(self, rows: Sequence[Row]) -> list[Outcome]:
        """Write what is new; tell of each row whether it was, came before, or came before with another content."""
        if not rows:
            return []
        known = self._known(rows)
        outcomes = []
        for row in rows:
            content = content_hash(row)
            before = known.setdefault(self._key(row), content)
            same = Outcome.KNOWN if before == content else Outcome.CHANGED
            outcomes.append(Outcome.TAKEN if before is content else same)
        fresh = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome is Outcome.TAKEN]
        written = self._write(fresh)
        if len(written) == len(fresh):
            return outcomes
        # A twin in another transaction was first with some; its rows are there now.
        known = self._known(rows)
        for place, row in enumerate(rows):
            if outcomes[place] is Outcome.TAKEN and self._key(row) not in written:
                same_content = known[self._key(row)] == content_hash(row)
                outcomes[place] = Outcome.KNOWN if same_content else Outcome.CHANGED
        return outcomes

    def orders_of(self, rows: Sequence[Row]) -> list[str]:
        """Return the orders that rows speak of; a correction may have left another order than it names now."""
        if self._message is Message.ORDER or all(row.revision == 1 for row in rows):
            return sorted({row.order_id for row in rows} | _further(rows))
        numbers = [self._key(row)[0] for row in rows]
        params = {"party": self._party_id, "numbers": numbers}
        found = set(self._session.scalars(_ORDERS[self._message], params))
        if self._message is Message.WAYBILL:
            found |= set(self._session.scalars(_SHARED_ORDERS, params))
        return sorted(found)

    def _key(self, row: Row) -> tuple[str, int]:
        return getattr(row, KEYS[self._message]), row.revision

    def _known(self, rows: Sequence[Row]) -> dict[tuple[str, int], bytes]:
        numbers = sorted({self._key(row)[0] for row in rows})
        found = self._session.execute(_KNOWN[self._message], {"numbers": numbers, "party": self._party_id})
        return {(row[0], row[1]): bytes(row[2]) for row in found}

    def _write(self, rows: Sequence[Row]) -> set[tuple[str, int]]:
        if not rows:
            return set()
        make = self._maker()
        made = [make(row) for row in rows]
        arrays = {name: [row[name] for row in made] for name in _COLUMNS[self._message]}
        written = self._session.execute(
            _INSERT[self._message],
            {"party": self._party_id, "batch": self._batch_id, "ids": [uuid7() for _ in made], **arrays},
        )
        found = {(row[0], row[1]) for row in written}
        self._write_shares([row for row in rows if self._key(row) in found])
        return found

    def _write_shares(self, rows: Sequence[Row]) -> None:
        """Write the further orders of waybills; most batches have none."""
        shares = [
            (row.waybill_id, row.revision, each.order_id, each.declared_value)
            for row in rows
            if isinstance(row, WaybillIn)
            for each in row.further_orders
        ]
        if shares:
            names = ("waybills", "revisions", "orders", "values")
            arrays = dict(zip(names, map(list, zip(*shares, strict=True)), strict=True))
            self._session.execute(_SHARES, {"party": self._party_id, **arrays})

    def _maker(self) -> Callable[[Any], dict[str, Any]]:
        match self._message:
            case Message.ORDER:
                return partial(_order, *self._vault())
            case Message.WAYBILL:
                return partial(_waybill, *self._vault())
            case Message.PAYMENT:
                return _payment
            case Message.RETURN:
                return _return

    def _vault(self) -> tuple[UUID, Sealer]:
        """Return the vault of this month with what seals for it."""
        vault_id = self._find_vault(self._month)
        if vault_id is None:
            row = {"id": uuid7(), "party_id": self._party_id, "month": self._month}
            self._session.execute(insert(Vault).values(row).on_conflict_do_nothing())
            vault_id = self._find_vault(self._month)
        assert vault_id is not None, "it was just made, here or by a twin"
        if self._session.get_one(Vault, vault_id).erased_at is not None:
            raise MonthErased
        sealer = Sealer(
            self._session, Holder(HOLDER, vault_id), party_id=self._party_id, now=self._now
        )  # no blind index: digests stand beside the rows
        return vault_id, sealer

    def _find_vault(self, month: date) -> UUID | None:
        return self._session.scalar(
            select(Vault.id).where(Vault.party_id == self._party_id, Vault.month == month)
        )


def _further(rows: Sequence[Row]) -> set[str]:
    return {each.order_id for row in rows if isinstance(row, WaybillIn) for each in row.further_orders}


def digest(value: str, *, field: str) -> bytes:
    """
    Return a keyed digest by which equal values are found without being read.

    The oldest key of the file makes it: a newer one would part a buyer's later orders from the earlier ones.
    """
    return key_box().digests(value.encode(), purpose=f"parcels:{field}")[-1]


def content_hash(row: Row) -> bytes:
    """Return the digest of a row as it came; keyed, since a name could be guessed from a bare one."""
    return digest(hashlib.sha256(row.model_dump_json().encode()).hexdigest(), field="row")


def _order(vault_id: UUID, sealer: Sealer, row: OrderIn) -> dict[str, Any]:
    who = row.buyer.identity or f"{row.platform}\n{row.buyer.reference}"
    return {
        "order_no": row.order_id,
        "revision": row.revision,
        "vault_id": vault_id,
        "platform": row.platform,
        "items": json.dumps([each.model_dump() for each in row.items]),
        "currency": row.currency,
        "freight": row.freight,
        "insurance": row.insurance,
        "discount": row.discount,
        "goods": row.goods,
        "total": row.total,
        "ordered_at": row.ordered_at,
        "buyer": _sealed(sealer, "buyer", row.buyer),
        "buyer_name": digest(normalised(row.buyer.name), field="name"),
        "buyer_key": digest(normalised(who), field="identity" if row.buyer.identity else "reference"),
        "content_hash": content_hash(row),
    }


def _payment(row: PaymentIn) -> dict[str, Any]:
    return {
        "payment_no": row.payment_id,
        "revision": row.revision,
        "order_no": row.order_id,
        "amount": row.amount,
        "currency": row.currency,
        "paid_at": row.paid_at,
        "content_hash": content_hash(row),
    }


def _waybill(vault_id: UUID, sealer: Sealer, row: WaybillIn) -> dict[str, Any]:
    return {
        "waybill_no": row.waybill_id,
        "revision": row.revision,
        "vault_id": vault_id,
        "order_no": row.order_id,
        "weight_kg": row.weight_kg,
        "sender_country": row.sender_country,
        "declared": row.declared_value,
        "currency": row.currency,
        "flight": row.flight,
        "arrives_at": row.expected_arrival,
        "consignee": _sealed(sealer, "consignee", row.consignee),
        "consignee_name": digest(normalised(row.consignee.name), field="name"),
        "content_hash": content_hash(row),
    }


def _return(row: ReturnIn) -> dict[str, Any]:
    return {
        "return_no": row.return_id,
        "revision": row.revision,
        "order_no": row.order_id,
        "whole": row.kind == "WHOLE",
        "amount": row.amount,
        "reason": row.reason,
        "returned_at": row.returned_at,
        "content_hash": content_hash(row),
    }


def _sealed(sealer: Sealer, field: str, person: Buyer | Consignee) -> str:
    """Return everything about a person as one sealed text, for a JSON column that a bare statement writes."""
    value = sealer.seal(field, person.model_dump_json(exclude_none=True))
    return json.dumps(to_stored({"sealed": value}))
