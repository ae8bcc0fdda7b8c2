"""
Rows of a workbook from outside, after ``intake.inspect`` let it in.

The library builds every row up to the number that a row claims, so that a file of a kilobyte may mean a billion of
them; and it trips in many ways over what is no sheet. Both end here.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from app.core.documents.refusals import FileDamaged


def sheet_rows(path: Path, *, most_rows: int, most_columns: int) -> Generator[Sequence[Any]]:
    """
    Yield the values of the rows of the first visible sheet; formulas count by their last value.

    :param most_rows: what stands below is not looked at; ask for one more than is taken to notice it.
    :raises FileDamaged: it is no workbook, or breaks off.
    """
    from openpyxl import load_workbook  # noqa: PLC0415  ten megabytes that a process at rest does not need

    try:
        # Opened here: the store's files have no ending in their names, by which the library would judge them.
        with (
            path.open("rb") as file,
            closing(load_workbook(file, read_only=True, data_only=True, keep_links=False)) as book,
        ):
            sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
            if sheet is None:
                return
            with closing(sheet.iter_rows(max_row=most_rows, max_col=most_columns, values_only=True)) as rows:
                yield from rows
    except Exception as error:  # whatever a library trips over in a file is the file's fault
        raise FileDamaged(found="Excel (.xlsx)") from error
