"""The desk: steps, stale pages, repeated requests, four eyes."""

from datetime import datetime

import pytest
from sqlalchemy import func, select

from app.core.errors import Forbidden, Invalid
from app.core.evidence import EvidenceEntry
from app.core.workflow import procedures
from app.core.workflow.desk import ActionNotPossible, FourEyes, StalePage
from app.core.workflow.models import CaseEvent, ClockInterval, Submission, Timer, Tracking
from tests.core.workflow.conftest import TO_REVIEW, Play


class TestPerform:
    def test_a_step_writes_history_clock_evidence_and_tracking(self, play: Play) -> None:
        case = play.draft()
        play.take(case, "filer", "submit")
        play.session.flush()
        assert (case.state, case.national, case.clock, case.revision) == ("submitted", 1, "RECEPTION", 2)
        assert case.code is not None
        event = play.session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id)).one()
        assert (event.action, event.source, event.target) == ("submit", "draft", "submitted")
        assert play.session.scalars(select(Submission).where(Submission.case_id == case.id)).one().number == 1
        assert play.session.get_one(Tracking, case.code).national == 1
        assert play.session.scalars(
            select(ClockInterval.mode).where(ClockInterval.case_id == case.id)
        ).all() == ["RECEPTION"]
        tags = play.session.scalars(
            select(EvidenceEntry.tag).where(EvidenceEntry.subject_id == case.id)
        ).all()
        assert sorted(tags) == ["workflow:case:open", "workflow:case:submit"]

    def test_the_same_request_twice_is_one_step_with_the_same_answer(self, play: Play) -> None:
        case = play.draft()
        first = play.take(case, "filer", "submit", revision=1)
        second = play.take(case, "filer", "submit", revision=1)
        assert second.repeated
        assert second.event.id == first.event.id
        play.session.flush()
        assert play.session.scalar(select(func.count()).where(CaseEvent.case_id == case.id)) == 1

    def test_another_request_on_a_passed_revision_is_refused_with_the_present_state(self, play: Play) -> None:
        case = play.draft()
        play.take(case, "filer", "submit", revision=1)
        with pytest.raises(StalePage) as refusal:
            play.take(case, "filer", "withdraw", revision=1, reason="nhầm")
        assert refusal.value.params == {"seen": 1, "current": 2, "state": "submitted"}

    def test_an_action_of_another_state_is_refused(self, play: Play) -> None:
        with pytest.raises(ActionNotPossible):
            play.take(play.draft(), "intake", "accept")

    def test_an_action_without_the_permission_is_refused(self, play: Play) -> None:
        case = play.at(play.draft(), ("filer", "submit"))
        with pytest.raises(Forbidden):
            play.take(case, "appraiser", "accept")

    def test_a_refusal_without_reason_is_refused(self, play: Play) -> None:
        case = play.at(play.draft(), ("filer", "submit"))
        with pytest.raises(Invalid) as refusal:
            play.take(case, "intake", "not_accept", reason="   ")
        assert [(each.name, each.code) for each in refusal.value.errors] == [("reason", "missing")]

    def test_a_closed_dossier_takes_no_step(self, play: Play) -> None:
        case = play.at(play.draft(), ("filer", "submit"))
        play.take(case, "intake", "not_accept", reason="Sai thẩm quyền.")
        assert case.closed_at == play.now
        with pytest.raises(ActionNotPossible):
            play.take(case, "intake", "accept")


class TestFourEyes:
    def test_drafter_approver_and_signer_are_three_people(self, play: Play) -> None:
        case = play.at(play.draft(), *TO_REVIEW)
        play.people["head"] = play.people["head"].__class__(
            **{
                **{
                    name: getattr(play.people["head"], name)
                    for name in ("kind", "name", "grants", "session_id")
                },
                "user_id": play.people["appraiser"].user_id,
            }
        )
        play.take(case, "appraiser", "draft_decision", reason="Đủ điều kiện.")
        with pytest.raises(FourEyes):
            play.take(case, "head", "approve")


class TestTheYearOfTwoLaws:
    """Three dossiers of 2026: the old law, the new law without its decree, the new law with it."""

    @pytest.mark.parametrize(
        ("accepted", "version", "due", "instrument"),
        [
            ("2026-02-27T09:00:00+07:00", "2021-01-01", "2026-03-16", "law-61-2020-qh14"),
            ("2026-03-16T09:00:00+07:00", "2026-03-01", "2026-03-31", "law-143-2025-qh15"),
            ("2026-04-01T09:00:00+07:00", "2026-03-31", "2026-04-15", "decree-96-2026"),
        ],
    )
    def test_each_carries_version_basis_and_due_date(
        self, play: Play, accepted: str, version: str, due: str, instrument: str
    ) -> None:
        play.now = datetime.fromisoformat(accepted)
        case = play.at(play.draft(), ("filer", "submit"), ("intake", "accept"))
        definition = procedures.definition_of(play.session, case.version_id)
        assert definition.version == version
        assert instrument in {basis.instrument for basis in definition.basis}
        assert case.appointment_at is not None
        assert case.appointment_at.astimezone(play.now.tzinfo).date().isoformat() == due

    def test_a_draft_begun_under_the_old_law_is_pinned_at_acceptance(self, play: Play) -> None:
        play.now = datetime.fromisoformat("2026-03-30T09:00:00+07:00")
        case = play.at(play.draft(), ("filer", "submit"))
        assert procedures.definition_of(play.session, case.version_id).version == "2026-03-01"
        play.now = datetime.fromisoformat("2026-04-01T09:00:00+07:00")
        play.take(case, "intake", "accept")
        assert procedures.definition_of(play.session, case.version_id).version == "2026-03-31"


class TestClock:
    def test_filing_after_hours_begins_at_the_next_opening(self, play: Play) -> None:
        play.now = datetime.fromisoformat("2026-11-21T20:00:00+07:00")
        case = play.at(play.draft(), ("filer", "submit"))
        assert case.due_at is not None
        assert case.due_at.astimezone(play.now.tzinfo).date().isoformat() == "2026-11-23"

    def test_a_pause_moves_the_due_date_by_its_working_time_and_not_the_appointment(self, play: Play) -> None:
        case = play.at(play.draft(), *TO_REVIEW)
        promised = case.appointment_at
        play.take(
            case, "appraiser", "request_supplement", gaps=[{"target": "project_name_vi", "code": "UNCLEAR"}]
        )
        assert case.clock == "PAUSE"
        play.now = datetime.fromisoformat("2026-11-23T09:00:00+07:00")
        play.take(case, "filer", "supplement")
        assert case.appointment_at == promised
        assert case.due_at is not None
        assert promised is not None
        assert (case.due_at - promised).days >= 1

    def test_a_clock_that_was_set_back_breaks_nothing(self, play: Play) -> None:
        case = play.at(play.draft(), ("filer", "submit"))
        play.now = datetime.fromisoformat("2026-11-20T08:00:00+07:00")
        play.take(case, "intake", "accept")
        assert case.state == "accepted"

    def test_only_one_timer_waits(self, play: Play) -> None:
        case = play.at(play.draft(), ("filer", "submit"), ("intake", "accept"))
        play.session.flush()
        waiting = play.session.scalars(
            select(Timer.due_at).where(Timer.case_id == case.id, Timer.cancelled_at.is_(None))
        ).all()
        assert waiting == [case.due_at]
