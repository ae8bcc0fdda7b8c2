"""
A dossier read at once: its row, its applicant's name, its history and its open request, in one statement.

Pages read a dossier piece by piece, with the models. Programs read many, one after another, and what they wait for is
mostly the way to the database: this is for them. Row-level security decides about each part as it does for the models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

_RECORD = """
select c.id, c.code, c.title, c.procedure, c.version_id, c.revision, c.party_id, p.name as applicant, c.channel,
       c.state, c.clock, c.due_at, c.appointment_at, c.rescheduled_to, c.overdue_at, c.submitted_at, c.saved_at,
       c.assigned_to, c.desk_id, c.typists, c.answers,
       (select jsonb_agg(jsonb_build_array(e.action, e.source, e.target, e.side, e.at, e.actor_id, e.input)
                         order by e.revision)
          from workflow_event e where e.case_id = c.id) as history,
       (select jsonb_agg(jsonb_build_array(g.target, g.code, g.note, g.closed_at is null)
                         order by g.closed_at desc, g.target)
          from workflow_gap g
         where g.case_id = c.id
           and g.request = (select max(l.request) from workflow_gap l where l.case_id = c.id)) as gaps
  from workflow_case c join auth_party p on p.id = c.party_id where c.id = %s
"""


@dataclass(frozen=True, slots=True)
class PastStep:
    """An entry of the history."""

    action: str
    source: str
    target: str
    side: str
    at: datetime
    actor_id: UUID | None
    input: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanting:
    """One thing that the latest supplement request finds wanting."""

    target: str
    code: str
    note: str
    open: bool


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A dossier as the database holds it; the names are those of the model."""

    id: UUID
    code: str | None
    title: str
    procedure: str
    version_id: UUID
    revision: int
    party_id: UUID
    applicant: str
    channel: str
    state: str
    clock: str
    due_at: datetime | None
    appointment_at: datetime | None
    rescheduled_to: datetime | None
    overdue_at: datetime | None
    submitted_at: datetime | None
    saved_at: datetime
    assigned_to: UUID | None
    desk_id: UUID | None
    typists: Sequence[UUID]
    answers: dict[str, Any]
    history: tuple[PastStep, ...]
    gaps: tuple[Wanting, ...]


def read_record(session: Session, case_id: UUID) -> CaseRecord | None:
    """Return a dossier, ``None`` when there is none or it is another party's. What is not flushed is not seen."""
    row = session.connection().exec_driver_sql(_RECORD, (case_id,)).one_or_none()
    if row is None:
        return None
    facts: dict[str, Any] = dict(row._mapping)
    history, gaps = facts.pop("history"), facts.pop("gaps")
    return CaseRecord(
        **facts,
        history=tuple(
            PastStep(action, source, target, side, datetime.fromisoformat(at), actor and UUID(actor), given)
            for action, source, target, side, at, actor, given in history or ()
        ),
        gaps=tuple(Wanting(*gap) for gap in gaps or ()),
    )
