"""What people call themselves cannot become a header or a second recipient of a letter, nor stop it."""

from uuid import UUID

import pytest

from app.core.notifications.channels import Letter, _email

SENDER = "zone@example.org"


def letter(subject: str, text: str = "Chào") -> Letter:
    return Letter(UUID(int=1), "ai@example.org", subject, text, "vi")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_a_name_with_a_line_end_is_one_line_of_the_subject(end: str) -> None:
    made = _email(letter(f"Lời mời của Công ty A{end}Bcc: kethu@example.org"), SENDER)
    sent = made.as_string()
    assert made["Bcc"] is None
    assert made["To"] == "ai@example.org"
    assert made["Subject"] == "Lời mời của Công ty A Bcc: kethu@example.org"
    assert "\nBcc:" not in sent


def test_markup_in_a_name_stays_text() -> None:
    made = _email(letter("x", "<script>alert(1)</script> mời bạn"), SENDER)
    assert made.get_content_type() == "text/plain"
    assert not made.is_multipart()
    assert "<script>" in made.get_content()
