"""Handing a person's open dossiers to a colleague: for leave, illness, a change of office. Runs under ftz_officer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from app.core.auth.models import Membership, Office, User, UserState
from app.core.auth.permissions import USER_MANAGE, require
from app.core.auth.roles import UserKind
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.workflow.models import Case


class NoSuccessor(Conflict):
    """The chosen officer cannot take dossiers over from this person."""

    code = "workflow.no-successor"
    title = "This officer cannot take the dossiers over."
    detail = (
        "Dossiers go to an active colleague who holds the same role in the same office. Nothing was changed."
    )
    hint = "Choose another colleague, or give the role to this one first."


@dataclass(frozen=True, slots=True)
class AssignedCase:
    """An open dossier in somebody's hands, without what the applicant wrote: the reader need not be its officer."""

    id: UUID
    code: str | None
    procedure: str
    office: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Successor:
    """A colleague who may take dossiers over."""

    id: UUID
    name: str
    office: dict[str, str]


def open_cases_of(session: Session, user_id: UUID) -> list[AssignedCase]:
    """Return the open dossiers that a person handles, the most urgent first."""
    rows = session.execute(
        select(Case.id, Case.code, Case.procedure, Case.office, Case.due_at)
        .where(Case.assigned_to == user_id, Case.closed_at.is_(None))
        .order_by(Case.due_at.nulls_last(), Case.id)
    )
    return [AssignedCase(*row) for row in rows]


def successors(session: Session, user_id: UUID, *, at: datetime) -> list[Successor]:
    """
    Return who may take over from a person: active officers with one of the person's roles in the same office.

    The person's own membership may be over: those who left are the reason for most hand-overs.
    """
    earlier, present = aliased(Membership), aliased(Membership)
    rows = session.execute(
        select(User.id, User.full_name, Office.name)
        .ext(distinct_on(User.full_name, User.id))
        .join(present, present.user_id == User.id)
        .join(earlier, earlier.party_id == present.party_id)
        .join(Office, Office.party_id == present.party_id)
        .where(
            earlier.user_id == user_id,
            User.id != user_id,
            User.kind == UserKind.OFFICER,
            User.state == UserState.ACTIVE,
            present.valid_from <= at,
            or_(present.valid_to.is_(None), present.valid_to > at),
            present.roles.op("&&", is_comparison=True)(earlier.roles),
        )
        .order_by(User.full_name, User.id, Office.code)
    )
    return [Successor(*row) for row in rows]


def reassign(
    session: Session, case_ids: Collection[UUID], *, source: UUID, target: UUID, actor: Actor, now: datetime
) -> int:
    """
    Hand open dossiers of one person to another; return how many changed hands.

    Those that are closed or in other hands meanwhile stay as they are.

    :raises Forbidden: the actor may not manage accounts.
    :raises NoSuccessor: the target holds none of the source's roles in the same office.
    """
    require(actor, USER_MANAGE)
    if target not in {each.id for each in successors(session, source, at=now)}:
        raise NoSuccessor
    moved = session.execute(
        update(Case)
        .where(Case.id.in_(case_ids), Case.assigned_to == source, Case.closed_at.is_(None))
        .values(assigned_to=target)
        .returning(Case.id, Case.party_id)
    ).all()
    for row in moved:
        facts = {"from": str(source), "to": str(target)}
        record(
            session, "workflow:case:reassign", subject=Subject("case", row.id), actor=actor, at=now,
            party_id=row.party_id, facts=facts,
        )  # fmt: skip
    return len(moved)
