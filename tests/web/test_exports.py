"""Cells of exports are never the beginning of a formula, in any alphabet that a spreadsheet reads."""

import csv
import io

import pytest

from app.web.exports import csv_text, neutral


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_nothing_that_begins_a_formula_does(start: str) -> None:
    assert neutral(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "Công ty A", "12", "a=b", " =1"])
def test_other_texts_stay(text: str) -> None:
    assert neutral(text) == text


def test_quotes_and_separators_do_not_end_a_cell() -> None:
    cells = ['a","=1+1', "b;=2", 'c"\r\n=3']
    (row,) = list(csv.reader(io.StringIO(csv_text([], [cells]), newline="")))[1:]
    assert row == cells
