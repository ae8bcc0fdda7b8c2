"""Facts that the registry publishes."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class EnterpriseRegistered(DomainEvent):
    """An enterprise got its identity card."""

    name: ClassVar[str] = "registry.enterprise.registered"

    enterprise_id: UUID


@dataclass(frozen=True, slots=True)
class EnterpriseChanged(DomainEvent):
    """The record of an enterprise, its addresses or its representatives changed."""

    name: ClassVar[str] = "registry.enterprise.changed"

    enterprise_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class ContactProposed(DomainEvent):
    """An enterprise proposed new contact data."""

    name: ClassVar[str] = "registry.contact.proposed"

    proposal_id: UUID
    enterprise_id: UUID


@dataclass(frozen=True, slots=True)
class ContactDecided(DomainEvent):
    """An officer took a proposal over or refused it."""

    name: ClassVar[str] = "registry.contact.decided"

    proposal_id: UUID
    enterprise_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class ProjectRegistered(DomainEvent):
    """A project got its identity in the zone."""

    name: ClassVar[str] = "registry.project.registered"

    project_id: UUID


@dataclass(frozen=True, slots=True)
class ProjectChanged(DomainEvent):
    """A project's name, site or code followed its certificate."""

    name: ClassVar[str] = "registry.project.changed"

    project_id: UUID
