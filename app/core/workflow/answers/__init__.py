"""Answers to a procedure's questions: from what was typed to typed values and back, and what is still missing.

Pure. Nothing typed is lost: ``read_section`` returns what it understood and a problem for the rest, and the page shows
the raw text again. Values are JSON: integers, ISO dates, decimals as strings, money as ``{amount, currency}``, a table
as a list of objects.
"""

from app.core.workflow.answers._asking import (
    asked,
    asked_names,
    merged,
    missing,
    missing_input,
    of_row,
    surely_asked,
)
from app.core.workflow.answers._comparing import Change, changes
from app.core.workflow.answers._reading import MAX_ROWS, Answers, Raw, cell, read_field, read_section
from app.core.workflow.answers._showing import typed, typed_number

__all__ = [
    "MAX_ROWS",
    "Answers",
    "Change",
    "Raw",
    "asked",
    "asked_names",
    "cell",
    "changes",
    "merged",
    "missing",
    "missing_input",
    "of_row",
    "read_field",
    "read_section",
    "surely_asked",
    "typed",
    "typed_number",
]
