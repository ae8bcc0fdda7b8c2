"""What a supplement request may find wanting: coded, so that it is readable in the reader's language and countable."""

from collections.abc import Mapping
from types import MappingProxyType

Text = Mapping[str, str]

GAP_CODES: Mapping[str, Text] = MappingProxyType(
    {
        "MISSING": {"vi": "Thiếu", "en": "Missing"},
        "INCOMPLETE": {"vi": "Chưa đầy đủ nội dung", "en": "Incomplete"},
        "INCONSISTENT": {"vi": "Không thống nhất với phần khác của hồ sơ", "en": "Contradicts another part"},
        "UNCLEAR": {"vi": "Cần giải trình, làm rõ", "en": "Needs an explanation"},
        "WRONG_FORM": {"vi": "Không đúng mẫu", "en": "Not in the prescribed form"},
        "UNREADABLE": {"vi": "Không đọc được", "en": "Cannot be read"},
        "NOT_SIGNED": {"vi": "Chưa ký hoặc ký không đúng thẩm quyền", "en": "Not signed, or not by who may sign"},
        "NOT_TRANSLATED": {"vi": "Chưa có bản dịch hợp lệ", "en": "No valid translation"},
        "NOT_LEGALISED": {"vi": "Chưa được hợp pháp hóa lãnh sự", "en": "Not legalised by a consulate"},
        "EXPIRED": {"vi": "Đã hết hiệu lực", "en": "No longer valid"},
    }
)  # fmt: skip


def gap_text(code: str) -> Text:
    """Return what a code says, by language; one that is no longer known shows itself."""
    return GAP_CODES.get(code, {"en": code})
