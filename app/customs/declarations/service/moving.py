"""Moving a declaration by the table of steps, for the platform and the authority."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.kit.actor import SYSTEM, Actor
from app.core.outbox import publish
from app.customs.declarations.domain import lifecycle
from app.customs.declarations.domain.lifecycle import State, Step
from app.customs.declarations.events import DeclarationMoved
from app.customs.declarations.models import Declaration, Revision


def state_of(declaration: Declaration) -> State:
    """Return where a declaration stands."""
    return State(declaration.state)


def lock(session: Session, declaration_id: UUID) -> Declaration | None:
    """Return a declaration under its lock, as it stands now; None when there is none."""
    session.flush()  # the row is read again under its lock
    return session.get(Declaration, declaration_id, with_for_update=True, populate_existing=True)


def move(
    session: Session, declaration: Declaration, step: Step, *, now: datetime, actor: Actor = SYSTEM
) -> None:
    """
    Take a step; staying where it is changes and tells nothing.

    :raises StepImpossible: not from here.
    """
    row = lifecycle.take(state_of(declaration), step)
    if row.to is row.state:
        return
    declaration.state, declaration.updated_at = row.to.value, now
    declaration.version += 1
    record(
        session, "customs:declaration:move", subject=Subject("declaration", declaration.id), actor=actor, at=now,
        party_id=declaration.party_id, facts={"from": row.state.value, "step": step.value, "to": row.to.value},
    )  # fmt: skip
    moved = DeclarationMoved(declaration.id, declaration.code, row.state.value, row.to.value)
    publish(session, moved, actor=actor, at=now, party_id=declaration.party_id)


def decide_revision(session: Session, revision_id: UUID, *, accepted: bool, at: datetime) -> None:
    """Note what became of a revision that was sent."""
    revision = session.get(Revision, revision_id, with_for_update=True, populate_existing=True)
    if revision is not None and revision.state == "SENT":
        revision.state, revision.decided_at = ("ACCEPTED" if accepted else "REFUSED"), at
