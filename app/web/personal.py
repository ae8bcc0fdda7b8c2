"""
Personal answers on pages: an enterprise sees its own; an officer sees them for a recorded purpose.

For whoever has the dossier in hand the purpose is its handling, and the reading is recorded by opening the page. Any
other officer sees dots and states a purpose first. The record is committed before a value is shown, so it survives
whatever becomes of the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.kit.personal import Cover, covered, personal_values, reveal
from app.core.kit.time import utcnow
from app.core.privacy import Purpose, Read, ReadingKind, recent_reading, record_reading
from app.core.workflow import counter
from app.core.workflow.actions import Available
from app.core.workflow.definition import Definition, Side
from app.core.workflow.standing_in import stands_in

KIND = "case"


class Held(Protocol):
    """A dossier's row, as far as reading it is concerned."""

    @property
    def id(self) -> UUID:
        """Its key."""

    @property
    def code(self) -> str | None:
        """Its public code, once it is filed."""

    @property
    def party_id(self) -> UUID:
        """Whose it is."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def assigned_to(self) -> UUID | None:
        """Who handles it."""

    @property
    def desk_id(self) -> UUID | None:
        """The office whose counter enters it, if one does."""

    @property
    def answers(self) -> dict[str, Any]:
        """What the form says, personal answers sealed."""


class Handled(Protocol):
    """A dossier with what may be done with it."""

    @property
    def case(self) -> Held:
        """Its row."""

    @property
    def definition(self) -> Definition:
        """Its procedure."""

    @property
    def available(self) -> Sequence[Available]:
        """What the reader may do now."""


@dataclass(frozen=True, slots=True)
class Shown:
    """
    Answers as a reader may see them.

    ``state`` is ``none`` (nothing personal), ``own``, ``shown`` (recorded) or ``covered``; ``purpose`` is the code of
    the recorded purpose; ``erased`` tells that values were erased when their time had passed.
    """

    answers: Mapping[str, Any]
    state: str
    purpose: str = ""
    note: str = ""
    erased: bool = False


def for_reader(session: Session, dossier: Handled, actor: Actor) -> Shown:
    """Return a dossier's answers for a reader; records and commits the reading where it is one."""
    case = dossier.case
    found = [*personal_values(case.answers), *personal_values(came_for(session, case))]
    erased = any(each.cover is Cover.ERASED for each in found)
    if not found:
        return Shown(case.answers, "none")
    if not actor.is_officer:
        return Shown(reveal(case.answers), "own", erased=erased)
    now = utcnow()
    recent = recent_reading(session, actor=actor, object_id=case.id, now=now)
    if recent is not None:
        return Shown(reveal(case.answers), "shown", recent.purpose, recent.note, erased)
    if not in_hand(dossier, actor):
        return Shown(covered(case.answers), "covered", erased=erased)
    record_reading(session, what=read_of(session, case), purpose=Purpose.HANDLING, actor=actor, now=now)
    session.commit()  # before anything is shown: the reading stands even if the page breaks
    return Shown(reveal(case.answers), "shown", Purpose.HANDLING.value, erased=erased)


def for_copy(session: Session, dossier: Handled, actor: Actor) -> Mapping[str, Any]:
    """Return the answers for a print or an export, which an officer takes along: each one is recorded."""
    shown = for_reader(session, dossier, actor)
    if shown.state == "shown":
        record_reading(
            session, what=read_of(session, dossier.case), purpose=Purpose(shown.purpose), actor=actor, now=utcnow(),
            note=shown.note, how=ReadingKind.EXPORTED,
        )  # fmt: skip
        session.commit()  # as above
    return shown.answers


def in_hand(dossier: Handled, actor: Actor) -> bool:
    """Tell whether an officer works on the dossier now: it is theirs, or the next step is one that they may take."""
    state = dossier.definition.states[dossier.case.state]
    if state.final:
        return False
    if stands_in(dossier.case.desk_id, actor) and state.waits_for is Side.APPLICANT:
        return True
    mine = dossier.case.assigned_to is not None and dossier.case.assigned_to == actor.user_id
    return mine or any(each.action.side is Side.OFFICER for each in dossier.available)


def came_for(session: Session, case: Held) -> list[Mapping[str, Any]]:
    """Return the names of those who brought papers of a dossier to the counter, covered."""
    if case.desk_id is None:
        return []
    return [each.presenter for each in counter.visits(session, case.id)]


def read_of(session: Session, case: Held) -> Read:
    """Return what a reading of a dossier's personal data is recorded as."""
    values = [*personal_values(case.answers), *personal_values(came_for(session, case))]
    fields = [each.token["f"] for each in values]
    return Read(KIND, case.id, case.code or "", case.party_id, fields)
