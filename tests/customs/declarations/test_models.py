"""What the database itself refuses: official facts from a firm, and changes of what was sent."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.auth.models import Party, PartyKind
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.ids import uuid7
from app.customs.declarations.models import Declaration, Line, Revision
from tests.customs.declarations.made import NOW, declaration


@pytest.fixture
def firm(database: Database) -> UUID:
    party_id = uuid7()
    with database.transaction(SessionContext(DbRole.OFFICER)) as session:
        session.add(Party(id=party_id, kind=PartyKind.ENTERPRISE, name="Công ty Thử", created_at=NOW))
    return party_id


def _tenant(firm: UUID) -> SessionContext:
    return SessionContext(DbRole.TENANT, (firm,))


@pytest.mark.parametrize(
    "facts", [{"official_number": "108625440120"}, {"channel": "GREEN"}, {"cleared_at": NOW}]
)
def test_a_firm_cannot_give_itself_an_official_fact(
    database: Database, firm: UUID, facts: dict[str, Any]
) -> None:
    with pytest.raises(DBAPIError, match="gateway"), database.transaction(_tenant(firm)) as session:
        declaration(session, firm, **facts)
    with database.transaction(_tenant(firm)) as session:
        kept = declaration(session, firm).id
    with (
        pytest.raises(DBAPIError, match="through the gateway"),
        database.transaction(_tenant(firm)) as session,
    ):
        session.execute(update(Declaration).where(Declaration.id == kept).values(**facts))


def test_an_official_result_from_elsewhere_may_come_in(database: Database, firm: UUID) -> None:
    with database.transaction(_tenant(firm)) as session:
        row = declaration(session, firm, origin="ELSEWHERE", state="CLEARED", official_number="108625440120")
    assert row.official_number == "108625440120"


def test_the_worker_writes_what_customs_says(database: Database, firm: UUID) -> None:
    with database.transaction(_tenant(firm)) as session:
        kept = declaration(session, firm).id
    with database.transaction(SessionContext(DbRole.WORKER)) as session:
        session.execute(update(Declaration).where(Declaration.id == kept).values(channel="RED"))
        assert session.scalar(select(Declaration.channel).where(Declaration.id == kept)) == "RED"


def test_what_was_sent_stays(database: Database, firm: UUID) -> None:
    with database.transaction(_tenant(firm)) as session:
        declaration(session, firm)
        revision = session.scalars(select(Revision)).one()
        revision.state, revision.sent_at = "SENT", NOW
        sent = revision.id
    changes = (
        update(Revision).where(Revision.id == sent).values(header={"IMA": "x"}),
        update(Revision).where(Revision.id == sent).values(state="DRAFT"),
        update(Line).where(Line.revision_id == sent).values(hs="72083600"),
        delete(Line).where(Line.revision_id == sent),
    )
    for change in changes:
        with pytest.raises(DBAPIError, match="sent"), database.transaction(_tenant(firm)) as session:
            session.execute(change)
    with pytest.raises(DBAPIError, match="sent"), database.transaction(_tenant(firm)) as session:
        _add_line(session, firm, sent)


def _add_line(session: Session, firm: UUID, revision_id: UUID) -> None:
    session.add(Line(id=uuid7(), party_id=firm, revision_id=revision_id, number=2))
    session.flush()  # the trigger answers
