"""What may be done now: one table for the API, the pages and the tests.

Pure: state, permissions and history go in, a list of actions goes out. Whoever draws a button and whoever carries
out the action ask the same function, so that they cannot disagree.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.core.kit.actor import Actor, ActorKind
from app.core.workflow.definition import Action, Definition, Side
from app.core.workflow.models import Case
from app.core.workflow.permissions import FILE
from app.core.workflow.standing_in import stands_in


class Done(Protocol):
    """An entry of the history, as far as four eyes need it."""

    @property
    def action(self) -> str:
        """Code of the action taken."""

    @property
    def actor_id(self) -> UUID | None:
        """Who took it; None for the platform itself."""


@dataclass(frozen=True, slots=True)
class Available:
    """
    An action that the state allows, and whether this actor may take it.

    ``blocked`` is empty when it may be taken; otherwise a reason code (``four-eyes``) that a page explains instead of
    hiding the button, since somebody else can act.
    """

    action: Action
    blocked: str = ""


def available_actions(
    definition: Definition,
    *,
    state: str,
    party_id: UUID,
    actor: Actor,
    history: Iterable[Done],
    desk_id: UUID | None = None,
    typists: Collection[UUID] = (),
) -> list[Available]:
    """
    Return the actions that the actor may take on a dossier in a state, in the order of the definition.

    Actions for which the actor lacks the permission are left out; those that four eyes forbid stay in, blocked. The
    platform's own steps need no permission: nobody else is on their side.

    :param desk_id: the counter that enters the dossier; who receives there takes the applicant's steps too.
    :param typists: officers who entered something at the counter; they decide nothing about it.
    """
    past = list(history)
    return [
        Available(action, _four_eyes(action, actor, past, typists))
        for action in definition.actions
        if state in action.sources and _may(action, actor, party_id, desk_id)
    ]


def _may(action: Action, actor: Actor, party_id: UUID, desk_id: UUID | None) -> bool:
    if action.side is Side.APPLICANT and stands_in(desk_id, actor):
        return True
    return _on_side(action.side, actor) and (
        action.side is Side.SYSTEM or actor.may(action.permission, party_id)
    )


def _on_side(side: Side, actor: Actor) -> bool:
    match side:
        case Side.APPLICANT:
            return actor.kind in (ActorKind.CUSTOMER, ActorKind.CLIENT)
        case Side.OFFICER:
            return actor.kind is ActorKind.OFFICER
        case Side.SYSTEM:
            return actor.kind is ActorKind.SYSTEM


def _four_eyes(action: Action, actor: Actor, history: Sequence[Done], typists: Collection[UUID]) -> str:
    """
    Say ``four-eyes`` when the actor took, last time, what this action must check, or typed what it decides on.

    Who compares a signed sheet with its print decides nothing, so that a typist may.
    """
    decides = action.side is Side.OFFICER and (action.differs_from or action.refusal)
    if "compared" in action.input:
        decides = False
    if decides and actor.user_id in typists:
        return "four-eyes"
    for code in action.differs_from:
        last = next((entry for entry in reversed(history) if entry.action == code), None)
        if last is not None and last.actor_id == actor.user_id:
            return "four-eyes"
    return ""


def may_fill(case: Case, actor: Actor) -> bool:
    """Tell whether somebody may answer for an applicant: its own people, and the counter for its visitors."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    if actor.is_officer:
        return stands_in(case.desk_id, actor)
    return actor.may(FILE, case.party_id)
