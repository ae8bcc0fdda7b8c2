"""The list of declarations: narrowed, by pages, the latest change first; the cost of a page does not grow with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.core.auth.models import Party
from app.core.errors import NotFound
from app.core.kit.text import fold
from app.customs.declarations.domain.lifecycle import NO_CHANNEL
from app.customs.declarations.models import Declaration
from app.customs.declarations.queries.reach import UNSEEN

PAGE_SIZE = 50
CHANGED, REGISTERED = "changed", "registered"
SORTS = (CHANGED, REGISTERED)
EXPORT_SIZE = 20_000
_MOST_WORDS = 8
# So many of the newest are looked through before all are.
_NEWEST = 2_000


def period(of: type[Declaration] = Declaration) -> ColumnElement[datetime]:
    """Return the instant by which a declaration falls into a period: its registration, its beginning until then."""
    return func.coalesce(of.registered_at, of.created_at)


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What a list is narrowed to; empty texts and None narrow nothing.

    :ivar drafts: also what is not handed in.
    :ivar since: registered (or begun, while it is not) at this instant or later.
    :ivar until: before this instant.
    :ivar registered: only what customs registered.
    """

    parties: Sequence[UUID] | None = None
    party: UUID | None = None
    query: str = ""
    state: str = ""
    channel: str = ""
    movement: str = ""
    drafts: bool = True
    since: datetime | None = None
    until: datetime | None = None
    sort: str = CHANGED
    registered: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the list."""

    id: UUID
    code: str
    party_id: UUID
    firm: str
    type_code: str
    movement: str
    direction: str
    origin: str
    state: str
    channel: str | None
    official_number: str | None
    summary: str
    line_count: int
    own_reference: str
    branch: tuple[int, int]
    registered_at: datetime | None
    cleared_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def period(self) -> datetime:
        """The instant by which it falls into a period."""
        return self.registered_at or self.created_at


def declarations(
    session: Session, wanted: Wanted, *, after: tuple[datetime, UUID] | None = None, size: int = PAGE_SIZE
) -> list[Listed]:
    """Return a page of declarations, one more than ``size`` when there are further ones."""
    narrowed = [*_narrowed(wanted)]
    if after is not None:
        narrowed.append(tuple_(_order(Declaration, wanted.sort), Declaration.id) < after)
    if words := _words(wanted):
        # A common word fills the page from the newest ones; a rare one alone is looked up among all. The planner
        # cannot tell them apart: behind a policy it may not look at what the column holds.
        newest = (
            select(Declaration).where(*narrowed).order_by(*_latest(Declaration, wanted.sort)).limit(_NEWEST)
        )
        found = _page(session, aliased(Declaration, newest.subquery()), words, [], size + 1, wanted.sort)
        if len(found) > size:
            return found
    return _page(session, Declaration, words, narrowed, size + 1, wanted.sort)


def one(session: Session, declaration_id: UUID, *, parties: Sequence[UUID] | None, drafts: bool) -> Listed:
    """
    Return one declaration as lists show it.

    :raises NotFound: there is none, it is another firm's, or a draft that the reader is not to see.
    """
    narrowed = [*_narrowed(Wanted(parties=parties, drafts=drafts)), Declaration.id == declaration_id]
    found = _page(session, Declaration, [], narrowed, 1)
    if not found:
        raise NotFound
    return found[0]


def exported(session: Session, wanted: Wanted) -> Iterator[Listed]:
    """Yield the rows of a file, at most so many as a spreadsheet is good for."""
    asked = _asked(Declaration, _words(wanted), [*_narrowed(wanted)], EXPORT_SIZE, wanted.sort)
    return (_listed(*row) for row in session.execute(asked.execution_options(yield_per=500)))


def counts(session: Session, parties: Sequence[UUID] | None) -> dict[str, int]:
    """Return how many declarations stand in each state."""
    asked = select(Declaration.state, func.count()).group_by(Declaration.state)
    if parties is not None:
        asked = asked.where(Declaration.party_id.in_(parties))
    return {state: count for state, count in session.execute(asked)}  # noqa: C416  a Row is no pair


def _page(
    session: Session,
    of: type[Declaration],
    words: Sequence[str],
    narrowed: Sequence[ColumnElement[bool]],
    most: int,
    sort: str = CHANGED,
) -> list[Listed]:
    return [_listed(*row) for row in session.execute(_asked(of, words, narrowed, most, sort))]


def _asked(
    of: type[Declaration], words: Sequence[str], narrowed: Sequence[ColumnElement[bool]], most: int, sort: str
) -> "Select[Declaration, str]":
    asked = select(of, Party.name).join(Party, Party.id == of.party_id)
    return asked.where(*narrowed, *_fits(of, words)).order_by(*_latest(of, sort)).limit(most)


def _order(of: type[Declaration], sort: str) -> SQLColumnExpression[datetime]:
    return period(of) if sort == REGISTERED else of.updated_at


def _latest(of: type[Declaration], sort: str) -> tuple[ColumnElement[Any], ...]:
    return _order(of, sort).desc(), of.id.desc()


def _words(wanted: Wanted) -> list[str]:
    return fold(wanted.query).split()[:_MOST_WORDS]


def _fits(of: type[Declaration], words: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """Each word begins one of the code, number, reference or goods."""
    if not words:
        return
    fits = and_(*(_begins_a_word(of, word) for word in words))
    # The number of customs is printed in groups, and stands as one word.
    number = "".join(words)
    yield or_(fits, _begins_a_word(of, number)) if len(words) > 1 and number.isdigit() else fits


def _begins_a_word(of: type[Declaration], word: str) -> ColumnElement[bool]:
    return of.folded.like(f"% {word}%")


def _narrowed(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.party is not None:
        yield Declaration.party_id == wanted.party
    elif wanted.parties is not None:
        yield Declaration.party_id.in_(wanted.parties)
    for column, value in (
        (Declaration.state, wanted.state), (Declaration.movement, wanted.movement),
    ):  # fmt: skip
        if value:
            yield column == value
    if wanted.channel == NO_CHANNEL:
        yield Declaration.channel.is_(None)
    elif wanted.channel:
        yield Declaration.channel == wanted.channel
    if wanted.registered:
        yield Declaration.registered_at.is_not(None)
    if wanted.since is not None:
        yield period() >= wanted.since
    if wanted.until is not None:
        yield period() < wanted.until
    if not wanted.drafts:
        yield Declaration.state.not_in(sorted(UNSEEN))


def _listed(row: Declaration, firm: str) -> Listed:
    return Listed(
        id=row.id, code=row.code, party_id=row.party_id, firm=firm, type_code=row.type_code, movement=row.movement,
        direction=row.direction, origin=row.origin, state=row.state, channel=row.channel,
        official_number=row.official_number, summary=row.summary, line_count=row.line_count,
        own_reference=row.own_reference, branch=(row.branch_number, row.branches), registered_at=row.registered_at,
        cleared_at=row.cleared_at, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip
