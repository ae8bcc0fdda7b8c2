"""Lists of dossiers: the officers' inbox in the order of the clock, and a party's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.workflow.definition import ClockMode
from app.core.workflow.models import Case

PAGE_SIZE = 50

_COLUMNS = (
    Case.id,
    Case.code,
    Case.title,
    Case.procedure,
    Case.version_id,
    Case.state,
    Case.clock,
    Case.due_at,
    Case.appointment_at,
    Case.saved_at,
    Case.created_at,
    Case.assigned_to,
    Case.party_id,
    Party.name.label("applicant"),
)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A dossier as a line of a list."""

    id: UUID
    code: str | None
    title: str
    procedure: str
    version_id: UUID
    state: str
    clock: ClockMode
    due_at: datetime | None
    appointment_at: datetime | None
    saved_at: datetime
    created_at: datetime
    assigned_to: UUID | None
    party_id: UUID
    applicant: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of the inbox ends: the next page begins after it."""

    due_at: datetime
    id: UUID


def inbox(
    session: Session, *, clocks: Sequence[ClockMode], after: Position | None = None, size: int = PAGE_SIZE
) -> list[CaseLine]:
    """
    Return open dossiers whose clock is in one of the modes, the most urgent first.

    One more line than ``size`` is returned when there is a next page. Reads the partial index of open dossiers in
    order, so its cost does not grow with the number of dossiers.
    """
    found: list[CaseLine] = []
    for clock in clocks:
        query = _lines().where(
            Case.clock == clock.value, Case.submitted_at.is_not(None), Case.closed_at.is_(None)
        )
        if after is not None:
            query = query.where(tuple_(Case.due_at, Case.id) > (after.due_at, after.id))
        found += _read(session, query.order_by(Case.due_at, Case.id).limit(size + 1))
    found.sort(key=lambda line: (line.due_at is None, line.due_at, line.id))
    return found[: size + 1]


def of_party(session: Session, *, party_ids: Sequence[UUID], size: int = PAGE_SIZE) -> list[CaseLine]:
    """Return the newest dossiers of some parties, drafts included."""
    query = _lines().where(Case.party_id.in_(party_ids)).order_by(Case.created_at.desc(), Case.id).limit(size)
    return _read(session, query)


def _lines() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).join(Party, Party.id == Case.party_id)


def _read(session: Session, query: Select[*tuple[Any, ...]]) -> list[CaseLine]:
    return [_line(row) for row in session.execute(query)]


def _line(row: Row[Any]) -> CaseLine:
    values = row._asdict()
    return CaseLine(**{**values, "clock": ClockMode(values["clock"])})
