"""Facts that investment publishes."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class CertificateIssued(DomainEvent):
    """A certificate was signed and issued."""

    name: ClassVar[str] = "investment.certificate.issued"

    certificate_id: UUID
    project_id: UUID
    case_id: UUID
    number: str
    revision: int


@dataclass(frozen=True, slots=True)
class ProjectCodeAnswered(DomainEvent):
    """The national registry gave a project its code or refused to, or a letter of it moved on."""

    name: ClassVar[str] = "investment.project_code.answered"

    request_id: UUID
    case_id: UUID
    state: str
