"""Random walks over the desk: no illegal step, and history alone tells the state (hypothesis)."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.core.errors import DomainError
from app.core.workflow import procedures
from app.core.workflow.actions import available_actions
from app.core.workflow.models import CaseEvent, ClockInterval
from tests.core.workflow.conftest import Play

PEOPLE = ("filer", "intake", "appraiser", "head", "leader", "customs")
INPUT = {
    "reason": "Vì lý do thử nghiệm.",
    "gaps": [{"target": "site", "code": "MISSING"}],
    "agencies": [{"office": "TAX", "days": "1", "silence": "CONSENT"}],
    "new_date": "18/12/2026",
    "compared": "yes",
}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_walk_is_legal_and_can_be_replayed(play: Play, data: st.DataObject) -> None:
    case = play.draft()
    play.session.flush()
    for _ in range(data.draw(st.integers(3, 18), label="length")):
        definition = procedures.definition_of(play.session, case.version_id)
        play.now += timedelta(minutes=data.draw(st.integers(1, 600), label="minutes"))
        who = data.draw(st.sampled_from(PEOPLE), label="who")
        code = data.draw(st.sampled_from([each.code for each in definition.actions]), label="action")
        offered = {
            each.action.code
            for each in available_actions(
                definition,
                state=case.state,
                party_id=case.party_id,
                actor=play.people[who],
                history=history(play, case),
            )
            if not each.blocked
        }
        before = (case.state, case.revision)
        try:
            play.take(case, who, code, **INPUT)
            taken, status = True, 200
        except DomainError as refusal:
            taken, status = False, refusal.status
        assert taken is (case.revision == before[1] + 1)
        assert code in offered if taken else (case.state, case.revision) == before
        assert taken or code not in offered or status in (409, 422)
        play.session.flush()
    check(play, case)


def history(play: Play, case: object) -> list[CaseEvent]:
    return list(
        play.session.scalars(
            select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.revision)  # type: ignore[attr-defined]
        )
    )


def check(play: Play, case: object) -> None:
    """What history says is what the case says, and one clock interval at most is open."""
    state, revision = "draft", 1
    for event in history(play, case):
        assert (event.source, event.base_revision, event.revision) == (state, revision, revision + 1)
        state, revision = event.target, event.revision
    assert (state, revision) == (case.state, case.revision)  # type: ignore[attr-defined]
    intervals = play.session.scalars(
        select(ClockInterval).where(ClockInterval.case_id == case.id).order_by(ClockInterval.started_at)  # type: ignore[attr-defined]
    ).all()
    open_ones = [each for each in intervals if each.ended_at is None]
    assert len(open_ones) == (case.clock in ("RECEPTION", "RUN", "PAUSE"))  # type: ignore[attr-defined]
    for earlier, later in pairwise(intervals):
        assert earlier.ended_at == later.started_at
