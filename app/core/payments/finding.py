"""Finding slips: by state, payer, matter, period and words, as far as the reader may see them, with totals."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.kit.actor import Actor
from app.core.payments.models import Slip
from app.core.payments.permissions import PAY
from app.core.payments.queries import PAGE_SIZE, SlipView, views
from app.core.payments.references import find_reference
from app.core.payments.states import SlipState

UNPAID = (SlipState.OPEN, SlipState.PART_PAID)
_OWED: ColumnElement[Decimal] = func.greatest(Slip.total - Slip.paid - Slip.outside, 0)


class Standing(StrEnum):
    """How slips stand, as lists are narrowed by it."""

    UNPAID = "UNPAID"
    OVERDUE = "OVERDUE"
    PART_PAID = "PART_PAID"
    PAID = "PAID"
    SURPLUS = "SURPLUS"
    CLOSED = "CLOSED"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class SlipFilter:
    """
    What is looked for.

    :ivar words: a reference, however it was typed, or words of the matter or of the payer's name.
    :ivar kind: of the subject, for instance declaration; empty: any.
    :ivar since: first and last local day on which the slip was made.
    """

    standing: Standing = Standing.UNPAID
    words: str = ""
    payer: UUID | None = None
    kind: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all slips that fit, not of one page."""

    count: int
    total: Decimal
    paid: Decimal
    outstanding: Decimal
    excess: Decimal


def list_slips(
    session: Session, wanted: SlipFilter, *, actor: Actor, today: date, zone: ZoneInfo, after: UUID | None = None,
    limit: int = PAGE_SIZE + 1,
) -> list[SlipView]:  # fmt: skip
    """Return the slips that fit, the newest first; one more than a page when there is a next."""
    where = _where(wanted, actor, today, zone)
    if after is not None:
        where.append(Slip.id < after)
    return views(session, *where, newest=True, limit=limit)


def totals(session: Session, wanted: SlipFilter, *, actor: Actor, today: date, zone: ZoneInfo) -> Totals:
    """Return how many slips fit and what they come to."""
    owed = case((Slip.state.in_(UNPAID), _OWED), else_=Decimal(0))
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Slip.total), 0),
            func.coalesce(func.sum(Slip.paid), 0),
            func.coalesce(func.sum(owed), 0),
            func.coalesce(func.sum(Slip.excess), 0),
        )
        .select_from(Slip)
        .join(Party, Party.id == Slip.party_id)
        .where(*_where(wanted, actor, today, zone))
    ).one()
    return Totals(*row)


def kinds_of(session: Session, *, actor: Actor) -> list[str]:
    """Return the kinds of matter among the slips that the reader sees."""
    return list(
        session.scalars(select(Slip.subject_kind).where(_seen(actor)).distinct().order_by(Slip.subject_kind))
    )


def payers_of(session: Session, *, actor: Actor, limit: int = 500) -> Sequence[tuple[UUID, str]]:
    """Return the payers among the slips that the reader sees, by name."""
    rows = session.execute(
        select(Party.id, Party.name)
        .where(Party.id.in_(select(Slip.party_id).where(_seen(actor))))
        .order_by(Party.name)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def candidates(session: Session, amount: Decimal, *, limit: int = 5) -> list[SlipView]:
    """Return unpaid slips that ask for exactly this amount, the newest first: a hint for money without a slip."""
    return views(session, Slip.state.in_(UNPAID), _OWED.in_([amount]), newest=True, limit=limit)


def _seen(actor: Actor) -> ColumnElement[bool]:
    """Tell which slips a reader sees: officers all; others those that they pay, themselves or for whom they act."""
    if actor.is_officer:
        return Slip.id.is_not(None)
    found = [_paid_by(grant.party_id, grant.permissions) for grant in actor.grants]
    return or_(false(), *found)


def _paid_by(party_id: UUID, permissions: Collection[str]) -> ColumnElement[bool]:
    own = Slip.party_id == party_id
    if PAY in permissions:
        return own
    topics = sorted({code.partition(".")[0] for code in permissions})
    return and_(own, Slip.topic.in_(topics))


def _where(wanted: SlipFilter, actor: Actor, today: date, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    where = [_seen(actor), *_standing(wanted.standing, today)]
    if wanted.words.strip():
        where.append(_says(wanted.words.strip()))
    if wanted.payer is not None:
        where.append(Slip.party_id == wanted.payer)
    if wanted.kind:
        where.append(Slip.subject_kind == wanted.kind)
    if wanted.since is not None:
        where.append(Slip.created_at >= _start(wanted.since, zone))
    if wanted.until is not None:
        where.append(Slip.created_at < _start(wanted.until + timedelta(days=1), zone))
    return where


def _standing(standing: Standing, today: date) -> list[ColumnElement[bool]]:
    match standing:
        case Standing.UNPAID | Standing.OVERDUE:
            late = [Slip.due_on < today] if standing is Standing.OVERDUE else []
            return [Slip.state.in_(UNPAID), _OWED > 0, *late]
        case Standing.PART_PAID:
            return [Slip.state == SlipState.PART_PAID, _OWED > 0]
        case Standing.PAID:
            return [or_(Slip.state == SlipState.PAID, and_(Slip.state.in_(UNPAID), _OWED == 0))]
        case Standing.SURPLUS:
            return [Slip.excess > 0]
        case Standing.CLOSED:
            return [Slip.state.in_([SlipState.CANCELLED, SlipState.REFUNDED])]
    return []


def _says(words: str) -> ColumnElement[bool]:
    reference = find_reference(words)
    if reference is not None:
        return Slip.reference == reference
    pattern = (
        f"%{words.replace(chr(92), chr(92) * 2).replace('%', chr(92) + '%').replace('_', chr(92) + '_')}%"
    )
    return or_(
        Slip.reference.ilike(pattern),
        Slip.title["vi"].astext.ilike(pattern),
        Slip.title["en"].astext.ilike(pattern),
        Party.name.ilike(pattern),
    )


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
