"""The owner's sessions: with the guards of the log on, and off."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app.core.db import Database


@pytest.fixture
def owner(database: Database) -> Iterator[Session]:
    engine = create_engine(database.target.url("ftz_owner"))
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def tampering(owner: Session) -> Session:
    """The owner with every guard off: what an administrator of the server could do."""
    for table in ("evidence_entry", "evidence_head"):
        owner.execute(text(f"alter table {table} disable trigger user"))
    owner.execute(text("alter table evidence_entry drop constraint ck_evidence_entry_leaf"))
    owner.commit()
    return owner
