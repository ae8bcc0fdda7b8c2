"""Payers with slips, on databases that are ready for work."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from app.core.auth.models import Party, PartyKind
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.db.session import ContextSession
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.payments import LineDraft, LineKind, SlipSubject, open_slip
from app.core.payments.models import Slip
from app.modules import Platform
from tests.conftest import NOW, TEST_LOGINS, clone

DUTY = LineDraft(
    "IMPORT", LineKind.TAX, {"vi": "Thuế nhập khẩu", "en": "Import duty"}, Decimal(600_000), "754", "1901"
)
VAT = LineDraft("VAT", LineKind.TAX, {"vi": "Thuế GTGT", "en": "VAT"}, Decimal(400_000), "754", "1702")


@dataclass
class Till:
    """Opens slips for a payer."""

    session: ContextSession
    platform: Platform
    party_id: UUID
    now: datetime = NOW

    def slip(
        self, *lines: LineDraft, subject_id: UUID | None = None, notice: str = "T1", due_on: date | None = None,
        actor: Actor = SYSTEM,
    ) -> Slip:  # fmt: skip
        """Open a slip of 1,000,000 dong unless lines are given."""
        subject = SlipSubject(
            "declaration", subject_id or uuid7(), {"vi": "Tờ khai thử", "en": "Test declaration"}, "/x"
        )
        return open_slip(
            self.session, party_id=self.party_id, subject=subject, notice=notice, lines=lines or (DUTY, VAT),
            due_on=due_on, zone=self.platform.zone.tz, actor=actor, now=self.now,
        )  # fmt: skip


@pytest.fixture(scope="session")
def paying(cluster: PrivateCluster, ready_template: str) -> Iterator[Database]:
    """One ready clone for all tests of payments that roll back."""
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield database
        database.close()


@pytest.fixture
def session(paying: Database) -> Iterator[ContextSession]:
    """A session as officer, rolled back."""
    with paying.session(SessionContext(DbRole.OFFICER)) as session:
        yield session
        session.rollback()


@pytest.fixture
def till(session: ContextSession, platform: Platform) -> Till:
    """A payer of its own."""
    return Till(session, platform, new_party(session))


def new_party(session: ContextSession) -> UUID:
    """Add an enterprise."""
    party = Party(id=uuid7(), kind=PartyKind.ENTERPRISE, name="Công ty Thử nghiệm Nộp tiền", created_at=NOW)
    session.add(party)
    session.flush()
    return party.id
