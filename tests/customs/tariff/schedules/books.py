"""Small schedules as files, with whatever is wrong with them."""

import csv
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from app.core.kit.ranges import Period
from app.customs.tariff.schedules.domain.faults import Notes
from app.customs.tariff.schedules.domain.profile import Profile, read_profile
from app.customs.tariff.schedules.domain.reading import Heading, Wish
from app.customs.tariff.schedules.service.opening import open_schedule
from app.customs.tariff.schedules.service.profiles import PROFILES

HEADER = ["Mã hàng", "Mô tả hàng hóa", "Đơn vị tính", "MFN", "ACFTA", "VAT"]
LINE = ["0101.21.00", "- - Ngựa thuần chủng", "con", "0", "0", "5"]
FROM = date(2027, 1, 1)

Row = Sequence[Any]


def profile() -> Profile:
    return read_profile(PROFILES / "combined.yaml")


def workbook(
    path: Path,
    rows: Sequence[Row],
    *,
    name: str = "Biểu thuế",
    after: Callable[[Workbook], None] | None = None,
) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.title = name
    for row in rows:
        sheet.append(list(row))
    if after:
        after(book)
    book.save(path)
    return path


def table(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    return path


def read(path: Path, *, sheet: str = "", since: date = FROM) -> tuple[list[Heading], list[Wish], Notes]:
    notes = Notes("")
    is_book = path.suffix == ".xlsx"
    found: list[Heading | Wish] = []
    period = Period(since)
    with open_schedule(
        path, workbook=is_book, profile=profile(), period=period, sheet=sheet, notes=notes
    ) as opened:
        if opened is not None:
            found = list(opened.content)
    headings = [each for each in found if isinstance(each, Heading)]
    return headings, [each for each in found if isinstance(each, Wish)], notes
