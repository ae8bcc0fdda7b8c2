"""Questions and answers as both sides read them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
ANSWER, QUESTION = "customs-answer", "customs-question"
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
    papers: "Sequence[SaidPaper]" = ()
    """What came with the question; known where one question is read, empty in lists."""


@dataclass(frozen=True, slots=True)
class SaidPaper:
    """A paper that came with a question or an answer; ``from_firm``: the firm sent it, else an officer did."""

    document_id: UUID
    title: str
    from_firm: bool


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One contribution to a question."""

    id: UUID
    side: str
    text: str
    at: datetime
    papers: Sequence[SaidPaper]


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
    papers = _papers(session, question_id, answers)
    lines = [AnswerLine(each.id, each.side, each.text, each.at, papers.get(each.id, ())) for each in answers]
    asked = _line(row.Question, row.name, row.code)
    return replace(asked, papers=papers.get(question_id, ())), lines


def paper_of(asked: QuestionLine, answers: Sequence[AnswerLine], document_id: UUID) -> SaidPaper:
    """
    Return a paper of a question that was read, whichever side sent it.

    :raises NotFound: nothing of this came with the question or its answers.
    """
    said = (asked.papers, *(each.papers for each in answers))
    found = next((each for papers in said for each in papers if each.document_id == document_id), None)
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


def _papers(session: Session, question_id: UUID, answers: Sequence[Answer]) -> dict[UUID, list[SaidPaper]]:
    """Return the papers of a thread by what they came with: the question or one of its answers."""
    sides = {each.id: each.side for each in answers}
    asked = (Document.subject_kind == QUESTION) & (Document.subject_id == question_id)
    answered = (Document.subject_kind == ANSWER) & Document.subject_id.in_(sides)
    rows = session.execute(
        select(Document.subject_id, Document.id, Document.title)
        .where(asked | answered)
        .order_by(Document.created_at, Document.id)
    )
    found: dict[UUID, list[SaidPaper]] = {}
    for said_id, document_id, title in rows:
        paper = SaidPaper(document_id, title, from_firm=sides.get(said_id) == "FIRM")
        found.setdefault(said_id, []).append(paper)
    return found
