"""Workbooks that want to hurt: bounded by the rows that were asked for, and damaged ones are refused as such."""

import io
import itertools
import zipfile
from pathlib import Path

import pytest

from app.core.documents.refusals import FileDamaged
from app.core.documents.workbooks import sheet_rows
from app.web.exports import xlsx_file

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(path: Path, rows: str, *, whole: bool = True) -> Path:
    """Write a workbook whose sheet holds these rows."""
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}'
    usual = zipfile.ZipFile(io.BytesIO(xlsx_file(["a"], [])))
    target = path / "file"
    with zipfile.ZipFile(target, "w") as archive:
        for name in usual.namelist():
            ours = sheet + ("</sheetData></worksheet>" if whole else "")
            archive.writestr(name, ours if name.endswith("sheet1.xml") else usual.read(name))
    return target


def twisted(path: Path, part: str, *changes: tuple[str, str]) -> Path:
    """Change texts in a part of a workbook, as no spreadsheet would write them."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    for old, new in changes:
        assert old.encode() in parts[part], f"{part} does not hold {old}"
        parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return path


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_a_row_that_claims_a_high_number_is_not_filled_up_to(tmp_path: Path) -> None:
    rows = f'<row r="1">{cell("A1", "x")}</row><row r="900000000000">{cell("A900000000000", "y")}</row>'
    found = list(sheet_rows(workbook(tmp_path, rows), most_rows=1_000, most_columns=3))
    assert found[0] == ("x", None, None)
    assert len(found) <= 1_000


def test_empty_rows_between_count(tmp_path: Path) -> None:
    rows = f'<row r="1">{cell("A1", "x")}</row><row r="4">{cell("A4", "y")}</row>'
    found = list(sheet_rows(workbook(tmp_path, rows), most_rows=1_000, most_columns=1))
    assert found == [("x",), (None,), (None,), ("y",)]


def test_a_reader_may_stop_anywhere(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}">{cell(f"A{n}", "x")}</row>' for n in range(1, 9))
    found = sheet_rows(workbook(tmp_path, rows), most_rows=1_000, most_columns=1)
    assert len(list(itertools.islice(found, 2))) == 2
    found.close()


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="ZZZZZ1"><v>1</v></c></row>',
        '<row r="x"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="n"><v>abc</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>99</v></c></row>',
        '<row r="1"><c r="A1" t="d"><v>9999-99-99</v></c></row>',
    ],
)
def test_what_no_sheet_says_is_a_damaged_file(tmp_path: Path, rows: str) -> None:
    with pytest.raises(FileDamaged):
        list(sheet_rows(workbook(tmp_path, rows), most_rows=10, most_columns=3))


def test_a_sheet_that_breaks_off(tmp_path: Path) -> None:
    with pytest.raises(FileDamaged):
        list(sheet_rows(workbook(tmp_path, '<row r="1"><c', whole=False), most_rows=10, most_columns=3))


def test_no_workbook_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(FileDamaged):
        list(sheet_rows(path, most_rows=10, most_columns=3))
