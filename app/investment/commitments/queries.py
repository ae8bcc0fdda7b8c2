"""Commitments as they stand: of a project, of a dossier, of an enterprise, and all that are not fulfilled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.errors import NotFound
from app.core.kit.time import local_day
from app.core.workflow.models import Case
from app.investment.commitments.domain import WARN_DAYS, CommitmentState, Shown, state_of, was_late
from app.investment.commitments.models import Commitment, CommitmentDecision, CommitmentEvidence

PAGE_SIZE = 50
BATCH = 500

Position = tuple[date, UUID]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A paper that was handed in, and what was found; ``confirmed`` is None until then."""

    id: UUID
    document_id: UUID
    file_name: str
    note: str
    at: datetime
    confirmed: bool | None
    reason: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommitmentLine:
    """A commitment with its state on the day of the question; ``late``: what counts for it came after its day."""

    id: UUID
    party_id: UUID
    project_id: UUID
    case_id: UUID
    case_code: str
    applicant: str
    number: int
    kind: str
    text: str
    article: str
    promised: str
    due_on: date
    state: CommitmentState
    late: bool
    evidence: Sequence[Evidence]


def dossier_of(session: Session, commitment_id: UUID) -> UUID | None:
    """Return the dossier whose certificate made a promise; None where there is no such promise."""
    return session.scalar(select(Commitment.case_id).where(Commitment.id == commitment_id))


def commitments_of(
    session: Session, project_id: UUID, *, now: datetime, zone: ZoneInfo
) -> list[CommitmentLine]:
    """Return the commitments of a project in the order of their days."""
    return sorted(_lines(session, Commitment.project_id == project_id, now=now, zone=zone), key=_in_order)


def commitments_of_case(
    session: Session, case_id: UUID, *, now: datetime, zone: ZoneInfo
) -> list[CommitmentLine]:
    """Return the commitments that a dossier led to."""
    return sorted(_lines(session, Commitment.case_id == case_id, now=now, zone=zone), key=_in_order)


def commitments_of_parties(
    session: Session, party_ids: Sequence[UUID], *, now: datetime, zone: ZoneInfo
) -> list[CommitmentLine]:
    """Return what enterprises still have to fulfil, the earliest first."""
    found = _lines(session, Commitment.party_id.in_(party_ids), _unfulfilled(), now=now, zone=zone)
    return found[:PAGE_SIZE]


def unfulfilled(
    session: Session, *, now: datetime, zone: ZoneInfo, after: Position | None = None
) -> list[CommitmentLine]:
    """Return all that is not fulfilled in the zone, the earliest first; one more than a page when there is a next."""
    where = [_unfulfilled()]
    if after is not None:
        where.append(tuple_(Commitment.due_on, Commitment.id) > after)
    return _lines(session, *where, now=now, zone=zone, limit=PAGE_SIZE + 1)


def commitment(session: Session, commitment_id: UUID, *, now: datetime, zone: ZoneInfo) -> CommitmentLine:
    """
    Return one commitment.

    :raises NotFound: there is none, or it is another party's.
    """
    for found in _lines(session, Commitment.id == commitment_id, now=now, zone=zone):
        return found
    raise NotFound


def due_by(session: Session, today: date) -> list[Commitment]:
    """Return commitments of which their enterprise may have to be told today, held for this transaction."""
    near = Commitment.due_on <= today + timedelta(days=WARN_DAYS)
    untold = or_(Commitment.warned_at.is_(None), Commitment.overdue_at.is_(None))
    query = select(Commitment).where(near, untold, _unfulfilled()).order_by(Commitment.due_on, Commitment.id)
    return list(session.scalars(query.limit(BATCH).with_for_update(skip_locked=True)))


def evidence_of(session: Session, commitment_ids: Sequence[UUID]) -> dict[UUID, list[Evidence]]:
    """Return what was handed in for commitments, oldest first."""
    rows = session.execute(
        select(CommitmentEvidence, CommitmentDecision)
        .outerjoin(CommitmentDecision, CommitmentDecision.evidence_id == CommitmentEvidence.id)
        .where(CommitmentEvidence.commitment_id.in_(commitment_ids))
        .order_by(CommitmentEvidence.at, CommitmentEvidence.id)
    )
    found: dict[UUID, list[Evidence]] = {}
    for row, decision in rows:
        evidence = Evidence(
            id=row.id, document_id=row.document_id, file_name=row.file_name, note=row.note, at=row.at,
            confirmed=decision.confirmed if decision else None, reason=decision.reason if decision else "",
            decided_at=decision.at if decision else None,
        )  # fmt: skip
        found.setdefault(row.commitment_id, []).append(evidence)
    return found


def shown(evidence: Sequence[Evidence], zone: ZoneInfo) -> list[Shown]:
    """Return evidence as the rules see it."""
    return [Shown(local_day(each.at, zone), each.confirmed) for each in evidence]


def _in_order(line: CommitmentLine) -> tuple[date, str, int]:
    return line.due_on, line.case_code, line.number


def _unfulfilled() -> ColumnElement[bool]:
    confirmed = (
        select(CommitmentDecision.id)
        .join(CommitmentEvidence, CommitmentEvidence.id == CommitmentDecision.evidence_id)
        .where(CommitmentEvidence.commitment_id == Commitment.id, CommitmentDecision.confirmed)
    )
    return and_(Commitment.replaced_at.is_(None), ~confirmed.exists())


def _lines(
    session: Session, *where: ColumnElement[bool], now: datetime, zone: ZoneInfo, limit: int | None = None
) -> list[CommitmentLine]:
    query = (
        select(Commitment, Case.code, Party.name)
        .join(Case, Case.id == Commitment.case_id)
        .join(Party, Party.id == Commitment.party_id)
        .where(*where)
        .order_by(Commitment.due_on, Commitment.id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    evidence = evidence_of(session, [row.Commitment.id for row in rows]) if rows else {}
    today = local_day(now, zone)
    found = []
    for each in rows:
        row, code, applicant = each.Commitment, each.code, each.name
        held = evidence.get(row.id, [])
        facts = shown(held, zone)
        line = CommitmentLine(
            id=row.id, party_id=row.party_id, project_id=row.project_id, case_id=row.case_id, case_code=code or "",
            applicant=applicant, number=row.number, kind=row.kind, text=row.text, article=row.article,
            promised=row.promised, due_on=row.due_on,
            state=state_of(row.due_on, facts, today=today, replaced=row.replaced_at is not None),
            late=was_late(row.due_on, facts), evidence=held,
        )  # fmt: skip
        found.append(line)
    return found
