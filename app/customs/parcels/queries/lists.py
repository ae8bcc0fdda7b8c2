"""Low-value lists: what may go on one, those that were closed, and what came back since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.errors import NotFound
from app.customs.parcels.domain.facts import ParcelState
from app.customs.parcels.domain.lowvalue import after_return
from app.customs.parcels.models import BuyerYear, ListDispatch, ListLine, ListNotice, Parcel, ParcelList
from app.customs.parcels.queries.board import Parties

PAGE_SIZE = 100
LISTS_SHOWN = 50
BUYERS_SHOWN = 20

_BUYERS = text(
    """
    select b.buyer_key, sum(b.orders) as orders, sum(b.customs_value) as value, count(*) as operators
      from parcels_buyer_year b
     where b.year = :year and (:everybody or b.party_id = any(:parties))
       and b.buyer_key in (select t.buyer_key from parcels_buyer_year t where t.year = :year
                              and (:everybody or t.party_id = any(:parties)) order by t.orders desc limit :size)
     group by b.buyer_key order by orders desc, b.buyer_key limit :size
    """
)
# The message with the list itself; those about its payments stand beside it.
_CARRIES = (ListDispatch.list_id == ParcelList.id) & (ListDispatch.subject == "")


@dataclass(frozen=True, slots=True)
class Flight:
    """Matched parcels of one flight and operator that are on no list yet."""

    party_id: UUID
    operator: str
    flight: str
    parcels: int


@dataclass(frozen=True, slots=True)
class ListHead:
    """A list with the name of its operator."""

    row: ParcelList
    operator: str
    queued: bool = False


@dataclass(frozen=True, slots=True)
class LineAfter:
    """A line, and what is left of it when goods went back; equal where nothing did."""

    row: ListLine
    returned: Decimal
    customs_value: Decimal
    vat: Decimal

    @property
    def changed(self) -> bool:
        """Tell whether the figures moved since the list was closed."""
        return self.differs_from(self.row)

    def differs_from(self, known: Any) -> bool:
        """Tell whether the figures are others than those of a line that customs was told."""
        return bool(self.vat != known.vat or self.customs_value != known.customs_value)


@dataclass(frozen=True, slots=True)
class Buyer:
    """How much went to one buyer in a year; ``mark`` tells buyers apart and says nothing of them."""

    mark: str
    orders: int
    customs_value: Decimal
    operators: int


def flights(session: Session, party_ids: Sequence[UUID], day: date) -> list[Flight]:
    """Return the flights of a day that have matched parcels."""
    rows = session.execute(
        select(Parcel.party_id, Party.name, Parcel.flight, func.count())
        .join(Party, Party.id == Parcel.party_id)
        .where(Parcel.party_id.in_(party_ids), Parcel.day == day, Parcel.state == ParcelState.MATCHED)
        .group_by(Parcel.party_id, Party.name, Parcel.flight)
        .order_by(Parcel.flight, Parcel.party_id)
    )
    return [Flight(party, name, flight, number) for party, name, flight, number in rows if flight]


def lists(session: Session, parties: Parties, *, state: str = "", words: str = "") -> list[ListHead]:
    """
    Return the last lists, the newest first.

    :param words: part of a code, an official number or a flight, whatever its capitals and spaces.
    """
    conditions: list[ColumnElement[bool]] = [ParcelList.party_id.in_(parties)] if parties is not None else []
    if state:
        conditions.append(ParcelList.state == state)
    if words:
        like = "%" + "".join(words.split()).replace("\\", "").replace("%", "").replace("_", "") + "%"
        texts = (ParcelList.code, func.coalesce(ParcelList.official_number, ""), ParcelList.flight)
        conditions.append(or_(*(func.replace(each, " ", "").ilike(like) for each in texts)))
    rows = session.execute(
        select(ParcelList, Party.name, ListDispatch.id)
        .join(Party, Party.id == ParcelList.party_id)
        .outerjoin(ListDispatch, _CARRIES)
        .where(*conditions)
        .order_by(ParcelList.closed_at.desc(), ParcelList.id.desc())
        .limit(LISTS_SHOWN)
    )
    return [ListHead(found, name, queued is not None) for found, name, queued in rows]


def one(session: Session, list_id: UUID) -> ListHead:
    """
    Return a list that the session may see.

    :raises NotFound:
    """
    found = session.execute(
        select(ParcelList, Party.name)
        .join(Party, Party.id == ParcelList.party_id)
        .where(ParcelList.id == list_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    return ListHead(found[0], found[1])


def corrections(session: Session, list_id: UUID) -> list[ListHead]:
    """Return the corrections of a list, the oldest first."""
    rows = session.execute(
        select(ParcelList, Party.name, ListDispatch.id)
        .join(Party, Party.id == ParcelList.party_id)
        .outerjoin(ListDispatch, _CARRIES)
        .where(ParcelList.corrects_id == list_id)
        .order_by(ParcelList.closed_at, ParcelList.id)
    )
    return [ListHead(found, name, queued is not None) for found, name, queued in rows]


def answers(session: Session, list_id: UUID) -> dict[str, int]:
    """Return how many lines of a list have which answer."""
    rows = session.execute(
        select(ListLine.answer, func.count())
        .where(ListLine.list_id == list_id)
        .group_by(ListLine.answer)
        .order_by(ListLine.answer)
    )
    return {answer: number for answer, number in rows}  # noqa: C416  rows are no pairs to the checker


def lines(
    session: Session, list_id: UUID, *, after: int = 0, size: int | None = PAGE_SIZE + 1
) -> list[LineAfter]:
    """Return lines of a list with what went back since; all of them without a size."""
    query = (
        select(ListLine, Parcel.returned, Parcel.goods, Parcel.state)
        .join(Parcel, Parcel.id == ListLine.parcel_id)
        .where(ListLine.list_id == list_id, ListLine.number > after)
        .order_by(ListLine.number)
    )
    if size is not None:
        query = query.limit(size)
    return [_after(*row) for row in session.execute(query)]


def returned(session: Session, list_id: UUID) -> list[LineAfter]:
    """Return the lines of a list that returns have moved since it was closed or last corrected."""
    query = (
        select(ListLine, Parcel.returned, Parcel.goods, Parcel.state)
        .join(Parcel, Parcel.id == ListLine.parcel_id)
        .where(
            ListLine.list_id == list_id,
            ListLine.answer != "REFUSED",
            (Parcel.returned > 0) | (Parcel.state == ParcelState.RETURNED),
        )
        .order_by(ListLine.number)
    )
    last = {
        row.parcel_id: row
        for row in session.execute(
            select(ListLine.parcel_id, ListLine.customs_value, ListLine.vat)
            .join(ParcelList, ParcelList.id == ListLine.list_id)
            .where(ParcelList.corrects_id == list_id, ParcelList.state != "REFUSED")
            .order_by(ParcelList.closed_at, ParcelList.id)
        )
    }
    found = [_after(*row) for row in session.execute(query)]
    return [each for each in found if each.differs_from(last.get(each.row.parcel_id, each.row))]


def has_open_correction(session: Session, list_id: UUID) -> bool:
    """Tell whether a correction of a list waits to be sent or answered."""
    found = select(ParcelList.id).where(
        ParcelList.corrects_id == list_id, ParcelList.state.in_(("CLOSED", "SENT"))
    )
    return session.scalar(found.limit(1)) is not None


def dispatch_of(session: Session, list_id: UUID) -> ListDispatch | None:
    """Return the message that carries a list to customs; None where it was not handed over."""
    return session.scalar(
        select(ListDispatch).where(ListDispatch.list_id == list_id, ListDispatch.subject == "")
    )


def payment_of(session: Session, list_id: UUID) -> ListDispatch | None:
    """Return the last message that tells customs of a payment; None where nothing was paid."""
    found = select(ListDispatch).where(ListDispatch.list_id == list_id, ListDispatch.kind == "PAYMENT")
    return session.scalar(found.order_by(ListDispatch.queued_at.desc(), ListDispatch.id.desc()).limit(1))


def notices_of(session: Session, list_id: UUID) -> Sequence[ListNotice]:
    """Return what customs said of a list and its corrections, in its order."""
    found = select(ListNotice).where(ListNotice.list_id == list_id, ListNotice.applied_at.is_not(None))
    return session.scalars(found.order_by(ListNotice.sequence)).all()


def line_of(session: Session, parcel_id: UUID) -> tuple[ListLine, ParcelList] | None:
    """Return the newest line of a parcel with its list; None where it stands on none."""
    found = session.execute(
        select(ListLine, ParcelList)
        .join(ParcelList, ParcelList.id == ListLine.list_id)
        .where(ListLine.parcel_id == parcel_id)
        .order_by(ParcelList.closed_at.desc(), ParcelList.id.desc())
        .limit(1)
    ).one_or_none()
    return (found[0], found[1]) if found is not None else None


def buyers(session: Session, parties: Parties, year: int) -> list[Buyer]:
    """Return the buyers with the most listed orders of a year, those of several operators together."""
    params: dict[str, Any] = {
        "year": year,
        "everybody": parties is None,
        "parties": list(parties or ()),
        "size": BUYERS_SHOWN,
    }
    return [
        Buyer(bytes(row.buyer_key).hex()[:8].upper(), int(row.orders), row.value, row.operators)
        for row in session.execute(_BUYERS, params)
    ]


def buyer_year(session: Session, parcel_id: UUID, year: int) -> tuple[int, Decimal]:
    """Return how many listed orders of what value the buyer of a parcel had in a year, as far as the session sees."""
    row = session.execute(
        select(
            func.coalesce(func.sum(BuyerYear.orders), 0), func.coalesce(func.sum(BuyerYear.customs_value), 0)
        )
        .select_from(Parcel)
        .join(BuyerYear, (BuyerYear.buyer_key == Parcel.buyer_key) & (BuyerYear.party_id == Parcel.party_id))
        .where(Parcel.id == parcel_id, BuyerYear.year == year)
    ).one()
    return int(row[0]), Decimal(row[1])


def _after(row: ListLine, back: Decimal, goods: Decimal | None, state: str) -> LineAfter:
    whole = goods if goods is not None else Decimal(0)
    gone = whole if state == ParcelState.RETURNED else min(back, whole)
    if not back and state != ParcelState.RETURNED:
        return LineAfter(row, Decimal(0), row.customs_value, row.vat)
    return LineAfter(
        row,
        gone,
        after_return(row.customs_value, goods=whole, returned=gone),
        after_return(row.vat, goods=whole, returned=gone),
    )
