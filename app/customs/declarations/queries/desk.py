"""The firms of the zone as the customs officer sees them: what is open, and one firm with everything about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.auth.models import Party, PartyKind
from app.core.errors import NotFound
from app.customs.declarations.domain.lifecycle import ENDS, State
from app.customs.declarations.models import Declaration, Difference, Indication, InspectionNote, Question
from app.customs.declarations.queries.reach import tax_code_of
from app.customs.declarations.queries.risk import newest_of
from app.registry.facade import enterprise_by_tax_code

PAGE_SIZE = 50
MAX_ROWS = 30
MOST_WEIGHED = 200
_UNDER_WAY = frozenset(State) - ENDS - {State.DRAFT, State.REFUSED}


@dataclass(frozen=True, slots=True)
class FirmLine:
    """A firm with what is open about it."""

    party_id: UUID
    name: str
    under_way: int
    waits_for_firm: int
    waits_for_officer: int
    open_differences: int
    last_note_at: datetime | None


@dataclass(frozen=True, slots=True)
class FirmPage:
    """A firm with its declarations by state."""

    party_id: UUID
    name: str
    tax_code: str
    by_state: Sequence[tuple[State, int]]
    declarations: Sequence[Declaration]


def firms(
    session: Session, *, search: str = "", after: tuple[str, UUID] | None = None, size: int = PAGE_SIZE
) -> list[FirmLine]:
    """
    Return the firms that handed in a declaration here, were asked something or inspected, by name.

    One more than a page is returned when there is a next one.
    """
    known = or_(
        select(Declaration.id)
        .where(Declaration.party_id == Party.id, Declaration.state != State.DRAFT)
        .exists(),
        select(Question.id).where(Question.party_id == Party.id).exists(),
        select(InspectionNote.id).where(InspectionNote.party_id == Party.id).exists(),
    )
    query = select(Party.id, Party.name).where(Party.kind == PartyKind.ENTERPRISE, known)
    if typed := search.strip():
        named = Party.name.icontains(typed, autoescape=True)
        party_id = _of_tax_code(session, typed)
        query = query.where(named if party_id is None else named | (Party.id == party_id))
    if after is not None:
        query = query.where(tuple_(Party.name, Party.id) > after)
    rows = session.execute(query.order_by(Party.name, Party.id).limit(size + 1)).all()
    ids = [row.id for row in rows]
    differing = _differing(session, ids)
    under_way, asked, noted = _under_way(session, ids), _asked(session, ids), _noted(session, ids)
    return [
        FirmLine(
            party_id=row.id, name=row.name, under_way=under_way.get(row.id, 0),
            waits_for_firm=asked.get((row.id, "FIRM"), 0), waits_for_officer=asked.get((row.id, "ASKER"), 0),
            open_differences=differing.get(row.id, 0), last_note_at=noted.get(row.id),
        )
        for row in rows
    ]  # fmt: skip


def firm(session: Session, party_id: UUID, *, state: str = "") -> FirmPage:
    """
    Return a firm with its declarations, those of one state if one is named; drafts are the firm's own.

    :raises NotFound: no such firm.
    """
    row = session.get(Party, party_id)
    if row is None or row.kind is not PartyKind.ENTERPRISE:
        raise NotFound
    handed_in = (Declaration.party_id == party_id, Declaration.state != State.DRAFT)
    counted: dict[str, int] = {
        each.state: each.number
        for each in session.execute(
            select(Declaration.state, func.count().label("number"))
            .where(*handed_in)
            .group_by(Declaration.state)
        )
    }
    query = select(Declaration).where(*handed_in)
    if state in set(State):
        query = query.where(Declaration.state == state)
    found = session.scalars(
        query.order_by(Declaration.updated_at.desc(), Declaration.id.desc()).limit(MAX_ROWS)
    )
    return FirmPage(
        party_id=party_id,
        name=row.name,
        tax_code=tax_code_of(session, party_id),
        by_state=[(each, counted[each]) for each in State if each in counted],
        declarations=list(found),
    )


def open_differences(session: Session, party_id: UUID) -> tuple[int, Decimal]:
    """Return how many differences of a firm nobody has explained, and how much more customs asks for in all."""
    more = func.coalesce(Difference.official, 0) - func.coalesce(Difference.ours, 0)
    row = session.execute(
        select(func.count().label("number"), func.coalesce(func.sum(more), 0).label("more")).where(
            Difference.party_id == party_id, Difference.state == "OPEN"
        )
    ).one()
    return row.number, Decimal(row.more)


def weighed(session: Session, party_id: UUID) -> list[tuple[Declaration, Indication]]:
    """Return the declarations of a firm under way that have an indication of risk, the highest score first."""
    under_way = session.scalars(
        select(Declaration)
        .where(Declaration.party_id == party_id, Declaration.state.in_(_UNDER_WAY))
        .order_by(Declaration.updated_at.desc())
        .limit(MOST_WEIGHED)
    ).all()
    found = newest_of(session, [each.id for each in under_way])
    pairs = [(each, found[each.id]) for each in under_way if each.id in found]
    return sorted(pairs, key=lambda pair: -pair[1].score)


def _under_way(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = session.execute(
        select(Declaration.party_id, func.count().label("number"))
        .where(Declaration.party_id.in_(ids), Declaration.state.in_(_UNDER_WAY))
        .group_by(Declaration.party_id)
    )
    return {row.party_id: row.number for row in rows}


def _asked(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    rows = session.execute(
        select(Question.party_id, Question.state, func.count().label("number"))
        .where(Question.party_id.in_(ids), Question.state != "CLOSED")
        .group_by(Question.party_id, Question.state)
    )
    return {(row.party_id, row.state): row.number for row in rows}


def _of_tax_code(session: Session, typed: str) -> UUID | None:
    card = enterprise_by_tax_code(session, typed)
    return card.party_id if card is not None else None


def _differing(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = session.execute(
        select(Difference.party_id, func.count().label("number"))
        .where(Difference.party_id.in_(ids), Difference.state == "OPEN")
        .group_by(Difference.party_id)
    )
    return {row.party_id: row.number for row in rows}


def _noted(session: Session, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    rows = session.execute(
        select(InspectionNote.party_id, func.max(InspectionNote.written_at).label("at"))
        .where(InspectionNote.party_id.in_(ids))
        .group_by(InspectionNote.party_id)
    )
    return {row.party_id: row.at for row in rows}
