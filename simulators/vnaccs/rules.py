"""What the authority refuses a declaration for. Its own rules: they need not be those of whoever sends."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from simulators.vnaccs.papers import Item, Paper

_IMPORT = frozenset({
    "A11", "A12", "A21", "A31", "A41", "A42", "A43", "A44", "C11", "C21", "E11", "E13", "E15", "E21", "E23", "E31",
    "E33", "E41", "G11", "G12", "G13", "G14", "G51", "H11",
})  # fmt: skip
_EXPORT = frozenset({
    "B11", "B12", "B13", "C12", "C22", "E42", "E52", "E54", "E62", "E82", "G21", "G22", "G23", "G24", "G61", "H21",
})  # fmt: skip
_MOST_LINES = 50
_NO_CHAPTER = {"77"}
_LAST_CHAPTER = 97
_WITHOUT_PROOF = frozenset({"", "MFN", "ORDINARY", "NONE"})
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_FIXED = ("CCC", "MTC", "CH", "IMC", "NMC")
_TOLERANCE = Decimal(1)

Fault = dict[str, Any]


def faults(paper: Paper) -> list[Fault]:
    """Return why a declaration cannot be registered; empty when it can."""
    return [*_of_header(paper), *(fault for item in paper.items for fault in _of_item(item, paper))]


def amendment_faults(paper: Paper, *, type_code: str, header: dict[str, str]) -> list[Fault]:
    """Return why an amendment is not accepted."""
    found = faults(paper)
    changed = [code for code in _FIXED if header.get(code, "") != paper.header.get(code, "")]
    if paper.type_code != type_code:
        changed.insert(0, "ICB")
    for code in changed:
        found.append(
            _fault(
                "SUA-01", code, "Chỉ tiêu này không được sửa sau khi tờ khai đã đăng ký.",
                article="Thông tư 38/2015/TT-BTC, Phụ lục II", fix="Hủy tờ khai và khai tờ khai mới.",
            )
        )  # fmt: skip
    return found


def _of_header(paper: Paper) -> Iterator[Fault]:
    known = _IMPORT if paper.direction == "IMPORT" else _EXPORT
    if paper.type_code not in known:
        yield _fault(
            "DK-01", "ICB", f"Mã loại hình {paper.type_code or '(trống)'} không có trong danh mục.",
            article="Quyết định 1357/QĐ-TCHQ", fix="Chọn mã loại hình trong danh mục.",
        )  # fmt: skip
    if not 1 <= len(paper.items) <= _MOST_LINES:
        yield _fault(
            "DK-02", "", f"Tờ khai có {len(paper.items)} dòng hàng.",
            article="Thông tư 38/2015/TT-BTC, Điều 18", fix="Khai từ 1 đến 50 dòng hàng trên một tờ khai.",
        )  # fmt: skip
    code = paper.header.get("IMC", "")
    if paper.direction == "IMPORT" and code and not _is_tax_code(code):
        yield _fault(
            "DK-03", "IMC", "Mã người nhập khẩu không đúng số kiểm tra.", fix="Kiểm tra lại mã số thuế."
        )


def _of_item(item: Item, paper: Paper) -> Iterator[Fault]:
    line = item.number
    if not re.fullmatch(r"\d{8}(\d\d)?", item.hs) or not _is_chapter(item.hs[:2]):
        yield _fault(
            "DH-01", "CMD", f"Mã số hàng hóa “{item.hs}” không có trong biểu thuế.", line=line,
            article="Luật Hải quan 54/2014/QH13, Điều 26", fix="Tra mã số hàng hóa 8 chữ số.",
        )  # fmt: skip
    if not item.description.strip():
        yield _fault("DH-02", "CMN", "Thiếu mô tả hàng hóa.", line=line, fix="Khai tên và quy cách hàng hóa.")
    if paper.direction == "IMPORT" and not item.origin:
        yield _fault(
            "DH-03", "OR", "Thiếu nước xuất xứ.", line=line,
            article="Luật Hải quan 54/2014/QH13, Điều 27", fix="Khai mã nước xuất xứ.",
        )  # fmt: skip
    if item.scheme not in _WITHOUT_PROOF and not item.proof:
        yield _fault(
            "DH-04", "ORS", "Khai thuế suất ưu đãi đặc biệt nhưng không có chứng từ chứng nhận xuất xứ.", line=line,
            article="Luật Hải quan 54/2014/QH13, Điều 27", fix="Khai số chứng từ xuất xứ hoặc chọn thuế suất MFN.",
        )  # fmt: skip
    if (
        item.quantity is not None
        and item.price is not None
        and abs(item.quantity * item.price - item.value) > _TOLERANCE
    ):
        yield _fault(
            "DH-05", "BPR", "Trị giá hóa đơn khác đơn giá nhân số lượng.", line=line,
            fix="Kiểm tra đơn giá, số lượng và trị giá của dòng hàng.",
        )  # fmt: skip


def _fault(
    rule: str, field: str, text: str, *, line: int | None = None, article: str = "", fix: str = ""
) -> Fault:
    return {"rule": rule, "field": field, "text": text, "line": line, "article": article, "fix": fix}


def _is_chapter(text: str) -> bool:
    return text not in _NO_CHAPTER and 1 <= int(text) <= _LAST_CHAPTER


def _is_tax_code(code: str) -> bool:
    digits = code.replace("-", "")
    if len(digits) == len("012345678901") and digits.isdecimal():
        return True
    if not re.fullmatch(r"\d{10}(\d{3})?", digits):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return 10 - total % 11 == int(digits[len(_WEIGHTS)])
