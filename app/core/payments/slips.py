"""Opening and cancelling slips: what other rooms call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import Conflict, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.money import Money
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.core.payments.booking import resettle
from app.core.payments.events import SlipCancelled, SlipOpened
from app.core.payments.models import Slip, SlipLine
from app.core.payments.references import make_reference
from app.core.payments.states import LineKind

CURRENCY = "VND"
_CLOSED_BY_CANCEL = frozenset({"CANCELLED", "REFUNDED"})


class SlipDiffers(Conflict):
    """The same notice was used for another demand."""

    code = "payments.slip-differs"
    title = "This notice has a payment slip already."
    detail = "The slip %(reference)s was opened for the same notice with another payer, other lines or another date."
    hint = "Cancel that slip and demand the new amounts under a notice of their own."


@dataclass(frozen=True, slots=True)
class SlipSubject:
    """
    What is paid for.

    :ivar kind: "declaration", "case", …; listeners to events know theirs by it.
    :ivar title: by language (vi, en), as lists and receipts name it.
    :ivar href: path of its page on this site.
    :ivar topic: first word of the permissions by which a delegate handles it; who holds one may pay as well.
    """

    kind: str
    id: UUID
    title: Mapping[str, str]
    href: str
    topic: str = "payment"


@dataclass(frozen=True, slots=True)
class LineDraft:
    """
    A purpose to be paid for.

    :ivar purpose: the caller's code, e.g. of a tax.
    :ivar amount: whole dong, above zero.
    :ivar chapter: budget chapter and sub-item as the notice names them; empty where it names none.
    :ivar priority: place in the order of settlement, lower first; None: the law's order of the kinds.
    """

    purpose: str
    kind: LineKind
    title: Mapping[str, str]
    amount: Decimal
    chapter: str = ""
    sub_item: str = ""
    priority: int | None = None


def open_slip(
    session: Session,
    *,
    party_id: UUID,
    subject: SlipSubject,
    notice: str,
    lines: Sequence[LineDraft],
    due_on: date | None,
    zone: ZoneInfo,
    actor: Actor,
    now: datetime,
) -> Slip:
    """
    Demand money from a party; the same notice of the same subject means the same slip, however often it is opened.

    :param notice: key of the demand within the subject, e.g. the official number of a tax notice. To demand again
        after a slip was cancelled, use another key.
    :param due_on: last local day without late interest; None where no day is named.
    :raises ValueError: no lines, or an amount that is not whole dong above zero.
    :raises SlipDiffers: the notice was opened with another content.
    :raises LawValueMissing: a line leaves its place to the law, and the law says nothing.
    """
    if not lines:
        raise ValueError("A slip has at least one line.")
    total = sum((_checked(each.amount) for each in lines), Decimal(0))
    session.flush()  # what the slip is for may be new in this transaction; the insert below goes past the session
    slip_id, day = uuid7(), local_day(now, zone)
    number = session.execute(text("select nextval('payments_slip_number')")).scalar_one()
    made = session.scalar(
        insert(Slip)
        .values(
            id=slip_id, party_id=party_id, reference=make_reference(day.year, number), subject_kind=subject.kind,
            subject_id=subject.id, notice=notice, title=dict(subject.title), href=subject.href, total=total,
            due_on=due_on, created_at=now, created_by=actor.user_id, topic=subject.topic,
        )
        .on_conflict_do_nothing()
        .returning(Slip.id)
    )  # fmt: skip
    if made is None:
        return _same(session, party_id=party_id, subject=subject, notice=notice, lines=lines, due_on=due_on)
    book = law.at(session, day)
    for place, each in enumerate(lines, 1):
        priority = each.priority
        if priority is None:
            priority = int(book.decimal(f"payments.order.{each.kind.value.lower()}"))
        session.add(
            SlipLine(
                id=uuid7(), party_id=party_id, slip_id=slip_id, number=place, purpose=each.purpose,
                kind=each.kind.value, title=dict(each.title), chapter=each.chapter, sub_item=each.sub_item,
                amount=each.amount, priority=priority,
            )
        )  # fmt: skip
    slip = session.get_one(Slip, slip_id)
    record(
        session, "payments:slip:open", subject=Subject("slip", slip_id), actor=actor, at=now, party_id=party_id,
        facts={"reference": slip.reference, "for": f"{subject.kind}:{subject.id}", "notice": notice,
               "total": f"{total:f}", "lines": len(lines)},
    )  # fmt: skip
    publish(
        session, SlipOpened(slip_id, slip.reference, subject.kind, subject.id), actor=actor, at=now, party_id=party_id
    )  # fmt: skip
    return slip


def cancel_slip(session: Session, *, slip_id: UUID, reason: str, actor: Actor, now: datetime) -> Slip:
    """
    Withdraw a demand. What was paid on it belongs to the payer again and can be refunded; twice means once.

    :param reason: shown to the payer.
    :raises NotFound: no such slip, or not the actor's to see.
    """
    session.flush()  # the row is read again under its lock
    slip = session.get(Slip, slip_id, with_for_update=True, populate_existing=True)
    if slip is None:
        raise NotFound
    if slip.state in _CLOSED_BY_CANCEL:
        return slip
    slip.cancelled_at, slip.cancel_reason = now, reason.strip()
    record(
        session, "payments:slip:cancel", subject=Subject("slip", slip.id), actor=actor, at=now,
        party_id=slip.party_id, facts={"reference": slip.reference, "paid": f"{slip.paid:f}"},
        digests={"reason": slip.cancel_reason},
    )  # fmt: skip
    resettle(session, slip, actor=actor, now=now)
    publish(
        session, SlipCancelled(slip.id, slip.reference, slip.subject_kind, slip.subject_id), actor=actor, at=now,
        party_id=slip.party_id,
    )  # fmt: skip
    return slip


def _checked(amount: Decimal) -> Decimal:
    money = Money(amount, CURRENCY)
    if money.amount <= 0:
        raise ValueError(f"An amount on a slip is above zero, not {money}.")
    return money.amount


def _same(
    session: Session, *, party_id: UUID, subject: SlipSubject, notice: str, lines: Sequence[LineDraft],
    due_on: date | None,
) -> Slip:  # fmt: skip
    """Return the slip of a notice that was opened before, if it says the same."""
    slip = session.scalars(
        select(Slip).where(
            Slip.subject_kind == subject.kind, Slip.subject_id == subject.id, Slip.notice == notice
        )
    ).one()
    found = session.execute(
        select(SlipLine.purpose, SlipLine.kind, SlipLine.amount, SlipLine.chapter, SlipLine.sub_item)
        .where(SlipLine.slip_id == slip.id)
        .order_by(SlipLine.number)
    ).all()
    wanted = [(each.purpose, each.kind.value, each.amount, each.chapter, each.sub_item) for each in lines]
    if (slip.party_id, slip.due_on, [tuple(row) for row in found]) != (party_id, due_on, wanted):
        raise SlipDiffers(reference=slip.reference)
    return slip
