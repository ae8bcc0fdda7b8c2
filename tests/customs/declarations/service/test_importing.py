"""Lines from workbooks: what a number means is decided by the cell, not by the reader's language."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from app.customs.declarations.service.importing import read_workbook

HEADER = ("Mã hàng", "Mã HS", "Số lượng", "Đơn giá")


def written(path: Path, *rows: tuple[object, ...]) -> Path:
    """Write a workbook with the columns of the grid."""
    book = Workbook()
    assert book.active is not None
    for row in (HEADER, *rows):
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_cell_that_is_a_number_means_the_same_to_every_reader(tmp_path: Path, lang: str) -> None:
    path = written(tmp_path / "lines.xlsx", ("A-1", 72083990, 1234.56, 1.234), ("A-2", "72083990", 2, 0.125))
    first, second = read_workbook(path, lang=lang).lines
    assert (first["hs"], first["quantity"], first["unit_price"]) == ("72083990", "1234.56", "1.234")
    assert (second["quantity"], second["unit_price"], second["value"]) == ("2", "0.125", "0.25")


def test_a_file_of_the_store_has_no_ending_in_its_name(tmp_path: Path) -> None:
    written(tmp_path / "l.xlsx", ("A", "72083990", "1", "2")).rename(tmp_path / "1f2e3d")
    assert len(read_workbook(tmp_path / "1f2e3d", lang="vi").lines) == 1


@pytest.mark.parametrize(("lang", "price"), [("vi", "1234"), ("en", "1.234")])
def test_a_cell_of_text_is_read_as_its_reader_writes(tmp_path: Path, lang: str, price: str) -> None:
    [line] = read_workbook(written(tmp_path / "l.xlsx", ("A", "72083990", "1", "1.234")), lang=lang).lines
    assert line["unit_price"] == price
