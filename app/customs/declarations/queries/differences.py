"""Where taxes of customs differ from the pre-calculation, over all declarations of some firms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.customs.declarations.models import Declaration, Difference

PAGE_SIZE = 50
EXPORT_SIZE = 20_000
STATES = ("OPEN", "EXPLAINED")


@dataclass(frozen=True, slots=True)
class WantedDifferences:
    """
    What a list is narrowed to; empty texts and None narrow nothing.

    :ivar parties: None for all of the zone.
    :ivar since: found at this instant or later; ``until``: before this one.
    """

    parties: Sequence[UUID] | None = None
    party: UUID | None = None
    state: str = ""
    tax: str = ""
    query: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One tax of one line on which customs and the pre-calculation disagree."""

    id: UUID
    declaration_id: UUID
    code: str
    official_number: str
    party_id: UUID
    firm: str
    line: int
    tax: str
    ours: Decimal | None
    official: Decimal | None
    our_rate: str
    official_rate: str
    found_at: datetime
    state: str
    explanation: str
    explained_at: datetime | None

    @property
    def more(self) -> Decimal:
        """How much more customs asks for; less than nothing where it asks for less."""
        return (self.official or Decimal(0)) - (self.ours or Decimal(0))


def differences(
    session: Session, wanted: WantedDifferences, *, after: tuple[datetime, UUID] | None = None, size: int = PAGE_SIZE
) -> list[DifferenceLine]:  # fmt: skip
    """Return a page of differences, the newest first, one more than ``size`` when there are further ones."""
    query = _asked(wanted)
    if after is not None:
        query = query.where(tuple_(Difference.found_at, Difference.id) < after)
    return [_line(*row) for row in session.execute(query.limit(size + 1))]


def of_declaration(session: Session, declaration_id: UUID) -> list[DifferenceLine]:
    """Return the differences of one declaration."""
    query = _asked(WantedDifferences()).where(Difference.declaration_id == declaration_id).limit(EXPORT_SIZE)
    return [_line(*row) for row in session.execute(query)]


def exported(session: Session, wanted: WantedDifferences) -> Iterator[DifferenceLine]:
    """Yield the rows of a file, at most so many as a spreadsheet is good for."""
    rows = session.execute(_asked(wanted).limit(EXPORT_SIZE).execution_options(yield_per=500))
    return (_line(*row) for row in rows)


def _asked(wanted: WantedDifferences) -> "Select[Difference, Declaration, str]":
    query = (
        select(Difference, Declaration, Party.name)
        .join(Declaration, Declaration.id == Difference.declaration_id)
        .join(Party, Party.id == Difference.party_id)
        .order_by(Difference.found_at.desc(), Difference.id.desc())
    )
    if wanted.parties is not None:
        query = query.where(Difference.party_id.in_(wanted.parties))
    if wanted.party is not None:
        query = query.where(Difference.party_id == wanted.party)
    for column, value in ((Difference.state, wanted.state), (Difference.tax, wanted.tax)):
        if value:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(Difference.found_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Difference.found_at < wanted.until)
    if typed := wanted.query.replace(" ", "").upper():
        named = Declaration.official_number.startswith(typed, autoescape=True)
        query = query.where((Declaration.code == typed) | named)
    return query


def _line(row: Difference, declaration: Declaration, firm: str) -> DifferenceLine:
    return DifferenceLine(
        id=row.id, declaration_id=row.declaration_id, code=declaration.code,
        official_number=declaration.official_number or "", party_id=row.party_id, firm=firm, line=row.line, tax=row.tax,
        ours=row.ours, official=row.official, our_rate=row.our_rate, official_rate=row.official_rate,
        found_at=row.found_at, state=row.state, explanation=row.explanation, explained_at=row.explained_at,
    )  # fmt: skip
