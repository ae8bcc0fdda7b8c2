"""What a request costs before its first question: no ping, one message for BEGIN and context."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.ids import uuid7
from tests.conftest import clone

PARTY, USER = uuid7(), uuid7()
TENANT = SessionContext(DbRole.TENANT, (PARTY,), USER)
SELF = text(
    "select current_user::text, current_setting('ftz.parties'), current_setting('ftz.user'), pg_backend_pid()"
)


@pytest.fixture
def web(cluster: PrivateCluster, bare_template: str) -> Iterator[Database]:
    with clone(cluster, bare_template) as target:
        database = Database(target, logins=WEB_LOGINS, pool_size=2)
        yield database
        database.close()


def test_a_transaction_has_its_context_and_leaves_nothing_behind(web: Database) -> None:
    for context, parties, user in (
        (TENANT, f"{{{PARTY}}}", str(USER)),
        (SessionContext(DbRole.TENANT), "", ""),
    ):
        with web.session(context) as session:
            assert session.execute(SELF).one()[:3] == ("ftz_tenant", parties, user)
            session.commit()
            assert session.execute(SELF).one()[:3] == ("ftz_tenant", parties, user)
    with web.single(WEB_LOGINS[DbRole.TENANT]).connect() as connection:
        assert connection.execute(SELF).one()[:3] == ("ftz_web_tenant", "", "")


def test_a_rollback_takes_what_was_written(web: Database) -> None:
    with web.session(SessionContext(DbRole.OFFICER)) as session:
        before = session.execute(text("select count(*) from auth_party")).scalar_one()
        session.execute(
            text("insert into auth_party (id, kind, name, created_at) values (:id, 'PERSON', 'x', now())"),
            {"id": uuid7()},
        )
        session.rollback()
        assert session.execute(text("select count(*) from auth_party")).scalar_one() == before


def test_a_connection_that_the_server_ended_is_replaced(web: Database, cluster: PrivateCluster) -> None:
    with web.session(TENANT) as session:
        first = session.execute(SELF).one()[3]
    with psycopg.connect(cluster.boot_conninfo(web.target.name), autocommit=True) as boot:
        assert boot.execute("select pg_terminate_backend(%s, 5000)", [first]).fetchone() == (True,)
    with web.session(TENANT) as session:
        assert session.execute(SELF).one()[3] != first
