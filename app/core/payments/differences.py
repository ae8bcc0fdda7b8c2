"""Differences between the bank and the books: items that stay until somebody has looked into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.auth.models import User
from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.payments.models import DifferenceItem
from app.core.payments.permissions import KEEP
from app.core.payments.states import DifferenceState

MAX_NOTE = 1000


class DifferenceClosed(Conflict):
    """Nobody has to look into it any more."""

    code = "payments.difference-closed"
    title = "This difference is settled."
    detail = "A colleague has closed it, or a later comparison did not find it any more."
    hint = "The list of comparisons shows what became of it."


@dataclass(frozen=True, slots=True)
class Difference:
    """
    What differs in one transaction.

    :ivar kind: TAKEN_IN: the bank had it, no message came, it was taken in from the statement. DIFFERS: both have it,
        not alike. NOT_AT_BANK: it was told by a message, and the statement does not have it. SENT_UNKNOWN: the bank
        sent money that nobody here ordered. SENT_DIFFERS: it sent another amount. NOT_SENT: it said that it had sent
        money, and the statement does not have it.
    """

    kind: str
    transaction_id: str
    bank_amount: Decimal | None
    own_amount: Decimal | None

    def to_json(self) -> Mapping[str, Any]:
        """Return it as it is kept."""
        return {
            "kind": self.kind, "transaction_id": self.transaction_id,
            "bank_amount": None if self.bank_amount is None else f"{self.bank_amount:f}",
            "own_amount": None if self.own_amount is None else f"{self.own_amount:f}",
        }  # fmt: skip


def enter_differences(
    session: Session, day: date, differences: Sequence[Difference], *, now: datetime
) -> None:
    """
    Keep what a comparison found, each thing once; what it does not find any more is closed.

    What was taken in from the statement is settled by that. A difference that somebody closed stays closed.
    """
    for each in differences:
        settled = each.kind == "TAKEN_IN"
        session.execute(
            insert(DifferenceItem)
            .values(
                id=uuid7(), day=day, kind=each.kind, transaction_id=each.transaction_id,
                bank_amount=each.bank_amount, own_amount=each.own_amount, found_at=now,
                state=(DifferenceState.CLOSED if settled else DifferenceState.OPEN).value,
                closed_at=now if settled else None,
            )
            .on_conflict_do_nothing()
        )  # fmt: skip
    found = {(each.kind, each.transaction_id) for each in differences}
    still_open = session.scalars(
        select(DifferenceItem)
        .where(DifferenceItem.day == day, DifferenceItem.state == DifferenceState.OPEN)
        .with_for_update()
    )
    for item in still_open:
        if (item.kind, item.transaction_id) not in found:
            item.state, item.closed_at = DifferenceState.CLOSED, now


def take_difference(session: Session, *, difference_id: UUID, actor: Actor, now: datetime) -> DifferenceItem:
    """
    Look into a difference from now on; a colleague may take it over.

    :raises DifferenceClosed: it is settled.
    """
    require(actor, KEEP)
    item = _open(session, difference_id)
    item.owner_id = actor.user_id
    _note(session, item, "take", actor=actor, now=now)
    return item


def close_difference(
    session: Session, *, difference_id: UUID, note: str, actor: Actor, now: datetime
) -> DifferenceItem:
    """
    Say what became of a difference, and close it.

    :raises Invalid: no words.
    :raises DifferenceClosed: it is settled.
    """
    require(actor, KEEP)
    item = _open(session, difference_id)
    if not note.strip() or len(note) > MAX_NOTE:
        reason = N_("Say in at most 1,000 characters what became of it, for example the bank's answer.")
        raise Invalid(errors=[FieldProblem("note", "missing", reason)])
    item.state, item.closed_at, item.closed_by, item.note = (
        DifferenceState.CLOSED,
        now,
        actor.user_id,
        note.strip(),
    )
    item.owner_id = item.owner_id or actor.user_id
    _note(session, item, "close", actor=actor, now=now)
    return item


def open_differences(session: Session, *, limit: int = 200) -> Sequence[Row[DifferenceItem, str]]:
    """Return what somebody has to look into, the oldest first, with the owner's name."""
    return _with_owner(session, DifferenceItem.state == DifferenceState.OPEN, limit=limit)


def difference(session: Session, difference_id: UUID) -> Row[DifferenceItem, str]:
    """
    Return one difference with its owner's name.

    :raises NotFound: there is none.
    """
    found = _with_owner(session, DifferenceItem.id == difference_id, limit=1)
    if not found:
        raise NotFound
    return found[0]


def _with_owner(session: Session, where: Any, *, limit: int) -> Sequence[Row[DifferenceItem, str]]:
    return session.execute(
        select(DifferenceItem, User.full_name)
        .outerjoin(User, User.id == DifferenceItem.owner_id)
        .where(where)
        .order_by(DifferenceItem.day, DifferenceItem.id)
        .limit(limit)
    ).all()


def _open(session: Session, difference_id: UUID) -> DifferenceItem:
    session.flush()  # the row is read again under its lock
    item = session.get(DifferenceItem, difference_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound
    if item.state != DifferenceState.OPEN:
        raise DifferenceClosed
    return item


def _note(session: Session, item: DifferenceItem, verb: str, *, actor: Actor, now: datetime) -> None:
    record(
        session, f"payments:difference:{verb}", subject=Subject("difference", item.id), actor=actor, at=now,
        facts={"day": item.day.isoformat(), "kind": item.kind, "transaction": item.transaction_id},
        digests={"note": item.note} if item.note else None,
    )  # fmt: skip
