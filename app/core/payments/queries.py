"""Slips as they stand, for other rooms and for pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.errors import NotFound
from app.core.payments.models import Slip, SlipLine
from app.core.payments.states import LineKind, SlipState

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class SlipLineView:
    """A line with what has been paid of it."""

    id: UUID
    number: int
    purpose: str
    kind: LineKind
    title: Mapping[str, str]
    chapter: str
    sub_item: str
    amount: Decimal
    priority: int
    paid: Decimal


@dataclass(frozen=True, slots=True)
class SlipView:
    """
    A slip as it stands.

    :ivar outside: confirmed as paid outside the platform; ``paid`` is what the bank told of.
    :ivar outstanding: what is still asked for, nothing once it is cancelled.
    """

    id: UUID
    party_id: UUID
    payer: str
    reference: str
    subject_kind: str
    subject_id: UUID
    notice: str
    title: Mapping[str, str]
    href: str
    total: Decimal
    paid: Decimal
    excess: Decimal
    released: Decimal
    release_reason: Mapping[str, str]
    refunded: Decimal
    outside: Decimal
    outstanding: Decimal
    due_on: date | None
    state: SlipState
    round: int
    created_at: datetime
    paid_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    receipt_id: UUID | None
    topic: str
    lines: Sequence[SlipLineView] = ()

    @property
    def settled_outside(self) -> bool:
        """Tell whether nothing is owed because it, or its rest, was paid elsewhere."""
        return self.state in (SlipState.OPEN, SlipState.PART_PAID) and not self.outstanding


def find_slip(session: Session, slip_id: UUID) -> SlipView:
    """
    Return one slip with its lines.

    :raises NotFound: there is none, or it is another party's.
    """
    return _one(session, Slip.id == slip_id)


def slip_of(session: Session, *, subject_kind: str, subject_id: UUID, notice: str) -> SlipView | None:
    """Return the slip of a notice; None when there is none."""
    found = views(
        session, Slip.subject_kind == subject_kind, Slip.subject_id == subject_id, Slip.notice == notice, lines=True
    )  # fmt: skip
    return found[0] if found else None


def slips_of(session: Session, *, subject_kind: str, subject_id: UUID) -> list[SlipView]:
    """Return all slips of a subject with their lines, the oldest first."""
    return views(session, Slip.subject_kind == subject_kind, Slip.subject_id == subject_id, lines=True)


def _one(session: Session, *where: ColumnElement[bool]) -> SlipView:
    found = views(session, *where, lines=True)
    if not found:
        raise NotFound
    return found[0]


def views(
    session: Session, *where: ColumnElement[bool], lines: bool = False, newest: bool = False, limit: int | None = None
) -> list[SlipView]:  # fmt: skip
    """Return the slips that fit and that the session sees, the oldest first unless the newest are wanted."""
    order = Slip.id.desc() if newest else Slip.id
    rows = session.execute(
        select(Slip, Party.name)
        .join(Party, Party.id == Slip.party_id)
        .where(*where)
        .order_by(order)
        .limit(limit)
    ).all()
    held = _lines(session, [row.Slip.id for row in rows]) if lines and rows else {}
    return [_view(row.Slip, row.name, held.get(row.Slip.id, ())) for row in rows]


def _lines(session: Session, slip_ids: Sequence[UUID]) -> dict[UUID, list[SlipLineView]]:
    found: dict[UUID, list[SlipLineView]] = {}
    rows = session.scalars(
        select(SlipLine).where(SlipLine.slip_id.in_(slip_ids)).order_by(SlipLine.slip_id, SlipLine.number)
    )
    for row in rows:
        view = SlipLineView(
            row.id, row.number, row.purpose, LineKind(row.kind), row.title, row.chapter, row.sub_item, row.amount,
            row.priority, row.paid,
        )  # fmt: skip
        found.setdefault(row.slip_id, []).append(view)
    return found


def _view(slip: Slip, payer: str, lines: Sequence[SlipLineView]) -> SlipView:
    return SlipView(
        id=slip.id, party_id=slip.party_id, payer=payer, reference=slip.reference, subject_kind=slip.subject_kind,
        subject_id=slip.subject_id, notice=slip.notice, title=slip.title, href=slip.href, total=slip.total,
        paid=slip.paid, excess=slip.excess, released=slip.released, release_reason=slip.release_reason,
        refunded=slip.refunded, outside=slip.outside,
        outstanding=Decimal(0) if slip.cancelled_at else max(slip.total - slip.paid - slip.outside, Decimal(0)),
        due_on=slip.due_on,
        state=SlipState(slip.state), round=slip.round, created_at=slip.created_at, paid_at=slip.paid_at,
        cancelled_at=slip.cancelled_at, cancel_reason=slip.cancel_reason, receipt_id=slip.receipt_id, topic=slip.topic,
        lines=lines,
    )  # fmt: skip
