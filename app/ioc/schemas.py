"""The board's JSON: what a tile says, for the page and for programs alike."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class OfficeShare(_Out):
    """A tile's value for one division."""

    office: str = Field(description="Code of the division.")
    part: int
    whole: int
    percent: str | None = Field(description="Per cent with two decimals; null when there is no denominator.")


class TileOut(_Out):
    """One indicator as it stands now."""

    code: str = Field(description="Number of the indicator in its source.")
    title: str
    meaning: str
    source: str = Field(description="Instrument that defines the formula.")
    quarter: str
    part: int
    whole: int
    percent: str | None = Field(
        description="Per cent with two decimals; null (N/A) when there is no denominator."
    )
    target: str | None
    target_assumed: bool
    meets_target: bool | None
    change: str | None = Field(description="Percentage points against the quarter before.")
    read_at: datetime = Field(description="When the value was computed.")
    fed_at: datetime | None = Field(
        description="Last sign of life of what feeds the tile; null when it needs none."
    )
    stale: bool = Field(description="What feeds the tile is silent: the value may lag behind.")
    offices: list[OfficeShare]
    rows_href: str | None


class Tiles(_Out):
    """All tiles of the board."""

    quarter: str
    tiles: list[TileOut]


class Point(_Out):
    """A tile's value in one quarter."""

    quarter: str
    part: int
    whole: int
    percent: str | None


class Series(_Out):
    """A tile over time, the oldest quarter first."""

    code: str
    points: list[Point]


class RowOut(_Out):
    """What counts against an indicator, and why."""

    code: str
    title: str
    office: str = Field(description="Code of the division.")
    reason: str = Field(description="Why it counts against the indicator, in the reader's language.")
    href: str | None = Field(description="Page of the object.")
    due_at: datetime | None
    ended_at: datetime | None


class Rows(_Out):
    """The rows behind a tile, at most 200."""

    code: str
    rows: list[RowOut]
