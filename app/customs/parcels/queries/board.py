"""The board of a day: counts by state and by reason, and the parcels behind them. None of it reads more than a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, column, func, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from app.core.auth.models import Party
from app.core.errors import NotFound
from app.core.kit.text import fold
from app.customs.parcels.domain.facts import ParcelState
from app.customs.parcels.domain.reasons import Miss, Reason
from app.customs.parcels.models import Batch, Parcel

PAGE_SIZE = 50
EXPORT_MOST = 50_000
BATCHES_SHOWN = 10
BEGINS_WITH = 4
OPEN = (ParcelState.WAITING, ParcelState.MISMATCH)

Parties = Sequence[UUID] | None
"""Whose parcels; None for customs, who reads those of the zone."""

Position = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class ParcelLine:
    """A parcel as it stands."""

    id: UUID
    party_id: UUID
    operator: str
    order_no: str
    state: ParcelState
    reasons: tuple[Reason, ...]
    day: date
    waybill_no: str | None
    flight: str | None
    arrives_at: datetime | None
    currency: str | None
    goods: Decimal | None
    total: Decimal | None
    weight_kg: Decimal | None
    returned: Decimal
    listed: bool
    first_at: datetime
    judged_at: datetime


def counts(session: Session, parties: Parties, day: date) -> dict[ParcelState, int]:
    """Return how many parcels of a day are in each state, those without any included."""
    rows = session.execute(
        select(Parcel.state, func.count()).where(*_of(parties), Parcel.day == day).group_by(Parcel.state)
    )
    found = {ParcelState(state): number for state, number in rows}
    return {state: found.get(state, 0) for state in ParcelState}


def misses(session: Session, parties: Parties, day: date) -> dict[Miss, int]:
    """Return how many parcels of a day each reason keeps from being matched, the most frequent first."""
    each = func.jsonb_array_elements(Parcel.reasons).table_valued(column("value", JSONB)).lateral("r")
    code = cast(each.c.value["code"].astext, Text)
    rows = session.execute(
        select(code, func.count())
        .select_from(Parcel)
        .join(each, true())
        .where(*_of(parties), Parcel.day == day, Parcel.state.in_(OPEN))
        .group_by(code)
        .order_by(func.count().desc(), code)
    )
    return {Miss(found): number for found, number in rows}


def parcels(
    session: Session,
    parties: Parties,
    day: date,
    *,
    states: Sequence[ParcelState] = (),
    reason: Miss | None = None,
    after: Position | None = None,
    size: int = PAGE_SIZE + 1,
) -> list[ParcelLine]:
    """Return parcels of a day, one more than a page when there are more."""
    conditions = [*_of(parties), Parcel.day == day]
    if states:
        conditions.append(Parcel.state.in_(states))
    if reason is not None:
        conditions.append(Parcel.reasons.contains([{"code": reason.value}]))
    if after is not None:
        conditions.append(tuple_(Parcel.state, Parcel.id) > after)
    return _lines(session, conditions, size)


def of_order(session: Session, parties: Parties, order_no: str) -> list[ParcelLine]:
    """Return the parcels of an order number, one for each operator that uses it."""
    return _lines(session, [*_of(parties), Parcel.order_no == order_no], PAGE_SIZE)


def of_number(session: Session, parties: Parties, number: str) -> list[ParcelLine]:
    """Return the parcels of a number of an order or waybill, or its beginning; capitals and marks do not matter."""
    bare = "".join(fold(number).split())
    if not bare:
        return []
    places = (Parcel.order_folded, Parcel.waybill_folded)
    # Fewer characters begin too many numbers to say which is meant.
    begins = len(bare) >= BEGINS_WITH
    meant = or_(*(each.like(f"{bare}%") if begins else each == bare for each in places))
    return _lines(session, [*_of(parties), meant], PAGE_SIZE)


def namesakes(session: Session, parcel_id: UUID) -> int:
    """Return how many parcels of other operators carry the same waybill number; only customs sees them."""
    other = aliased(Parcel)
    counted = (
        select(func.count())
        .select_from(Parcel)
        .join(other, (other.waybill_no == Parcel.waybill_no) & (other.party_id != Parcel.party_id))
        .where(Parcel.id == parcel_id)
    )
    return session.scalar(counted) or 0


def parcel(session: Session, parcel_id: UUID) -> ParcelLine:
    """
    Return one parcel that the session may see.

    :raises NotFound:
    """
    found = _lines(session, [Parcel.id == parcel_id], 1)
    if not found:
        raise NotFound
    return found[0]


def latest_day(session: Session, parties: Parties) -> date | None:
    """Return the last day that has parcels."""
    return session.scalar(select(func.max(Parcel.day)).where(*_of(parties)))


def batches(session: Session, party_ids: Sequence[UUID]) -> list[Batch]:
    """Return the last batches that operators sent."""
    query = select(Batch).where(Batch.party_id.in_(party_ids)).order_by(Batch.at.desc(), Batch.id.desc())
    return list(session.scalars(query.limit(BATCHES_SHOWN)))


def batch(session: Session, batch_id: UUID) -> Batch:
    """
    Return a batch that the session may see.

    :raises NotFound:
    """
    found = session.get(Batch, batch_id)
    if found is None:
        raise NotFound
    return found


def reason_of(raw: Mapping[str, Any]) -> Reason:
    """Read a reason as the column holds it."""
    return Reason(Miss(raw["code"]), {name: str(value) for name, value in raw.items() if name != "code"})


def _of(parties: Parties) -> list[ColumnElement[bool]]:
    return [Parcel.party_id.in_(parties)] if parties is not None else []


def _lines(session: Session, conditions: Sequence[ColumnElement[bool]], size: int) -> list[ParcelLine]:
    rows = session.execute(
        select(Parcel, Party.name)
        .join(Party, Party.id == Parcel.party_id)
        .where(*conditions)
        .order_by(Parcel.state, Parcel.id)
        .limit(size)
    )
    return [_line(found, name) for found, name in rows]


def _line(row: Parcel, operator: str) -> ParcelLine:
    return ParcelLine(
        id=row.id,
        party_id=row.party_id,
        operator=operator,
        order_no=row.order_no,
        state=ParcelState(row.state),
        reasons=tuple(reason_of(each) for each in row.reasons),
        day=row.day,
        waybill_no=row.waybill_no,
        flight=row.flight,
        arrives_at=row.arrives_at,
        currency=row.currency,
        goods=row.goods,
        total=row.total,
        weight_kg=row.weight_kg,
        returned=row.returned,
        listed=row.listed,
        first_at=row.first_at,
        judged_at=row.judged_at,
    )
