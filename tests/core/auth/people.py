"""Constants and the shape of a test person; the fixtures stand in conftest."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.core.auth import SignedIn
from app.core.db import DbRole, SessionContext
from app.core.kit.actor import Actor

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PASSWORD = "sáu con mèo trên mái"
AUTH = SessionContext(DbRole.AUTH)
OFFICER = SessionContext(DbRole.OFFICER)
WORKER = SessionContext(DbRole.WORKER)


@dataclass(frozen=True)
class Person:
    id: UUID
    login: str
    party_id: UUID


MakePerson = Callable[..., Person]
Enter = Callable[..., SignedIn]
Who = Callable[..., Actor | None]
