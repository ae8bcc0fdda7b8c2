"""
Questions to a firm and their answers: who asked, who is waited for, and what goes on to the authority.

Papers may come with everything that is said, from either side; they are the firm's, in whose thread they stand.
The authority asks through the gateway only (``take_question``, called where its notices are applied), and hears the
answer through the gateway. An officer of the zone asks here and reads the answer here; it decides nothing at customs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party, PartyKind
from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.documents.models import Document
from app.core.documents.uses import note_use
from app.core.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.core.outbox import publish
from app.core.workflow.papers.intake import KeptFile
from app.customs.declarations.domain.lifecycle import State, Step, take
from app.customs.declarations.events import QuestionAnswered, QuestionAsked
from app.customs.declarations.models import Answer, Declaration, Notice, Question
from app.customs.declarations.permissions import FILE, INSPECT
from app.customs.declarations.service.outgoing import hand_over

MAX_TEXT = 4000
MAX_FILES = 10
PAPER_KIND = "CUSTOMS_ANSWER"
ASKED_KIND = "CUSTOMS_QUESTION"
ANSWER, QUESTION = "customs-answer", "customs-question"
FIRM, ASKER, CLOSED = "FIRM", "ASKER", "CLOSED"
AUTHORITY, OFFICER = "AUTHORITY", "OFFICER"
PLACES = {
    PAPER_KIND: {"vi": "Trả lời câu hỏi của hải quan", "en": "Answer to a question of customs"},
    ASKED_KIND: {"vi": "Kèm câu hỏi của hải quan", "en": "Sent with a question of customs"},
}


class QuestionClosed(Conflict):
    """Nobody is waited for any more."""

    code = "declarations.question-closed"
    title = "This question is closed."
    detail = "Whoever asked has closed it; nothing is added any more."
    hint = "Ask a new question, or answer the one that is open."


class NotAsked(Conflict):
    """It is the asker's turn."""

    code = "declarations.question-answered"
    title = "This question has been answered."
    detail = "The answer is with the one who asked; nothing more is waited for now."
    hint = "Wait for the reply. New facts about a declaration can be shown as papers."


def ask(
    session: Session, *, party_id: UUID, declaration_id: UUID | None, text: str, actor: Actor, now: datetime,
    due_at: datetime | None = None, question_id: UUID | None = None, files: Sequence[KeptFile] = (),
) -> Question:  # fmt: skip
    """
    Ask a firm something as an officer of the zone.

    :param due_at: until when the answer is wanted; the law sets no time limit for it, so nothing follows from it.
    :param question_id: key given by the form: sent twice it is one question.
    :param files: papers that the firm gets with the question.
    :raises Forbidden: the actor does not inspect firms.
    :raises NotFound: no such firm, or the declaration is not its own or not handed in.
    :raises Invalid: nothing is asked, or too much, too many files, or the wanted time has passed.
    """
    require(actor, INSPECT)
    if due_at is not None and due_at <= now:
        raise Invalid(
            errors=[FieldProblem("due_on", "past", N_("This day has passed; name one that is to come."))]
        )
    known = session.get(Question, question_id) if question_id is not None else None
    if known is not None and known.asked_by == actor.user_id:
        return known
    _require_firm(session, party_id, declaration_id)
    _require_few(files)
    row = Question(
        id=question_id or uuid7(), party_id=party_id, declaration_id=declaration_id, side=OFFICER, text=_words(text),
        asked_at=now, asked_by=actor.user_id, due_at=due_at, state=FIRM, changed_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()  # the papers and the entry refer to the question's row
    for kept in files:
        _keep(session, row, Subject(QUESTION, row.id), kept, ASKED_KIND, actor, now)
    _told(session, "ask", row, actor, now)
    asked = QuestionAsked(question_id=row.id, side=OFFICER)
    publish(session, asked, actor=actor, at=now, party_id=party_id)
    return row


def take_question(
    session: Session, *, declaration: Declaration, text: str, notice_id: UUID, asked_at: datetime, actor: Actor,
    now: datetime, due_at: datetime | None = None,
) -> Question:  # fmt: skip
    """
    Take a question of the authority out of its notice; the same notice again is the same question. Runs as worker.

    :param due_at: until when the authority wants the answer, if it says so.
    """
    known = session.scalar(select(Question).where(Question.notice_id == notice_id))
    if known is not None:
        return known
    row = Question(
        id=uuid7(), party_id=declaration.party_id, declaration_id=declaration.id, side=AUTHORITY,
        text=nfc(text).strip()[:MAX_TEXT] or "–", asked_at=asked_at, due_at=due_at, notice_id=notice_id, state=FIRM,
        changed_at=now,
    )  # fmt: skip
    session.add(row)
    _told(session, "take", row, actor, now)
    asked = QuestionAsked(question_id=row.id, side=AUTHORITY)
    publish(session, asked, actor=actor, at=now, party_id=row.party_id)
    return row


def answer(
    session: Session,
    *,
    question_id: UUID,
    text: str,
    files: Sequence[KeptFile] = (),
    actor: Actor,
    now: datetime,
) -> Answer:
    """
    Answer for the firm; what the authority asked is handed to the gateway.

    :raises NotFound: no such question to a firm that the actor acts for.
    :raises Forbidden: an officer cannot answer for a firm.
    :raises QuestionClosed, NotAsked: the firm is not waited for.
    :raises StepImpossible: the declaration takes no answer where it stands.
    :raises Invalid: nothing is said, or too much.
    """
    row = _locked(session, question_id)
    if actor.is_officer:
        raise Forbidden(permission=FILE)
    if not actor.may(FILE, row.party_id):
        raise NotFound
    _require_turn(row, FIRM)
    _require_few(files)
    given = _contribution(row, "FIRM", text, actor, now)
    session.add(given)
    session.flush()  # the papers and the entry refer to the answer's row
    said = Subject(ANSWER, given.id)
    papers = [_keep(session, row, said, kept, PAPER_KIND, actor, now) for kept in files]
    if row.side == AUTHORITY:
        told = [{"slot": "ANSWER", "file_name": each.title, "sha256": each.sha256} for each in papers]
        _answer_authority(session, row, given, told, actor, now)
    row.state, row.changed_at = ASKER, now
    _told(session, "answer", row, actor, now)
    answered = QuestionAnswered(question_id=row.id, side=row.side)
    publish(session, answered, actor=actor, at=now, party_id=row.party_id)
    return given


def go_on(
    session: Session,
    *,
    question_id: UUID,
    text: str,
    files: Sequence[KeptFile] = (),
    actor: Actor,
    now: datetime,
) -> Answer:
    """
    Go on asking as an officer after an answer, or open a closed question again with what is asked further.

    :raises Forbidden: the actor does not inspect firms.
    :raises NotFound: no such question of the zone's officers.
    :raises Invalid: nothing is asked, or too much, or too many files.
    """
    row = _officers(session, question_id, actor)
    _require_few(files)
    verb = "reopen" if row.state == CLOSED else "go-on"
    given = _contribution(row, OFFICER, text, actor, now)
    session.add(given)
    session.flush()  # the papers refer to the contribution's row
    for kept in files:
        _keep(session, row, Subject(ANSWER, given.id), kept, ASKED_KIND, actor, now)
    row.state, row.changed_at = FIRM, now
    _told(session, verb, row, actor, now)
    asked = QuestionAsked(question_id=row.id, side=OFFICER)
    publish(session, asked, actor=actor, at=now, party_id=row.party_id)
    return given


def close(session: Session, *, question_id: UUID, actor: Actor, now: datetime) -> Question:
    """
    Close a question of the zone's officers; nobody is waited for any more.

    :raises Forbidden, NotFound: as ``go_on``.
    :raises QuestionClosed: it is closed already.
    """
    row = _officers(session, question_id, actor)
    if row.state == CLOSED:
        raise QuestionClosed
    row.state, row.changed_at = CLOSED, now
    _told(session, "close", row, actor, now)
    return row


def _answer_authority(
    session: Session,
    row: Question,
    given: Answer,
    papers: Sequence[Mapping[str, str]],
    actor: Actor,
    now: datetime,
) -> None:
    declaration = session.get_one(Declaration, row.declaration_id)
    take(State(declaration.state), Step.ANSWER)
    asked = session.get(Notice, row.notice_id)
    content = {"text": given.text, "answers": asked.gateway_id if asked else "", "papers": list(papers)}
    hand_over(session, declaration=declaration, kind="ANSWER", content=content, actor=actor, now=now)


def _keep(
    session: Session, row: Question, said: Subject, kept: KeptFile, kind: str, actor: Actor, now: datetime
) -> Document:
    document = documents.add_document(
        session, file=kept.file, media_type=kept.media_type, title=kept.name, kind=kind, party_id=row.party_id,
        subject=said, actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the use refers to the document's row
    note_use(
        session, document_id=document.id, party_id=row.party_id, subject=said,
        name=f"{row.asked_at:%d/%m/%Y}", href=f"/customs/questions/{row.id}", place=PLACES[kind], now=now,
    )  # fmt: skip
    return document


def _contribution(row: Question, side: str, text: str, actor: Actor, now: datetime) -> Answer:
    assert actor.user_id is not None, "only who is signed in says something"
    return Answer(
        id=uuid7(),
        party_id=row.party_id,
        question_id=row.id,
        side=side,
        text=_words(text),
        at=now,
        by=actor.user_id,
    )


def _words(text: str) -> str:
    words = nfc(text).strip()
    if not words:
        raise Invalid(errors=[FieldProblem("text", "missing", N_("Write what is to be said."))])
    if len(words) > MAX_TEXT:
        reason = N_("Use at most %(limit)s characters; these are %(given)s.")
        params = {"limit": MAX_TEXT, "given": len(words)}
        raise Invalid(errors=[FieldProblem("text", "too-long", reason, params)])
    return words


def _require_few(files: Sequence[KeptFile]) -> None:
    if len(files) > MAX_FILES:
        reason = N_("Attach at most %(limit)s files.")
        raise Invalid(errors=[FieldProblem("files", "too-many", reason, {"limit": MAX_FILES})])


def _locked(session: Session, question_id: UUID) -> Question:
    row = session.get(Question, question_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    return row


def _officers(session: Session, question_id: UUID, actor: Actor) -> Question:
    require(actor, INSPECT)
    row = _locked(session, question_id)
    if row.side != OFFICER:
        raise NotFound
    return row


def _require_turn(row: Question, whose: str) -> None:
    if row.state == CLOSED:
        raise QuestionClosed
    if row.state != whose:
        raise NotAsked


def _require_firm(session: Session, party_id: UUID, declaration_id: UUID | None) -> None:
    firm = session.get(Party, party_id)
    if firm is None or firm.kind is not PartyKind.ENTERPRISE:
        raise NotFound
    if declaration_id is not None:
        row = session.get(Declaration, declaration_id)
        if row is None or row.party_id != party_id or row.state == State.DRAFT:
            raise NotFound


def _told(session: Session, verb: str, row: Question, actor: Actor, now: datetime) -> None:
    record(
        session, f"customs:question:{verb}", subject=Subject("question", row.id), actor=actor, at=now,
        party_id=row.party_id, facts={"side": row.side},
    )  # fmt: skip
