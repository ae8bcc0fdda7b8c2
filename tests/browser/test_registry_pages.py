"""Enterprises and search in the browser: found by half a word, changed, and seen by the enterprise itself."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import PASSWORD, sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "phone", "dark"), [("vi", False, False), ("en", True, True)])
def test_an_officer_finds_an_enterprise_and_its_page(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], lang: str, phone: bool, dark: bool
) -> None:
    page = visit(lang=lang, phone=phone, dark=dark)
    name = f"{lang}-{'phone' if phone else 'wide'}"
    sign_in(page, "mot.cua", PASSWORD)
    page.goto("/enterprises")
    shoot(page, f"enterprises-{name}")
    page.goto("/enterprises?sort=-name&country=JP")
    page.locator("tbody th a").first.click()
    expect(page.locator("h1")).to_be_visible()
    shoot(page, f"enterprise-{name}")
    page.goto(page.url.split("?")[0] + "/edit")
    shoot(page, f"enterprise-edit-{name}")
    page.goto("/code-lists")
    shoot(page, f"code-lists-{name}")
    page.goto("/code-lists/VSIC?q=dien")
    shoot(page, f"code-list-{name}")
    page.goto("/search?q=giay+chung+nhan")
    expect(page.locator(".search-list a").first).to_be_visible()
    shoot(page, f"search-{name}")


def test_suggestions_are_walked_by_keyboard(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    page = visit()
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("giay chung")
    expect(page.locator("#suggest li a").first).to_be_visible()
    shoot(page, "search-suggest")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#suggest li a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#suggest li a")).to_have_count(0)
    expect(page.locator("[data-search]")).to_be_focused()


def test_the_own_record_without_script(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    page = visit(script=False)
    sign_in(page, "hoshi", PASSWORD)
    page.goto("/my-enterprise")
    expect(page.locator("h1")).to_contain_text("Hoshi")
    shoot(page, "enterprise-own")
    page.goto(page.url.split("?")[0] + "/proposals")
    shoot(page, "enterprise-proposal")
