"""The guide to approvals: which question comes next, which procedure follows, what a draft can take over. Pure.

All of it stands in the answers given so far, a mapping of question to option, so that a link holds the whole state.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.kit.conditions import Truth, evaluate, parse

Text = Mapping[str, str]
State = Mapping[str, str]

UNSURE = "UNSURE"
"""An answer that leaves every condition open."""
_FLAGS = {"YES": True, "NO": False}


@dataclass(frozen=True, slots=True)
class Question:
    """One question: why it is asked, the options by code, when it is asked, and which answer of a form it fills."""

    code: str
    title: Text
    why: Text
    options: Mapping[str, Text]
    when: Mapping[str, Any] | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """A procedure of the catalogue and the condition under which it is the way to go."""

    code: str
    when: Mapping[str, Any]
    procedure: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The procedure that follows, if the answers decide, and those that stay possible."""

    track: Track | None
    possible: tuple[Track, ...]


def holds(condition: Mapping[str, Any] | None, state: State) -> Truth:
    """Answer a condition over the answers given; one that is not there holds."""
    known = {code: option for code, option in state.items() if option != UNSURE}
    return True if condition is None else evaluate(parse(condition), known).value


def walk(questions: Sequence[Question], given: State) -> tuple[dict[str, str], Question | None]:
    """
    Go through the questions in order.

    :returns: the answers that stand (asked, and an option of the question) and the first question without one.
    """
    state: dict[str, str] = {}
    following: Question | None = None
    for question in questions:
        if holds(question.when, state) is False:
            continue
        option = given.get(question.code, "")
        if option in question.options:
            state[question.code] = option
        elif following is None:
            following = question
    return state, following


def conclude(tracks: Sequence[Track], state: State) -> Conclusion:
    """Return the first track whose condition holds, and the tracks whose condition is still open."""
    judged = [(track, holds(track.when, state)) for track in tracks]
    chosen = next((track for track, value in judged if value), None)
    return Conclusion(chosen, tuple(track for track, value in judged if value is None))


def form_answers(questions: Sequence[Question], state: State) -> dict[str, Any]:
    """Return the answers of a request that the guide already knows."""
    answers: dict[str, Any] = {}
    for question, value in _known(questions, state):
        table, _, column = question.form.partition(".")
        if column:
            answers.setdefault(table, [{}])[0][column] = value
        else:
            answers[table] = value
    return answers


def _known(questions: Sequence[Question], state: State) -> Iterator[tuple[Question, str | bool]]:
    for question in questions:
        option = state.get(question.code)
        if question.form and option is not None and option != UNSURE:
            yield question, _FLAGS.get(option, option)
