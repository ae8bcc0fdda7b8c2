"""Values of the law as a table: what a legal officer edits in a spreadsheet, and what is wrong with it row by row."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.core.errors import FieldProblem, Param
from app.core.i18n import N_
from app.core.i18n.formats import parse_date
from app.core.kit.ranges import Period
from app.core.kit.text import fold, nfc
from app.core.law import ChangeItem, Instrument, LawValue, Status, law_value, set_value
from app.core.law.units import Text, fault, is_bounded
from app.web.exports import as_typed
from app.web.pages.legal.drafts import MAX_TEXT, held_already

COLUMNS = (
    "key", "value", "first_day", "last_day", "status", "instrument", "article", "note_vi", "note_en",
)  # fmt: skip
NEEDED = ("key", "value", "first_day", "status")
MOST_ROWS = 500
_DELIMITERS = "\t;,"

TABLE = "table"
"""The field of the form to which all faults belong; each says its row."""


@dataclass
class Reading:
    """What a table asks for, and everything that is wrong with it."""

    items: list[ChangeItem] = field(default_factory=list)
    problems: list[FieldProblem] = field(default_factory=list)

    def blame(self, row: int, code: str, sentence: str, **params: Param) -> None:
        """Note a fault of a row, counted as the spreadsheet does (the header is row 1)."""
        self.problems.append(FieldProblem(TABLE, code, sentence, {"row": row, **params}))


def read_table(
    text: str, *, timelines: Mapping[str, tuple[LawValue, ...]], known: Mapping[str, Instrument]
) -> Reading:
    """
    Read rows of values, separated by tabs, semicolons or commas, with a header of ``COLUMNS`` in any order.

    :param timelines: by key, what is known of it now; other keys are refused.
    :param known: instruments that can be cited.
    """
    reading = Reading()
    rows = list(_rows(text))
    if not rows:
        reading.blame(1, "missing", N_("The table is empty."))
        return reading
    header = [fold(name).replace(" ", "_") for name in rows[0][1]]
    lacking = [name for name in NEEDED if name not in header]
    if lacking:
        reading.blame(
            rows[0][0], "law.header", N_("Row %(row)s: these columns are missing: %(columns)s."),
            columns=", ".join(lacking),
        )  # fmt: skip
        return reading
    if len(rows) - 1 > MOST_ROWS:
        reading.blame(
            MOST_ROWS + 2, "law.too-long", N_("One table holds at most %(most)s rows."), most=MOST_ROWS
        )
        return reading
    for number, cells in rows[1:]:
        _read_row(reading, number, dict(zip(header, cells, strict=False)), timelines=timelines, known=known)
    _refuse_overlaps(reading)
    if not reading.items and not reading.problems:
        reading.blame(1, "law.no-change", N_("Everything in the table holds already; nothing would change."))
    return reading


def table_rows(values: Iterable[LawValue]) -> Iterator[list[str]]:
    """Yield values in the shape that ``read_table`` reads, to be edited and sent back."""
    for value in values:
        last, note = value.valid.last_day, value.note or {}
        yield [
            value.key, _stored(value.value), value.valid.start.isoformat(), last.isoformat() if last else "",
            value.status.value, value.instrument or "", value.article or "", note.get("vi", ""), note.get("en", ""),
        ]  # fmt: skip


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold anything, each with its number."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    table = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter)
    for number, cells in enumerate(table, start=1):
        cleaned = [as_typed(nfc(cell).strip())[:MAX_TEXT] for cell in cells]
        if any(cleaned):
            yield number, cleaned


def _read_row(
    reading: Reading,
    row: int,
    cells: dict[str, str],
    *,
    timelines: Mapping[str, tuple[LawValue, ...]],
    known: Mapping[str, Instrument],
) -> None:
    faults = len(reading.problems)
    held = timelines.get(cells["key"])
    if not held:
        reading.blame(
            row, "law.unknown-key", N_("Row %(row)s: “%(key)s” is no key of the law."), key=cells["key"]
        )
        return
    unit = held[-1].unit
    value = _value(cells["value"])
    if fault(unit, value) is not None:
        reading.blame(
            row, "law.value", N_("Row %(row)s: “%(value)s” is no value in the unit of this key (%(unit)s)."),
            value=cells["value"][:80], unit=unit,
        )  # fmt: skip
    period = _period(reading, row, cells, bounded=is_bounded(unit))
    status, note = _trust(reading, row, cells)
    source = cells.get("instrument", "")
    if source and source not in known:
        reading.blame(
            row, "law.unknown-instrument", N_("Row %(row)s: “%(instrument)s” is no known instrument."),
            instrument=source,
        )  # fmt: skip
    if len(reading.problems) > faults or period is None or status is None:
        return
    made = law_value(
        key=cells["key"], value=value, unit=unit, valid=period, status=status, instrument=source or None,
        article=(cells.get("article") or None) if source else None, note=note,
    )  # fmt: skip
    item = set_value(made)
    if not held_already(item, held):
        reading.items.append(item)


def _value(cell: str) -> Any:
    """Return a stored value: JSON where it is, otherwise the text itself, so that nobody must type quotes."""
    try:
        read = json.loads(cell)
    except ValueError:
        return cell
    return cell if isinstance(read, int | float) and not isinstance(read, bool) else read


def _stored(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _period(reading: Reading, row: int, cells: Mapping[str, str], *, bounded: bool) -> Period | None:
    start, last = (_day(reading, row, cells.get(name, "")) for name in ("first_day", "last_day"))
    if not cells["first_day"]:
        reading.blame(row, "missing", N_("Row %(row)s: the first day is missing."))
    if bounded and not cells.get("last_day"):
        reading.blame(
            row, "law.unbounded", N_("Row %(row)s: name the last day; a day off does not hold for ever.")
        )
    if start is None or (bounded and last is None):
        return None
    if last is not None and last < start:
        reading.blame(row, "law.dates", N_("Row %(row)s: the last day lies before the first day."))
        return None
    return Period.of_days(start, last) if last is not None else Period(start)


def _day(reading: Reading, row: int, cell: str) -> date | None:
    if not cell:
        return None
    try:
        return parse_date(cell)
    except ValueError:
        reading.blame(
            row, "date", N_("Row %(row)s: “%(text)s” is no day; write 27/03/2026 or 2026-03-27."), text=cell
        )
        return None


def _trust(reading: Reading, row: int, cells: Mapping[str, str]) -> tuple[Status | None, Text | None]:
    notes = {"vi": cells.get("note_vi", ""), "en": cells.get("note_en", "")}
    note = notes if all(notes.values()) else None
    if any(notes.values()) and note is None:
        reading.blame(row, "law.text", N_("Row %(row)s: give the note in both languages."))
    if cells["status"] not in (Status.ASSUMED, Status.CITED):
        reading.blame(row, "law.status", N_("Row %(row)s: the status is CITED or ASSUMED."))
        return None, note
    if cells["status"] == Status.ASSUMED and note is None:
        reading.blame(
            row,
            "law.note",
            N_("Row %(row)s: an assumed value needs a note that says what nobody has confirmed."),
        )
    if cells["status"] == Status.CITED and not cells.get("instrument"):
        reading.blame(
            row, "law.source", N_("Row %(row)s: a cited value names the instrument in which it was read.")
        )
    return Status(cells["status"]), note


def _refuse_overlaps(reading: Reading) -> None:
    seen: dict[str, list[Period]] = {}
    for item in reading.items:
        assert item.value is not None, "a table only sets values"
        for period in seen.setdefault(item.key, []):
            if period.overlaps(item.value.valid):
                reading.blame(
                    1, "law.overlap", N_("Two rows give “%(key)s” a value on %(day)s."), key=item.key,
                    day=max(period.start, item.value.valid.start).isoformat(),
                )  # fmt: skip
        seen[item.key].append(item.value.valid)
