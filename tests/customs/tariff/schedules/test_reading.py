"""Schedules in files: what is read, and that every unknown structure stops the file at its place."""

import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from app.core.documents.refusals import FileDamaged
from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import Amount, BySubline, Combined, Excluded, Pct
from app.customs.tariff.schedules.domain.cells import Cell, CellFaulty, Form, RateGrammar, number, read_rate
from app.customs.tariff.schedules.domain.codes import read_code
from app.customs.tariff.schedules.domain.faults import WORDS, Code
from app.customs.tariff.schedules.service.sheets import FileUnreadable
from tests.core.documents.test_workbooks import twisted
from tests.customs.tariff.schedules.books import FROM, HEADER, LINE, profile, read, table, workbook


def pct(rate: str) -> Pct:
    return Pct(Decimal(rate))


def grammar(name: str = "MFN") -> RateGrammar:
    return next(column.grammar for column in profile().rates if column.name == name)


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("5", pct("5")),
        ("5%", pct("5")),
        ("12,5", pct("12.5")),
        ("12,5 %", pct("12.5")),
        ("0", pct("0")),
        ("", None),
        ("-", None),
        ("*", None),
        ("7,5*", pct("7.5")),
        ("5.000 đồng/lít", Amount(Decimal(5000), "VND", "LTR")),
        ("2,5 USD/kg", Amount(Decimal("2.5"), "USD", "KGM")),
        ("30% + 50 USD/chiếc", Combined("sum", (pct("30"), Amount(Decimal(50), "USD", "NMB")))),
        ("10 (KH)", Excluded(frozenset({"KH"}), pct("10"))),
        ("10 (-KH, -LA)", Excluded(frozenset({"KH", "LA"}), pct("10"))),
        ("10% KH", Excluded(frozenset({"KH"}), pct("10"))),
    ],
)
def test_a_cell_is_read_by_the_profile(text: str, expr: Any) -> None:
    assert read_rate(Cell(text), grammar()).expr == expr


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (Cell("5.5"), Code.NUMBER),
        (Cell("5.000"), Code.NUMBER),
        (Cell("1.000,5"), Code.NUMBER),
        (Cell("5,5,5"), Code.NUMBER),
        (Cell("**"), Code.MARK),
        (Cell("KCT"), Code.MARK),
        (Cell("theo phụ lục"), Code.RATE),
        (Cell("5 hoặc 10"), Code.RATE),
        (Cell("5 XX"), Code.COUNTRY),
        (Cell("5 ZWD/kg"), Code.RATE),
        (Cell("5 USD/thùng"), Code.UNIT),
        (Cell("=A1*2", Form.FORMULA), Code.FORMULA),
        (Cell("#REF!", Form.ERROR), Code.CELL_ERROR),
        (Cell("2027-10-05", Form.OTHER), Code.CELL_TYPE),
        (Cell("-5"), Code.RATE),
    ],
)
def test_a_cell_that_says_nothing_known_is_a_fault(cell: Cell, code: Code) -> None:
    with pytest.raises(CellFaulty) as caught:
        read_rate(cell, grammar())
    assert caught.value.code is code


def test_a_bare_number_is_no_environment_tax() -> None:
    with pytest.raises(CellFaulty) as caught:
        read_rate(Cell("4000"), grammar("ENVIRONMENT"))
    assert caught.value.code is Code.BARE


def test_thousands_are_parted_only_where_they_may_be() -> None:
    assert number("1.234.567,5", grouped=True) == Decimal("1234567.5")
    assert number("1,234.5", decimal=".", grouped=True) == Decimal("1234.5")
    with pytest.raises(CellFaulty):
        number("12.34", grouped=True)


@pytest.mark.parametrize(
    ("text", "form", "digits", "mended"),
    [
        ("0101.21.00", Form.TEXT, "01012100", False),
        ("01012100", Form.TEXT, "01012100", False),
        ("0101 21 00", Form.TEXT, "01012100", False),
        ("01.01", Form.TEXT, "0101", False),
        ("8703.21.80.10", Form.TEXT, "8703218010", False),
        ("1012100", Form.NUMBER, "01012100", True),
        ("101.21.00", Form.TEXT, "01012100", True),
        ("101210010", Form.NUMBER, "0101210010", True),
    ],
)
def test_codes_are_read_and_mended(text: str, form: Form, digits: str, mended: bool) -> None:
    found = read_code(Cell(text, form))
    assert (found.digits, found.mended) == (digits, mended)


@pytest.mark.parametrize(
    ("text", "form", "code"),
    [
        ("1.01", Form.NUMBER, Code.CODE_FRACTION),
        ("8471.3", Form.NUMBER, Code.CODE_FRACTION),
        ("0101.2.00", Form.TEXT, Code.CODE),
        ("010121", Form.PERCENT, Code.CODE_FRACTION),
        ("123", Form.TEXT, None),
        ("00112233", Form.TEXT, Code.CODE),
        ("0101210000001", Form.TEXT, Code.CODE),
        ("Ex 0101", Form.TEXT, Code.CODE),
    ],
)
def test_what_is_no_code_is_refused(text: str, form: Form, code: Code | None) -> None:
    if code is None:
        assert read_code(Cell(text, form)).mended
        return
    with pytest.raises(CellFaulty) as caught:
        read_code(Cell(text, form))
    assert caught.value.code is code


def test_a_whole_sheet_gives_headings_and_rates(tmp_path: Path) -> None:
    rows = [
        ["BIỂU THUẾ"],
        [],
        HEADER,
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        ["Chương 1: Động vật sống"],
        ["01.01", "Ngựa, lừa, la sống"],
        LINE,
        [1012900, "- - Loại khác", "con", 5, "2,5 (KH)", 0.05],
        ["", "- Lừa:"],
        ["0101.30.10", "- - Thuần chủng", "con", "", "*", "5"],
        ["0101.30.10.10", "- - - Sống", "con", "7,5", "", ""],
        ["0101.30.10.90", "- - - Loại khác", "con", "10", "", ""],
    ]

    def as_percent(book: Workbook) -> None:
        book.active["F8"].number_format = "0%"

    headings, wishes, notes = read(workbook(tmp_path / "a.xlsx", rows, after=as_percent))
    assert notes.faults == []
    assert [warning.code for warning in notes.warnings] == [Code.LOST_ZERO]
    assert [(each.code, each.unit) for each in headings][:3] == [
        ("0101", ""),
        ("01012100", "NMB"),
        ("01012900", "NMB"),
    ]
    assert headings[1].title == {"vi": "Ngựa thuần chủng"}
    said = {(each.hs8, each.slot.name): each.expr for each in wishes}
    assert said == {
        ("01012100", "MFN"): pct("0"),
        ("01012100", "ACFTA"): pct("0"),
        ("01012100", "VAT"): pct("5"),
        ("01012900", "MFN"): pct("5"),
        ("01012900", "ACFTA"): Excluded(frozenset({"KH"}), pct("2.5")),
        ("01012900", "VAT"): pct("5"),
        ("01013010", "MFN"): BySubline({"0101301010": pct("7.5"), "0101301090": pct("10")}, None),
        ("01013010", "VAT"): pct("5"),
    }
    assert {each.days for each in wishes} == {Period(FROM)}


def test_years_in_a_header_of_two_rows_hold_for_their_years(tmp_path: Path) -> None:
    rows = [
        ["Mã hàng", "Mô tả hàng hóa", "Đơn vị tính", "ACFTA", "", "", "Ghi chú"],
        ["", "", "", 2026, 2027, 2028],
        ["0101.21.00", "Ngựa", "con", "9", "5", "0", "x"],
    ]
    _, wishes, notes = read(workbook(tmp_path / "a.xlsx", rows))
    assert notes.faults == []
    assert [(each.expr, each.days) for each in wishes] == [
        (pct("5"), Period(date(2027, 1, 1), date(2028, 1, 1))),
        (pct("0"), Period(date(2028, 1, 1), date(2029, 1, 1))),
    ]


def test_a_column_lists_the_origins_without_preference(tmp_path: Path) -> None:
    rows = [
        [*HEADER, "Không hưởng ưu đãi ACFTA"],
        [*LINE, "KH, LA"],
        ["0101.29.00", "Khác", "con", "5", "3", "5", ""],
    ]
    _, wishes, notes = read(table(tmp_path / "a.csv", rows))
    assert notes.faults == []
    found = {(each.hs8, each.slot.name): each.expr for each in wishes}
    assert found["01012100", "ACFTA"] == Excluded(frozenset({"KH", "LA"}), pct("0"))
    assert found["01012900", "ACFTA"] == pct("3")


def second(*cells: Any) -> list[list[Any]]:
    return [HEADER, LINE, list(cells)]


@pytest.mark.parametrize(
    ("rows", "code", "place"),
    [
        ([["a", "b"], ["c", "d"]], Code.HEADER_MISSING, ""),
        ([[*HEADER, "Thuế lạ"], [*LINE, "5"]], Code.COLUMN_UNKNOWN, "G1"),
        ([[*HEADER, "MFN"], [*LINE, "5"]], Code.COLUMN_TWICE, "G1"),
        ([["Mã hàng", "Mô tả hàng hóa", "MFN"], ["0101.21.00", "Ngựa", "5"]], Code.COLUMN_MISSING, "1"),
        ([["Mã hàng", "Mô tả hàng hóa", "Đơn vị tính"], ["0101.21.00", "Ngựa", "con"]], Code.NO_RATES, "1"),
        ([HEADER], Code.EMPTY, "1"),
        (second("Ex 01", "Ngựa", "con", "5", "", ""), Code.CODE, "A3"),
        (second(8471.3, "Máy", "chiếc", "5", "", ""), Code.CODE_FRACTION, "A3"),
        (second("01012100", "Ngựa", "con", "5", "", ""), Code.CODE_TWICE, "A3"),
        (second("", "Ngựa", "con", "5", "", ""), Code.CODE_MISSING, "D3"),
        (second("0102.21.00.10", "Bò", "con", "5", "", ""), Code.NO_PARENT, "A3"),
        (second("0101.21.00.10", "Ngựa", "con", "5", "", ""), Code.PARENT_RATE, "D3"),
        (second("0102", "Bò", "con", "5", "", ""), Code.RATE_ABOVE, "D3"),
        (second("0101.29.00", "", "con", "5", "", ""), Code.TITLE, "B3"),
        (second("0101.29.00", "Khác", "thùng", "5", "", ""), Code.UNIT, "C3"),
        (second("0101.29.00", "Khác", "con", "5.5", "", ""), Code.NUMBER, "D3"),
        (second("0101.29.00", "Khác", "con", "??", "", ""), Code.MARK, "D3"),
        (second("0101.29.00", "Khác", "con", "5", "5 (XX)", ""), Code.COUNTRY, "E3"),
        (second("0101.29.00", "Khác", "con", "5", "xem phụ lục", ""), Code.RATE, "E3"),
        (second("0101.29.00", "Khác", "con", "=1+4", "", ""), Code.FORMULA, "D3"),
        (second("0101.29.00", "Khác", "con", date(2027, 10, 5), "", ""), Code.CELL_TYPE, "D3"),
        (second("0101.29.00", "Khác", "con", True, "", ""), Code.CELL_TYPE, "D3"),
        (second("0101.29.00", "Khác", "con", "5", "", "", "5"), Code.BEYOND, "G3"),
    ],
)  # fmt: skip
def test_an_unknown_structure_stops_the_file_at_its_place(
    tmp_path: Path, rows: list[list[Any]], code: Code, place: str
) -> None:
    _, _, notes = read(workbook(tmp_path / "a.xlsx", rows))
    assert (code, place) in [(fault.code, fault.place) for fault in notes.faults]


def test_an_error_of_the_spreadsheet_stops_the_file(tmp_path: Path) -> None:
    def spoil(book: Workbook) -> None:
        book.active["D3"].value, book.active["D3"].data_type = "#REF!", "e"

    rows = second("0101.29.00", "Khác", "con", "5", "", "")
    _, _, notes = read(workbook(tmp_path / "a.xlsx", rows, after=spoil))
    assert [(fault.code, fault.place) for fault in notes.faults] == [(Code.CELL_ERROR, "D3")]


def test_cells_merged_over_lines_stop_the_file_and_titles_do_not(tmp_path: Path) -> None:
    rows = [["BIỂU THUẾ"], HEADER, ["Chương 1"], LINE, ["0101.29.00", "Khác", "con", "5", "", "5"]]

    def titles(book: Workbook) -> None:
        book.active.merge_cells("A1:F1")
        book.active.merge_cells("A3:F3")

    def lines(book: Workbook) -> None:
        book.active.merge_cells("D4:D5")

    assert read(workbook(tmp_path / "a.xlsx", rows, after=titles))[2].faults == []
    notes = read(workbook(tmp_path / "b.xlsx", rows, after=lines))[2]
    assert [(fault.code, fault.params["range"]) for fault in notes.faults] == [(Code.MERGED, "D4:D5")]


def test_what_is_hidden_is_said(tmp_path: Path) -> None:
    def hide(book: Workbook) -> None:
        book.active.row_dimensions[3].hidden = True
        book.active.column_dimensions["E"].hidden = True
        book.create_sheet("Nháp").sheet_state = "hidden"

    rows = second("0101.29.00", "Khác", "con", "5", "", "5")
    headings, _, notes = read(workbook(tmp_path / "a.xlsx", rows, after=hide))
    assert notes.faults == []
    assert [warning.code for warning in notes.warnings] == [
        Code.HIDDEN_SHEETS,
        Code.HIDDEN_ROWS,
        Code.HIDDEN_COLUMNS,
    ]
    assert len(headings) == 2


def test_two_schedules_in_one_file_ask_which_is_meant(tmp_path: Path) -> None:
    def second_sheet(book: Workbook) -> None:
        other = book.create_sheet("Xuất khẩu")
        for row in (
            ["Mã hàng", "Mô tả hàng hóa", "Đơn vị tính", "Xuất khẩu"],
            ["0101.21.00", "Ngựa", "con", "0"],
        ):
            other.append(row)

    path = workbook(tmp_path / "a.xlsx", [HEADER, LINE], after=second_sheet)
    assert [fault.code for fault in read(path)[2].faults] == [Code.SEVERAL_SHEETS]
    _, wishes, notes = read(path, sheet="Xuất khẩu")
    assert notes.faults == []
    assert [each.slot.name for each in wishes] == ["EXPORT"]


def test_a_line_without_any_rate_is_said(tmp_path: Path) -> None:
    rows = second("0101.29.00", "Khác", "con", "", "-", "*")
    notes = read(workbook(tmp_path / "a.xlsx", rows))[2]
    assert [(each.code, each.params["count"]) for each in notes.warnings] == [(Code.WITHOUT_RATES, 1)]


def test_codes_that_fall_back_are_said(tmp_path: Path) -> None:
    rows = [HEADER, ["0102.21.00", "Bò", "con", "5", "", "5"], LINE]
    notes = read(workbook(tmp_path / "a.xlsx", rows))[2]
    assert [(each.code, each.place) for each in notes.warnings] == [(Code.NOT_ASCENDING, "A3")]


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x00\x01\x02")
    with pytest.raises(FileUnreadable):
        read(path)


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, '<row r="2"', '<row r="x"'),
        (SHEET, '<row r="2"', '<row r="x" hidden="1"'),
        (SHEET, '<row r="2"', '<row r="²" hidden="1"'),
        (SHEET, '<row r="3"', '<row r="2"'),
        (SHEET, "<sheetData>", '<cols><col min="a" max="b" hidden="1"/></cols><sheetData>'),
        (SHEET, "<sheetData>", '<cols><col hidden="1"/></cols><sheetData>'),
        (SHEET, "</sheetData>", "</sheetData><mergeCells><mergeCell/></mergeCells>"),
        (SHEET, 'r="A2"', 'r="ZZZZZ2"'),
        ("xl/workbook.xml", 'name="Biểu thuế"', ""),
        ("xl/workbook.xml", 'name="Biểu thuế"', 'name="Biểu thuế" sheetId="x"'),
    ],
)
def test_what_no_workbook_says_is_a_damaged_file(tmp_path: Path, part: str, old: str, new: str) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, LINE, ["0101.29.00", "- - Loại khác", "con", "5", "", "5"]])
    with pytest.raises((FileDamaged, FileUnreadable)):
        read(twisted(path, part, (old, new)))


def test_a_workbook_without_its_list_of_parts(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, LINE])
    with zipfile.ZipFile(path) as book:
        kept = {name: book.read(name) for name in book.namelist() if "workbook.xml.rels" not in name}
    with zipfile.ZipFile(path, "w") as book:
        for name, content in kept.items():
            book.writestr(name, content)
    with pytest.raises(FileDamaged):
        read(path)


def test_rows_below_the_size_that_a_sheet_claims_are_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, LINE, ["0101.29.00", "- - Loại khác", "con", "5", "", "5"]])
    headings, _, notes = read(twisted(path, SHEET, ('ref="A1:F3"', 'ref="A1:F2"')))
    assert (len(headings), notes.faults) == (2, [])


def test_a_row_with_a_number_beyond_any_sheet_is_too_long(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, LINE, ["0101.29.00", "- - Loại khác", "con", "5", "", "5"]])
    notes = read(twisted(path, SHEET, ('<row r="3"', '<row r="900000000000"')))[2]
    assert [each.code for each in notes.faults] == [Code.TOO_LONG]


def test_every_code_has_words() -> None:
    assert set(WORDS) == set(Code)
