"""Who enters a dossier for its applicant: reception, at the counter of the office where the applicant came."""

from collections.abc import Collection
from uuid import UUID

from app.core.auth.permissions import require
from app.core.kit.actor import Actor
from app.core.workflow.models import Case
from app.core.workflow.permissions import RECEIVE

# The channels of dossiers: filed online, or entered by reception for a visitor or from the post.
ONLINE = "ONLINE"
COUNTER = "COUNTER"
POST = "POST"


def stands_in(desk_id: UUID | None, actor: Actor) -> bool:
    """
    Tell whether an officer may act for the applicant of a dossier.

    :param desk_id: the office whose counter enters it; None for a dossier that its applicant filled in.
    """
    return desk_id is not None and desk_id in desks_of(actor)


def desks_of(actor: Actor) -> Collection[UUID]:
    """Return the offices at whose counter an officer receives."""
    if not actor.is_officer:
        return ()
    return tuple(grant.party_id for grant in actor.grants if RECEIVE in grant.permissions)


def own_desk(actor: Actor) -> UUID:
    """
    Return the office for which an officer begins a dossier.

    :raises Forbidden: the actor does not receive at any counter.
    """
    require(actor, RECEIVE)
    return next(iter(desks_of(actor)))


def note_typist(case: Case, actor: Actor) -> None:
    """Remember an officer who entered something of a dossier: four eyes ask for it later."""
    if actor.is_officer and actor.user_id is not None and actor.user_id not in case.typists:
        case.typists = [*case.typists, actor.user_id]
