"""Facts about declarations."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class DeclarationOpened(DomainEvent):
    """A declaration was begun, or came in from elsewhere."""

    name: ClassVar[str] = "customs.declaration.opened"

    declaration_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class DeclarationChanged(DomainEvent):
    """The content of a draft was saved."""

    name: ClassVar[str] = "customs.declaration.changed"

    declaration_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class DeclarationHandedIn(DomainEvent):
    """A revision (the first, or an amendment) was checked, frozen and handed in for sending."""

    name: ClassVar[str] = "customs.declaration.handed_in"

    declaration_id: UUID
    revision_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class DeclarationMoved(DomainEvent):
    """A declaration reached another state, whoever caused it: the firm here, or customs through the gateway."""

    name: ClassVar[str] = "customs.declaration.moved"

    declaration_id: UUID
    code: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class DeclarationUpdated(DomainEvent):
    """A later official result of a declaration made elsewhere was brought in, and changed what is known of it."""

    name: ClassVar[str] = "customs.declaration.updated"

    declaration_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class NoticeApplied(DomainEvent):
    """A notice of customs took effect; ``outcome`` IMPOSSIBLE: it was kept, and the state did not allow it."""

    name: ClassVar[str] = "customs.notice.applied"

    notice_id: UUID
    declaration_id: UUID
    code: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True)
class DispatchFailed(DomainEvent):
    """The gateway will never take a message; ``error`` is a short code."""

    name: ClassVar[str] = "customs.dispatch.failed"

    dispatch_id: UUID
    declaration_id: UUID
    code: str
    kind: str
    error: str


@dataclass(frozen=True, slots=True)
class ClockRanOut(DomainEvent):
    """A statutory time limit passed without being met; ``whose`` is FIRM or AUTHORITY."""

    name: ClassVar[str] = "customs.clock.ran_out"

    clock_id: UUID
    declaration_id: UUID
    kind: str
    whose: str


@dataclass(frozen=True, slots=True)
class QuestionAsked(DomainEvent):
    """The authority or an officer of the zone asked a firm something, or went on asking."""

    name: ClassVar[str] = "customs.question.asked"

    question_id: UUID
    side: str


@dataclass(frozen=True, slots=True)
class QuestionAnswered(DomainEvent):
    """A firm answered."""

    name: ClassVar[str] = "customs.question.answered"

    question_id: UUID
    side: str


@dataclass(frozen=True, slots=True)
class DossierChanged(DomainEvent):
    """Papers of a declaration that was handed in changed, or a difference of its taxes was explained."""

    name: ClassVar[str] = "customs.dossier.changed"

    declaration_id: UUID


@dataclass(frozen=True, slots=True)
class InspectionNoted(DomainEvent):
    """An officer signed a note of an inspection."""

    name: ClassVar[str] = "customs.inspection.noted"

    note_id: UUID


@dataclass(frozen=True, slots=True)
class InspectionCommented(DomainEvent):
    """A firm said something to a note."""

    name: ClassVar[str] = "customs.inspection.commented"

    note_id: UUID
