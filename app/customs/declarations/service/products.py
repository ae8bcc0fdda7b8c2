"""The firm's own goods: remembered as they are declared, offered when the next shipment is typed."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.customs.declarations.domain.content import decimals, number
from app.customs.declarations.domain.dictionary import line_fields
from app.customs.declarations.models import Declaration, Product
from app.customs.declarations.permissions import FILE
from app.customs.declarations.queries.lines import NUMBERS
from app.customs.declarations.service.drafting import MAX_TEXT

KEPT = ("hs", "description", "unit", "unit2", "origin", "scheme")
_CHANGED = (*KEPT, "last_price", "currency", "used_at", "updated_at")
_COLUMNS = ", ".join(("id", "party_id", "own_code", *_CHANGED))
# All lines in one parameter: a statement that grows with them is compiled and planned anew each time.
_REMEMBER = text(
    f"insert into customs_product ({_COLUMNS})"  # noqa: S608  names of ours
    f" select {_COLUMNS} from jsonb_populate_recordset(null::customs_product, cast(:rows as jsonb))"
    f" on conflict (party_id, own_code) do update set {', '.join(f'{name} = excluded.{name}' for name in _CHANGED)}"
)


def remember(
    session: Session, *, row: Declaration, lines: Sequence[Mapping[str, str]], currency: str, now: datetime
) -> None:
    """Keep each line that has an own code as the firm's product; what was declared last counts."""
    found = {line["own_code"]: line for line in lines if line.get("own_code")}
    if not found:
        return
    values = [
        {
            "id": str(uuid7()), "party_id": str(row.party_id), "own_code": code, "currency": currency,
            "used_at": now.isoformat(), "updated_at": now.isoformat(), "last_price": _plain(_price(line)),
            **{name: line.get(name, "") for name in KEPT},
        }
        for code, line in sorted(found.items())
    ]  # fmt: skip
    session.execute(_REMEMBER, {"rows": json.dumps(values)})


def save_product(
    session: Session, *, party_id: UUID, values: Mapping[str, str], actor: Actor, now: datetime
) -> Product:
    """
    Enter a product or change the one with the same code.

    :raises Forbidden: the actor may not declare for the firm.
    :raises Invalid: code, HS code or description is missing.
    """
    require(actor, FILE, party_id=party_id)
    missing = [name for name in ("own_code", "hs", "description") if not values.get(name)]
    if missing:
        raise Invalid(errors=[FieldProblem(name, "missing", N_("Give this field.")) for name in missing])
    fields = line_fields()
    if long := [
        name for name in ("own_code", *KEPT) if len(values.get(name, "")) > (fields[name].length or MAX_TEXT)
    ]:
        reason = N_("This is too long.")
        raise Invalid(errors=[FieldProblem(name, "too-long", reason) for name in long])
    row = session.scalars(
        select(Product)
        .where(Product.party_id == party_id, Product.own_code == values["own_code"])
        .with_for_update()
    ).one_or_none()
    if row is None:
        row = Product(
            id=uuid7(), party_id=party_id, own_code=values["own_code"], scheme="", unit2="", currency=""
        )
        session.add(row)
    for name in KEPT:
        setattr(row, name, values.get(name, ""))
    row.last_price, row.currency = _price(values), values.get("currency", "")
    row.updated_at, row.withdrawn_at = now, None
    session.flush()  # the key of a new one is in the answer
    _note(session, "save", row, actor, now)
    return row


def withdraw_product(session: Session, *, product_id: UUID, actor: Actor, now: datetime) -> Product:
    """
    Offer a product no longer; lines that name it stay as they are.

    :raises NotFound: no such product for this actor.
    """
    row = session.get(Product, product_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    require(actor, FILE, party_id=row.party_id)
    if row.withdrawn_at is None:
        row.withdrawn_at = row.updated_at = now
        _note(session, "withdraw", row, actor, now)
    return row


def _price(line: Mapping[str, Any]) -> Any:
    value = number(str(line.get("unit_price") or ""))
    return value if value is not None and decimals(value) <= NUMBERS["unit_price"] else None


def _plain(value: Any) -> str | None:
    return None if value is None else f"{value:f}"


def _note(session: Session, verb: str, row: Product, actor: Actor, now: datetime) -> None:
    record(
        session, f"customs:product:{verb}", subject=Subject("product", row.id), actor=actor, at=now,
        party_id=row.party_id, facts={"own_code": row.own_code},
    )  # fmt: skip
