from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.auth import (
    AccountNotUsable,
    Delegation,
    Membership,
    PermissionBook,
    UserState,
    actor_of,
    end_membership,
    set_state,
)
from app.core.db import Database
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from tests.core.auth.people import AUTH, NOW, OFFICER, WORKER, Enter, MakePerson, Who

MINUTE = timedelta(minutes=1)


def delegate(
    database: Database,
    *roles: str,
    giver: UUID,
    to: UUID,
    scope: tuple[str, ...] = (),
    valid_to: datetime | None = None,
) -> UUID:
    row = Delegation(
        id=uuid7(),
        party_id=giver,
        delegate_party_id=to,
        roles=list(roles),
        scope=list(scope),
        valid_from=NOW,
        valid_to=valid_to,
        revoked_at=None,
        created_at=NOW,
        created_by=None,
    )
    with database.transaction(OFFICER) as session:
        session.add(row)
    return row.id


def test_a_membership_counts_until_its_end(
    database: Database, person: MakePerson, enter: Enter, who: Who
) -> None:
    lan = person("FILER")
    token = enter(lan).token
    with database.transaction(OFFICER) as session:
        held = session.scalars(select(Membership.id).where(Membership.user_id == lan.id)).one()
        end_membership(session, held, actor=SYSTEM, now=NOW + MINUTE)
    before, after = who(token, NOW + MINUTE / 2), who(token, NOW + MINUTE)
    assert before is not None
    assert before.party_ids == (lan.party_id,)
    assert after is not None
    assert after.grants == ()


def test_a_delegation_gives_what_both_sides_have(
    database: Database, person: MakePerson, enter: Enter
) -> None:
    broker, giver = person("FILER"), person()
    delegate(database, "FILER", "SIGNER", giver=giver.party_id, to=broker.party_id, scope=("goods",))
    actor = enter(broker).actor
    grant = {grant.party_id: grant for grant in actor.grants}[giver.party_id]
    assert grant.roles == {"FILER"}
    assert grant.permissions == {"goods.removal.create"}
    assert actor.may("investment.case.file", broker.party_id)
    assert not actor.may("investment.case.file", giver.party_id)


def test_an_administrator_of_the_delegate_files_and_signs_but_does_not_administer(
    database: Database, person: MakePerson, enter: Enter
) -> None:
    broker, giver = person("ENTERPRISE_ADMIN"), person()
    delegate(database, "FILER", "SIGNER", giver=giver.party_id, to=broker.party_id)
    grant = {grant.party_id: grant for grant in enter(broker).actor.grants}[giver.party_id]
    assert grant.roles == {"FILER", "SIGNER"}


def test_officers_and_jobs_find_the_same_actor(
    database: Database, work: Database, person: MakePerson, enter: Enter, book: PermissionBook
) -> None:
    broker, giver = person("FILER"), person()
    delegate(database, "FILER", giver=giver.party_id, to=broker.party_id)
    actor = enter(broker).actor
    for reached, context in ((database, OFFICER), (work, WORKER)):
        with reached.session(context) as session:
            found = actor_of(session, broker.id, book=book, at=NOW)
        assert replace(found, session_id=actor.session_id) == actor


def test_a_delegation_ends_by_time_and_by_revocation(
    database: Database, person: MakePerson, enter: Enter, who: Who
) -> None:
    broker, one, other = person("FILER"), person(), person()
    delegate(database, "FILER", giver=one.party_id, to=broker.party_id, valid_to=NOW + MINUTE)
    revoked = delegate(database, "FILER", giver=other.party_id, to=broker.party_id)
    token = enter(broker).token

    def parties(now: datetime) -> set[UUID]:
        actor = who(token, now)
        assert actor is not None
        return set(actor.party_ids)

    assert parties(NOW) == {broker.party_id, one.party_id, other.party_id}
    assert parties(NOW + MINUTE) == {broker.party_id, other.party_id}
    with database.transaction(OFFICER) as session:
        session.execute(update(Delegation).where(Delegation.id == revoked).values(revoked_at=NOW + MINUTE))
    assert parties(NOW + MINUTE) == {broker.party_id}


def test_delegations_do_not_chain(database: Database, person: MakePerson, enter: Enter) -> None:
    first, second, third = person("FILER"), person("FILER"), person("FILER")
    delegate(database, "FILER", giver=first.party_id, to=second.party_id)
    delegate(database, "FILER", giver=second.party_id, to=third.party_id)
    assert set(enter(third).actor.party_ids) == {second.party_id, third.party_id}


def test_a_delegation_without_a_common_role_gives_nothing(
    database: Database, person: MakePerson, enter: Enter
) -> None:
    broker, giver = person("FILER"), person()
    delegate(database, "SIGNER", giver=giver.party_id, to=broker.party_id)
    assert enter(broker).actor.party_ids == (broker.party_id,)


def test_grants_of_one_party_are_united(database: Database, person: MakePerson, enter: Enter) -> None:
    broker, giver = person("FILER", "SIGNER"), person()
    delegate(database, "FILER", giver=giver.party_id, to=broker.party_id, scope=("goods",))
    delegate(database, "SIGNER", giver=giver.party_id, to=broker.party_id)
    grant = {grant.party_id: grant for grant in enter(broker).actor.grants}[giver.party_id]
    assert grant.roles == {"FILER", "SIGNER"}
    assert grant.permissions == {"goods.removal.create", "investment.case.sign"}


def test_no_job_acts_for_a_locked_account(
    database: Database, person: MakePerson, book: PermissionBook
) -> None:
    lan = person("FILER")
    with database.transaction(AUTH) as session:
        set_state(session, lan.id, state=UserState.LOCKED, actor=SYSTEM, now=NOW)
    for user_id in (lan.id, uuid7()):
        with database.session(OFFICER) as session, pytest.raises(AccountNotUsable):
            actor_of(session, user_id, book=book, at=NOW)
