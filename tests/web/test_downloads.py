"""What a sender calls a file stays within its header, whatever it holds."""

import pytest
from starlette.responses import Response

from app.web.pages.downloads import disposition

NAMES = [
    'a"; filename="b.exe',
    "a\r\nSet-Cookie: x=1\r\n\r\n<script>",
    "../../etc/passwd",
    "C:\\Windows\\x.pdf",
    "tài liệu — số 1.pdf",
    "a%0d%0aX: y.pdf",
    "\u202efdp.exe",
    "a;b'c.pdf",
    "",
    ".",
    "x" * 300 + ".pdf",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_cannot_leave_its_header(name: str) -> None:
    line = disposition(name)
    assert line.isascii()
    assert line.isprintable()
    kind, plain, full = line.split("; ")
    assert kind == "attachment"
    assert plain.startswith('filename="')
    assert plain.endswith('"')
    assert not set(plain[len('filename="') : -1]) & set("\"\\/;%'\r\n")
    assert full.startswith("filename*=UTF-8''")
    assert not set(full[len("filename*=UTF-8''") :]) & set("\"\\/;' \r\n")
    raw = Response(b"", headers={"Content-Disposition": line}).raw_headers
    assert [value for key, value in raw if key == b"content-disposition"] == [line.encode("ascii")]
