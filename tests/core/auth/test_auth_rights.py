"""What each database role may read and write of identity, tried as the application's own logins."""

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.core.auth import Delegation, LoginSession, Membership, Party, Throttle, User
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.kit.ids import uuid7
from tests.core.auth.people import AUTH, OFFICER, WORKER, MakePerson


def tenant(*parties: object) -> SessionContext:
    return SessionContext(DbRole.TENANT, parties)  # type: ignore[arg-type]


def refused(database: Database, context: SessionContext, statement: str) -> bool:
    with database.session(context) as session:
        try:
            session.execute(text(statement))
        except DBAPIError as error:
            return isinstance(error.orig, InsufficientPrivilege)
    return False


SECRETS = (
    "select password_hash from auth_user",
    "select email from auth_user",
    "select token_hash from auth_session",
    "select * from auth_throttle",
    "update auth_user set state = 'ACTIVE'",
)


@pytest.mark.parametrize("statement", SECRETS)
@pytest.mark.parametrize("context", [OFFICER, tenant(uuid7())], ids=["officer", "tenant"])
def test_the_desks_read_no_secret(database: Database, context: SessionContext, statement: str) -> None:
    assert refused(database, context, statement)


@pytest.mark.parametrize("statement", SECRETS)
def test_jobs_read_no_secret(work: Database, statement: str) -> None:
    assert refused(work, WORKER, statement)


def test_a_tenant_reads_no_account(database: Database) -> None:
    assert refused(database, tenant(uuid7()), "select id from auth_user")
    assert not refused(database, OFFICER, "select id, login, full_name, kind, state from auth_user")


@pytest.mark.parametrize("context", [OFFICER, tenant(uuid7()), AUTH], ids=["officer", "tenant", "auth"])
def test_only_the_bare_login_resolves(database: Database, context: SessionContext) -> None:
    statement = "select * from auth_resolve(sha256('x'), now(), true)"
    # The role auth reads the tables anyway; the function is for the login that holds no right on any table.
    assert refused(database, context, statement)


def test_the_bare_login_reads_no_table(database: Database) -> None:
    with database.engine(WEB_LOGINS[DbRole.AUTH]).connect() as connection:
        for mapped in (User, Party, Membership, Delegation, LoginSession, Throttle):
            with pytest.raises(DBAPIError, match="permission denied"):
                connection.execute(select(func.count()).select_from(mapped))
            connection.rollback()


def test_a_tenant_sees_its_own_party_and_members_only(database: Database, person: MakePerson) -> None:
    mine, other = person("FILER"), person("FILER")
    with database.session(tenant(mine.party_id)) as session:
        assert list(session.scalars(select(Party.id))) == [mine.party_id]
        assert list(session.scalars(select(Membership.user_id))) == [mine.id]
    with database.session(tenant()) as session:
        assert session.scalar(select(func.count()).select_from(Party)) == 0
    with database.session(OFFICER) as session:
        seen = set(session.scalars(select(Party.id)))
        assert {mine.party_id, other.party_id} <= seen


def test_a_tenant_makes_itself_no_member(database: Database, person: MakePerson) -> None:
    mine = person("FILER")
    assert refused(
        database,
        tenant(mine.party_id),
        "insert into auth_membership (id, party_id, user_id, roles, valid_from, created_at)"
        " values (gen_random_uuid(), (select id from auth_party), gen_random_uuid(), '{SIGNER}', now(), now())",
    )


def test_a_tenant_delegates_for_itself_only(database: Database, person: MakePerson) -> None:
    mine, other = person(), person()
    insert = (
        "insert into auth_delegation (id, party_id, delegate_party_id, roles, scope, valid_from, created_at)"
        " values (:id, :giver, :delegate, '{FILER}', '{}', now(), now())"
    )
    with database.session(tenant(mine.party_id)) as session:
        session.execute(text(insert), {"id": uuid7(), "giver": mine.party_id, "delegate": other.party_id})
        with pytest.raises(DBAPIError, match="row-level security"):
            session.execute(text(insert), {"id": uuid7(), "giver": other.party_id, "delegate": mine.party_id})
