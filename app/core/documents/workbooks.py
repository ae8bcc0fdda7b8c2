"""
Rows of a workbook from outside, after ``intake.inspect`` let it in.

The library builds every row up to the number that a row claims, so that a file of a kilobyte may mean a billion of
them; and it trips in many ways over what is no sheet. Both end here.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from app.core.documents.refusals import FileDamaged
from app.core.errors import DomainError

if TYPE_CHECKING:
    from openpyxl import Workbook

Row = TypeVar("Row")


@contextmanager
def as_damage() -> Iterator[None]:
    """
    Whatever a reader trips over within is the fault of the file; use it around reading alone.

    :raises FileDamaged: instead of anything that is no refusal yet.
    """
    try:
        yield
    except DomainError:
        raise
    except Exception as error:
        raise FileDamaged(found="Excel (.xlsx)") from error


@contextmanager
def open_workbook(path: Path, *, formulas: bool = False) -> Iterator["Workbook"]:
    """
    Open a workbook as a stream.

    :param formulas: give cells with a formula as it is written; otherwise by their last value.
    :raises FileDamaged: it is no workbook.
    """
    from openpyxl import load_workbook  # noqa: PLC0415  ten megabytes that a process at rest does not need

    # Opened here: the store's files have no ending in their names, by which the library would judge them.
    with path.open("rb") as file:
        with as_damage():
            book = load_workbook(file, read_only=True, data_only=not formulas, keep_links=False)
        with closing(book):
            yield book


def each_row(rows: Iterable[Row]) -> Generator[Row]:
    """
    Give the rows of an open sheet one by one.

    :raises FileDamaged: it breaks off, or says what no sheet says.
    """
    with as_damage():
        yield from rows


def sheet_rows(path: Path, *, most_rows: int, most_columns: int) -> Generator[Sequence[Any]]:
    """
    Yield the values of the rows of the first visible sheet; formulas count by their last value.

    :param most_rows: what stands below is not looked at; ask for one more than is taken to notice it.
    :raises FileDamaged: it is no workbook, or breaks off.
    """
    with open_workbook(path) as book:
        sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
        if sheet is None:
            return
        with closing(sheet.iter_rows(max_row=most_rows, max_col=most_columns, values_only=True)) as rows:
            yield from each_row(rows)
