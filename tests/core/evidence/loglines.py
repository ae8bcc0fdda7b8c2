"""Writing and sealing entries for tests."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from app.core import evidence
from app.core.db import Database, DbRole, SessionContext
from app.core.evidence import Subject
from app.core.kit.actor import Actor, ActorKind

NOW = datetime(2026, 11, 22, 7, 30, 0, 123456, tzinfo=UTC)
OFFICER = Actor(ActorKind.OFFICER, UUID(int=7), "Lan")
WORKER = SessionContext(DbRole.WORKER)
TENANT = SessionContext(DbRole.TENANT)


def write(database: Database, count: int, role: DbRole = DbRole.TENANT) -> list[UUID]:
    with database.transaction(SessionContext(role)) as session:
        return [
            evidence.record(
                session,
                "workflow:case:submit",
                subject=Subject("case", uuid4()),
                actor=OFFICER,
                at=NOW,
                facts={"number": number},
                digests={"name": "Trần Thị Bưởi"},
            )
            for number in range(count)
        ]


def seal(database: Database, limit: int = 1_000, now: datetime = NOW) -> int:
    with database.transaction(WORKER) as session:
        return evidence.seal(session, now=now, limit=limit)
