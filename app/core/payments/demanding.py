"""
From one notice of an authority to the next: the latest counts, what was paid on earlier ones counts towards it.

A slip that waits is cancelled; only what is not paid yet is demanded anew; what is no longer demanded of paid slips is
the payer's again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.payments.lowering import demand_less
from app.core.payments.queries import SlipView, slips_of
from app.core.payments.slips import LineDraft, SlipSubject, cancel_slip, open_slip
from app.core.payments.states import LineKind, SlipState

_WAITING = frozenset({SlipState.OPEN, SlipState.PART_PAID})


@dataclass(frozen=True, slots=True)
class Latest:
    """
    What the latest notice demands.

    :ivar key: of the notice within the subject; the same key changes nothing.
    :ivar further: title of the one line that demands the rest when something was paid before.
    :ivar replaced: why a waiting slip is cancelled; its payer reads it.
    """

    key: str
    lines: Sequence[LineDraft]
    due_on: date | None
    further: Mapping[str, str]
    replaced: str

    @property
    def total(self) -> Decimal:
        """Return all that the notice demands."""
        return sum((line.amount for line in self.lines), Decimal(0))


def demand(
    session: Session, *, party_id: UUID, subject: SlipSubject, latest: Latest, lowered: Mapping[str, str],
    zone: ZoneInfo, actor: Actor, now: datetime,
) -> UUID | None:  # fmt: skip
    """
    Demand what the latest notice of a subject asks for; None when nothing more is owed.

    :param lowered: by language, why less is demanded than was paid; used only then.
    """
    slips = slips_of(session, subject_kind=subject.kind, subject_id=subject.id)
    if any(slip.notice == latest.key for slip in slips):
        return None
    _cancel_waiting(
        session, [each for each in slips if not each.settled_outside], latest.replaced, actor, now
    )
    paid = demanded_of(slips)
    if latest.total < paid:
        _give_up(session, slips, paid - latest.total, lowered, actor, now)
    if latest.total <= paid:
        return None
    rest = LineDraft("FURTHER", LineKind.TAX, latest.further, latest.total - paid)
    opened = open_slip(
        session, party_id=party_id, subject=subject, notice=latest.key, lines=[rest] if paid else latest.lines,
        due_on=latest.due_on, zone=zone, actor=actor, now=now,
    )  # fmt: skip
    return opened.id


def withdraw(
    session: Session, *, subject_kind: str, subject_id: UUID, why: Mapping[str, str], reason: str, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Demand nothing of a subject any more: slips that wait are cancelled, what was paid is the payer's again."""
    slips = slips_of(session, subject_kind=subject_kind, subject_id=subject_id)
    _cancel_waiting(session, slips, reason, actor, now)
    _give_up(session, slips, demanded_of(slips), why, actor, now)


def demanded_of(slips: Sequence[SlipView]) -> Decimal:
    """Return what is demanded still of the slips that were paid, here or elsewhere."""
    return sum((slip.total if slip.settled_outside else _demanded(slip) for slip in slips), Decimal(0))


def _demanded(slip: SlipView) -> Decimal:
    return slip.total - slip.released if slip.state is SlipState.PAID else Decimal(0)


def _cancel_waiting(
    session: Session, slips: Sequence[SlipView], reason: str, actor: Actor, now: datetime
) -> None:
    for slip in slips:
        if slip.state in _WAITING:
            cancel_slip(session, slip_id=slip.id, reason=reason, actor=actor, now=now)


def _give_up(
    session: Session, slips: Sequence[SlipView], amount: Decimal, why: Mapping[str, str], actor: Actor, now: datetime
) -> None:  # fmt: skip
    """Demand so much less of the slips that were paid here, the latest first: other money is not ours to give back."""
    for slip in reversed(slips):
        less = min(amount, _demanded(slip))
        if less > 0:
            left = _demanded(slip) - less
            demand_less(session, slip_id=slip.id, demanded=left, why=why, actor=actor, now=now)
            amount -= less
