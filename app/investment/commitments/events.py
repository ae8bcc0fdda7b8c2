"""Facts about commitments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class CommitmentShown(DomainEvent):
    """An enterprise handed in evidence of a commitment."""

    name: ClassVar[str] = "investment.commitment.shown"

    commitment_id: UUID
    evidence_id: UUID


@dataclass(frozen=True, slots=True)
class CommitmentJudged(DomainEvent):
    """An officer confirmed or returned the evidence."""

    name: ClassVar[str] = "investment.commitment.judged"

    commitment_id: UUID
    evidence_id: UUID
    confirmed: bool
