"""Opening a schedule: the sheet that is meant, its header, and the reader of its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from app.core.kit.ranges import Period
from app.customs.tariff.schedules.domain.cells import Cell
from app.customs.tariff.schedules.domain.faults import Code, Notes, letter
from app.customs.tariff.schedules.domain.layout import Layout, is_header, is_numbering, joined_header, lay_out
from app.customs.tariff.schedules.domain.profile import Profile
from app.customs.tariff.schedules.domain.reading import Heading, ScheduleReader, Wish
from app.customs.tariff.schedules.service.sheets import Outline, Sheet, sheets_of

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """A schedule whose header was understood; ``content`` gives headings and rates, once."""

    layout: Layout
    reader: ScheduleReader
    content: Iterator[Heading | Wish]


@contextmanager
def open_schedule(
    path: Path, *, workbook: bool, profile: Profile, period: Period, sheet: str = "", notes: Notes
) -> Iterator[Opened | None]:
    """
    Open a schedule; None with faults noted when no sheet, or more than one, can be read by the profile.

    After the content was read to its end, ``notes`` holds all faults; merged cells among them.

    :param sheet: the name of the sheet that is meant; empty where only one can be.
    :raises FileUnreadable: neither a workbook nor a table.
    """
    visible, hidden = sheets_of(path, workbook=workbook)
    chosen = _choose([each for each in visible if sheet in ("", each.name)], profile, notes)
    if chosen is None:
        yield None
        return
    notes.sheet = chosen.name
    if hidden:
        notes.warn(Code.HIDDEN_SHEETS, sheets=", ".join(hidden))
    outline = chosen.outline()
    _tell_hidden(outline, notes)
    with chosen.rows() as rows:
        layout, body = _header(rows, profile, period, notes)
        if layout is None:
            yield None
            return
        reader = ScheduleReader(layout, profile, notes)
        yield Opened(layout, reader, _with_merges(reader, body, outline, notes))


def _choose(sheets: list[Sheet], profile: Profile, notes: Notes) -> Sheet | None:
    fitting = []
    for each in sheets:
        with each.rows() as rows:
            if any(is_header(row, profile) for _, row in islice(rows, profile.header_within)):
                fitting.append(each)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        notes.fault(Code.SEVERAL_SHEETS, sheets=", ".join(each.name for each in fitting))
    else:
        notes.fault(Code.HEADER_MISSING, rows=profile.header_within)
    return None


Rows = Iterator[tuple[int, list[Cell]]]


def _header(rows: Rows, profile: Profile, period: Period, notes: Notes) -> tuple[Layout | None, Rows]:
    """Return the layout of the first row of names, and the rows below it."""
    for number, row in rows:
        if not is_header(row, profile):
            continue
        below: list[tuple[int, list[Cell]]] = list(islice(rows, 2))
        names, at = row, number
        if below and (joined := joined_header(row, below[0][1], profile)):
            names, at = joined, below.pop(0)[0]
        if below and is_numbering(below[0][1]):
            at = below.pop(0)[0]
        layout = lay_out(names, at, profile=profile, period=period, notes=notes)
        return layout, chain(below, rows)
    notes.fault(Code.HEADER_MISSING, rows=profile.header_within)
    return None, rows


def _with_merges(
    reader: ScheduleReader, body: Rows, outline: Outline, notes: Notes
) -> Iterator[Heading | Wish]:
    yield from reader.read(body)
    for merged in outline.merged:
        if merged.last > reader.layout.header and any(
            row in reader.rows_of_lines
            for row in range(merged.first, min(merged.last, merged.first + 1000) + 1)
        ):
            notes.fault(Code.MERGED, merged.first, text=merged.name, range=merged.name)


def _tell_hidden(outline: Outline, notes: Notes) -> None:
    if rows := outline.hidden_rows:
        shown = ", ".join(map(str, rows[:_SHOWN])) + (" …" if len(rows) > _SHOWN else "")
        notes.warn(Code.HIDDEN_ROWS, count=len(rows), rows=shown)
    if spans := outline.hidden_columns:
        names = [letter(column - 1) for first, last in spans for column in range(first, last + 1)]
        notes.warn(Code.HIDDEN_COLUMNS, columns=", ".join(names[:_SHOWN]))
