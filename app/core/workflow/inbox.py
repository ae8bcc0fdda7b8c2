"""Lists of dossiers: the officers' inbox in the order of the clock, and a party's own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, func, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session, aliased

from app.core.auth.models import Party
from app.core.kit.actor import Actor
from app.core.workflow import procedures
from app.core.workflow.definition import ClockMode, Side
from app.core.workflow.models import Case, ProcedureVersion
from app.core.workflow.permissions import APPRAISE

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
    Case.channel,
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
    channel: str
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


@dataclass(frozen=True, slots=True)
class Part:
    """
    The states in which somebody takes the next step.

    :ivar free: whoever holds the right. :ivar assigned: only dossiers that are theirs, or nobody's yet.
    """

    free: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.free or self.assigned)


def part_of(session: Session, actor: Actor) -> Part:
    """
    Return the states in which an officer takes the next step, over all published procedures.

    The next step is one that leads on or refuses; what an officer may also do (send back, move a date) makes no work.
    """
    free: set[str] = set()
    assigned: set[str] = set()
    versions = session.scalars(
        select(ProcedureVersion.id).where(ProcedureVersion.state == "PUBLISHED").order_by(ProcedureVersion.id)
    ).all()
    for version_id in versions:
        for action in procedures.definition_of(session, version_id).actions:
            leads_on = action.primary or action.refusal
            if action.side is Side.OFFICER and leads_on and actor.may(action.permission):
                (assigned if action.permission == APPRAISE else free).update(action.sources)
    return Part(frozenset(free), frozenset(assigned - free))


def of_officer(
    session: Session,
    *,
    user_ids: Collection[UUID],
    part: Part,
    after: Position | None = None,
    size: int = PAGE_SIZE,
) -> list[CaseLine]:
    """
    Return the open dossiers whose next step is an officer's, the most urgent first; one more line than ``size``.

    Reads the first lines of each state in the order of an index, so its cost does not grow with other people's work.

    :param user_ids: the officer, and whom they stand in for.
    """
    if not part:
        return []
    states = func.unnest(array(sorted(part.free | part.assigned), type_=Text))
    wanted = states.table_valued("state").render_derived(name="wanted")
    case = aliased(Case)
    own: ColumnElement[bool] = or_(
        wanted.c.state.in_(sorted(part.free)), case.assigned_to.is_(None), case.assigned_to.in_(user_ids)
    )
    first = select(case.id).where(
        case.state == wanted.c.state, case.submitted_at.is_not(None), case.closed_at.is_(None), own
    )
    if after is not None:
        first = first.where(tuple_(case.due_at, case.id) > (after.due_at, after.id))
    found = first.order_by(case.due_at, case.id).limit(size + 1).lateral("found")
    query = (
        select(*_COLUMNS)
        .select_from(wanted)
        .join(found, true())
        .join(Case, Case.id == found.c.id)
        .join(Party, Party.id == Case.party_id)
        .order_by(Case.due_at, Case.id)
        .limit(size + 1)
    )
    return _read(session, query)


def of_party(
    session: Session, *, party_ids: Sequence[UUID], after: UUID | None = None, size: int = PAGE_SIZE
) -> list[CaseLine]:
    """Return the newest dossiers of some parties, drafts included; after a dossier, those that are older."""
    query = _lines().where(Case.party_id.in_(party_ids))
    if after is not None:
        last = select(Case.created_at).where(Case.id == after).scalar_subquery()
        query = query.where(tuple_(Case.created_at, Case.id) < tuple_(last, after))
    return _read(session, query.order_by(Case.created_at.desc(), Case.id.desc()).limit(size))


def _lines() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).join(Party, Party.id == Case.party_id)


def _read(session: Session, query: Select[*tuple[Any, ...]]) -> list[CaseLine]:
    return [_line(row) for row in session.execute(query)]


def _line(row: Row[Any]) -> CaseLine:
    values = row._asdict()
    return CaseLine(**{**values, "clock": ClockMode(values["clock"])})
