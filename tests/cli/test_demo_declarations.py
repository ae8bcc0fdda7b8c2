"""The demo zone's declarations pass every rule, wait for the authority, and are handed in once."""

from sqlalchemy import select, text

from app.cli.demo_declarations import seed_declarations
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.customs.declarations.facade import Declaration
from app.modules import Platform
from tests.conftest import NOW, TEST_LOGINS, clone

OFFICER = SessionContext(DbRole.OFFICER)


def test_they_are_handed_in_once_and_nothing_of_customs_is_made_up(
    cluster: PrivateCluster, ready_template: str, platform: Platform
) -> None:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        made = seed_declarations(database, platform, now=NOW)
        again = seed_declarations(database, platform, now=NOW)
        with database.session(OFFICER) as session:
            rows = session.scalars(select(Declaration)).all()
            computed = session.scalar(
                text("select count(*) from customs_assessment where kind = 'PRECALCULATED' and total > 0")
            )
        database.close()
    assert (made, again) == (5, 0)
    assert {row.state for row in rows} == {"QUEUED"}
    assert {(row.official_number, row.channel, row.registered_at) for row in rows} == {(None, None, None)}
    assert len({row.party_id for row in rows}) == 2
    assert computed == 4, "what goes inland has a tax before anybody asks for money"
