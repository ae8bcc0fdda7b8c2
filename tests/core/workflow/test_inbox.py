"""Whose next step a dossier waits for: the inbox of each officer."""

from datetime import timedelta
from uuid import uuid4

from app.core.workflow import inbox
from app.core.workflow.inbox import Position
from app.core.workflow.models import Case
from tests.core.workflow.conftest import TO_REVIEW, Play


def waits_for(play: Play, who: str) -> set[str]:
    play.session.flush()
    actor = play.people[who]
    assert actor.user_id is not None
    part = inbox.part_of(play.session, actor)
    return {str(line.code) for line in inbox.of_officer(play.session, user_ids=[actor.user_id], part=part)}


def test_a_dossier_goes_from_inbox_to_inbox(play: Play) -> None:
    case = play.at(play.draft(), ("filer", "submit"))
    steps = (
        ("intake", "accept", {}),
        ("appraiser", "take_up", {}),
        ("appraiser", "draft_decision", {"reason": "Đủ."}),
        ("head", "approve", {}),
        ("leader", "sign", {}),
        ("intake", "release", {}),
    )
    for who, action, given in steps:
        for person in ("intake", "appraiser", "head", "leader"):
            assert (case.code in waits_for(play, person)) == (person == who), (action, person)
        play.take(case, who, action, **given)
    assert all(
        case.code not in waits_for(play, person) for person in ("intake", "appraiser", "head", "leader")
    )


def test_what_a_colleague_appraises_is_not_mine(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    assert case.code in waits_for(play, "appraiser")
    case.assigned_to = uuid4()
    assert case.code not in waits_for(play, "appraiser")
    case.assigned_to = None
    assert case.code in waits_for(play, "appraiser"), "nobody's work is everybody's"


def test_a_colleagues_draft_still_waits_for_the_head(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "draft_decision", reason="Đủ.")
    assert case.code in waits_for(play, "head")


def test_who_consults_takes_no_step_of_the_desk(play: Play) -> None:
    part = inbox.part_of(play.session, play.people["customs"])
    assert not part
    assert inbox.of_officer(play.session, user_ids=[uuid4()], part=part) == []


def test_pages_follow_each_other_in_the_order_of_the_clock(play: Play) -> None:
    cases: list[Case] = []
    for _ in range(5):
        cases.append(play.at(play.draft(), ("filer", "submit")))
        play.now += timedelta(hours=1)
    play.session.flush()
    intake = play.people["intake"]
    assert intake.user_id is not None
    part = inbox.part_of(play.session, intake)
    seen: list[str | None] = []
    after: Position | None = None
    while page := inbox.of_officer(play.session, user_ids=[intake.user_id], part=part, after=after, size=2)[
        :2
    ]:
        seen += [line.code for line in page]
        assert page[-1].due_at is not None
        after = Position(page[-1].due_at, page[-1].id)
    assert len(seen) == len(set(seen)) >= 5
    dues = {case.code: case.due_at for case in cases}
    own = [code for code in seen if code in dues]
    assert own == sorted(own, key=lambda code: str(dues[code]))
