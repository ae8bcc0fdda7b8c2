"""The identity document of a representative in the browser: entered, opened for a purpose, found by its number."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import PASSWORD, sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("lang", "phone", "dark", "number"), [("vi", False, False, "C7654321"), ("en", True, True, "C7654322")]
)
def test_a_number_is_entered_covered_opened_and_found(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    lang: str,
    phone: bool,
    dark: bool,
    number: str,
) -> None:
    name = f"{lang}-{'phone' if phone else 'wide'}"
    page = visit(lang=lang, phone=phone, dark=dark)
    sign_in(page, "truong.phong", PASSWORD)
    page.goto("/enterprises?sort=-name&country=JP")
    page.locator("tbody th a").first.click()
    page.locator("#representatives").wait_for()
    record = page.url.split("?")[0]
    page.goto(f"{record}/representatives")
    page.locator("#f-name").fill(f"Người Thử {name}")
    page.locator("#f-position").fill("Giám đốc")
    page.locator("#f-identity_kind").select_option("PASSPORT")
    page.locator("#f-identity_number").fill("C7")
    page.locator("main form .actions button").click()
    expect(page.locator("#f-identity_number-error")).to_be_visible()
    expect(page.locator("#f-identity_number")).to_have_value("C7")
    shoot(page, f"representative-form-{name}")
    page.locator("#f-identity_number").fill(number)
    page.locator("main form .actions button").click()
    row = page.locator("tr", has_text=f"Người Thử {name}").first
    expect(row).not_to_contain_text(number)
    shoot(page, f"representative-covered-{name}")
    row.locator("a[href$='/identity/reading']").click()
    shoot(page, f"identity-purpose-{name}")
    page.locator("[name=purpose][value=INSPECTION]").check()
    page.locator("#f-note").fill("KH 12/2026")
    page.locator("main form .actions button").click()
    expect(page.locator("tr", has_text=f"Người Thử {name}").first).to_contain_text(number)
    page.goto("/registry/people")
    page.locator("main form .actions button").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    shoot(page, f"find-person-empty-{name}")
    page.locator("#f-number").fill(number)
    page.locator("[name=purpose][value=INSPECTION]").check()
    page.locator("#f-note").fill("KH 12/2026")
    page.locator("main form .actions button").click()
    expect(page.locator("#found + * a, section a", has_text="Người Thử").first).to_be_visible()
    shoot(page, f"find-person-{name}")
