"""Absences and substitutes: who is away, and who looks after their dossiers meanwhile. Runs under ftz_officer.

An absence hands nothing over: the dossiers stay with their officer, and the substitute's inbox shows them as own. What
the substitute may do with them, the own roles say; they hold one of the absent person's roles in the same office.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.core.auth.models import User, UserState
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.workflow.assignment import require_lead, successors
from app.core.workflow.models import Absence


class AbsenceOverlaps(Conflict):
    """Another absence of the person lies in the same time."""

    code = "workflow.absence-overlaps"
    title = "There is an absence in this period already."
    detail = "From %(start)s to %(end)s this person is noted as away already. Nothing was changed."
    hint = "End the other absence first, or choose other days."


class NoSubstitute(Conflict):
    """The chosen officer cannot stand in for this person."""

    code = "workflow.no-substitute"
    title = "This officer cannot stand in."
    detail = (
        "A substitute is an active colleague who holds the same role in the same office. Nothing was changed."
    )
    hint = "Choose another colleague, or give the role to this one first."


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """An absence that has not ended, with both names."""

    id: UUID
    user_id: UUID
    person: str
    substitute_id: UUID
    substitute: str
    starts_at: datetime
    ends_at: datetime


def note_absence(
    session: Session,
    *,
    absence_id: UUID,
    user_id: UUID,
    substitute_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """
    Note that somebody is away and who stands in. The key comes from the page, so that a doubled request notes one.

    :raises Forbidden: it is somebody else's absence, and the actor does not lead their office.
    :raises Invalid: the period is over, or ends before it begins.
    :raises NoSubstitute, AbsenceOverlaps:
    """
    if actor.user_id != user_id:
        require_lead(session, actor, user_id, now=now)
    if ends_at <= max(starts_at, now):
        raise Invalid(
            errors=[FieldProblem("ends", "order", "The last day lies before the first, or in the past.")]
        )
    if session.get(Absence, absence_id) is not None:
        return
    if substitute_id not in {each.id for each in successors(session, user_id, at=now)}:
        raise NoSubstitute
    for other in absences(session, {user_id}, at=now):
        if other.starts_at < ends_at and starts_at < other.ends_at:
            raise AbsenceOverlaps(start=f"{other.starts_at:%d/%m/%Y}", end=f"{other.ends_at:%d/%m/%Y}")
    session.execute(
        insert(Absence).values(
            id=absence_id, user_id=user_id, substitute_id=substitute_id, starts_at=starts_at, ends_at=ends_at,
            noted_by=actor.user_id, noted_at=now,
        )
    )  # fmt: skip
    record(
        session, "workflow:absence:note", subject=Subject("user", user_id), actor=actor, at=now,
        facts={"substitute": str(substitute_id), "from": starts_at.isoformat(), "to": ends_at.isoformat()},
    )  # fmt: skip


def end_absence(session: Session, absence_id: UUID, *, actor: Actor, now: datetime) -> None:
    """
    End an absence now; one that has not begun never does.

    :raises NotFound: no such absence that has not ended.
    :raises Forbidden: it is somebody else's, and the actor does not lead their office.
    """
    row = session.get(Absence, absence_id, with_for_update=True)
    if row is None or row.ended_at is not None or row.ends_at <= now:
        raise NotFound
    if actor.user_id != row.user_id:
        require_lead(session, actor, row.user_id, now=now)
    row.ended_at = max(now, row.starts_at)
    record(session, "workflow:absence:end", subject=Subject("user", row.user_id), actor=actor, at=now)


def absences(session: Session, user_ids: Collection[UUID], *, at: datetime) -> list[AbsenceLine]:
    """Return the absences of some people that last or are to come, the nearest first."""
    return _read(session, Absence.user_id.in_(user_ids), at)


def stands_in_for(session: Session, user_id: UUID, *, at: datetime) -> list[AbsenceLine]:
    """Return the absences during which a person stands in at an instant."""
    return [each for each in _read(session, Absence.substitute_id == user_id, at) if each.starts_at <= at]


def substitutes(session: Session, user_ids: Collection[UUID], at: datetime) -> list[UUID]:
    """Return who stands in for some people at an instant and can sign in (role ftz_officer or ftz_worker)."""
    return list(
        session.scalars(
            select(Absence.substitute_id)
            .join(User, User.id == Absence.substitute_id)
            .where(
                Absence.user_id.in_(user_ids), Absence.starts_at <= at, Absence.ends_at > at,
                Absence.ended_at.is_(None), User.state == UserState.ACTIVE,
            )
            .order_by(Absence.substitute_id)
        )
    )  # fmt: skip


def _read(session: Session, condition: object, at: datetime) -> list[AbsenceLine]:
    person, substitute = aliased(User), aliased(User)
    rows = session.execute(
        select(
            Absence.id, Absence.user_id, person.full_name, Absence.substitute_id,
            substitute.full_name.label("substitute"), Absence.starts_at, Absence.ends_at,
        )
        .join(person, person.id == Absence.user_id)
        .join(substitute, substitute.id == Absence.substitute_id)
        .where(condition, Absence.ends_at > at, Absence.ended_at.is_(None))  # type: ignore[arg-type]
        .order_by(Absence.starts_at, Absence.id)
    )  # fmt: skip
    return [AbsenceLine(*row) for row in rows]
