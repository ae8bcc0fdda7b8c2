"""A synthetic schedule: as long, as wide and as awkward as an official one, and plainly made up."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from openpyxl import Workbook

NAMES = (
    "MFN", "Thông thường", "ATIGA", "ACFTA", "AKFTA", "AANZFTA", "AIFTA", "AJCEP", "VJEPA", "VKFTA", "VCFTA",
    "AHKFTA", "VN-EAEU", "CPTPP", "EVFTA", "UKVFTA", "RCEP", "Xuất khẩu", "TTĐB", "VAT",
)  # fmt: skip
HEADER = ("Mã hàng", "Mô tả hàng hóa", "Description", "Đơn vị tính", *NAMES)
TITLE = "BIỂU THUẾ TỔNG HỢP DÙNG ĐỂ THỬ NGHIỆM – KHÔNG PHẢI VĂN BẢN PHÁP LUẬT"
_RATES = ("0", "3", "5", "7,5", "10", "12,5", "15", "20", "22,5", "25", "30%", "40")
_PREFERENCES = ("0", "0", "0", "0", "0", "2,5", "5", "*", "5*", "", "-", "10 (KH)")
_SPECIFIC = ("30% + 50 USD/chiếc", "5.000 đồng/lít")


def rows(
    lines: int = 11_000, *, seed: int = 7, sublines: int = 120, changed: int = 0
) -> Iterator[list[str | int]]:
    """
    Give the rows of a schedule: titles, header, numbering of columns, chapters, headings, lines and sub-lines.

    :param lines: how many lines of eight digits.
    :param sublines: every so many lines one has sub-lines of ten digits, and no rates of its own in some columns.
    :param changed: every so many lines has another MFN rate than the file without this; 0 for none.
    """
    random = Random(seed)  # noqa: S311  the same file every time
    yield [TITLE]
    yield []
    yield list(HEADER)
    yield [f"({number})" for number in range(1, len(HEADER) + 1)]
    made, per_chapter = 0, -(-lines // 96)
    for chapter in (number for number in range(1, 98) if number != 77):
        yield [f"Chương {chapter}"]
        for in_chapter in range(min(per_chapter, lines - made)):
            heading, line = divmod(in_chapter, 8)
            four = f"{chapter:02d}{heading + 1:02d}"
            if line == 0:
                yield [f"{four[:2]}.{four[2:]}", f"Nhóm hàng thử nghiệm {four}", f"Test heading {four}"]
            made += 1
            yield from _line(f"{four}{line + 1}000", made, random, sublines, changed)


def _line(code: str, made: int, random: Random, sublines: int, changed: int) -> Iterator[list[str | int]]:
    mfn = random.choice(_RATES)
    rates: list[str | int] = [mfn, random.choice(_RATES)]
    rates += [random.choice(_PREFERENCES) for _ in range(15)]
    rates += [
        random.choice(("", "", "", "5", "10")),
        random.choice(("", "", "", "", "20", _SPECIFIC[0])),
        "8",
    ]
    if made % 10 == 0 and mfn.isdigit():
        rates[0] = int(mfn)
    if changed and made % changed == 0:
        rates[0] = "33"
    point = f"{code[:4]}.{code[4:6]}.{code[6:]}"
    written: str | int = int(code) if made % 50 == 0 else point
    head = [
        f"- - Hàng thử nghiệm số {made}",
        f"- - Test goods number {made}",
        ("kg", "chiếc", "lít")[made % 3],
    ]
    if sublines and made % sublines == 0:
        inner = [f"{point}.{tail}" for tail in ("10", "90")]
        yield [written, *head, rates[0], rates[1], *([""] * 15), *rates[17:]]
        for each in inner:
            yield [each, *head, "", "", *rates[2:17], "", "", ""]
        return
    yield [written, *head, *rates]


def write(path: Path, lines: int = 11_000, **options: int) -> Path:
    """Write the schedule as a workbook."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Biểu thuế")
    for row in rows(lines, **options):
        sheet.append(row)
    book.save(path)
    return path
