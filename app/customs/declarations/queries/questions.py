"""Questions and answers as both sides read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.documents.models import Document
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.customs.declarations.models import Answer, Declaration, Question
from app.customs.declarations.permissions import FILE
from app.customs.declarations.queries.reach import require_reader

PAGE_SIZE = 50
ANSWER = "customs-answer"
# Stands for no wanted day, behind every other.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
Place = tuple[int, datetime, datetime, UUID]


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A question in a list."""

    id: UUID
    party_id: UUID
    firm: str
    declaration_id: UUID | None
    code: str
    side: str
    text: str
    asked_at: datetime
    due_at: datetime | None
    state: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerPaper:
    """A paper that came with an answer."""

    document_id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One contribution to a question."""

    id: UUID
    side: str
    text: str
    at: datetime
    papers: Sequence[AnswerPaper]


def questions(
    session: Session, *, party_ids: Sequence[UUID] | None = None, declaration_id: UUID | None = None,
    open_only: bool = False, after: tuple[datetime, UUID] | None = None, size: int = PAGE_SIZE, typed: str = "",
) -> list[QuestionLine]:  # fmt: skip
    """
    Return questions, the newest first; one more than a page when there is a next.

    :param party_ids: of these firms only; None: of every firm that the session sees.
    """
    query = (
        select(Question, Party.name, Declaration.code)
        .join(Party, Party.id == Question.party_id)
        .outerjoin(Declaration, Declaration.id == Question.declaration_id)
        .order_by(Question.asked_at.desc(), Question.id.desc())
        .limit(size + 1)
    )
    if party_ids is not None:
        query = query.where(Question.party_id.in_(party_ids))
    if declaration_id is not None:
        query = query.where(Question.declaration_id == declaration_id)
    if open_only:
        query = query.where(Question.state != "CLOSED")
    if typed.strip():
        query = query.where(_about(typed))
    if after is not None:
        query = query.where(tuple_(Question.asked_at, Question.id) < after)
    return [_line(row.Question, row.name, row.code) for row in session.execute(query)]


def waiting(
    session: Session, *, officer: bool, party_ids: Sequence[UUID] | None, typed: str = "",
    after: Place | None = None, size: int = PAGE_SIZE,
) -> list[QuestionLine]:  # fmt: skip
    """
    Return the open questions: those first that wait for the reader's side, then by when an answer is wanted.

    One more than a page is returned when there is a next one; a question without a wanted day stands behind.
    """
    mine = Question.state == ("ASKER" if officer else "FIRM")
    if officer:
        mine = mine & (Question.side == "OFFICER")
    order = (case((mine, 0), else_=1), func.coalesce(Question.due_at, NEVER), Question.asked_at, Question.id)
    query = (
        select(Question, Party.name, Declaration.code)
        .join(Party, Party.id == Question.party_id)
        .outerjoin(Declaration, Declaration.id == Question.declaration_id)
        .where(Question.state != "CLOSED")
        .order_by(*order)
        .limit(size + 1)
    )
    if party_ids is not None:
        query = query.where(Question.party_id.in_(party_ids))
    if typed.strip():
        query = query.where(_about(typed))
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [_line(row.Question, row.name, row.code) for row in session.execute(query)]


def place_of(line: QuestionLine, *, officer: bool) -> Place:
    """Return where a question stands in ``waiting``."""
    mine = line.state == ("ASKER" if officer else "FIRM") and (not officer or line.side == "OFFICER")
    return 0 if mine else 1, line.due_at or NEVER, line.asked_at, line.id


def _about(typed: str) -> ColumnElement[bool]:
    words = typed.strip()
    return or_(
        Question.text.icontains(words, autoescape=True),
        Party.name.icontains(words, autoescape=True),
        Declaration.code == words.replace(" ", "").upper(),
    )


def question(session: Session, question_id: UUID, actor: Actor) -> tuple[QuestionLine, list[AnswerLine]]:
    """
    Return a question with everything that was said to it.

    :raises NotFound: there is none, or it is another firm's.
    :raises Forbidden: an officer who may not read declarations.
    """
    require_reader(actor)
    row = session.execute(
        select(Question, Party.name, Declaration.code)
        .join(Party, Party.id == Question.party_id)
        .outerjoin(Declaration, Declaration.id == Question.declaration_id)
        .where(Question.id == question_id)
    ).one_or_none()
    if row is None or not (actor.is_officer or actor.may(FILE, row.Question.party_id)):
        raise NotFound
    answers = session.scalars(
        select(Answer).where(Answer.question_id == question_id).order_by(Answer.at, Answer.id)
    ).all()
    papers = _papers(session, [each.id for each in answers])
    lines = [AnswerLine(each.id, each.side, each.text, each.at, papers.get(each.id, ())) for each in answers]
    return _line(row.Question, row.name, row.code), lines


def paper_of(session: Session, question_id: UUID, document_id: UUID) -> Document:
    """
    Return a paper that came with an answer to a question.

    :raises NotFound: there is none.
    """
    found = session.scalar(
        select(Document)
        .join(Answer, Answer.id == Document.subject_id)
        .where(Document.id == document_id, Document.subject_kind == ANSWER, Answer.question_id == question_id)
    )
    if found is None:
        raise NotFound
    return found


def waiting_first(lines: Sequence[QuestionLine], *, officer: bool) -> list[QuestionLine]:
    """Return questions with those first that wait for the reader's side; the order is kept otherwise."""
    mine = "ASKER" if officer else "FIRM"
    rank = {mine: 0, "CLOSED": 2}
    return sorted(lines, key=lambda each: rank.get(each.state, 1))


def _line(row: Question, firm: str, code: str | None) -> QuestionLine:
    return QuestionLine(
        id=row.id, party_id=row.party_id, firm=firm, declaration_id=row.declaration_id, code=code or "", side=row.side,
        text=row.text, asked_at=row.asked_at, due_at=row.due_at, state=row.state, changed_at=row.changed_at,
    )  # fmt: skip


def _papers(session: Session, answer_ids: Sequence[UUID]) -> dict[UUID, list[AnswerPaper]]:
    rows = session.execute(
        select(Document.subject_id, Document.id, Document.title)
        .where(Document.subject_kind == ANSWER, Document.subject_id.in_(answer_ids))
        .order_by(Document.created_at, Document.id)
    )
    found: dict[UUID, list[AnswerPaper]] = {}
    for answer_id, document_id, title in rows:
        found.setdefault(answer_id, []).append(AnswerPaper(document_id, title))
    return found
