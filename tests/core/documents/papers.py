"""A paper for the tests of typesetting and signing, and readers of what came out."""

import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
from pypdf import PdfReader

from app.core.documents.typeset import qr_svg

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
CODE = "12345-12345-12345-12345-123456-1"

# Twelve vowels with six tones and đ, in both cases, less the letters that ASCII has.
TONED = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ"
LETTERS = "".join(letter for letter in TONED + TONED.upper() if not letter.isascii())


def letter(**changes: Any) -> dict[str, Any]:
    """Return the data of a letter with every kind of block."""
    return {
        "subject": "V/v cấp Giấy chứng nhận đăng ký đầu tư",
        "header": {
            "parent": "Cơ quan chủ quản",
            "agency": "Cơ quan ban hành",
            "number": "12/BQL-ĐT",
            "place": "Địa danh",
            "date": "ngày 22 tháng 11 năm 2026",
            "abstract": "V/v cấp Giấy chứng nhận đăng ký đầu tư",
        },
        "addressees": ["Công ty TNHH Ánh Dương"],
        "content": [
            {"kind": "paragraph", "text": "Căn cứ hồ sơ đề nghị số HS-2026-000123-9 của Công ty."},
            {"kind": "heading", "text": "1. Nội dung dự án"},
            {
                "kind": "facts",
                "rows": [["Tên dự án", "Nhà máy linh kiện"], ["Vốn đăng ký", "1.234.567,89 USD"]],
            },
            {"kind": "list", "items": ["thứ nhất;", "thứ hai."]},
            {"kind": "table", "columns": ["STT", "Mục tiêu"], "rows": [["1", "Sản xuất"]], "widths": [1, 4]},
        ],
        "recipients": ["Như trên;", "Lưu: VT, ĐT."],
        "signature": {
            "authority": "TM. Cơ quan",
            "position": "Trưởng ban",
            "name": "Nguyễn Thị Ưởng",
            "field": "leader",
        },
        "verification": {
            "qr": qr_svg(f"https://example.org/v/{CODE}"),
            "code": CODE,
            "url": "https://example.org/v",
            "caption": "Quét mã để xác thực văn bản.",
        },
        **changes,
    }


def decision(**changes: Any) -> dict[str, Any]:
    """Return the data of a decision: a title, an abstract under it, and more than one page."""
    articles = [
        {"kind": "paragraph", "text": f"Điều {number}. " + "Giao các đơn vị thực hiện theo quy định. " * 12}
        for number in range(1, 9)
    ]
    data = letter(title="Quyết định", about="Về việc thu hồi giấy phép", addressees=[], content=articles)
    del data["header"]["abstract"]
    return {**data, **changes}


def text_of(pdf: bytes) -> str:
    """Return the text of all pages as pypdf reads it."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def fonts_of(pdf: bytes) -> set[str]:
    """Return the names of all fonts in the file, without the prefix of a subset."""
    found = set()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for page in document.pages:
            for _, font in page.resources.get("/Font", {}).items():
                found.add(str(font.BaseFont).lstrip("/").split("+")[-1])
    return found


def poppler(program: str, pdf: bytes, folder: Path, *arguments: str) -> str:
    """Run a program of poppler-utils on the file and return what it prints."""
    path = folder / "paper.pdf"
    path.write_bytes(pdf)
    tail = ["-"] if program == "pdftotext" else []
    result = subprocess.run(
        [program, *arguments, str(path), *tail], capture_output=True, text=True, check=False
    )
    return result.stdout
