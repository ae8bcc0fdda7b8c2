"""Parallel consultations: answers in time, late and by letter; silence that consents and silence that does not."""

from datetime import datetime, timedelta

import pytest

from app.core.errors import Invalid, NotFound
from app.core.workflow import consultations
from app.core.workflow.advice import give_opinion
from app.core.workflow.builtin import ConsultationOpen
from app.core.workflow.consultations import AnsweredAlready, Verdict
from app.core.workflow.models import Case, Consultation
from app.core.workflow.timers import Scan
from tests.core.workflow.conftest import TO_REVIEW, Play

ASKED = [
    {"office": "CUSTOMS", "question": "Giám sát hải quan?", "days": "3", "silence": "CONSENT"},
    {"office": "TAX", "question": "Nghĩa vụ thuế?", "days": "5", "silence": "WAIT"},
]


def consulted(play: Play) -> tuple[Case, Consultation, Consultation]:
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "consult", agencies=ASKED)
    play.session.flush()
    customs, tax = consultations.of_case(play.session, case.id)
    return case, customs, tax


def answer(play: Play, asked: Consultation, who: str, **given: object) -> Consultation:
    values = {"verdict": Verdict.AGREE, "opinion": "", **given}
    return give_opinion(
        play.desk, play.session, consultation_id=asked.id, actor=play.people[who], now=play.now, **values
    )


def test_each_agency_has_its_own_deadline_and_the_last_answer_moves_the_dossier(play: Play) -> None:
    case, customs, tax = consulted(play)
    assert (case.state, case.clock) == ("consulting", "RUN")
    assert customs.due_at < tax.due_at
    answer(play, customs, "customs")
    assert case.state == "consulting"
    answer(play, tax, "tax", verdict=Verdict.DISAGREE, opinion="Chưa đủ điều kiện.")
    assert case.state == "in_review"


def test_silence_that_consents_closes_when_the_timer_fires(play: Play) -> None:
    case, customs, tax = consulted(play)
    answer(play, tax, "tax")
    play.now = customs.due_at + timedelta(minutes=1)
    Scan(play.desk)(play.session, now=play.now)
    assert customs.lapsed_at == play.now
    assert case.state == "in_review"


def test_silence_that_waits_keeps_the_dossier_until_a_late_letter_is_filed(play: Play) -> None:
    case, customs, tax = consulted(play)
    answer(play, customs, "customs")
    play.now = tax.due_at + timedelta(days=1)
    Scan(play.desk)(play.session, now=play.now)
    assert case.state == "consulting"
    with pytest.raises(Invalid):
        answer(play, tax, "intake")
    answer(play, tax, "intake", reference="Công văn 12/CQT ngày 30/11/2026")
    assert (tax.channel, tax.answered_at is not None) == ("LETTER", True)
    assert case.state == "in_review"


def test_an_answer_after_the_dossier_went_on_is_kept_and_moves_nothing(play: Play) -> None:
    case, customs, tax = consulted(play)
    answer(play, tax, "tax")
    Scan(play.desk)(play.session, now=customs.due_at + timedelta(minutes=1))
    revision = case.revision
    play.now = customs.due_at + timedelta(days=2)
    answer(play, customs, "customs", verdict=Verdict.AGREE_WITH_CONDITIONS, opinion="Có niêm phong.")
    assert case.revision == revision
    assert customs.opinion == "Có niêm phong."


def test_an_agency_answers_for_itself_only_and_once(play: Play) -> None:
    _, customs, _ = consulted(play)
    with pytest.raises(NotFound):
        answer(play, customs, "tax")
    answer(play, customs, "customs")
    with pytest.raises(AnsweredAlready):
        answer(play, customs, "customs")


def test_a_disagreement_needs_its_reason(play: Play) -> None:
    _, customs, _ = consulted(play)
    with pytest.raises(Invalid):
        answer(play, customs, "customs", verdict=Verdict.DISAGREE)


@pytest.mark.parametrize(
    "row",
    [
        {"office": "NOBODY", "days": "3"},
        {"office": "TAX", "days": "soon"},
        {"office": "TAX", "days": "-1"},
        {"office": "TAX", "days": "3", "silence": "PERHAPS"},
    ],
)
def test_what_cannot_be_asked_is_refused(play: Play, row: dict[str, str]) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    with pytest.raises(Invalid):
        play.take(case, "appraiser", "consult", agencies=[row])


def test_the_head_may_end_a_consultation_with_a_reason(play: Play) -> None:
    case, _, _ = consulted(play)
    play.take(case, "head", "end_consultation", reason="Cơ quan thuế đã trả lời tại cuộc họp.")
    assert case.state == "in_review"


def test_the_platform_does_not_go_on_while_an_agency_may_answer(play: Play) -> None:
    case, _, _ = consulted(play)
    with pytest.raises(ConsultationOpen):
        play.desk.take_if_possible(
            play.session, case=case, action="consulted", now=datetime.now().astimezone()
        )
