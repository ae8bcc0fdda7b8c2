"""Reading what was exchanged with customs: messages, notices, clocks, differences, and whether the gateway answers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app.customs.declarations.models import (
    Clock,
    ClockFigure,
    Declaration,
    Difference,
    Dispatch,
    Feed,
    Notice,
    OfficialResult,
)

_MOST_FIGURES = 1_000
_WAITING_STATES = ("QUEUED", "SENT", "REGISTERED", "PAPERS", "GOODS_CHECK", "PAYABLE", "RELEASED")


def is_waiting_for_customs(session: Session) -> bool:
    """Tell whether anything is on its way or being handled, so that answers are worth asking for often."""
    under_way = select(Declaration.id).where(
        Declaration.origin == "OURS", Declaration.state.in_(_WAITING_STATES)
    )
    unanswered = select(Dispatch.id).where(Dispatch.state.in_(("QUEUED", "SENT")))
    return session.scalar(under_way.limit(1)) is not None or session.scalar(unanswered.limit(1)) is not None


def dispatches_of(session: Session, declaration_id: UUID) -> Sequence[Dispatch]:
    """Return all messages of a declaration, the oldest first."""
    return session.scalars(
        select(Dispatch)
        .where(Dispatch.declaration_id == declaration_id)
        .order_by(Dispatch.queued_at, Dispatch.id)
    ).all()


def notices_of(session: Session, declaration_id: UUID) -> Sequence[Notice]:
    """Return the notices of a declaration that have taken effect, in their order."""
    return session.scalars(
        select(Notice)
        .where(Notice.declaration_id == declaration_id, Notice.applied_at.is_not(None))
        .order_by(Notice.sequence)
    ).all()


def notices_ahead(session: Session, declaration_id: UUID) -> Sequence[Notice]:
    """Return the notices that wait because one before them has not come, in their order."""
    return session.scalars(
        select(Notice)
        .where(Notice.declaration_id == declaration_id, Notice.applied_at.is_(None))
        .order_by(Notice.sequence)
        .options(defer(Notice.body))
    ).all()


def results_of(session: Session, declaration_id: UUID) -> Sequence[OfficialResult]:
    """Return the results from elsewhere of a declaration, the newest first, without their content."""
    return session.scalars(
        select(OfficialResult)
        .where(OfficialResult.declaration_id == declaration_id)
        .order_by(OfficialResult.number.desc())
        .options(defer(OfficialResult.content))
    ).all()


def clocks_of(session: Session, declaration_id: UUID) -> Sequence[Clock]:
    """Return the statutory clocks of a declaration, the oldest first."""
    return session.scalars(
        select(Clock).where(Clock.declaration_id == declaration_id).order_by(Clock.started_at, Clock.id)
    ).all()


def differences_of(session: Session, declaration_id: UUID) -> Sequence[Difference]:
    """Return where customs' taxes differ from the pre-calculation, the newest notice first, by line and tax."""
    return session.scalars(
        select(Difference)
        .where(Difference.declaration_id == declaration_id)
        .order_by(Difference.found_at.desc(), Difference.assessment_id, Difference.line, Difference.tax)
    ).all()


def gateway_feed(session: Session) -> Feed | None:
    """Return how far the gateway was read and since when it is silent; None before the first reading."""
    return session.get(Feed, 1)


def clock_figures(session: Session) -> Sequence[ClockFigure]:
    """Return the figures of the public board, the newest month first."""
    return session.scalars(
        select(ClockFigure).order_by(ClockFigure.kind, ClockFigure.month.desc()).limit(_MOST_FIGURES)
    ).all()
