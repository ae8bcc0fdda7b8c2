"""A result signed by hand, as far as the desk goes: who is told, who may act, and what the checker refuses."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from app.core.kit.ids import uuid7
from app.core.workflow.desk import ActionNotPossible, FourEyes
from app.core.workflow.events import CaseMoved
from app.core.workflow.notices import applicants_kind, officers_kind
from app.core.workflow.permissions import FILE_SIGNED
from app.modules import Platform
from tests.core.workflow.conftest import TO_REVIEW, Play
from tests.core.workflow.test_limits import codes, definition

REASON = {"reason": "Chứng thư số hết hạn."}


def moved(action: str, source: str, target: str) -> CaseMoved:
    return CaseMoved(uuid7(), "IRC", "HS-1", action, source, target, 9)


def test_reception_hears_of_the_print_and_the_applicant_of_the_paper() -> None:
    irc = definition("IRC")
    printed = moved("sign_by_hand", "approved", "hand_signing")
    assert officers_kind(irc, printed) == ("case.hand_signing", FILE_SIGNED)
    assert applicants_kind(irc, printed) is None, "nothing has changed for the applicant yet"
    assert (
        applicants_kind(irc, moved("file_signed_paper", "hand_signing", "decided")) == "case.result_on_paper"
    )
    assert applicants_kind(irc, moved("sign", "approved", "decided")) == "case.result"


@pytest.mark.parametrize(
    ("action", "differs_from", "finding"),
    [
        ("sign_by_hand", ("draft_decision", "approve"), None),
        ("sign_by_hand", ("draft_decision",), "four-eyes"),
        ("file_signed_paper", ("draft_decision", "approve", "sign_by_hand"), None),
        ("file_signed_paper", ("draft_decision", "approve"), "four-eyes"),
        ("file_signed_paper", ("sign_by_hand",), "four-eyes"),
    ],
)
def test_the_checker_asks_for_people_who_differ(
    platform: Platform, action: str, differs_from: tuple[str, ...], finding: str | None
) -> None:
    whole = definition("IRC")
    actions = tuple(
        each.model_copy(update={"differs_from": differs_from}) if each.code == action else each
        for each in whole.actions
    )
    assert codes(platform, whole.model_copy(update={"actions": actions})) == ({finding} - {None})


def to_print(play: Play) -> Any:
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "draft_decision", reason="Đủ.")
    play.take(case, "head", "approve")
    play.take(case, "leader", "sign_by_hand", **REASON)
    return case


def test_the_clock_runs_on_until_the_signed_paper_is_filed(play: Play) -> None:
    case = to_print(play)
    due = case.due_at
    play.now += timedelta(days=1)
    assert (case.clock, case.decided_at, case.due_at) == ("RUN", None, due)
    play.take(case, "intake", "file_signed_paper", compared="yes")
    assert (case.state, case.clock, case.decided_at) == ("decided", "STOP", play.now)


@pytest.mark.parametrize(
    ("who", "action", "given", "refusal"),
    [
        ("appraiser", "file_signed_paper", {"compared": "yes"}, FourEyes),
        ("leader", "sign", {}, ActionNotPossible),
        ("head", "send_back", REASON, ActionNotPossible),
        ("filer", "request_withdrawal", REASON, ActionNotPossible),
    ],
)
def test_what_waits_for_its_signed_paper_goes_nowhere_else(
    play: Play, who: str, action: str, given: Mapping[str, Any], refusal: type[Exception]
) -> None:
    case = to_print(play)
    with pytest.raises(refusal):
        play.take(case, who, action, **given)


def test_a_late_one_is_apologised_for_while_it_waits(play: Play) -> None:
    case = to_print(play)
    play.now += timedelta(days=40)
    play.take(case, "head", "reschedule", new_date="15/01/2027", **REASON)
    assert case.state == "hand_signing"
