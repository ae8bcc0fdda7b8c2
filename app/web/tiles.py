"""
Tiles: an indicator of the board in the one shape in which every module offers its own.

A module lists its tiles in its ``ModuleSpec``; the operations centre reads, compares and shows them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.money import Money
from app.core.workflow.permissions import READ as READ_DOSSIERS

HUNDREDTH = Decimal("0.01")
HUNDRED = Decimal(100)


class FigureKind(StrEnum):
    """What a tile's figure is; it decides how it is written and compared."""

    SHARE = "SHARE"
    COUNT = "COUNT"
    TIME = "TIME"
    MONEY = "MONEY"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the parts that a figure consists of; ``title`` is an English message id."""

    title: str
    number: Decimal
    href: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A numerator over a denominator; nothing over nothing is no share, never 100 %."""

    part: int
    whole: int

    kind = FigureKind.SHARE
    parts: ClassVar[tuple[Part, ...]] = ()

    @property
    def size(self) -> Decimal | None:
        """Return what is compared over time: the per cent."""
        return self.percent

    @property
    def percent(self) -> Decimal | None:
        """Return the share in per cent, rounded half up to two decimals; None when there is no denominator."""
        if self.whole == 0:
            return None
        return (HUNDRED * self.part / self.whole).quantize(HUNDREDTH, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are, and what they consist of."""

    number: int
    parts: tuple[Part, ...] = ()

    kind = FigureKind.COUNT

    @property
    def size(self) -> Decimal | None:
        """Return what is compared over time: the number."""
        return Decimal(self.number)


@dataclass(frozen=True, slots=True)
class Times:
    """
    How long something takes.

    :ivar median: the middle one of all times; None where nothing was counted.
    :ivar counted: how many times there are. :ivar within: how many of them kept the limit that the law gives.
    """

    median: timedelta | None
    counted: int
    within: int

    kind = FigureKind.TIME
    parts: ClassVar[tuple[Part, ...]] = ()

    @property
    def size(self) -> Decimal | None:
        """Return what is compared over time: the whole seconds of the median."""
        return None if self.median is None else Decimal(self.median // timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Takings:
    """A sum of money, and what it consists of."""

    amount: Money
    parts: tuple[Part, ...] = ()

    kind = FigureKind.MONEY

    @property
    def size(self) -> Decimal | None:
        """Return what is compared over time: the amount."""
        return self.amount.amount


Figure = Share | Tally | Times | Takings


@dataclass(frozen=True, slots=True)
class Quarter:
    """A reporting period: a quarter of a year in the zone's time, half-open."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """Return the quarter that holds a day."""
        return cls(day.year, (day.month - 1) // 3 + 1)

    @property
    def first(self) -> date:
        """Return the first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def following(self) -> "Quarter":
        """Return the next quarter."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def previous(self) -> "Quarter":
        """Return the quarter before."""
        return Quarter.of(self.first - timedelta(days=1))

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the first instant and the first instant after it."""
        return (
            datetime.combine(self.first, time.min, zone),
            datetime.combine(self.following.first, time.min, zone),
        )

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Quarter":
        """
        Read ``2026-Q4``.

        :raises ValueError: the text is no quarter.
        """
        year, _, number = text.upper().partition("-Q")
        if not (year.isdigit() and number in {"1", "2", "3", "4"} and len(year) == 4):  # noqa: PLR2004
            raise ValueError("A quarter is written as 2026-Q4.")
        return cls(int(year), int(number))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a tile is computed for: a quarter, seen at an instant."""

    quarter: Quarter
    now: datetime
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """Return the first instant of the quarter."""
        return self.quarter.bounds(self.zone)[0]

    @property
    def until(self) -> datetime:
        """Return the first instant after the quarter."""
        return self.quarter.bounds(self.zone)[1]

    def before(self) -> "Scope":
        """Return the same for the quarter before, as it ended."""
        earlier = self.quarter.previous
        return Scope(earlier, min(self.now, earlier.bounds(self.zone)[1]), self.zone)


@dataclass(frozen=True, slots=True)
class TileRow:
    """
    What counts against an indicator, and why.

    :ivar title: a text, or one by language. :ivar reason: English message id.
    :ivar href: page of the object, empty when it has none.
    """

    code: str
    title: str | Mapping[str, str]
    office: str
    reason: str
    href: str = ""
    due_at: datetime | None = None
    ended_at: datetime | None = None


PROCEDURES = N_("Procedures")


@dataclass(frozen=True, slots=True)
class Tile:
    """
    One indicator.

    ``code`` is its number in the source; ``title`` and ``meaning`` are English message ids; ``target`` is a law key of
    shares. ``opens`` is the permission to open what stands behind it. ``group`` is the heading under which the board
    shows it, ``source`` the instrument of its formula, empty where the platform defines it.
    ``rows`` lists what counts against it, for the page behind the tile. ``fed_at`` tells when whatever feeds the tile
    gave its last sign of life; a tile without a feed needs none, and one whose feed is silent is shown as stale.
    """

    code: str
    title: str
    meaning: str
    source: str
    value: Callable[[Session, Scope], Figure]
    target: str | None = None
    by_office: Callable[[Session, Scope], Sequence[tuple[str, Share]]] | None = None
    rows: Callable[[Session, Scope], Sequence[TileRow]] | None = None
    fed_at: Callable[[Session], datetime | None] | None = None
    order: int = 100
    group: str = PROCEDURES
    opens: str = READ_DOSSIERS
