"""Where a commitment stands, from its day and what was handed in; true without database or clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

WARN_DAYS = 30
"""How long before its day the enterprise is reminded of a commitment; a choice of the platform, not of the law."""


class CommitmentState(StrEnum):
    """What is due next, and from whom."""

    OPEN = "OPEN"
    OVERDUE = "OVERDUE"
    SUBMITTED = "SUBMITTED"
    FULFILLED = "FULFILLED"
    REPLACED = "REPLACED"


OVER = frozenset({CommitmentState.FULFILLED, CommitmentState.REPLACED})
"""States in which nothing more is asked for."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One piece of evidence: the day on which it came, and whether it was found sufficient; None: not judged yet."""

    on: date
    confirmed: bool | None = None


def state_of(due_on: date, shown: Sequence[Shown], *, today: date, replaced: bool = False) -> CommitmentState:
    """
    Return the state of a commitment.

    What was fulfilled stays so, whatever an adjustment of the certificate puts in its place later.
    Evidence that waits for an answer is the officer's turn, also after the day; returned evidence leaves the
    commitment open or overdue as if it had not come.
    """
    if any(each.confirmed for each in shown):
        return CommitmentState.FULFILLED
    if replaced:
        return CommitmentState.REPLACED
    if any(each.confirmed is None for each in shown):
        return CommitmentState.SUBMITTED
    return CommitmentState.OVERDUE if today > due_on else CommitmentState.OPEN


def was_late(due_on: date, shown: Sequence[Shown]) -> bool:
    """Tell whether what fulfilled or waits to fulfil a commitment came after its day."""
    counting = [each.on for each in shown if each.confirmed is not False]
    return bool(counting) and min(counting) > due_on


def is_near(due_on: date, *, today: date) -> bool:
    """Tell whether it is time to remind of a commitment that is still open."""
    return today >= due_on - timedelta(days=WARN_DAYS)
