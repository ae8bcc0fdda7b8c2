"""What standing in for an applicant opens to an officer, and what it closes."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.cli.setup import procedure_files
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.workflow import procedures
from app.core.workflow.actions import Available, available_actions
from app.core.workflow.definition import Side
from app.core.workflow.permissions import FILE_SIGNED, RECEIVE, REVIEW, SIGN

DESK, ELSEWHERE, PARTY, ME = (UUID(int=number) for number in range(1, 5))
ALL = frozenset({RECEIVE, REVIEW, SIGN, "workflow.case.appraise"})


@dataclass(frozen=True)
class Past:
    action: str
    actor_id: UUID | None


def officer(office: UUID, permissions: frozenset[str] = frozenset({RECEIVE})) -> Actor:
    return Actor(ActorKind.OFFICER, ME, "Một Cửa", (Grant(office, frozenset(), permissions),))


def offered(
    actor: Actor, state: str, *, desk_id: UUID | None, typists: tuple[UUID, ...] = ()
) -> dict[str, Available]:
    path = next(path for path in procedure_files() if path.parent.name == "IRC")
    found = available_actions(
        procedures.read_file(path), state=state, party_id=PARTY, actor=actor, history=(), desk_id=desk_id,
        typists=typists,
    )  # fmt: skip
    return {each.action.code: each for each in found}


@pytest.mark.parametrize(
    ("desk_id", "codes"), [(DESK, {"submit", "withdraw"}), (ELSEWHERE, set()), (None, set())]
)
def test_only_the_counter_that_enters_it_files_it(desk_id: UUID | None, codes: set[str]) -> None:
    assert set(offered(officer(DESK), "draft", desk_id=desk_id)) == codes


def test_an_officer_without_the_right_to_receive_stands_in_for_nobody() -> None:
    assert offered(officer(DESK, frozenset({REVIEW})), "draft", desk_id=DESK) == {}


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("drafted", "approve"),
        ("approved", "sign"),
        ("refusal_drafted", "approve_refusal"),
        ("refusal_approved", "refuse"),
        ("submitted", "not_accept"),
    ],
)
def test_who_typed_decides_nothing_about_it(state: str, code: str) -> None:
    actor = officer(DESK, ALL)
    assert offered(actor, state, desk_id=DESK, typists=(ME,))[code].blocked == "four-eyes"
    assert offered(actor, state, desk_id=DESK, typists=(ELSEWHERE,))[code].blocked == ""


def test_who_typed_may_receive_it() -> None:
    assert offered(officer(DESK), "submitted", desk_id=DESK, typists=(ME,))["accept"].blocked == ""


def test_who_typed_may_file_the_signed_paper_since_comparing_decides_nothing() -> None:
    actor = officer(DESK, frozenset({RECEIVE, FILE_SIGNED}))
    found = offered(actor, "hand_signing", desk_id=DESK, typists=(ME,))
    assert found["file_signed_paper"].blocked == ""


def test_the_platform_s_own_steps_stay_its_own() -> None:
    found = offered(officer(DESK, ALL), "consulting", desk_id=DESK)
    assert all(each.action.side is not Side.SYSTEM for each in found.values())
