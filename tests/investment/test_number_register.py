"""Certificates from before the register of numbers keep their numbers in it, and it goes on after them."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, select

from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.db.migrate import alembic_config, upgrade
from app.core.documents.models import Letter
from app.core.settings import DatabaseTarget
from app.investment.models import Certificate
from app.modules import Platform
from tests.conftest import NOW, TEST_LOGINS, clone
from tests.investment.dossiers import Office
from tests.investment.walk import OFFICER


@pytest.fixture
def office(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[Office]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield Office(database, platform, NOW)
        database.close()


def certificates(office: Office) -> list[str]:
    with office.database.session(OFFICER) as session:
        return list(session.scalars(select(Certificate.number).order_by(Certificate.signed_at)))


def test_older_certificates_enter_the_register_and_it_goes_on_after_them(office: Office) -> None:
    for _ in range(2):
        office.to_certificate(office.filed())
    before = certificates(office)
    target = office.database.target
    with psycopg.connect(target.conninfo("ftz_owner")) as owner:
        owner.execute("delete from documents_letter where kind = 'IRC'")
        owner.execute("delete from documents_letter_number where kind = 'IRC'")
    _to(target, "0046")
    upgrade(target)
    office.to_certificate(office.filed())
    with office.database.session(OFFICER) as session:
        rows = session.scalars(select(Letter).where(Letter.kind == "IRC").order_by(Letter.number)).all()
        assert [row.text for row in rows][:2] == before
        assert [row.number for row in rows] == [1, 2, 3]
        assert all(row.document_id is not None for row in rows)
    assert certificates(office)[2] == rows[2].text


def _to(target: DatabaseTarget, revision: str) -> None:
    engine = create_engine(target.url("ftz_owner"))
    try:
        with engine.connect() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
            connection.commit()
    finally:
        engine.dispose()
