"""Facts about dossiers that any module may hear."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class CaseMoved(DomainEvent):
    """A dossier went from one state to another."""

    name: ClassVar[str] = "workflow.case.moved"

    case_id: UUID
    procedure: str
    code: str
    action: str
    source: str
    target: str
    national: int
