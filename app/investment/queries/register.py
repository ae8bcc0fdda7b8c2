"""
Reading the certificate register: as of a day in law, as known at an instant.

``valid`` says when a revision holds in law, ``recorded`` when the register said so. A revision that an amendment
supersedes keeps the row that said "until further notice", closed on the side of the record, beside the row that knows
its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.kit.text import fold
from app.core.workflow.models import Case
from app.investment.models import Certificate

PAGE_SIZE = 50
LARGEST_EXPORT = 20_000
SHORTEST_TEXT = 3

_LISTED = (
    Certificate.id,
    Certificate.number,
    Certificate.revision,
    Certificate.project_id,
    Certificate.site,
    Certificate.valid,
    Certificate.signed_at,
    Certificate.medium,
    Certificate.content["project_code"].astext.label("project_code"),
    Certificate.content["project_name_vi"].astext.label("project_name"),
    Certificate.content["investor_name"].astext.label("investor_name"),
    Party.name.label("party_name"),
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """
    A point in both times: the day in law, and the instant at which the register is asked.

    ``present`` says that it is here and now: what holds then has no end in either time, which an index in the order of
    the list answers at once.
    """

    day: date
    known_at: datetime
    present: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows. ``text`` is looked for in number, project code, project name and investors, accents or not."""

    as_of: AsOf
    text: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ends: the next page begins after it."""

    signed_at: datetime
    id: UUID


def certificates(
    session: Session, wanted: Wanted, *, after: Position | None = None, size: int = PAGE_SIZE
) -> Sequence[Any]:
    """Return the revisions that hold, the newest first; one more than ``size`` when there is a next page."""
    query = _matching(wanted).order_by(Certificate.signed_at.desc(), Certificate.id.desc()).limit(size + 1)
    if after is not None:
        query = query.where(tuple_(Certificate.signed_at, Certificate.id) < (after.signed_at, after.id))
    return session.execute(query).all()


def _matching(wanted: Wanted) -> Select[Any]:
    conditions = [*holds(wanted.as_of)]
    if wanted.site:
        conditions.append(Certificate.site == wanted.site)
    folded = fold(wanted.text)
    if len(folded) >= SHORTEST_TEXT:
        # Folded text holds letters, digits and spaces only, so nothing in it means anything to LIKE.
        conditions.append(Certificate.folded.like(f"%{folded}%"))
    return select(*_LISTED).join(Party, Party.id == Certificate.party_id).where(*conditions)


def holds(as_of: AsOf) -> tuple[ColumnElement[bool], ...]:
    """
    Return the conditions of a point in both times.

    A revision holds from the day it is signed, and the register knows it from that instant on: so only what was signed
    by then can hold. With that bound the list is read in its own order and stops at the end of the page. The ranges are
    compared by their ends, since an index over both of them would give nearly the whole register, to be sorted.
    """
    if as_of.present:
        return func.upper_inf(Certificate.valid), func.upper_inf(Certificate.recorded)
    # The day ends in some hour of the next day of UTC, or of the one after in the farthest zone.
    day = min(as_of.day, date.max - timedelta(days=2))
    end_of_day = datetime.combine(day + timedelta(days=2), time.min, UTC)
    return (
        Certificate.signed_at <= min(as_of.known_at, end_of_day),
        *_around(Certificate.valid, as_of.day),
        *_around(Certificate.recorded, as_of.known_at),
    )


def _around(span: Any, point: date | datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return func.lower(span) <= point, or_(func.upper_inf(span), func.upper(span) > point)


def revisions(session: Session, number: str, *, known_at: datetime) -> Sequence[Certificate]:
    """Return what the register knew of a certificate at an instant: each revision once, the newest first."""
    found = session.scalars(
        select(Certificate)
        .where(Certificate.number == number)
        .order_by(Certificate.revision.desc(), func.lower(Certificate.recorded).desc())
    )
    last: dict[int, Certificate] = {}
    for row in found:
        if row.recorded.lower is not None and row.recorded.lower <= known_at:
            last.setdefault(row.revision, row)
    return list(last.values())


def present(session: Session, *, project_id: UUID) -> Certificate | None:
    """Return the revision that the register holds to be valid from now on, None when there is none."""
    return session.scalar(
        select(Certificate).where(
            Certificate.project_id == project_id,
            func.upper_inf(Certificate.valid),
            func.upper_inf(Certificate.recorded),
        )
    )


def project_of(session: Session, number: str) -> UUID | None:
    """Return the project of a certificate that the session may see."""
    return session.scalar(select(Certificate.project_id).where(Certificate.number == number).limit(1))


def of_case(session: Session, case_id: UUID) -> Certificate | None:
    """Return the newest row of the certificate that a dossier led to."""
    return session.scalar(
        select(Certificate)
        .where(Certificate.case_id == case_id)
        .order_by(func.lower(Certificate.recorded).desc())
        .limit(1)
    )


def of_project(session: Session, project_id: UUID, *, known_at: datetime) -> Sequence[Certificate]:
    """Return all revisions of a project's certificate, the newest first."""
    number = session.scalar(select(Certificate.number).where(Certificate.project_id == project_id).limit(1))
    return revisions(session, number, known_at=known_at) if number else []


def open_adjustment(session: Session, *, project_id: UUID, besides: UUID | None = None) -> Case | None:
    """Return the dossier that adjusts the project's certificate and is not closed, drafts included."""
    issued_by = select(Certificate.case_id).where(Certificate.project_id == project_id)
    return session.scalar(
        select(Case)
        .where(
            Case.base_id.in_(issued_by),
            Case.closed_at.is_(None),
            Case.decided_at.is_(None),
            Case.id != besides if besides is not None else Case.id.is_not(None),
        )
        .order_by(Case.created_at)
        .limit(1)
    )


def dossiers(session: Session, project_id: UUID) -> Sequence[Case]:
    """Return the dossiers of a project, the newest first: those that led to its certificate, and open adjustments."""
    issued_by = select(Certificate.case_id).where(Certificate.project_id == project_id)
    return session.scalars(
        select(Case)
        .where(Case.id.in_(issued_by) | Case.base_id.in_(issued_by))
        .order_by(Case.created_at.desc(), Case.id)
    ).all()
