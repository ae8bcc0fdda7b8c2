"""Who acts: the person, program or clock behind a change."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """What sort of caller stands behind a request or a job."""

    ANONYMOUS = "ANONYMOUS"
    CUSTOMER = "CUSTOMER"
    OFFICER = "OFFICER"
    CLIENT = "CLIENT"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What an actor may do for one party (an enterprise, an agency or a division).

    ``permissions`` are the action codes that the roles bring, resolved when the actor is made, so that a
    decision about rights needs no look-up.
    """

    party_id: UUID
    roles: frozenset[str]
    permissions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Actor:
    """The authenticated caller with all that decides what may be seen and done."""

    kind: ActorKind
    user_id: UUID | None = None
    name: str = ""
    grants: tuple[Grant, ...] = ()
    session_id: UUID | None = None

    @property
    def party_ids(self) -> tuple[UUID, ...]:
        """All parties for which the actor holds a role, in the order of the grants."""
        return tuple(grant.party_id for grant in self.grants)

    @property
    def is_officer(self) -> bool:
        """Tell whether the actor works on the authority's side of the desk."""
        return self.kind is ActorKind.OFFICER

    def may(self, permission: str, party_id: UUID | None = None) -> bool:
        """
        Tell whether the actor holds a permission.

        A customer's permission counts for the named party only; without a party, for any. An officer's counts
        everywhere in the zone: the division bounds who works on what, not what may be done.
        """
        return any(
            permission in grant.permissions
            for grant in self.grants
            if party_id is None or self.is_officer or grant.party_id == party_id
        )


ANONYMOUS = Actor(ActorKind.ANONYMOUS)
SYSTEM = Actor(ActorKind.SYSTEM, name="system")
