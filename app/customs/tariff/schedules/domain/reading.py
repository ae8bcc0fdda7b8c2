"""From the rows of a sheet to headings and rates, with every fault and everything worth knowing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from app.core.kit.ranges import Period
from app.core.kit.text import fold
from app.customs.tariff.domain.expressions import BySubline, Excluded, Expression
from app.customs.tariff.schedules.domain.cells import (
    EMPTY,
    Cell,
    CellFaulty,
    Rate,
    read_countries,
    read_rate,
    refuse_form,
)
from app.customs.tariff.schedules.domain.codes import LINE, SUBLINE, GoodsCode, read_code
from app.customs.tariff.schedules.domain.faults import Code, Notes
from app.customs.tariff.schedules.domain.layout import Layout, RatePlace, Row
from app.customs.tariff.schedules.domain.profile import Profile, Slot

MOST_ROWS = 60_000
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Heading:
    """A line of the nomenclature as the file has it."""

    code: str
    title: Mapping[str, str]
    unit: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A rate that a file wants for some days."""

    hs8: str
    slot: Slot
    days: Period
    expr: Expression
    mark: str = ""
    subline10: str = ""


@dataclass(slots=True)
class _Line:
    """A line of eight digits on its way: rates by column, and those of its sub-lines."""

    code: str
    row: int
    rates: dict[int, Rate]
    sublines: dict[int, dict[str, Expression]] = field(default_factory=dict)
    own: dict[int, dict[str, Rate]] = field(default_factory=dict)
    has_sublines: bool = False


class ScheduleReader:
    """
    Reads rows below the header one by one; what it gives comes line by line, so memory does not hold the file.

    Cells that repeat (most rates do) are read once: what a text means in a column never changes within a file.
    """

    def __init__(self, layout: Layout, profile: Profile, notes: Notes) -> None:
        self.layout = layout
        self.profile = profile
        self.notes = notes
        self.lines = 0
        self.row = 0
        self.rows_of_lines: set[int] = set()
        self.chapters: set[str] = set()
        self._seen: dict[str, int] = {}
        self._memo: dict[tuple[str, Cell], Rate] = {}
        self._countries: dict[Cell, frozenset[str]] = {}
        self._line: _Line | None = None
        self._last = ""
        self._bare: list[str] = []

    def read(self, rows: Iterable[tuple[int, Row]]) -> Iterator[Heading | Wish]:
        """Give headings and rates; after the last row ask ``notes``."""
        for number, row in rows:
            if number - self.layout.header > MOST_ROWS:
                self.notes.fault(Code.TOO_LONG, number, rows=MOST_ROWS)
                return
            self.row = number
            yield from self._row(number, row)
            if self.notes.full:
                return
        yield from self._finish()
        if not self.lines:
            self.notes.fault(Code.EMPTY, self.layout.header)
        if self._bare:
            shown = ", ".join(self._bare[:_SHOWN]) + (" …" if len(self._bare) > _SHOWN else "")
            self.notes.warn(Code.WITHOUT_RATES, count=len(self._bare), codes=shown)

    def _row(self, number: int, row: Row) -> Iterator[Heading | Wish]:
        layout = self.layout
        row = [*row, *[EMPTY] * (layout.width - len(row))]
        for index, cell in enumerate(row[layout.width :], start=layout.width):
            if cell:
                self.notes.fault(Code.BEYOND, number, index, cell.text)
        if not any(row) or self._is_title(row):
            return
        cell = row[layout.code]
        if not cell:
            if stray := next((place for place in layout.rates if row[place.index]), None):
                self.notes.fault(Code.CODE_MISSING, number, stray.index, row[stray.index].text)
            return
        code = self._code(number, cell)
        if code is None:
            return
        if len(code) <= LINE:
            yield from self._finish()
        heading = self._heading(number, code, row)
        if heading is not None:
            yield heading
        self._take(number, code, row)

    def _take(self, number: int, code: str, row: Row) -> None:
        """Keep the rates of a line until its sub-lines are read; above eight digits there are none."""
        if len(code) == LINE:
            self.lines += 1
            self.rows_of_lines.add(number)
            self.chapters.add(code[:2])
            self._line = _Line(code, number, self._rates(number, row))
            return
        if len(code) == SUBLINE:
            self.rows_of_lines.add(number)
            self._subline(number, code, row)
            return
        for place in self.layout.rates:
            if row[place.index] and self._rate(number, place, row).expr is not None:
                text = row[place.index].text
                self.notes.fault(Code.RATE_ABOVE, number, place.index, text, digits=len(code))

    def _is_title(self, row: Row) -> bool:
        """Tell whether a row is the title of a chapter, section or annex, by its first words; no rate stands in it."""
        first = next((fold(cell.text) for cell in row if cell), "")
        begins = any(first == word or first.startswith(word + " ") for word in self.profile.skipped_rows)
        return begins and not any(row[place.index] for place in self.layout.rates)

    def _code(self, number: int, cell: Cell) -> str | None:
        try:
            code: GoodsCode = read_code(cell)
        except CellFaulty as fault:
            self.notes.fault(fault.code, number, self.layout.code, cell.text, **fault.params)
            return None
        if code.mended:
            if not self.profile.mends_zero:
                self.notes.fault(Code.CODE, number, self.layout.code, cell.text)
                return None
            self.notes.warn(Code.LOST_ZERO, number, self.layout.code, cell.text, mended=code.digits)
        first = self._seen.setdefault(code.digits, number)
        if first != number:
            self.notes.fault(Code.CODE_TWICE, number, self.layout.code, cell.text, other=first)
            return None
        if code.digits < self._last:
            self.notes.warn(Code.NOT_ASCENDING, number, self.layout.code, cell.text, before=self._last)
        self._last = code.digits
        return code.digits

    def _heading(self, number: int, code: str, row: Row) -> Heading | None:
        layout = self.layout
        title = {}
        for lang, index in (("vi", layout.vi), ("en", layout.en)):
            if index is None:
                continue
            try:
                refuse_form(row[index])
            except CellFaulty as fault:
                self.notes.fault(fault.code, number, index, row[index].text)
                return None
            if text := row[index].text.lstrip("- "):
                title[lang] = text
        if "vi" not in title:
            self.notes.fault(Code.TITLE, number, layout.vi)
            return None
        written = row[layout.unit].text
        unit = self.profile.units.get(written.casefold()) if written not in ("", "-") else ""
        if unit is None:
            self.notes.fault(Code.UNIT, number, layout.unit, written)
            return None
        return Heading(code, title, unit)

    def _rates(self, number: int, row: Row) -> dict[int, Rate]:
        return {place.index: self._rate(number, place, row) for place in self.layout.rates}

    def _rate(self, number: int, place: RatePlace, row: Row) -> Rate:
        cell = row[place.index]
        known = self._memo.get((place.column.name, cell))
        if known is None:
            try:
                known = read_rate(cell, place.column.grammar)
            except CellFaulty as fault:
                self.notes.fault(fault.code, number, place.index, cell.text, **fault.params)
                return Rate(None)
            self._memo[(place.column.name, cell)] = known
        if known.expr is not None and place.column.slot.scheme in self.layout.excluded:
            return self._without_countries(number, place, row, known)
        return known

    def _without_countries(self, number: int, place: RatePlace, row: Row, rate: Rate) -> Rate:
        index = self.layout.excluded[place.column.slot.scheme]
        cell = row[index]
        found = self._countries.get(cell)
        if found is None:
            try:
                found = read_countries(cell, place.column.grammar)
            except CellFaulty as fault:
                self.notes.fault(fault.code, number, index, cell.text, **fault.params)
                return rate
            self._countries[cell] = found
        if not found or rate.expr is None:
            return rate
        inner = rate.expr
        if isinstance(inner, Excluded):
            return replace(rate, expr=Excluded(inner.origins | found, inner.of))
        return replace(rate, expr=Excluded(found, inner))

    def _subline(self, number: int, code: str, row: Row) -> None:
        line = self._line
        if line is None or not code.startswith(line.code):
            self.notes.fault(
                Code.NO_PARENT, number, self.layout.code, row[self.layout.code].text, parent=code[:LINE]
            )
            return
        line.has_sublines = True
        for place in self.layout.rates:
            rate = self._rate(number, place, row)
            if rate.expr is None:
                continue
            if rate.is_own:
                line.own.setdefault(place.index, {})[code] = rate
                continue
            if line.rates[place.index].expr is not None and not line.rates[place.index].is_rest:
                self.notes.fault(
                    Code.PARENT_RATE, number, place.index, row[place.index].text, parent=line.code
                )
                continue
            line.sublines.setdefault(place.index, {})[code] = rate.expr

    def _finish(self) -> Iterator[Wish]:
        line, self._line = self._line, None
        if line is None:
            return
        bare = True
        for place in self.layout.rates:
            rate = line.rates[place.index]
            expr, mark = rate.expr, rate.mark
            if place.index in line.sublines:
                expr, mark = BySubline(line.sublines[place.index], expr if rate.is_rest else None), ""
            if expr is not None:
                bare = False
                yield Wish(line.code, place.column.slot, place.days, expr, mark)
            for code, own in line.own.get(place.index, {}).items():
                if own.expr is not None:
                    bare = False
                    yield Wish(line.code, place.column.slot, place.days, own.expr, own.mark, subline10=code)
        if bare:
            self._bare.append(line.code)
