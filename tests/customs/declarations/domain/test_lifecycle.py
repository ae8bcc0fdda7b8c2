"""The table of steps: no sequence leads outside, and only the authority's notices make what is official."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.customs.declarations.domain import lifecycle
from app.customs.declarations.domain.lifecycle import ENDS, TRANSITIONS, State, Step, StepImpossible, Who

NOTICES = sorted({row.step for row in TRANSITIONS if row.who is Who.AUTHORITY})
OFFICIAL = {State.REGISTERED, State.PAPERS, State.GOODS_CHECK, State.PAYABLE, State.RELEASED, State.CLEARED}


def test_one_row_for_each_step_in_each_state() -> None:
    keys = [(row.state, row.step) for row in TRANSITIONS]
    assert len(keys) == len(set(keys))


def test_each_step_stands_in_the_table_on_one_side_only() -> None:
    sides = {step: {row.who for row in TRANSITIONS if row.step is step} for step in Step}
    assert all(len(whos) == 1 for whos in sides.values())


def test_all_states_can_be_reached() -> None:
    reached, edge = {State.DRAFT}, [State.DRAFT]
    while edge:
        for row in lifecycle.steps(edge.pop()):
            if row.to not in reached:
                reached.add(row.to)
                edge.append(row.to)
    assert reached == set(State)


@pytest.mark.parametrize("state", sorted(OFFICIAL))
def test_an_official_state_is_entered_by_a_notice_only(state: State) -> None:
    entries = [row for row in TRANSITIONS if row.to is state and row.state is not state]
    assert entries
    assert {row.who for row in entries} == {Who.AUTHORITY}


def test_the_ends_are_left_by_the_authority_alone() -> None:
    left = {row.who for row in TRANSITIONS if row.state in ENDS and row.to is not row.state}
    assert left == {Who.AUTHORITY}


@given(st.lists(st.sampled_from(sorted(Step)), max_size=40))
def test_no_sequence_leads_outside(sequence: list[Step]) -> None:
    state = State.DRAFT
    for step in sequence:
        row = lifecycle.find(state, step)
        if row is None:
            with pytest.raises(StepImpossible) as caught:
                lifecycle.take(state, step)
            assert set(caught.value.allowed) == {each.step for each in lifecycle.steps(state, Who.FIRM)}
        else:
            state = lifecycle.take(state, step).to
        assert state in set(State)


@given(st.lists(st.sampled_from(NOTICES), max_size=40))
def test_notices_never_give_a_draft_back(sequence: list[Step]) -> None:
    state = State.QUEUED
    for step in sequence:
        row = lifecycle.find(state, step)
        state = row.to if row else state
        assert state not in {State.DRAFT, State.QUEUED} or state is State.QUEUED


def test_an_impossible_step_names_what_is_possible() -> None:
    with pytest.raises(StepImpossible) as caught:
        lifecycle.take(State.DRAFT, Step.PAY)
    assert caught.value.code == "declarations.step-impossible"
    assert caught.value.allowed == (Step.EDIT, Step.SEND, Step.DISCARD)


def test_a_cleared_declaration_is_not_cancelled_by_the_firm() -> None:
    assert lifecycle.find(State.CLEARED, Step.CANCEL) is None
    assert lifecycle.find(State.CLEARED, Step.AMEND) is not None


def test_a_state_has_a_name_each() -> None:
    assert set(lifecycle.STATE_NAMES) == set(State)


def test_each_action_of_a_firm_has_a_name() -> None:
    assert set(lifecycle.STEP_NAMES) == {row.step for row in TRANSITIONS if row.who is Who.FIRM}
