"""A project code from a letter: two officers, one scan, and what the registry says late is compared with it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core.db import Database
from app.core.errors import Forbidden, Invalid
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.settings import DatabaseTarget
from app.core.workflow.papers.intake import KeptFile, keep_file
from app.investment import queries
from app.investment.clients import Answer, AnswerState, RegistryMissing
from app.investment.models import Certificate, CodeLetter
from app.investment.procedures import (
    PrintedCodeChanged,
    ProjectCodeDisputed,
    ProjectCodePending,
    ProjectCodeRefused,
)
from app.investment.service import code_letters, project_codes
from app.investment.service.code_letters import (
    CodeNotWanted,
    LetterDecided,
    LetterFourEyes,
    LetterWaits,
    Typed,
)
from app.modules import Platform
from tests.core.documents import files
from tests.faults.people import House, Person, house_on
from tests.investment.test_project_codes import sign
from tests.investment.walk import OFFICER, WORKER, Walk

CODE, OTHER = "9900000007", "9900000008"
WHY = "Hệ thống quốc gia không trả lời từ nhiều ngày nay."


@pytest.fixture
def walk(ready: Database, platform: Platform) -> Walk:
    return Walk(ready, platform)


@dataclass
class Desk:
    """A dossier that waits for its code, and the letter's steps as people take them."""

    walk: Walk
    case_id: UUID

    def scan(self, mark: str = "Thư") -> KeptFile:
        body = files.pdf(Note=f"({mark})")
        return keep_file(self.walk.platform.kernel.store, stream=io.BytesIO(body), filename="cong-van.pdf")

    def typed(self, **changes: Any) -> Typed:
        day = local_day(self.walk.now, self.walk.platform.zone.tz) - timedelta(days=1)
        return replace(Typed(CODE, "123/ĐTNN", day, WHY), **changes)

    def enter(self, who: str = "appraiser", *, key: UUID | None = None, **changes: Any) -> UUID:
        today = local_day(self.walk.now, self.walk.platform.zone.tz)
        with self.walk.session(who) as session:
            return code_letters.enter(
                session, letter_id=key or uuid7(), case_id=self.case_id, typed=self.typed(**changes), kept=self.scan(),
                actor=self.walk.actor(who), now=self.walk.now, today=today,
            ).id  # fmt: skip

    def confirm(self, letter_id: UUID, who: str = "head", code: str = CODE) -> None:
        with self.walk.session(who) as session:
            code_letters.confirm(
                session, letter_id=letter_id, code_again=code, actor=self.walk.actor(who), now=self.walk.now
            )

    def settle(self, letter_id: UUID, *, keep: bool, who: str = "head", reason: str = WHY) -> None:
        with self.walk.session(who) as session:
            code_letters.settle(
                session,
                letter_id=letter_id,
                keep=keep,
                reason=reason,
                actor=self.walk.actor(who),
                now=self.walk.now,
            )

    def late(self, answer: Answer) -> None:
        with self.walk.database.transaction(OFFICER) as session:
            request = self.walk.requests(self.case_id)[-1]
            project_codes.take_answer(session, request_id=request.id, answer=answer, now=self.walk.now)

    def letter(self, letter_id: UUID) -> CodeLetter:
        with self.walk.database.session(OFFICER) as session:
            return session.get_one(CodeLetter, letter_id)

    def told(self) -> list[str]:
        """The letter's entries of the evidence log, in order."""
        with self.walk.database.session(WORKER) as session:
            query = "select tag from evidence_entry where tag like 'investment:code-letter:%' order by at, id"
            return [tag.rpartition(":")[2] for tag in session.scalars(text(query))]


@pytest.fixture
def desk(walk: Walk) -> Desk:
    case_id = walk.approved()
    walk.ask(case_id, RegistryMissing())
    return Desk(walk, case_id)


def signed_code(desk: Desk) -> str:
    assert sign(desk.walk, desk.case_id) is None
    with desk.walk.database.session(OFFICER) as session:
        certificate = session.scalars(select(Certificate).where(Certificate.case_id == desk.case_id)).one()
        return str(certificate.content["project_code"])


def test_entered_by_one_and_confirmed_by_another_it_can_be_signed(desk: Desk) -> None:
    letter = desk.enter()
    assert isinstance(sign(desk.walk, desk.case_id), ProjectCodePending), "one officer alone gives no code"
    desk.confirm(letter)
    desk.confirm(letter)
    assert signed_code(desk) == CODE
    assert desk.told() == ["enter", "confirm"]


def test_the_same_form_twice_enters_one_and_another_waits(desk: Desk) -> None:
    key = uuid7()
    assert desk.enter(key=key) == desk.enter(key=key) == key
    with pytest.raises(LetterWaits):
        desk.enter()
    with pytest.raises(Forbidden):
        desk.enter("intake")


@pytest.mark.parametrize(
    ("changes", "wanting"),
    [
        ({"code": "99000000"}, {"code": "bad-code"}),
        ({"code": "99000000071"}, {"code": "bad-code"}),
        ({"code": "٩٩٠٠٠٠٠٠٠٧"}, {"code": "bad-code"}),
        ({"number": " "}, {"number": "missing"}),
        ({"dated_on": None}, {"dated_on": "not-a-date"}),
        ({"dated_on": date(2027, 1, 1)}, {"dated_on": "to-come"}),
        ({"reason": "kurz"}, {"reason": "missing"}),
    ],
)
def test_what_is_wrong_in_the_entry_is_told(
    desk: Desk, changes: dict[str, Any], wanting: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.enter(**changes)
    assert {each.name: each.code for each in refusal.value.errors} == wanting


def test_a_code_of_another_project_is_refused_at_entry(walk: Walk) -> None:
    walk.issued(code=CODE)
    desk = Desk(walk, walk.approved())
    with pytest.raises(Invalid) as refusal:
        desk.enter()
    assert [each.code for each in refusal.value.errors] == ["in-use"]


def test_a_code_stands_in_one_live_letter_only(walk: Walk) -> None:
    first, second = Desk(walk, walk.approved()), Desk(walk, walk.approved())
    first.enter()
    with pytest.raises(Invalid) as refusal:
        second.enter()
    assert [each.code for each in refusal.value.errors] == ["in-use"]
    second.late(Answer(AnswerState.ISSUED, CODE))
    assert walk.requests(second.case_id)[-1].state == "REFUSED"


def test_who_entered_it_does_not_confirm_it_whatever_their_rights(desk: Desk) -> None:
    letter = desk.enter()
    with pytest.raises(Forbidden):
        desk.confirm(letter, "appraiser")
    with pytest.raises(Forbidden):
        desk.confirm(letter, "intake")
    both = replace(
        desk.walk.actor("head"), user_id=desk.walk.actor("appraiser").user_id
    )  # somebody who appraises and reviews
    with desk.walk.session("head") as session, pytest.raises(LetterFourEyes):
        code_letters.confirm(session, letter_id=letter, code_again=CODE, actor=both, now=desk.walk.now)


def test_the_second_reading_has_to_agree_and_a_wrong_entry_is_rejected(desk: Desk) -> None:
    letter = desk.enter()
    with pytest.raises(Invalid) as refusal:
        desk.confirm(letter, code=OTHER)
    assert [each.code for each in refusal.value.errors] == ["differs"]
    with desk.walk.session("head") as session:
        head, now = desk.walk.actor("head"), desk.walk.now
        code_letters.reject(
            session, letter_id=letter, remark="Mã số ghi sai một chữ số.", actor=head, now=now
        )
    with pytest.raises(LetterDecided):
        desk.confirm(letter)
    desk.confirm(desk.enter(code=OTHER), code=OTHER)
    assert signed_code(desk) == OTHER


def test_an_answer_before_the_confirmation_makes_the_letter_needless(desk: Desk) -> None:
    letter = desk.enter()
    desk.late(Answer(AnswerState.ISSUED, OTHER))
    with pytest.raises(CodeNotWanted):
        desk.confirm(letter)
    assert signed_code(desk) == OTHER


def test_a_refusal_of_the_registry_can_be_followed_by_its_letter(desk: Desk) -> None:
    desk.late(Answer(AnswerState.REFUSED, reason_code="X", reason="Trùng tên."))
    assert isinstance(sign(desk.walk, desk.case_id), ProjectCodeRefused)
    desk.confirm(desk.enter())
    assert signed_code(desk) == CODE


def test_nothing_is_entered_where_no_code_is_waited_for(walk: Walk) -> None:
    for case_id in (walk.draft(), walk.issued(code=CODE)):
        with pytest.raises(CodeNotWanted):
            Desk(walk, case_id).enter(code=OTHER)


@pytest.mark.parametrize("signed_before", [False, True])
def test_the_same_answer_late_is_fine(desk: Desk, signed_before: bool) -> None:
    letter = desk.enter()
    desk.confirm(letter)
    if signed_before:
        assert signed_code(desk) == CODE
    desk.late(Answer(AnswerState.ISSUED, CODE))
    assert (desk.letter(letter).state, desk.letter(letter).agreed_at) == ("CONFIRMED", desk.walk.now)
    assert desk.walk.requests(desk.case_id)[-1].state == "RECEIVED"
    if not signed_before:
        assert signed_code(desk) == CODE


@pytest.mark.parametrize(
    ("answer", "keep", "code"),
    [
        (Answer(AnswerState.ISSUED, OTHER), False, OTHER),
        (Answer(AnswerState.ISSUED, OTHER), True, CODE),
        (Answer(AnswerState.REFUSED, reason_code="X", reason="Trùng tên."), True, CODE),
    ],
)
def test_another_answer_late_stops_the_signature_until_it_is_settled(
    desk: Desk, answer: Answer, keep: bool, code: str
) -> None:
    letter = desk.enter()
    desk.confirm(letter)
    desk.late(answer)
    refusal = sign(desk.walk, desk.case_id)
    assert isinstance(refusal, ProjectCodeDisputed)
    assert refusal.params["said"] == (answer.code or answer.reason)
    with pytest.raises(Invalid):
        desk.settle(letter, keep=keep, reason="")
    with pytest.raises(Forbidden):
        desk.settle(letter, keep=keep, who="appraiser")
    desk.settle(letter, keep=keep)
    desk.settle(letter, keep=keep)
    with pytest.raises(LetterDecided):
        desk.settle(letter, keep=not keep)
    assert signed_code(desk) == code
    assert desk.told() == ["enter", "confirm", "dispute", "settle"]


def test_after_the_signature_another_answer_is_told_and_the_certificate_stands(desk: Desk) -> None:
    letter = desk.enter()
    desk.confirm(letter)
    assert signed_code(desk) == CODE
    desk.late(Answer(AnswerState.ISSUED, OTHER))
    assert (desk.letter(letter).state, desk.letter(letter).said) == ("DISPUTED", OTHER)
    with pytest.raises(LetterDecided):
        desk.settle(letter, keep=False)
    desk.settle(letter, keep=True)
    assert desk.letter(letter).state == "CONFIRMED"


def test_a_sheet_printed_with_the_letters_code_is_not_filed_against_another_answer(desk: Desk) -> None:
    letter = desk.enter()
    desk.confirm(letter)
    walk, case_id = desk.walk, desk.case_id
    walk.take(case_id, "leader", "sign_by_hand")
    desk.late(Answer(AnswerState.ISSUED, OTHER))
    with pytest.raises(ProjectCodeDisputed):
        walk.take(case_id, "intake", "file_signed_paper", compared="yes")
    desk.settle(letter, keep=False)
    with pytest.raises(PrintedCodeChanged) as refusal:
        walk.take(case_id, "intake", "file_signed_paper", compared="yes")
    assert refusal.value.params == {"printed": CODE, "code": OTHER}
    walk.take(case_id, "leader", "void_print")
    assert signed_code(desk) == OTHER


@pytest.fixture
def house(ready_target: DatabaseTarget, test_var: Path, desk: Desk) -> Iterator[House]:
    with house_on(ready_target, test_var) as house:
        yield house


def post(person: Person, desk: Desk, **changes: str) -> Any:
    form = {
        "letter_id": str(uuid7()),
        "code": CODE,
        "number": "123/ĐTNN",
        "dated_on": "19/11/2026",
        "reason": WHY,
    }
    scan = {"scan": ("cong-van.pdf", files.pdf(), "application/pdf")}
    return person.post(f"/dossiers/{desk.case_id}/project-code/letter", {**form, **changes}, files=scan)


class TestPages:
    def test_from_the_panel_to_the_confirmed_code(self, desk: Desk, house: House) -> None:
        appraiser, head, leader = (house.person(who) for who in ("tham.dinh", "truong.phong", "lanh.dao"))
        path = f"/dossiers/{desk.case_id}/project-code/letter"
        assert path in appraiser.get(f"/dossiers/{desk.case_id}").text
        wrong = post(appraiser, desk, code="123", number="")
        assert wrong.status_code == 422
        assert 'id="f-code-error"' in wrong.text
        assert WHY in wrong.text, "nothing typed is lost"
        assert post(appraiser, desk).status_code == 303
        with desk.walk.database.session(OFFICER) as session:
            letter = queries.live_letter(session, desk.case_id)
            assert letter is not None
        page = head.get(path).text
        assert CODE not in page, "the second officer reads it in the scan"
        assert head.get(f"/documents/{letter.document_id}").status_code == 200
        form = {"letter_id": str(letter.id), "verdict": "CONFIRM", "code_again": CODE}
        assert appraiser.post(f"{path}/decision", form).status_code == 403
        assert head.post(f"{path}/decision", {**form, "code_again": OTHER}).status_code == 422
        for _ in range(2):
            assert head.post(f"{path}/decision", form).status_code == 303
        stale = head.post(f"{path}/decision", {**form, "verdict": "REJECT", "remark": WHY})
        assert stale.status_code == 409
        assert CODE in leader.get(f"/dossiers/{desk.case_id}").text
        assert CODE in house.person("nop.hoso").get(f"/dossiers/{desk.case_id}").text

    def test_a_dispute_is_shown_to_officers_and_settled(self, desk: Desk, house: House) -> None:
        letter = desk.enter()
        desk.confirm(letter)
        desk.late(Answer(AnswerState.ISSUED, OTHER))
        path, head = f"/dossiers/{desk.case_id}/project-code/letter", house.person("truong.phong")
        for text_ in (head.get(path).text, house.person("tham.dinh").get(path).text):
            assert (CODE in text_, OTHER in text_) == (True, True)
        assert OTHER not in house.person("nop.hoso").get(f"/dossiers/{desk.case_id}").text
        form = {"letter_id": str(letter), "verdict": "DROP", "settled": ""}
        assert head.post(f"{path}/decision", form).status_code == 422
        unsaid = head.post(f"{path}/decision", {**form, "verdict": "", "settled": WHY})
        assert (unsaid.status_code, 'id="f-verdict-error"' in unsaid.text, WHY in unsaid.text) == (
            422,
            True,
            True,
        )
        assert head.post(f"{path}/decision", {**form, "settled": WHY}).status_code == 303
        assert signed_code(desk) == OTHER

    @pytest.mark.parametrize(("login", "status"), [("nop.hoso", 403), ("hoshi", 403), ("mot.cua", 403)])
    def test_nobody_else_enters_a_letter(self, desk: Desk, house: House, login: str, status: int) -> None:
        assert post(house.person(login), desk).status_code == status

    def test_the_letter_of_another_dossier_is_not_decided_here(self, desk: Desk, house: House) -> None:
        letter, other = desk.enter(), desk.walk.approved()
        form = {"letter_id": str(letter), "verdict": "CONFIRM", "code_again": CODE}
        answer = house.person("truong.phong").post(f"/dossiers/{other}/project-code/letter/decision", form)
        assert answer.status_code == 404


def test_the_officers_concerned_are_told(desk: Desk, house: House) -> None:
    letter = desk.enter()
    desk.confirm(letter)
    desk.late(Answer(AnswerState.ISSUED, OTHER))
    with desk.walk.database.session(WORKER) as session:
        query = "select payload->>'state' from outbox_event where name = 'investment.project_code.answered' order by id"
        states = list(session.scalars(text(query)))
    assert states[-3:] == ["LETTER_ENTERED", "LETTER_CONFIRMED", "LETTER_DISPUTED"]
