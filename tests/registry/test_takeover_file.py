"""Files of a take-over as spreadsheets write them, and rows with every fault named; without a database."""

import tracemalloc
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from openpyxl import Workbook

from app.core.documents.refusals import FileDamaged
from app.registry.domain import TakeOverKind
from app.registry.service.takeover.checking import check_row, remedy
from app.registry.service.takeover.columns import guess, mapping_problems
from app.registry.service.takeover.sheets import MAX_ROWS, TableTooLong, TableUnreadable, open_table
from tests.core.documents.test_workbooks import twisted

HEADER = "Tên doanh nghiệp;Mã số thuế;Ngày thành lập"
ROW = "Công ty Đại Dương;0100233488;5/3/2019"


def read(path: Path, *, workbook: bool = False) -> tuple[list[str], list[tuple[int, list[str]]]]:
    with open_table(path, workbook=workbook) as table:
        return list(table.header), list(table.rows)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    @pytest.mark.parametrize("sign", [";", ",", "\t"])
    def test_signs_and_marks(self, tmp_path: Path, encoding: str, sign: str) -> None:
        text = f"{HEADER}\r\n{ROW}\r\n".replace(";", sign)
        header, rows = read(write(tmp_path / "a.csv", text.encode(encoding)))
        assert header == HEADER.split(";")
        assert rows == [(2, ROW.split(";"))]

    def test_windows_1258_comes_out_composed(self, tmp_path: Path) -> None:
        # The code page has đ and the vowels with circumflex; tones are marks of their own after the vowel.
        decomposed = f"{HEADER}\n{ROW}\n".translate(
            str.maketrans(
                {
                    "ệ": "ê\u0323",
                    "ố": "ô\u0301",
                    "ế": "ê\u0301",
                    "ậ": "â\u0323",
                    "à": "a\u0300",
                    "ã": "a\u0303",
                    "ạ": "a\u0323",
                }
            )
        )
        header, rows = read(write(tmp_path / "a.csv", decomposed.encode("cp1258")))
        assert header == HEADER.split(";")
        assert rows[0][1][0] == "Công ty Đại Dương"

    def test_a_quoted_sign_parts_nothing(self, tmp_path: Path) -> None:
        content = 'Tên,Địa chỉ\n"Công ty A, B","Số 1, đường C"\n'.encode()
        assert read(write(tmp_path / "a.csv", content))[1] == [(2, ["Công ty A, B", "Số 1, đường C"])]

    @pytest.mark.parametrize("content", [b"one\ntwo\n", b"a,b\x00\n", b"", b"\n\n\n"])
    def test_what_is_no_table_is_refused(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(TableUnreadable):
            read(write(tmp_path / "a.csv", content))

    def test_too_many_rows_are_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b"a,b\n" + b"1,2\n" * (MAX_ROWS + 1))
        with pytest.raises(TableTooLong):
            read(path)

    def test_memory_does_not_grow_with_the_file(self, tmp_path: Path) -> None:
        def peak(rows: int) -> int:
            path = write(tmp_path / f"{rows}.csv", f"{HEADER}\n".encode() + f"{ROW}\n".encode() * rows)
            tracemalloc.start()
            with open_table(path, workbook=False) as table:
                assert sum(1 for _ in table.rows) == rows
            top = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return top

        assert peak(48_000) < 1.3 * peak(24_000)


class TestWorkbook:
    def make(self, path: Path, *rows: list[object]) -> Path:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "DN"
        for row in rows:
            sheet.append(row)
        book.save(path)
        return path

    def test_titles_above_the_table_are_passed_over(self, tmp_path: Path) -> None:
        path = self.make(
            tmp_path / "a.xlsx", ["DANH SÁCH DOANH NGHIỆP"], [], HEADER.split(";"),
            ["Công ty A", 100233488, date(2019, 3, 5)], [None, None, None], ["Công ty B", "0100233488", "x"],
        )  # fmt: skip
        with open_table(path, workbook=True) as table:
            assert table.sheet == "DN"
            assert list(islice(table.rows, 5)) == [
                (4, ["Công ty A", "100233488", "05/03/2019"]),
                (6, ["Công ty B", "0100233488", "x"]),
            ]

    def test_an_empty_sheet_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TableUnreadable):
            read(self.make(tmp_path / "a.xlsx"), workbook=True)

    def test_a_row_without_a_number_is_a_damaged_file(self, tmp_path: Path) -> None:
        path = self.make(tmp_path / "a.xlsx", HEADER.split(";"), ROW.split(";"))
        with pytest.raises(FileDamaged):
            read(twisted(path, "xl/worksheets/sheet1.xml", ('<row r="2"', '<row r="x"')), workbook=True)

    def test_rows_below_the_size_that_a_sheet_claims_are_read(self, tmp_path: Path) -> None:
        path = self.make(tmp_path / "a.xlsx", HEADER.split(";"), ROW.split(";"))
        twisted(path, "xl/worksheets/sheet1.xml", ('ref="A1:C2"', 'ref="A1:C1"'))
        assert len(read(path, workbook=True)[1]) == 1

    def test_a_row_beyond_any_sheet_is_too_long(self, tmp_path: Path) -> None:
        path = self.make(tmp_path / "a.xlsx", HEADER.split(";"), ROW.split(";"))
        with pytest.raises(TableTooLong):
            read(
                twisted(path, "xl/worksheets/sheet1.xml", ('<row r="2"', '<row r="900000000000"')),
                workbook=True,
            )


class TestColumns:
    @pytest.mark.parametrize(
        "header",
        [
            ["STT", "TÊN DOANH NGHIỆP", "MST", "Ngày thành lập"],
            ["No", "Ten doanh nghiep (tieng Viet)", "Mã số thuế (MST)", "Ngay cap"],
            ["#", "Company name", "Tax code", "Established"],
        ],
    )
    def test_names_are_recognised(self, header: list[str]) -> None:
        found = guess(TakeOverKind.ENTERPRISE, header)
        assert found | {"name_vi": 1, "tax_code": 2, "established_on": 3} == found

    def test_no_column_serves_twice(self) -> None:
        found = guess(TakeOverKind.ENTERPRISE, ["Tên", "Tên tiếng Anh", "Tên khác"])
        assert len(set(found.values())) == len(found)
        problems = mapping_problems(TakeOverKind.ENTERPRISE, {"name_vi": 0, "name_en": 0})
        assert [(each.name, each.code) for each in problems] == [("field-name_en", "twice")]

    def test_what_is_required_is_asked_for(self) -> None:
        problems = mapping_problems(TakeOverKind.PROJECT, {"name_vi": 0})
        assert {each.name for each in problems} == {"field-enterprise_tax_code", "field-site"}


class TestRows:
    def check(self, **cells: str) -> dict[str, str]:
        checked = check_row(TakeOverKind.ENTERPRISE, {"name_vi": "Công ty A", **cells}, sites={})
        return {problem.name: problem.code for problem in checked.problems}

    def test_a_plain_row_is_read(self) -> None:
        cells = {
            "name_vi": "Công ty A",
            "tax_code": "0100233488",
            "established_on": "5/3/2019",
            "kind": "FDI",
        }
        checked = check_row(TakeOverKind.ENTERPRISE, cells, sites={})
        assert checked.problems == ()
        assert checked.values["established_on"] == "2019-03-05"
        assert (checked.values["kind"], checked.values["country"]) == ("FOREIGN_INVESTED", "VN")

    def test_a_lost_leading_zero_is_put_back(self) -> None:
        checked = check_row(TakeOverKind.ENTERPRISE, {"name_vi": "A", "tax_code": "100233488"}, sites={})
        assert checked.values["tax_code"] == "0100233488"

    @pytest.mark.parametrize(
        ("cells", "fault"),
        [
            ({"name_vi": ""}, {"name_vi": "required"}),
            ({"tax_code": "0100233489"}, {"tax_code": "tax-code-check"}),
            ({"tax_code": "1.00233E+09"}, {"tax_code": "scientific"}),
            ({"established_on": "31/02/2020"}, {"established_on": "date"}),
            ({"established_on": "3/25/2020"}, {"established_on": "date"}),
            ({"country": "Atlantis"}, {"country": "choice"}),
            ({"country": "Nhật Bản", "kind": "trong nước"}, {"country": "kind"}),
            ({"email": "a@b"}, {"email": "email"}),
            ({"kind": "cái gì đó"}, {"kind": "choice"}),
        ],
    )
    def test_faults_are_named_by_field(self, cells: dict[str, str], fault: dict[str, str]) -> None:
        assert self.check(**cells) == fault
        assert all(remedy(code) for code in fault.values())

    @pytest.mark.parametrize("country", ["Nhật Bản", "nhat ban", "Japan", "JP", "jp"])
    def test_countries_by_name_or_code(self, country: str) -> None:
        checked = check_row(TakeOverKind.ENTERPRISE, {"name_vi": "A", "country": country}, sites={})
        assert (checked.values["country"], checked.values["kind"]) == ("JP", "FOREIGN")
