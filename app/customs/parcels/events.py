"""Facts about low-value parcels."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class BatchTaken(DomainEvent):
    """An operator's messages were taken, or some of them."""

    name: ClassVar[str] = "parcels.batch.taken"

    batch_id: UUID
    message: str
    taken: int


@dataclass(frozen=True, slots=True)
class ListClosed(DomainEvent):
    """A low-value list was closed."""

    name: ClassVar[str] = "parcels.list.closed"

    list_id: UUID
    parcels: int


@dataclass(frozen=True, slots=True)
class ListAnswered(DomainEvent):
    """Customs has answered a list or a correction, or the gateway did not take it."""

    name: ClassVar[str] = "parcels.list.answered"

    list_id: UUID
    code: str
    outcome: str
    refused: int


@dataclass(frozen=True, slots=True)
class ListTaxed(DomainEvent):
    """A tax notice of customs about a list was applied."""

    name: ClassVar[str] = "parcels.list.taxed"

    list_id: UUID
    notice_id: UUID
