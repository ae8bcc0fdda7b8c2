"""Shapes of the declarations API. What goes out carries no defaults, so that generated clients are exact."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeclarationLine(_Shape):
    """A declaration in a list."""

    id: UUID
    code: str = Field(description="The platform's own code; the official number is the authority's.")
    official_number: str | None = Field(
        description="11 digits and the number of amendments; null until registered."
    )
    party_id: UUID
    firm: str
    direction: str
    movement: str
    type_code: str
    origin: str = Field(description="OURS: declared here. ELSEWHERE: official results that were loaded.")
    state: str
    channel: str | None = Field(
        description="GREEN, YELLOW or RED, as the authority chose; null until it did."
    )
    own_reference: str
    summary: str
    lines: int
    registered_at: datetime | None
    cleared_at: datetime | None
    updated_at: datetime


class DeclarationPage(_Shape):
    """Declarations, the latest change first; ``next`` is the address of the following page."""

    items: list[DeclarationLine]
    next: str | None


class ClockLine(_Shape):
    """A time limit of the law that runs or ran for a declaration."""

    kind: str
    whose: str = Field(description="FIRM or AUTHORITY.")
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    cancelled_at: datetime | None


class DifferenceOut(_Shape):
    """A tax of a line on which the notice of customs and the pre-calculation disagree; amounts in whole VND."""

    id: UUID
    declaration_id: UUID
    code: str
    official_number: str
    party_id: UUID
    line: int = Field(description="0: the declaration as a whole.")
    tax: str
    precalculated: str | None
    official: str | None
    difference: str
    found_at: datetime
    state: str = Field(description="OPEN until somebody explained it, then EXPLAINED.")
    explanation: str


class DeclarationOut(_Shape):
    """A declaration with what customs said of it."""

    declaration: DeclarationLine
    clocks: list[ClockLine]
    differences: list[DifferenceOut]


class DifferencePage(_Shape):
    """Differences, the newest first; ``next`` is the address of the following page."""

    items: list[DifferenceOut]
    next: str | None
