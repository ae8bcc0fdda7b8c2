"""Delegations: which enterprise acts for which, within roles, topics and a period; and their end (role ftz_auth)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from app.core.auth.models import Delegation, Party
from app.core.auth.permissions import DELEGATION_GIVE
from app.core.errors import NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """A delegation as either side sees it."""

    id: UUID
    giver_id: UUID
    giver: str
    delegate_id: UUID
    delegate: str
    roles: tuple[str, ...]
    scope: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime | None
    revoked_at: datetime | None

    def in_force(self, at: datetime) -> bool:
        """Tell whether the delegate acts at an instant."""
        begun = self.valid_from <= at and (self.valid_to is None or at < self.valid_to)
        return begun and (self.revoked_at is None or at < self.revoked_at)


def delegations_of(session: Session, party_ids: Collection[UUID]) -> list[DelegationLine]:
    """Return what enterprises have given and received, the newest first; the caller decides whose they are."""
    giver, delegate = aliased(Party), aliased(Party)
    rows = session.execute(
        select(Delegation, giver.name, delegate.name)
        .join(giver, giver.id == Delegation.party_id)
        .join(delegate, delegate.id == Delegation.delegate_party_id)
        .where(or_(Delegation.party_id.in_(party_ids), Delegation.delegate_party_id.in_(party_ids)))
        .order_by(Delegation.id.desc())
        .limit(200)
    )
    return [
        DelegationLine(
            row.id, row.party_id, giver_name, row.delegate_party_id, delegate_name, tuple(row.roles),
            tuple(row.scope), row.valid_from, row.valid_to, row.revoked_at,
        )
        for row, giver_name, delegate_name in rows
    ]  # fmt: skip


def give_delegation(
    session: Session,
    *,
    party_id: UUID,
    delegate_id: UUID,
    roles: Sequence[str],
    scope: Sequence[str],
    until: datetime | None,
    given_by: UUID | None,
    actor: Actor,
    now: datetime,
) -> Delegation:
    """
    Let an enterprise act for another from now on; who may offer and accept is decided by the caller.

    :param given_by: who offered it at the enterprise that gives; ``actor`` is who makes it count.
    """
    given = Delegation(
        id=uuid7(), party_id=party_id, delegate_party_id=delegate_id, roles=list(roles), scope=list(scope),
        valid_from=now, valid_to=until, created_at=now, created_by=given_by,
    )  # fmt: skip
    session.add(given)
    facts = {"roles": list(roles), "scope": list(scope), "delegate": str(delegate_id)}
    record(
        session, "auth:delegation:give", subject=Subject("delegation", given.id), actor=actor, at=now,
        party_id=party_id, facts=facts,
    )  # fmt: skip
    return given


def end_delegation(session: Session, delegation_id: UUID, *, actor: Actor, now: datetime) -> Delegation:
    """
    End a delegation at once, by either side; open sessions lose the right with their next request.

    :raises NotFound: no delegation in force of an enterprise that the actor manages.
    """
    found = session.get(Delegation, delegation_id, with_for_update=True)
    over = (
        found is None
        or found.revoked_at is not None
        or (found.valid_to is not None and found.valid_to <= now)
    )
    if found is None or over:
        raise NotFound
    if not (
        actor.may(DELEGATION_GIVE, found.party_id) or actor.may(DELEGATION_GIVE, found.delegate_party_id)
    ):
        raise NotFound
    found.revoked_at = now
    record(
        session, "auth:delegation:revoke", subject=Subject("delegation", found.id), actor=actor, at=now,
        party_id=found.party_id, facts={"delegate": str(found.delegate_party_id)},
    )  # fmt: skip
    return found
