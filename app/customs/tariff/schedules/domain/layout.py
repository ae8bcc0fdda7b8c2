"""Where a sheet says what: its row of names, and which column holds the code, the words, the unit and the rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.kit.ranges import Period
from app.core.kit.text import fold
from app.customs.tariff.schedules.domain.cells import Cell
from app.customs.tariff.schedules.domain.faults import Code, Notes, letter
from app.customs.tariff.schedules.domain.profile import Profile, RateColumn, Slot, days_of, rate_column

Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class RatePlace:
    """A column of rates in a sheet: where, what it holds, and for which days."""

    index: int
    column: RateColumn
    days: Period


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a sheet says what; ``header`` is the number of the row of names."""

    sheet: str
    header: int
    code: int
    vi: int
    en: int | None
    unit: int
    rates: tuple[RatePlace, ...]
    excluded: Mapping[str, int]
    width: int

    @property
    def covered(self) -> tuple[tuple[Slot, Period], ...]:
        """Return what the sheet speaks about: slots with the days for which it says what holds."""
        return tuple((place.column.slot, place.days) for place in self.rates)


def is_header(row: Row, profile: Profile) -> bool:
    """Tell whether a row holds the names of columns: a code and a description, by the words of the profile."""
    names = {fold(cell.text) for cell in row if cell}
    return bool(names & set(profile.code_words)) and bool(names & set(profile.vi_words))


def joined_header(upper: Row, lower: Row, profile: Profile) -> list[Cell] | None:
    """
    Return the names of a header of two rows, such as a scheme above its years; None when the second is none.

    A second row of names leaves the places of code and description empty.
    """
    single = set(profile.code_words) | set(profile.vi_words)
    places = [index for index, cell in enumerate(upper) if fold(cell.text) in single]
    if not any(lower) or any(index < len(lower) and lower[index] for index in places):
        return None
    width, above, names = max(len(upper), len(lower)), "", []
    for index in range(width):
        over = upper[index].text if index < len(upper) else ""
        under = lower[index].text if index < len(lower) else ""
        above = over or (above if under else "")
        names.append(Cell(f"{above} {under}".strip() if under else over))
    return names


def is_numbering(row: Row) -> bool:
    """Tell whether a row only numbers the columns, as (1) (2) (3) below a header does."""
    numbers = [cell.text.strip("() ") for cell in row if cell]
    return len(numbers) > 1 and numbers == [str(each) for each in range(1, len(numbers) + 1)]


def lay_out(row: Row, number: int, *, profile: Profile, period: Period, notes: Notes) -> Layout | None:
    """Read the row of names; None with faults noted when the file cannot be read by this profile."""
    found: dict[str, int] = {}
    rates: list[RatePlace] = []
    excluded: dict[str, int] = {}
    singles = {
        "code": profile.code_words, "vi": profile.vi_words, "en": profile.en_words, "unit": profile.unit_words,
    }  # fmt: skip
    for index, cell in enumerate(row):
        name = fold(cell.text)
        if not name or name in profile.ignored_words:
            continue
        single = next((key for key, words in singles.items() if name in words), None)
        scheme = next((key for key, words in profile.excluded.items() if name in words), None)
        rate = rate_column(profile, name)
        if single is not None:
            _once(found, single, index, number, cell, notes)
        elif scheme is not None:
            _once(excluded, scheme, index, number, cell, notes)
        elif rate is not None:
            _place(rates, index, rate, number, cell, period, notes)
        else:
            notes.fault(Code.COLUMN_UNKNOWN, number, index, cell.text)
    for key, words in (("code", profile.code_words), ("vi", profile.vi_words), ("unit", profile.unit_words)):
        if key not in found:
            notes.fault(Code.COLUMN_MISSING, number, name=words[0])
    if not rates:
        notes.fault(Code.NO_RATES, number)
    if notes.faults:
        return None
    width = max(index for index, cell in enumerate(row) if cell) + 1
    return Layout(
        notes.sheet, number, found["code"], found["vi"], found.get("en"), found["unit"], tuple(rates),
        excluded, width,
    )  # fmt: skip


def _once(found: dict[str, int], key: str, index: int, number: int, cell: Cell, notes: Notes) -> None:
    if key in found:
        notes.fault(Code.COLUMN_TWICE, number, index, cell.text, other=letter(found[key]))
    else:
        found[key] = index


def _place(
    rates: list[RatePlace],
    index: int,
    rate: tuple[RateColumn, int | None],
    number: int,
    cell: Cell,
    period: Period,
    notes: Notes,
) -> None:
    column, year = rate
    days = days_of(year, period)
    if days is None:  # a year before or after the days of this schedule says nothing about them
        return
    for other in rates:
        if other.column.slot == column.slot and other.days.overlaps(days):
            notes.fault(Code.COLUMN_TWICE, number, index, cell.text, other=letter(other.index))
            return
    rates.append(RatePlace(index, column, days))
