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
    revision: int = Field(description="Send it back with an action.")
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

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"procedure": "IRC", "party_id": "0197a3b0-5c1e-7d2f-8a4b-3c5d6e7f8091"}]
        }
    )

    procedure: str = Field(
        min_length=1, max_length=40, description="Code of a procedure in force, for example IRC."
    )
    party_id: UUID = Field(description="For whom it is filed; one of the caller's parties.")


class ChangedAnswers(_Shape):
    """Answers to lay over the saved ones; null takes an answer away."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"answers": {"site": "S2", "project_name_vi": "Nhà máy linh kiện Mẫu"}}]
        }
    )

    answers: dict[str, Any] = Field(max_length=200)


class TakenAction(_Shape):
    """An action with what it needs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revision": 1, "input": {}}]})

    revision: int = Field(ge=1, le=2**31, description="The revision that the caller saw.")
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


class FileOut(_Shape):
    """A file in a component."""

    id: UUID
    document_id: UUID = Field(description="By which its content is fetched.")
    name: str
    media_type: str
    size_bytes: int
    version: int
    attached_at: datetime


class ComponentOut(_Shape):
    """A paper that a dossier asks for."""

    code: str
    title: dict[str, str]
    mandatory: bool
    from_form: bool = Field(description="The signed form fills it; nothing is uploaded here.")
    signed: bool = Field(description="A file of it must carry the signature of a representative (PAdES).")
    translation: bool = Field(
        description="It needs a Vietnamese translation: say with each file what it holds."
    )
    files: list[FileOut]


class ComponentList(_Shape):
    """The papers that a dossier asks for."""

    items: list[ComponentOut]


class FormOut(_Shape):
    """Where the application form stands."""

    state: str = Field(description="unsigned, outdated (signed for other answers) or signed.")
    signer: str | None = Field(description="Name in the certificate.")
    signed_at: datetime | None
    document_id: UUID | None


class FieldFault(_Shape):
    """One fault of one field."""

    name: str
    code: str
    reason: str


class Problem(_Shape):
    """A refusal (RFC 9457). Programs look at code, which is stable; the sentences are for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str
    instance: str = Field(description="Quote it to the desk.")
    errors: list[FieldFault] = Field(default=[], description="Every fault, not the first one.")
