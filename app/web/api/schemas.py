"""Shapes of the dossier API. What goes out carries no defaults, so that generated clients are exact."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StateOut(_Shape):
    """A state with its national status code."""

    code: str
    title: dict[str, str] = Field(description="By language.")
    national: int | None = Field(description="Status code of the national portal, 1-10; null while a draft.")
    final: bool


class ClockOut(_Shape):
    """The legal clock; instants are RFC 3339."""

    mode: str = Field(description="OFF, RECEPTION, RUN, PAUSE or STOP.")
    due_at: datetime | None = Field(description="What the running clock says; pauses move it.")
    appointment_at: datetime | None = Field(description="Promised at acceptance; never moves.")
    rescheduled_to: datetime | None = Field(description="New date promised with an apology.")
    overdue_at: datetime | None


class ActionOut(_Shape):
    """Something that the caller may do now."""

    code: str
    title: dict[str, str]
    input: list[str] = Field(description="Names of what must be given with it.")
    blocked: str = Field(description="Empty, or why this caller may not: “four-eyes”.")


class GapOut(_Shape):
    """One thing that the latest supplement request finds wanting."""

    target: str = Field(description="Code of the question or paper.")
    gap: dict[str, str]
    note: str
    open: bool


class EventOut(_Shape):
    """One step of the history."""

    action: str
    source: str
    target: str
    side: str
    at: datetime
    input: dict[str, Any]


class DossierLine(_Shape):
    """A dossier in a list."""

    id: UUID
    code: str | None
    title: str
    procedure: str
    state: StateOut
    clock: ClockOut
    applicant: str


class DossierList(_Shape):
    """A page of dossiers; ``next`` is the address of the following one."""

    items: list[DossierLine]
    next: str | None


class DossierOut(_Shape):
    """A dossier with everything the caller may see and do."""

    id: UUID
    code: str | None
    title: str
    procedure: str
    version: str
    revision: int = Field(description="Send it back with an action; it is also the ETag.")
    party_id: UUID
    applicant: str
    channel: str
    state: StateOut
    clock: ClockOut
    answers: dict[str, Any] = Field(description="Answers by question; types as in the procedure's form.")
    gaps: list[GapOut]
    actions: list[ActionOut]
    history: list[EventOut]


class NewDossier(_Shape):
    """What opens a draft."""

    procedure: str = Field(
        min_length=1, max_length=40, description="Code of a procedure in force, for example IRC."
    )
    party_id: UUID = Field(description="For whom it is filed; one of the caller's parties.")


class ChangedAnswers(_Shape):
    """Answers to lay over the saved ones; null takes an answer away."""

    answers: dict[str, Any] = Field(max_length=200)


class TakenAction(_Shape):
    """An action with what it needs."""

    revision: int = Field(ge=1, description="The revision that the caller saw.")
    input: dict[str, Any] = Field(default_factory=dict, max_length=20)


class ProcedureOut(_Shape):
    """A procedure in force, with its form."""

    code: str
    catalogue: str
    version: str
    title: dict[str, str]
    purpose: dict[str, str]
    basis: list[dict[str, Any]]
    sections: list[dict[str, Any]]
    components: list[dict[str, Any]]


class ProcedureList(_Shape):
    """The procedures in force today."""

    items: list[ProcedureOut]
