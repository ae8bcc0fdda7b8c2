"""What is wrong with a schedule, or worth knowing: where it stands, why, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from openpyxl.utils import get_column_letter

from app.core.i18n import N_

Param = str | int

MOST_FAULTS = 200
"""More would help nobody: a file with so many is read no further."""

_LAST_LETTERS = 18_278  # ZZZ


class Code(StrEnum):
    """Stable codes of what can be said about a place of a file."""

    HEADER_MISSING = "header-missing"
    SEVERAL_SHEETS = "several-sheets"
    COLUMN_UNKNOWN = "column-unknown"
    COLUMN_TWICE = "column-twice"
    COLUMN_MISSING = "column-missing"
    NO_RATES = "no-rates"
    CODE = "code"
    CODE_FRACTION = "code-fraction"
    CODE_TWICE = "code-twice"
    CODE_MISSING = "code-missing"
    NO_PARENT = "subline-without-parent"
    PARENT_RATE = "parent-with-rate"
    RATE_ABOVE = "rate-above-line"
    TITLE = "description-missing"
    UNIT = "unit-unknown"
    RATE = "rate-unknown"
    NUMBER = "number"
    BARE = "bare-number"
    MARK = "mark-unknown"
    COUNTRY = "country-unknown"
    FORMULA = "formula"
    CELL_ERROR = "cell-error"
    CELL_TYPE = "cell-type"
    MERGED = "merged"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    BEYOND = "beyond-columns"
    LOST_ZERO = "lost-zero"
    HIDDEN_ROWS = "hidden-rows"
    HIDDEN_COLUMNS = "hidden-columns"
    HIDDEN_SHEETS = "hidden-sheets"
    WITHOUT_RATES = "line-without-rates"
    NOT_ASCENDING = "codes-not-ascending"


@dataclass(frozen=True, slots=True)
class Found:
    """Something at a place of a file; ``row`` is 0 and ``column`` empty where it concerns more than one place."""

    code: Code
    sheet: str
    row: int = 0
    column: str = ""
    text: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The cell as spreadsheets name it, a row, or nothing."""
        return f"{self.column}{self.row}" if self.column else str(self.row or "")

    def to_json(self) -> dict[str, Any]:
        """Write it for keeping."""
        return {
            "code": self.code.value, "sheet": self.sheet, "row": self.row, "column": self.column,
            "text": self.text, "params": dict(self.params),
        }  # fmt: skip

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> "Found":
        """Read what :meth:`to_json` wrote."""
        return cls(
            Code(raw["code"]), raw["sheet"], raw["row"], raw["column"], raw["text"], dict(raw["params"])
        )


# Why, and what to do; ``percent`` is always given beside the parameters of a finding.
WORDS: Mapping[Code, tuple[str, str]] = {
    Code.HEADER_MISSING: (
        N_("No row of the first %(rows)s holds the names of the columns that the profile knows."),
        N_("Choose the profile of this kind of schedule, or the sheet on which it stands."),
    ),
    Code.SEVERAL_SHEETS: (
        N_("More than one sheet looks like a schedule: %(sheets)s."),
        N_("Say in the form which sheet is meant; an export and an import schedule are two changes."),
    ),
    Code.COLUMN_UNKNOWN: (
        N_("The profile does not know this column, and it holds something."),
        N_("Take the column out, or have the profile extended; a column is never skipped silently."),
    ),
    Code.COLUMN_TWICE: (
        N_("This column says the same as column %(other)s, for the same days."),
        N_("Leave only the column that holds."),
    ),
    Code.COLUMN_MISSING: (
        N_("The column “%(name)s” is missing."),
        N_("Add the column; the profile cannot read a schedule without it."),
    ),
    Code.NO_RATES: (
        N_("The sheet has no column of rates."),
        N_("Choose the profile of this kind of schedule."),
    ),
    Code.CODE: (
        N_("This is no code of 2, 4, 6, 8 or 10 digits."),
        N_("Write the code with digits and points only, as in 0101.21.00."),
    ),
    Code.CODE_FRACTION: (
        N_("The spreadsheet took this code for a number with decimals, so digits may be lost."),
        N_("Give the column the format Text and write the code again from the official text."),
    ),
    Code.CODE_TWICE: (
        N_("The same code stands in row %(other)s already."),
        N_("Leave the row that holds; two rates for one line are never chosen between."),
    ),
    Code.CODE_MISSING: (
        N_("The row has rates and no code."),
        N_("Write the code, or take the rates out of a row that is only a text."),
    ),
    Code.NO_PARENT: (
        N_("The line of 8 digits that this sub-line belongs to does not stand before it."),
        N_("Put the line %(parent)s before its sub-lines."),
    ),
    Code.PARENT_RATE: (
        N_("The line %(parent)s has a rate in this column, and so has its sub-line; which one holds is not said."),
        N_("Leave the rate of the line empty where its sub-lines have rates of their own."),
    ),
    Code.RATE_ABOVE: (
        N_("A rate stands beside a code of %(digits)s digits; rates are read for 8 and 10 digits only."),
        N_("Write the rate beside each line of 8 digits for which it holds."),
    ),
    Code.TITLE: (
        N_("The line has no description."),
        N_("Write the description of the goods."),
    ),
    Code.UNIT: (
        N_("The profile does not know this unit."),
        N_("Correct the unit, or have it added to the profile with its code."),
    ),
    Code.RATE: (
        N_("This is no rate in a form that the profile knows."),
        N_("Compare it with the official text. Known: 5; 12,5%(percent)s; 5.000 đồng/lít; 30%(percent)s + 50 USD/kg."),
    ),
    Code.NUMBER: (
        N_("It cannot be told whether the sign parts thousands or decimals."),
        N_("Write decimals with “%(decimal)s” and percentages without a sign for thousands."),
    ),
    Code.BARE: (
        N_("In this column a number alone does not say what it is counted in."),
        N_("Write the unit with it, as in 4.000 đồng/lít or 10%(percent)s."),
    ),
    Code.MARK: (
        N_("The profile does not say what this mark means in this column."),
        N_("Look its meaning up in the official text and have it added to the profile."),
    ),
    Code.COUNTRY: (
        N_("“%(country)s” is no country that the profile knows as excluded."),
        N_("Use the two letters of the country, and have it added to the profile if it is right."),
    ),
    Code.FORMULA: (
        N_("The cell holds a formula; what it shows is not what is written."),
        N_("Copy the column and paste it as values."),
    ),
    Code.CELL_ERROR: (
        N_("The spreadsheet itself shows an error in this cell."),
        N_("Mend the cell in the spreadsheet."),
    ),
    Code.CELL_TYPE: (
        N_("The cell holds a date or a yes/no, where a text or a number is expected."),
        N_("Spreadsheets turn 5-10 into a date: give the cell the format Text and write it again."),
    ),
    Code.MERGED: (
        N_("The cells %(range)s are merged across lines of goods; for which lines they hold is not said."),
        N_("Unmerge the cells and write the value in each row."),
    ),
    Code.EMPTY: (
        N_("Below the names of the columns there is no line of goods."),
        N_("Choose the sheet that holds the schedule."),
    ),
    Code.TOO_LONG: (
        N_("The sheet has more than %(rows)s rows."),
        N_("Split the schedule by chapters."),
    ),
    Code.BEYOND: (
        N_("The cell stands beside the table, in a column without a name."),
        N_("Name the column or take the cell out."),
    ),
    Code.LOST_ZERO: (
        N_("The code had lost its leading zero and was read as %(mended)s."),
        N_("Compare it with the official text."),
    ),
    Code.HIDDEN_ROWS: (
        N_("%(count)s rows are hidden in the file (%(rows)s); they were read like all others."),
        N_("Make sure that they belong to the schedule."),
    ),
    Code.HIDDEN_COLUMNS: (
        N_("Columns are hidden in the file (%(columns)s); they were read like all others."),
        N_("Make sure that they belong to the schedule."),
    ),
    Code.HIDDEN_SHEETS: (
        N_("Hidden sheets were not read: %(sheets)s."),
        N_("Show them in the spreadsheet if they belong to the schedule."),
    ),
    Code.WITHOUT_RATES: (
        N_("%(count)s lines have no rate in any column (%(codes)s)."),
        N_("Make sure that this is what the official text says."),
    ),
    Code.NOT_ASCENDING: (
        N_("The code is lower than the one before it (%(before)s)."),
        N_("Official schedules ascend; look whether a digit is wrong."),
    ),
}  # fmt: skip


def letter(column: int) -> str:
    """Return the letters of a column, the first being 0; a text has more columns than spreadsheets have letters for."""
    return get_column_letter(min(column + 1, _LAST_LETTERS))


@dataclass(slots=True)
class Notes:
    """What was found on the way: faults stop the file, warnings are told."""

    sheet: str
    faults: list[Found] = field(default_factory=list)
    warnings: list[Found] = field(default_factory=list)

    def fault(
        self, code: Code, row: int = 0, column: int | None = None, text: str = "", **params: str | int
    ) -> None:
        """Note a fault."""
        place = letter(column) if column is not None else ""
        self.faults.append(Found(code, self.sheet, row, place, text[:120], params))

    def warn(
        self, code: Code, row: int = 0, column: int | None = None, text: str = "", **params: str | int
    ) -> None:
        """Note something that does not stop the file."""
        place = letter(column) if column is not None else ""
        self.warnings.append(Found(code, self.sheet, row, place, text[:120], params))

    @property
    def full(self) -> bool:
        """Tell whether more faults would help nobody."""
        return len(self.faults) >= MOST_FAULTS
