"""What other rooms hear about notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from app.core.live import Poke, own
from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class NoticesChanged(DomainEvent):
    """Some people have a new notice, or have read one."""

    name: ClassVar[str] = "notifications.notices.changed"

    user_ids: tuple[UUID, ...]


def pokes_of(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    """Poke the people whose notices changed."""
    return [Poke(own(UUID(user_id))) for user_id in payload["user_ids"]]
