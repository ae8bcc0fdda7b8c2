"""What may be done now: one table for the API, the pages and the tests.

Pure: state, permissions and history go in, a list of actions goes out. Whoever draws a button and whoever carries
out the action ask the same function, so that they cannot disagree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.core.kit.actor import Actor, ActorKind
from app.core.workflow.definition import Action, Definition, Side
from app.core.workflow.permissions import FILE, RECEIVE

# The channel of dossiers that reception enters for a visitor.
COUNTER = "COUNTER"


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
    definition: Definition, *, state: str, party_id: UUID, actor: Actor, history: Iterable[Done]
) -> list[Available]:
    """
    Return the actions that the actor may take on a dossier in a state, in the order of the definition.

    Actions for which the actor lacks the permission are left out; those that four eyes forbid stay in, blocked. The
    platform's own steps need no permission: nobody else is on their side.
    """
    past = list(history)
    return [
        Available(action, _four_eyes(action, actor, past))
        for action in definition.actions
        if state in action.sources
        and _on_side(action.side, actor)
        and (action.side is Side.SYSTEM or actor.may(action.permission, party_id))
    ]


def _on_side(side: Side, actor: Actor) -> bool:
    match side:
        case Side.APPLICANT:
            return actor.kind in (ActorKind.CUSTOMER, ActorKind.CLIENT)
        case Side.OFFICER:
            return actor.kind is ActorKind.OFFICER
        case Side.SYSTEM:
            return actor.kind is ActorKind.SYSTEM


def _four_eyes(action: Action, actor: Actor, history: Sequence[Done]) -> str:
    """Say ``four-eyes`` when the actor took, last time, one of the actions that this one must check."""
    for code in action.differs_from:
        last = next((entry for entry in reversed(history) if entry.action == code), None)
        if last is not None and last.actor_id == actor.user_id:
            return "four-eyes"
    return ""


def may_fill(channel: str, party_id: UUID, actor: Actor) -> bool:
    """Tell whether somebody may answer for an applicant: its own people, and the counter for its visitors."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    if actor.is_officer:
        return channel == COUNTER and actor.may(RECEIVE)
    return actor.may(FILE, party_id)
