"""One step of one dossier: what guards judge and effects act on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.errors import DomainError
from app.core.evidence.canonical import Canonical
from app.core.kit.actor import Actor
from app.core.law import LawBook
from app.core.workflow.definition import Action, Definition
from app.core.workflow.models import Case, CaseEvent


@dataclass(slots=True)
class Step:
    """
    A transition in the making. The case is locked; nothing is written until all guards agree.

    Effects may change the case, read the law through ``book`` (values read are stored with the step), add ``facts``
    to the evidence entry, and add rows of their own to ``session``. They never commit.
    """

    session: Session
    case: Case
    definition: Definition
    action: Action
    actor: Actor
    now: datetime
    input: Mapping[str, Any]
    book: LawBook
    history: Sequence[CaseEvent]
    zone: ZoneInfo
    facts: dict[str, Canonical] = field(default_factory=dict)


def times_taken(step: Step, *actions: str) -> int:
    """Return how often some actions were taken on the dossier before this step."""
    return sum(event.action in actions for event in step.history)


Guard = Callable[[Step], DomainError | None]
"""Judges a step: None when it may go on, otherwise the refusal with every reason."""

Effect = Callable[[Step], None]
"""Does what a step brings about besides the move itself."""
