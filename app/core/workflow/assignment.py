"""Handing a person's open dossiers to a colleague: for leave, illness, a change of office. Runs under ftz_officer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from app.core.auth.models import Membership, Office, User, UserState
from app.core.auth.permissions import USER_MANAGE, require
from app.core.auth.roles import UserKind
from app.core.errors import Conflict, Forbidden
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.core.workflow.definition import Side
from app.core.workflow.events import CaseMoved
from app.core.workflow.models import Case, CaseEvent
from app.core.workflow.permissions import ASSIGN

REASSIGN = "reassign"


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
    version_id: UUID
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
        select(Case.id, Case.code, Case.procedure, Case.version_id, Case.office, Case.due_at)
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

    Each dossier's history tells it, and pages that are open on it hear it.

    :raises Forbidden: the actor may not assign dossiers, or leads another office.
    :raises NoSuccessor: the target holds none of the source's roles in the same office.
    """
    require_lead(session, actor, source, now=now)
    if target not in {each.id for each in successors(session, source, at=now)}:
        raise NoSuccessor
    moved = session.scalars(
        select(Case)
        .where(Case.id.in_(case_ids), Case.assigned_to == source, Case.closed_at.is_(None))
        .order_by(Case.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for case in moved:
        _hand_over(session, case, source=source, target=target, actor=actor, now=now)
    return len(moved)


def require_lead(session: Session, actor: Actor, user_id: UUID, *, now: datetime) -> None:
    """
    Refuse whoever may not decide about a colleague's dossiers: heads may in their own offices, administrators in all.

    :raises Forbidden:
    """
    require(actor, ASSIGN)
    if not actor.may(USER_MANAGE) and user_id not in {each.id for each in colleagues(session, actor, at=now)}:
        raise Forbidden(permission=ASSIGN)


def colleagues(session: Session, actor: Actor, *, at: datetime) -> list[Successor]:
    """Return the officers about whose dossiers the actor may decide, the actor included."""
    offices = [grant.party_id for grant in actor.grants if ASSIGN in grant.permissions]
    led = true() if actor.may(USER_MANAGE) else Membership.party_id.in_(offices)
    rows = session.execute(
        select(User.id, User.full_name, Office.name)
        .ext(distinct_on(User.full_name, User.id))
        .join(Membership, Membership.user_id == User.id)
        .join(Office, Office.party_id == Membership.party_id)
        .where(
            led,
            User.kind == UserKind.OFFICER,
            User.state != UserState.CLOSED,
            Membership.valid_from <= at,
            or_(Membership.valid_to.is_(None), Membership.valid_to > at),
        )
        .order_by(User.full_name, User.id, Office.code)
    )
    return [Successor(*row) for row in rows]


def open_counts(session: Session, user_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many open dossiers each of some people handles; who handles none is missing."""
    rows = session.execute(
        select(Case.assigned_to, func.count())
        .where(Case.assigned_to.in_(user_ids), Case.closed_at.is_(None))
        .group_by(Case.assigned_to)
    )
    return {owner: count for owner, count in rows if owner is not None}


def _hand_over(
    session: Session, case: Case, *, source: UUID, target: UUID, actor: Actor, now: datetime
) -> None:
    """Change the hands of one locked dossier: row, history, evidence and event together."""
    base = case.revision
    case.assigned_to, case.revision = target, base + 1
    given = {"from": str(source), "to": str(target)}
    session.add(
        CaseEvent(
            id=uuid7(), case_id=case.id, party_id=case.party_id, revision=case.revision, base_revision=base,
            action=REASSIGN, source=case.state, target=case.state, side=Side.OFFICER.value,
            actor_id=actor.user_id, at=now, visible=False, input=given, law=[],
        )
    )  # fmt: skip
    record(
        session, "workflow:case:reassign", subject=Subject("case", case.id), actor=actor, at=now,
        party_id=case.party_id, facts={**given, "revision": case.revision},
    )  # fmt: skip
    moved = CaseMoved(
        case_id=case.id, procedure=case.procedure, code=case.code or "", action=REASSIGN, source=case.state,
        target=case.state, national=case.national or 0,
    )  # fmt: skip
    publish(session, moved, actor=actor, at=now, party_id=case.party_id)
