"""Whom a notice goes to: named people, the people of a party, or the officers who do the next step."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Members:
    """Whoever holds one of the roles for a party, also by a delegation whose scope covers the topic."""

    party_id: UUID
    roles: frozenset[str]
    topic: str


@dataclass(frozen=True, slots=True)
class Officers:
    """
    Whoever holds one of the roles in an office.

    Where the office has nobody with the role, those of the office above it; where that has none either, all who hold
    it in the zone: what must be done is told to somebody who may do it.
    """

    office: str
    roles: frozenset[str]


Recipient = UUID | Members | Officers

_MEMBERS = text(
    """
    select distinct g.user_id
      from auth_grant g join auth_user u on u.id = g.user_id
     where g.party_id = :party and g.roles && :roles and u.state = 'ACTIVE' and u.kind = 'CUSTOMER'
       and (cardinality(g.scope) = 0 or :topic = any(g.scope))
       and g.valid_from <= :at and (g.valid_to is null or :at < g.valid_to)
     order by g.user_id
    """
)
_OFFICERS = text(
    """
    with found as (
        select g.user_id,
               min(case when office.code = :office then 0
                        when office.party_id = (select parent_id from auth_office where code = :office) then 1
                        else 2 end) as distance
          from auth_grant g join auth_user u on u.id = g.user_id
               join auth_office office on office.party_id = g.party_id
         where g.roles && :roles and u.state = 'ACTIVE' and u.kind = 'OFFICER'
           and g.valid_from <= :at and (g.valid_to is null or :at < g.valid_to)
         group by g.user_id
    )
    select user_id from found where distance = (select min(distance) from found) order by user_id
    """
)


def resolve(session: Session, recipients: Sequence[Recipient], *, at: datetime) -> list[UUID]:
    """Return the people meant, each once, in a stable order (role ftz_officer or ftz_worker)."""
    people: dict[UUID, None] = {}
    for each in recipients:
        if isinstance(each, UUID):
            people[each] = None
        elif isinstance(each, Members):
            values = {"party": each.party_id, "roles": _list(each.roles), "topic": each.topic, "at": at}
            people |= dict.fromkeys(session.scalars(_MEMBERS, values))
        else:
            found = session.scalars(_OFFICERS, {"office": each.office, "roles": _list(each.roles), "at": at})
            people |= dict.fromkeys(found)
    return list(people)


def _list(roles: Collection[str]) -> list[str]:
    return sorted(roles)
