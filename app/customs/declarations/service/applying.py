"""What each notice does to the declaration: number, channel, official taxes, decisions on revisions, official times."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.kit.ids import uuid7
from app.customs.declarations.domain.comparing import compare, taxes_of
from app.customs.declarations.domain.lifecycle import Step
from app.customs.declarations.models import (
    Assessment,
    Declaration,
    Difference,
    Dispatch,
    Notice,
    Revision,
)
from app.customs.declarations.service import moving
from app.customs.declarations.wire import NoticeKind

Effect = Callable[[Session, Declaration, Notice, datetime], None]

_STEPS: dict[NoticeKind, Step | None] = {
    NoticeKind.RECEIVED: None,
    NoticeKind.REFUSED: Step.REFUSE,
    NoticeKind.REGISTERED: Step.REGISTER,
    NoticeKind.PAPERS_WANTED: Step.WANT_PAPERS,
    NoticeKind.PAPERS_CHECKED: Step.END_PAPERS,
    NoticeKind.GOODS_CHECK: Step.ORDER_GOODS_CHECK,
    NoticeKind.GOODS_CHECK_EXTENDED: Step.EXTEND_GOODS_CHECK,
    NoticeKind.GOODS_CHECKED: Step.END_GOODS_CHECK,
    NoticeKind.QUESTION: Step.ASK,
    NoticeKind.AMENDMENT_WANTED: Step.WANT_AMENDMENT,
    NoticeKind.PAYMENT_POSTED: Step.POST_PAYMENT,
    NoticeKind.RELEASED: Step.RELEASE,
    NoticeKind.CLEARED: Step.CLEAR,
    NoticeKind.AMENDED: Step.ACCEPT_AMENDMENT,
    NoticeKind.AMENDMENT_REFUSED: Step.REFUSE_AMENDMENT,
    NoticeKind.CANCELLED: Step.INVALIDATE,
    NoticeKind.CANCEL_REFUSED: Step.REFUSE_CANCEL,
}
_CHANNELS = {
    "GREEN": Step.CHANNEL_GREEN,
    "YELLOW": Step.CHANNEL_YELLOW,
    "RED": Step.CHANNEL_RED,
}


def step_of(notice: Notice) -> Step | None:
    """Return the step that a notice is in the table; None for one that is no step."""
    return step_for(NoticeKind(notice.kind), notice.body)


def step_for(kind: NoticeKind, body: Mapping[str, Any]) -> Step | None:
    """Return the step that a notice of a kind is by what it says."""
    if kind is NoticeKind.CHANNEL:
        return _CHANNELS.get(body.get("channel", ""))
    if kind is NoticeKind.TAX:
        return Step.TAX_DUE if Decimal(body.get("total", "0")) > 0 else Step.TAX_NIL
    return _STEPS[kind]


def take_effect(session: Session, declaration: Declaration, notice: Notice, *, now: datetime) -> None:
    """Write down what a notice says; the state is moved by the caller."""
    declaration.updated_at = now
    effect = _EFFECTS.get(NoticeKind(notice.kind))
    if effect is not None:
        effect(session, declaration, notice, now)


def _register(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    declaration.official_number = notice.body.get("official_number") or declaration.official_number
    declaration.registered_at = notice.official_at
    revision = _answered(session, declaration, notice)
    if revision is not None:
        declaration.head = revision.number
        moving.decide_revision(session, revision.id, accepted=True, at=notice.official_at)


def _refuse(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    revision = _answered(session, declaration, notice)
    if revision is not None:
        moving.decide_revision(session, revision.id, accepted=False, at=notice.official_at)


def _channel(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    declaration.channel = notice.body.get("channel") or declaration.channel


def _release(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    declaration.released_at = notice.official_at


def _clear(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    declaration.cleared_at = notice.official_at


def _amend(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    declaration.official_number = notice.body.get("official_number") or declaration.official_number
    revision = _answered(session, declaration, notice)
    if revision is not None and revision.state == "SENT":
        moving.decide_revision(session, revision.id, accepted=True, at=notice.official_at)
        declaration.head = revision.number


def _refuse_amendment(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    revision = _answered(session, declaration, notice)
    if revision is not None:
        moving.decide_revision(session, revision.id, accepted=False, at=notice.official_at)


def _tax(session: Session, declaration: Declaration, notice: Notice, now: datetime) -> None:
    revision = _revision(session, declaration.id, declaration.head)
    if revision is None:
        return
    official = Assessment(
        id=uuid7(), party_id=declaration.party_id, revision_id=revision.id, kind="OFFICIAL",
        content={"notice": notice.gateway_id, **notice.body}, total=Decimal(notice.body.get("total", "0")),
        computed_at=notice.official_at, known_at=None,
    )  # fmt: skip
    session.add(official)
    session.flush()  # the differences refer to it
    ours = session.scalar(
        select(Assessment).where(Assessment.revision_id == revision.id, Assessment.kind == "PRECALCULATED")
    )
    # Where nothing was computed here, there is nothing to compare.
    for each in compare(taxes_of(ours.content), taxes_of(official.content)) if ours is not None else ():
        session.add(
            Difference(
                id=uuid7(), party_id=declaration.party_id, declaration_id=declaration.id, assessment_id=official.id,
                line=each.line, tax=each.tax,
                ours=each.ours.amount if each.ours else None, official=each.official.amount if each.official else None,
                our_base=each.ours.base if each.ours else None,
                official_base=each.official.base if each.official else None,
                our_rate=each.ours.rate if each.ours else "", official_rate=each.official.rate if each.official else "",
                found_at=now, state="OPEN", explanation="", explained_at=None, explained_by=None,
            )
        )  # fmt: skip


_EFFECTS: dict[NoticeKind, Effect] = {
    NoticeKind.REGISTERED: _register,
    NoticeKind.REFUSED: _refuse,
    NoticeKind.CHANNEL: _channel,
    NoticeKind.TAX: _tax,
    NoticeKind.RELEASED: _release,
    NoticeKind.CLEARED: _clear,
    NoticeKind.AMENDED: _amend,
    NoticeKind.AMENDMENT_REFUSED: _refuse_amendment,
}


def _answered(session: Session, declaration: Declaration, notice: Notice) -> Revision | None:
    """Return the revision that a notice is about: of our message that it answers, of its number, else what counts."""
    if notice.dispatch_id is not None:
        dispatch = session.get(Dispatch, notice.dispatch_id)
        if dispatch is not None and dispatch.revision_id is not None:
            return session.get(Revision, dispatch.revision_id)
    return _revision(session, declaration.id, int(notice.body.get("version", declaration.head)))


def _revision(session: Session, declaration_id: UUID, number: int) -> Revision | None:
    return session.scalar(
        select(Revision).where(Revision.declaration_id == declaration_id, Revision.number == number)
    )
