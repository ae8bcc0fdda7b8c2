"""What other rooms hear about claims."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class ClaimSubmitted(DomainEvent):
    """A person asks to act for an enterprise."""

    name: ClassVar[str] = "registry.claim.submitted"

    claim_id: UUID


@dataclass(frozen=True, slots=True)
class ClaimAnswered(DomainEvent):
    """The desk has confirmed, returned or refused a claim."""

    name: ClassVar[str] = "registry.claim.answered"

    claim_id: UUID
    state: str
    replaced: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class ReferralAnswered(DomainEvent):
    """An administrator of the enterprise has said whether the person belongs to it."""

    name: ClassVar[str] = "registry.referral.answered"

    referral_id: UUID
