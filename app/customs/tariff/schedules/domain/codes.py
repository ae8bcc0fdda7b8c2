"""Codes of goods as files write them: with points, with spaces, or as numbers that lost their leading zero."""

import re
from dataclasses import dataclass

from app.customs.tariff.schedules.domain.cells import Cell, CellFaulty, Form, refuse_form
from app.customs.tariff.schedules.domain.faults import Code

LENGTHS = (2, 4, 6, 8, 10)
LINE, SUBLINE = 8, 10
_WRITTEN = re.compile(r"[0-9](?:[0-9. ]*[0-9])?\.?$")


@dataclass(frozen=True, slots=True)
class GoodsCode:
    """A code without points; ``mended`` says that a leading zero was put back."""

    digits: str
    mended: bool = False


def read_code(cell: Cell) -> GoodsCode:
    """
    Read a code; one of an odd number of digits has lost the zero of chapters 01 to 09.

    :raises CellFaulty: no code, or a number with decimals, which may have lost other digits too.
    """
    refuse_form(cell)
    if cell.form in (Form.NUMBER, Form.PERCENT) and ("." in cell.text or cell.form is Form.PERCENT):
        raise CellFaulty(Code.CODE_FRACTION)
    if not _WRITTEN.match(cell.text):
        raise CellFaulty(Code.CODE)
    digits = re.sub("[. ]", "", cell.text)
    if len(digits) + 1 in LENGTHS and digits[0] != "0":
        # Only where points do not contradict: 101.21.00 lost a zero, 0101.2.00 lost something else.
        parts = [part for part in re.split("[. ]", cell.text) if part]
        if len(parts) == 1 or (len(parts[0]) == 3 and all(len(part) == 2 for part in parts[1:])):  # noqa: PLR2004
            return GoodsCode("0" + digits, mended=True)
    if len(digits) not in LENGTHS or digits.startswith("00"):
        raise CellFaulty(Code.CODE)
    return GoodsCode(digits)
