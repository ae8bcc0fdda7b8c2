"""The board's JSON: what a tile says, for the page and for programs alike."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.tiles import FigureKind


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class OfficeShare(_Out):
    """A tile's value for one division."""

    office: str = Field(description="Code of the division.")
    part: int
    whole: int
    percent: str | None = Field(description="Per cent with two decimals; null when there is no denominator.")


class PartOut(_Out):
    """One of the parts of a figure."""

    title: str
    number: str = Field(description="In the unit of the figure.")
    href: str | None


class TileOut(_Out):
    """One indicator as it stands now."""

    code: str = Field(description="Number of the indicator in its source.")
    group: str = Field(description="Heading under which the board shows it.")
    title: str
    meaning: str
    source: str | None = Field(
        description="Instrument that defines the formula; null for the platform's own."
    )
    quarter: str
    kind: FigureKind
    value: str | None = Field(
        description="SHARE: per cent with two decimals; COUNT: a number; TIME: seconds of the median; MONEY: an amount."
        " Null (N/A) where there is nothing to compute it from."
    )
    currency: str | None = Field(description="Of MONEY.")
    part: int | None = Field(description="SHARE: the numerator; TIME: how many kept the limit of the law.")
    whole: int | None = Field(description="SHARE: the denominator; TIME: how many were counted.")
    percent: str | None = Field(
        description="Per cent with two decimals; null (N/A) when there is no denominator."
    )
    parts: list[PartOut] = Field(description="What a COUNT or a sum of MONEY consists of.")
    target: str | None
    target_assumed: bool
    meets_target: bool | None
    change: str | None = Field(
        description="Against the quarter before: percentage points, or the unit of the value."
    )
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
    value: str | None = Field(description="As of the tile.")
    part: int | None
    whole: int | None
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
