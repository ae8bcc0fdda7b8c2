"""The board in a browser: tiles, what counts against one, and the same as a file."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.steps import sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "phone", "dark"), [("vi", False, False), ("en", True, True)])
def test_the_board_leads_to_what_counts_against_a_tile(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], lang: str, phone: bool, dark: bool
) -> None:
    page = visit(lang=lang, phone=phone, dark=dark)
    look = f"{lang}-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}"
    sign_in(page, "lanh.dao", PASSWORD)
    page.goto("/board")
    tile = page.get_by_role(
        "region", name="Procedures offered online" if lang == "en" else "Thủ tục cung cấp trực tuyến"
    )
    expect(tile).to_contain_text("80")
    shoot(page, f"60-board-{look}")
    tile.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/board/3.1"))
    expect(page.get_by_role("row")).not_to_have_count(0)
    shoot(page, f"61-board-rows-{look}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV" if lang == "en" else "Tải về dạng CSV").click()
    assert download.value.suggested_filename.startswith("board-3.1")
