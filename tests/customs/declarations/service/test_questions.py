"""Questions to a firm: who is waited for, who may say what, and what goes on to the authority."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.db import DbRole, SessionContext
from app.core.documents.models import Document, DocumentUse
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.customs.declarations.models import Answer, Declaration, Dispatch, Question
from app.customs.declarations.queries.questions import AnswerLine, QuestionLine, question, questions
from app.customs.declarations.service import questions as service
from tests.customs.declarations.firms import FILER, LEADER, OFFICER, OTHER, Firms


def ask(
    firms: Firms,
    *,
    login: str = OFFICER,
    about: UUID | None = None,
    key: UUID | None = None,
    words: str = "Vì sao?",
    papers: int = 0,
) -> UUID:
    actor = firms.person(login)
    with firms.as_(actor) as session:
        return service.ask(
            session, party_id=firms.party(), declaration_id=about, text=words, actor=actor, now=firms.now,
            question_id=key, files=[firms.kept() for _ in range(papers)],
        ).id  # fmt: skip


def answer(
    firms: Firms, question_id: UUID, *, login: str = FILER, words: str = "Vì vậy.", papers: int = 0
) -> UUID:
    actor = firms.person(login)
    with firms.as_(actor) as session:
        files = [firms.kept() for _ in range(papers)]
        return service.answer(
            session, question_id=question_id, text=words, files=files, actor=actor, now=firms.now
        ).id


def read(firms: Firms, question_id: UUID, login: str = FILER) -> tuple[QuestionLine, list[AnswerLine]]:
    actor = firms.person(login)
    with firms.as_(actor) as session:
        return question(session, question_id, actor)


def test_ask_answer_ask_further_close(firms: Firms) -> None:
    declared = firms.declared(state="REGISTERED")
    asked = ask(firms, about=declared)
    assert read(firms, asked)[0].state == "FIRM"
    with pytest.raises(NotFound):
        answer(firms, asked, login=OTHER)
    answer(firms, asked, papers=1)
    line, said = read(firms, asked, OFFICER)
    assert (line.state, [each.side for each in said], len(said[0].papers)) == ("ASKER", ["FIRM"], 1)
    with pytest.raises(service.NotAsked):
        answer(firms, asked)
    officer = firms.person(OFFICER)
    with firms.as_(officer) as session:
        service.go_on(session, question_id=asked, text="Còn gì nữa?", actor=officer, now=firms.now)
    answer(firms, asked)
    with firms.as_(officer) as session:
        service.close(session, question_id=asked, actor=officer, now=firms.now)
    with pytest.raises(service.QuestionClosed):
        answer(firms, asked)
    assert [each.side for each in read(firms, asked)[1]] == ["FIRM", "OFFICER", "FIRM"]


def test_the_same_form_twice_asks_once(firms: Firms) -> None:
    key = uuid7()
    assert ask(firms, key=key) == ask(firms, key=key, words="Khác đi") == key
    assert read(firms, key)[0].text == "Vì sao?"


def test_who_may_ask_what(firms: Firms) -> None:
    with pytest.raises(Forbidden):
        ask(firms, login=LEADER)
    with pytest.raises(Invalid):
        ask(firms, words="  ")
    with pytest.raises(NotFound):  # a draft is its firm's own
        ask(firms, about=firms.declared())
    with pytest.raises(NotFound):
        ask(firms, about=firms.declared(login=OTHER, state="REGISTERED"))
    with pytest.raises(Forbidden):
        answer(firms, ask(firms), login=OFFICER)


def test_papers_come_with_what_the_officer_asks(firms: Firms) -> None:
    key = uuid7()
    asked = ask(firms, key=key, papers=2)
    assert ask(firms, key=key, papers=2) == asked
    answer(firms, asked, papers=1)
    officer = firms.person(OFFICER)
    with firms.as_(officer) as session:
        service.go_on(
            session, question_id=asked, text="Xem tệp.", files=[firms.kept()], actor=officer, now=firms.now
        )
    line, said = read(firms, asked)
    assert [each.from_firm for each in line.papers] == [False, False], "sent twice they are there once"
    assert [[each.from_firm for each in one.papers] for one in said] == [[True], [False]]
    keys = [each.document_id for each in (*line.papers, *said[1].papers)]
    with firms.as_(firms.person(FILER)) as session:
        kept = session.scalars(select(Document).where(Document.id.in_(keys))).all()
        assert {(each.kind, each.party_id) for each in kept} == {(service.ASKED_KIND, firms.party())}
        used = session.scalars(select(DocumentUse).where(DocumentUse.document_id.in_(keys))).all()
        assert {each.href for each in used} == {f"/customs/questions/{asked}"}
        assert len(used) == len(keys)
    with firms.as_(firms.person(OTHER)) as session:
        assert session.scalars(select(Document).where(Document.id.in_(keys))).all() == []
    with pytest.raises(NotFound):
        read(firms, asked, OTHER)


def test_too_many_files_are_refused_from_either_side(firms: Firms) -> None:
    with pytest.raises(Invalid):
        ask(firms, papers=service.MAX_FILES + 1)
    with pytest.raises(Invalid):
        answer(firms, ask(firms), papers=service.MAX_FILES + 1)


def test_a_firm_sees_its_own_questions_only(firms: Firms) -> None:
    asked = ask(firms)
    with pytest.raises(NotFound):
        read(firms, asked, OTHER)
    other = firms.person(OTHER)
    with firms.as_(other) as session:
        assert asked not in {each.id for each in questions(session)}


def taken(firms: Firms, declared: UUID, notice_id: UUID) -> UUID:
    with firms.at_work() as session:
        declaration = session.get_one(Declaration, declared)
        return service.take_question(
            session, declaration=declaration, text="Đề nghị giải trình", notice_id=notice_id, asked_at=firms.now,
            actor=SYSTEM, now=firms.now,
        ).id  # fmt: skip


def test_the_authority_asks_once_for_each_notice(firms: Firms) -> None:
    declared, notice_id = firms.declared(state="REGISTERED"), uuid7()
    asked = taken(firms, declared, notice_id)
    assert taken(firms, declared, notice_id) == asked
    line, _ = read(firms, asked)
    assert (line.side, line.state) == ("AUTHORITY", "FIRM")
    officer = firms.person(OFFICER)
    with (
        pytest.raises(NotFound),
        firms.as_(officer) as session,
    ):  # what the authority asks is its own to close
        service.close(session, question_id=asked, actor=officer, now=firms.now)


def test_what_was_said_stays(firms: Firms) -> None:
    asked = ask(firms)
    given = answer(firms, asked, papers=1)
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        document = session.scalars(select(Document).where(Document.subject_id == given)).one()
        assert document.kind == service.PAPER_KIND
    for table, key in ((Answer, given), (Question, asked)):
        context = SessionContext(DbRole.TENANT, actor.party_ids, actor.user_id)
        with (
            pytest.raises(Exception, match="permission denied"),
            firms.database.transaction(context) as session,
        ):
            session.execute(update(table).where(table.id == key).values(text="anders"))


def test_the_answer_to_the_authority_goes_through_the_gateway(firms: Firms) -> None:
    declared = firms.declared(state="REGISTERED")
    asked = taken(firms, declared, uuid7())
    given = answer(firms, asked, papers=1)
    with firms.as_(firms.person(FILER)) as session:
        (row,) = session.scalars(select(Dispatch).where(Dispatch.declaration_id == declared)).all()
        assert (row.kind, row.content["text"], len(row.content["papers"])) == ("ANSWER", "Vì vậy.", 1)
        assert session.get_one(Answer, given).side == "FIRM"
