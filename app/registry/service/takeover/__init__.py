"""Take-over of enterprises and projects from the files in which they were kept before."""

from app.registry.service.takeover.batches import (
    CHECK,
    IMPORT,
    PASSES,
    UNDO,
    ColumnsInvalid,
    NotNow,
    Undecided,
    Upload,
    begin,
    cancel,
    choose_columns,
    counts,
    decide,
    rows_of,
    start_import,
    start_undo,
)
from app.registry.service.takeover.checking import remedy
from app.registry.service.takeover.columns import FIELDS
from app.registry.service.takeover.passes import dry_run, import_rows
from app.registry.service.takeover.sheets import MAX_ROWS, TableTooLong, TableUnreadable
from app.registry.service.takeover.undoing import undo

__all__ = [
    "CHECK",
    "FIELDS",
    "IMPORT",
    "MAX_ROWS",
    "PASSES",
    "UNDO",
    "ColumnsInvalid",
    "NotNow",
    "TableTooLong",
    "TableUnreadable",
    "Undecided",
    "Upload",
    "begin",
    "cancel",
    "choose_columns",
    "counts",
    "decide",
    "dry_run",
    "import_rows",
    "remedy",
    "rows_of",
    "start_import",
    "start_undo",
    "undo",
]
